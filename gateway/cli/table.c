/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/table.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cli/width.h"

#define CELL_MAX   1024
#define FIRST_SIZE 256
#define GAP        2

void table_init(struct table *table, const char *const *headings)
{
	size_t i;

	*table = (struct table){0};
	while (headings[table->columns])
		table->columns++;
	for (i = 0; i < table->columns; i++) {
		table->right[i] = headings[i][0] == '>';
		table_add(table, headings[i] + table->right[i]);
	}
}

static bool reserve(struct table *table)
{
	size_t size = table->size ? table->size * 2 : FIRST_SIZE;
	char **cells;

	if (table->count < table->size)
		return true;
	cells = realloc(table->cells, size * sizeof(*cells));
	if (!cells)
		return false;
	table->cells = cells;
	table->size = size;
	return true;
}

void table_add(struct table *table, const char *text)
{
	size_t column = table->count % table->columns;
	size_t width = width_of(text);

	if (!reserve(table))
		abort(); /* a table with holes would tell lies */
	table->cells[table->count++] = strdup(text);
	if (width > table->widths[column])
		table->widths[column] = width;
}

void table_format(struct table *table, const char *format, ...)
{
	char text[CELL_MAX];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	table_add(table, text);
}

static void put_blanks(FILE *out, size_t count)
{
	while (count--)
		fputc(' ', out);
}

/* Nothing after this cell in its row: then no blanks follow it. */
static bool is_last(const struct table *table, size_t cell)
{
	for (cell++; cell < table->count && cell % table->columns; cell++)
		if (table->cells[cell] && table->cells[cell][0])
			return false;
	return true;
}

void table_print(const struct table *table, FILE *out)
{
	size_t i;

	for (i = 0; i < table->count; i++) {
		const char *text = table->cells[i] ? table->cells[i] : "";
		size_t column = i % table->columns;
		size_t blanks = table->widths[column] - width_of(text);
		bool last = is_last(table, i);

		if (table->right[column])
			put_blanks(out, blanks);
		(void)width_put(out, text, SIZE_MAX);
		if (!last)
			put_blanks(out,
				   GAP + (table->right[column] ? 0 : blanks));
		if (column + 1 == table->columns || i + 1 == table->count) {
			fputc('\n', out);
			continue;
		}
		if (last) {
			/* The rest of the row is empty. */
			i += table->columns - 1 - column;
			fputc('\n', out);
		}
	}
}

void table_clear(struct table *table)
{
	while (table->count)
		free(table->cells[--table->count]);
	free(table->cells);
	*table = (struct table){0};
}
