/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/width.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/cli/line.h"
#include "gateway/cli/table.h"

static void puts_out(const char *text, size_t cells, const char *expected)
{
	char *got = NULL;
	size_t len;
	FILE *out = open_memstream(&got, &len);
	size_t used = width_put(out, text, cells);

	fclose(out);
	assert_string_equal(got, expected);
	assert_int_equal(used, width_of(expected));
	free(got);
}

static void counts_chinese_twice(void **state)
{
	assert_int_equal(width_of(""), 0);
	assert_int_equal(width_of("TH07"), 4);
	assert_int_equal(width_of("正佳广场"), 8);
	assert_int_equal(width_of("A座18人"), 7);
	assert_int_equal(width_of("\xef\xbc\x88全角\xef\xbc\x89"), 8);
}

static void counts_a_combining_mark_as_nothing(void **state)
{
	assert_int_equal(width_of("e\xcc\x81"), 1);
}

static void cuts_before_a_character_that_does_not_fit(void **state)
{
	size_t used;

	assert_int_equal(width_fit("正佳广场", 5, &used), 6);
	assert_int_equal(used, 4);
	puts_out("正佳广场", 5, "正佳");
	puts_out("正佳广场", 0, "");
	puts_out("正佳广场", 8, "正佳广场");
}

static void never_lets_a_name_move_the_cursor(void **state)
{
	puts_out("a\033[2Jb", 80, "a?[2Jb");
	puts_out("a\rb\nc\tb\x7f", 80, "a?b?c?b?");
	puts_out("a\xc2\x9b"
		 "b",
		 80, "a?b");
	puts_out("a\xe2\x80\xae"
		 "b",
		 80, "a?b");
}

static void shows_bytes_that_are_no_utf8_as_one_column_each(void **state)
{
	puts_out("\xff\xfe.", 80, "??.");
	puts_out("\xe6\xad", 80, "??");
}

static void a_line_never_grows_wider_than_the_terminal(void **state)
{
	char *got = NULL;
	size_t len;
	FILE *out = open_memstream(&got, &len);
	struct line line = line_begin(out, 9, true);

	line_cell(&line, STYLE_BAD, "天河体育中心", 5);
	line_put(&line, STYLE_PLAIN, "|");
	line_put(&line, STYLE_GOOD, "正佳广场");
	line_bar(&line, STYLE_BAR_GOOD, 5);
	line_end(&line);
	fclose(out);
	assert_int_equal(line.used, 9);
	assert_string_equal(got, "\033[1;31m天河\033[0m |\033[32m正\033[0m"
				 "\033[42m \033[0m\n");
	free(got);
}

static void a_table_aligns_chinese_and_numbers(void **state)
{
	static const char *const headings[] = {"NAME", ">N", "NOTE", NULL};
	struct table table;
	char *got = NULL;
	size_t len;
	FILE *out = open_memstream(&got, &len);

	table_init(&table, headings);
	table_add(&table, "正佳广场");
	table_format(&table, "%d", 8);
	table_add(&table, "");
	table_add(&table, "A");
	table_format(&table, "%d", 118);
	table_add(&table, "x");
	table_print(&table, out);
	table_clear(&table);
	fclose(out);
	assert_string_equal(got, "NAME        N  NOTE\n"
				 "正佳广场    8\n"
				 "A         118  x\n");
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_chinese_twice),
		cmocka_unit_test(counts_a_combining_mark_as_nothing),
		cmocka_unit_test(cuts_before_a_character_that_does_not_fit),
		cmocka_unit_test(never_lets_a_name_move_the_cursor),
		cmocka_unit_test(
			shows_bytes_that_are_no_utf8_as_one_column_each),
		cmocka_unit_test(a_line_never_grows_wider_than_the_terminal),
		cmocka_unit_test(a_table_aligns_chinese_and_numbers),
	};

	setenv("LC_ALL", "C", 1); /* whatever the user has, UTF-8 it is */
	width_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
