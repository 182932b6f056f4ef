/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <talloc.h>

static struct gridcall_why why;

static void splits_words_as_typed(void **state)
{
	struct gridcall_option *options =
		option_split(NULL,
			     "  local=0.0.0.0:5004\tcodec=pcma gap_ms= "
			     "accept=96:opus/48000,97:l16/16000 a==b ",
			     &why);

	assert_non_null(options);
	assert_string_equal(options[0].key, "local");
	assert_string_equal(options[0].value, "0.0.0.0:5004");
	assert_string_equal(options[1].value, "pcma");
	assert_string_equal(options[2].value, "");
	assert_string_equal(options[3].value, "96:opus/48000,97:l16/16000");
	assert_string_equal(options[4].value, "=b");
	assert_null(options[5].key);
	talloc_free(options);
}

static void keeps_spaces_and_quotes_inside_quotes(void **state)
{
	struct gridcall_option *options = option_split(
		NULL, "a=\"x y=z\" b=\"\" c=\"\\\"\\\\\\n\"", &why);

	assert_non_null(options);
	assert_string_equal(option_find(options, "a"), "x y=z");
	assert_string_equal(option_find(options, "b"), "");
	assert_string_equal(option_find(options, "c"), "\"\\\\n");
	assert_null(option_find(options, "x"));
	talloc_free(options);
}

static void takes_no_text_as_no_options(void **state)
{
	const char *texts[] = {NULL, "", " \t "};
	size_t i;

	for (i = 0; i < 3; i++) {
		struct gridcall_option *options =
			option_split(NULL, texts[i], &why);

		assert_non_null(options);
		assert_null(options[0].key);
		talloc_free(options);
	}
}

static void says_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		const char *sentence;
	} rows[] = {
		{"a=1 local", "option 'local': it has no ="},
		{"=1", "option '=1': it has no key before the ="},
		{"Lo=1", "option 'Lo=1': a key is made of a-z"},
		{"l\xc3\xa4=1", "a key is made of a-z"},
		{"a=\"x y", "option 'a=\"x': its quote is never closed"},
		{"a=\"x\\\"", "its quote is never closed"},
		{"a=\"x\"y", "a space must follow the quote"},
		{"a=x\"y\"", "a quote must stand right behind the ="},
		{"a=1 b=2 a=3", "option 'a=3': its key is there twice"},
	};
	void *ctx = talloc_new(NULL);
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_null(option_split(ctx, rows[i].text, &why));
		if (!strstr(why.text, rows[i].sentence))
			fail_msg("'%s': %s", rows[i].text, why.text);
	}
	/* nothing is kept of what was refused */
	assert_int_equal(talloc_total_blocks(ctx), 1);
	talloc_free(ctx);
}

static void refuses_one_too_many(void **state)
{
	char text[1024] = "";
	size_t i;

	for (i = 0; i < OPTIONS_MAX; i++)
		snprintf(text + strlen(text), 16, "k%zu=v ", i);
	talloc_free(option_split(NULL, text, &why));
	snprintf(text + strlen(text), 16, "last=v");
	assert_null(option_split(NULL, text, &why));
	assert_non_null(strstr(why.text, "one too many"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_words_as_typed),
		cmocka_unit_test(keeps_spaces_and_quotes_inside_quotes),
		cmocka_unit_test(takes_no_text_as_no_options),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(refuses_one_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
