/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/key_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NOW   1764547200 /* 2025-12-01 00:00 UTC */
#define DAY_S 86400LL

static void takes_spans_with_their_unit(void **state)
{
	uint32_t span_s = 0;

	assert_int_equal(key_text_span("7d", &span_s), 0);
	assert_int_equal(span_s, 7 * DAY_S);
	assert_int_equal(key_text_span("12h", &span_s), 0);
	assert_int_equal(span_s, 43200);
	assert_int_equal(key_text_span("0s", &span_s), 0);
	assert_int_equal(span_s, 0);
}

static void refuses_what_is_no_span(void **state)
{
	static const char *const wrong[] = {
		"",   "7",   "d",    "-7d",          "7y",    "7dd",
		"7 ", " 7d", "1e3d", "99999999999d", "36601d"};
	uint32_t span_s = 5;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_true(key_text_span(wrong[i], &span_s) < 0);
	assert_int_equal(span_s, 5);
}

static void takes_a_moment_as_a_span_or_a_day(void **state)
{
	char text[KEY_TEXT_SIZE];
	int64_t moment_us = 5;

	assert_int_equal(key_text_moment("never", NOW, &moment_us), 0);
	assert_int_equal(moment_us, 0);
	assert_int_equal(key_text_moment("90d", NOW, &moment_us), 0);
	assert_int_equal(moment_us, (NOW + 90 * DAY_S) * 1000000);
	assert_int_equal(key_text_moment("2026-02-28", NOW, &moment_us), 0);
	key_text_of_moment(text, moment_us);
	assert_string_equal(text, "2026-02-28 00:00");
}

static void refuses_what_is_no_moment_to_come(void **state)
{
	static const char *const wrong[] = {"",
					    "soon",
					    "2025-11-30",
					    "2026-02-30",
					    "2026-13-01",
					    "2026-2-1",
					    "2026-02-01x",
					    "20260201",
					    "2026-02-01 12:00"};
	int64_t moment_us = 5;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_true(key_text_moment(wrong[i], NOW, &moment_us) < 0);
	assert_int_equal(moment_us, 5);
}

static void tells_whether_a_key_is_in_force(void **state)
{
	Gridcall__V1__Key key = GRIDCALL__V1__KEY__INIT;

	assert_string_equal(key_text_state(&key, NOW), "in force");
	key.expires_at_us = (NOW + 1) * 1000000LL;
	assert_string_equal(key_text_state(&key, NOW), "in force");
	assert_string_equal(key_text_state(&key, NOW + 1), "expired");
	key.revoked_at_us = 1;
	assert_string_equal(key_text_state(&key, NOW), "revoked");
}

static void cuts_a_list_that_is_too_long(void **state)
{
	char *items[200];
	char text[KEY_TEXT_SIZE];
	size_t i;

	for (i = 0; i < 200; i++)
		items[i] = (char *)"gc1.440106.";
	key_text_list(text, items, 2);
	assert_string_equal(text, "gc1.440106.,gc1.440106.");
	key_text_list(text, items, 200);
	assert_int_equal(strlen(text), KEY_TEXT_SIZE - 1);
}

static void tells_an_address_that_others_reach(void **state)
{
	char text[256];

	assert_false(key_text_address(text, sizeof(text), "tcp://10.0.0.1:7440",
				      NULL, "ipc:///x"));
	assert_string_equal(text, "tcp://10.0.0.1:7440");
	assert_false(key_text_address(text, sizeof(text), "tcp://0.0.0.0:7440",
				      "radio.gz", "ipc:///x"));
	assert_string_equal(text, "tcp://radio.gz:7440");
	assert_false(key_text_address(text, sizeof(text), "tcp://*:7440",
				      "tcp://nat:1", "ipc:///x"));
	assert_string_equal(text, "tcp://nat:1");
	assert_false(key_text_address(text, sizeof(text), "tcp://*:7440", NULL,
				      "tcp://10.9.9.9:5"));
	assert_string_equal(text, "tcp://10.9.9.9:7440");
	assert_true(key_text_address(text, sizeof(text), "tcp://*:7440", NULL,
				     "ipc:///x"));
	assert_non_null(strstr(text, ":7440"));
	assert_null(strchr(text, '*'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_spans_with_their_unit),
		cmocka_unit_test(refuses_what_is_no_span),
		cmocka_unit_test(takes_a_moment_as_a_span_or_a_day),
		cmocka_unit_test(refuses_what_is_no_moment_to_come),
		cmocka_unit_test(tells_whether_a_key_is_in_force),
		cmocka_unit_test(cuts_a_list_that_is_too_long),
		cmocka_unit_test(tells_an_address_that_others_reach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
