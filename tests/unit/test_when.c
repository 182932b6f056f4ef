/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Times to come, as people write them.
 */
#include "gateway/cli/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define US  INT64_C(1000000)
#define NOW (INT64_C(1790000000) * US)

static int set_up(void **state)
{
	setenv("TZ", "Asia/Shanghai", 1);
	tzset();
	return 0;
}

static void assert_when(const char *text, int64_t at_us)
{
	int64_t got_us = 0;

	assert_true(when_parse(text, NOW, &got_us));
	assert_int_equal(got_us, at_us);
}

static void a_span_counts_from_now(void **state)
{
	assert_when("90m", NOW + 90 * 60 * US);
	assert_when("12h", NOW + 12 * 3600 * US);
	assert_when("7d", NOW + 7 * 86400 * US);
	assert_when("30s", NOW + 30 * US);
	assert_when("2w", NOW + 14 * 86400 * US);
}

static void a_day_begins_at_local_midnight(void **state)
{
	assert_when("2026-12-01", INT64_C(1796054400) * US);
	assert_when("2026-12-01T08:30",
		    (INT64_C(1796054400) + 8 * 3600 + 1800) * US);
}

static void what_is_told_can_be_read(void **state)
{
	char text[WHEN_SIZE];

	when_tell(text, (INT64_C(1796054400) + 8 * 3600 + 1800) * US);
	assert_string_equal(text, "2026-12-01 08:30");
}

static void anything_else_is_refused(void **state)
{
	static const char *const texts[] = {"",
					    "7",
					    "d",
					    "-7d",

					    "7d ",
					    "7days",
					    "36601d",
					    "tomorrow",
					    "2026-13-01",
					    "2026-02-30",
					    "26-12-01",
					    "2026-12",
					    "2026-12-1",
					    "2026-12-01 08:30",
					    "2026-12-01T8:30",
					    "2026-12-01T25:00",
					    "99999999999999999999d"};
	int64_t at_us = 5;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (when_parse(texts[i], NOW, &at_us))
			fail_msg("'%s' was read", texts[i]);
	assert_int_equal(at_us, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_span_counts_from_now),
		cmocka_unit_test(a_day_begins_at_local_midnight),
		cmocka_unit_test(what_is_told_can_be_read),
		cmocka_unit_test(anything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
