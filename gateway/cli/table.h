/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * table.h - rows of text in aligned columns, Chinese ones too
 *
 * Memory:  malloc; a struct table starts with table_init() and ends with
 *          table_clear().  Cells are copied.
 * Threads: any, one at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 12

struct table {
	size_t columns;
	size_t count; /* cells, those of the heading too */
	size_t size;
	size_t widths[TABLE_COLUMNS_MAX];
	bool right[TABLE_COLUMNS_MAX]; /* numbers stand to the right */
	char **cells;
};

/*
 * headings ends with NULL; one that begins with '>' is of a column of numbers.
 */
void table_init(struct table *table, const char *const *headings);

/* One cell of the row that is being filled; rows follow from the columns. */
void table_add(struct table *table, const char *text);
__attribute__((format(printf, 2, 3))) void
table_format(struct table *table, const char *format, ...);

/* The heading, then every row.  Cells left out at the end are empty. */
void table_print(const struct table *table, FILE *out);

void table_clear(struct table *table);
