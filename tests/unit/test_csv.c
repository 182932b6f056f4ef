/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/csv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <talloc.h>
#include <cmocka.h>

static struct csv *open_bytes(const void *data, size_t len)
{
	struct fault fault = {0};
	struct csv *csv = csv_alloc(NULL, data, len, &fault);

	if (!csv)
		fail_msg("%s", fault.sentence);
	return csv;
}

static struct csv *open_text(const char *text)
{
	return open_bytes(text, strlen(text));
}

/* The cells of the next row with '|' between them; "END" after the last. */
static const char *row(struct csv *csv)
{
	static char text[512];
	struct fault fault = {0};
	char *const *cells;
	size_t count, i;
	int rc = csv_next(csv, &cells, &count, &fault);

	if (!rc)
		return "END";
	if (rc < 0) {
		snprintf(text, sizeof(text), "%s", fault.sentence);
		return text;
	}
	text[0] = '\0';
	for (i = 0; i < count; i++) {
		strcat(text, i ? "|" : "");
		strcat(text, cells[i]);
	}
	return text;
}

static void rows_end_with_any_line_end(void **state)
{
	struct csv *csv = open_text("a,b\r\nc,d\ne,\rf");

	assert_string_equal(row(csv), "a|b");
	assert_string_equal(row(csv), "c|d");
	assert_string_equal(row(csv), "e|");
	assert_string_equal(row(csv), "f");
	assert_int_equal(csv_row(csv), 4);
	assert_string_equal(row(csv), "END");
	talloc_free(csv);
}

static void quoted_cells_hold_anything(void **state)
{
	struct csv *csv = open_text("\"a,b\",\"c\r\nd\",\"say \"\"hi\"\"\"\n"
				    "\"\",x\n");

	assert_string_equal(row(csv), "a,b|c\r\nd|say \"hi\"");
	assert_string_equal(row(csv), "|x");
	assert_string_equal(row(csv), "END");
	talloc_free(csv);
}

static void an_empty_line_is_a_row_of_one_cell(void **state)
{
	struct csv *csv = open_text("a\n\nb\n");

	assert_string_equal(row(csv), "a");
	assert_string_equal(row(csv), "");
	assert_string_equal(row(csv), "b");
	assert_int_equal(csv_row(csv), 3);
	assert_string_equal(row(csv), "END");
	talloc_free(csv);
	csv = open_text("");
	assert_string_equal(row(csv), "END");
	talloc_free(csv);
}

static void a_misplaced_quote_names_its_row(void **state)
{
	static const char *const texts[] = {"x\n\"never", "x\na\"b,c\n",
					    "x\n\"a\"b,c\n"};
	static const char *const parts[] = {"never closed", "inside a cell",
					    "follows a quoted cell"};
	size_t i;

	for (i = 0; i < 3; i++) {
		struct csv *csv = open_text(texts[i]);
		const char *sentence;

		assert_string_equal(row(csv), "x");
		sentence = row(csv);
		assert_non_null(strstr(sentence, "row 2"));
		assert_non_null(strstr(sentence, parts[i]));
		assert_string_equal(row(csv), "END");
		talloc_free(csv);
	}
}

static void it_says_which_encoding_it_read(void **state)
{
	struct csv *csv = open_text("正佳");

	assert_string_equal(csv_encoding(csv), "UTF-8");
	assert_string_equal(row(csv), "正佳");
	talloc_free(csv);
	csv = open_text("\xef\xbb\xbf正佳");
	assert_string_equal(csv_encoding(csv), "UTF-8 with byte-order mark");
	assert_string_equal(row(csv), "正佳");
	talloc_free(csv);
	/* 正佳 and U+2000B, which takes four bytes in both. */
	csv = open_text("\xd5\xfd\xbc\xd1,\x95\x32\x83\x37");
	assert_string_equal(csv_encoding(csv), "GB18030");
	assert_string_equal(row(csv), "正佳|𠀋");
	talloc_free(csv);
}

static void text_of_another_encoding_is_refused(void **state)
{
	static const char utf16[] = "\xff\xfe"
				    "a\0b\0";
	struct fault fault = {0};

	assert_null(
		csv_alloc(NULL, (const uint8_t *)utf16, sizeof(utf16), &fault));
	assert_non_null(strstr(fault.sentence, "NUL bytes"));
	assert_null(csv_alloc(NULL, (const uint8_t *)"caf\xe9\n", 5, &fault));
	assert_non_null(strstr(fault.sentence, "neither UTF-8 nor GB18030"));
	/* An overlong slash is no UTF-8. */
	assert_null(csv_alloc(NULL, (const uint8_t *)"\xc0\xaf\xff", 3, NULL));
}

static void cells_are_written_so_that_they_read_the_same(void **state)
{
	char *text = talloc_strdup(NULL, "");

	text = csv_append(text, "");
	text = csv_append(text, "plain");
	text = csv_append(text, "a,\"b\"\n");
	assert_string_equal(text, "\"\",plain,\"a,\"\"b\"\"\n\"");
	talloc_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_end_with_any_line_end),
		cmocka_unit_test(quoted_cells_hold_anything),
		cmocka_unit_test(an_empty_line_is_a_row_of_one_cell),
		cmocka_unit_test(a_misplaced_quote_names_its_row),
		cmocka_unit_test(it_says_which_encoding_it_read),
		cmocka_unit_test(text_of_another_encoding_is_refused),
		cmocka_unit_test(cells_are_written_so_that_they_read_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
