/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/announcement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include <cmocka.h>

/* A quarter of a second of 16 bit at 8 kHz. */
static void make_wav(uint8_t wav[44 + 4000])
{
	static const uint8_t head[44] =
		"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0"
		"\x80\x3e\0\0\2\0\x10\0data\xa0\x0f\0";

	memset(wav, 0, 44 + 4000);
	memcpy(wav, head, sizeof(head));
}

static void reads_the_length_of_a_wav(void **state)
{
	uint8_t wav[44 + 4000];
	uint32_t length_ms = 0;
	struct fault fault = {0};
	size_t len;

	make_wav(wav);
	assert_int_equal(
		announcement_length(wav, sizeof(wav), &length_ms, &fault), 0);
	assert_int_equal(length_ms, 250);
	for (len = 0; len < 45; len++)
		assert_true(announcement_length(wav, len, &length_ms, &fault) <
			    0);
	assert_non_null(strstr(fault.sentence, "WAV"));
}

static void keeps_one_content_once(void **state)
{
	char folder[] = "/tmp/test_announcement.XXXXXX";
	uint8_t wav[44 + 4000];
	const char *first, *second;
	struct fault fault = {0};
	void *ctx = talloc_new(NULL);
	char command[80];

	make_wav(wav);
	assert_non_null(mkdtemp(folder));
	assert_int_equal(announcement_store(ctx, folder, wav, sizeof(wav),
					    &first, &fault),
			 0);
	assert_int_equal(announcement_store(ctx, folder, wav, sizeof(wav),
					    &second, &fault),
			 0);
	assert_string_equal(first, second);
	assert_true(announcement_store(ctx, "/nowhere/at/all", wav, sizeof(wav),
				       &first, &fault) < 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
	talloc_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_length_of_a_wav),
		cmocka_unit_test(keeps_one_content_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
