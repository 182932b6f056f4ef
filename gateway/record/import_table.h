/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * import_table.h - the columns of units.csv and channels.csv as data
 *
 * Reading, comparing and showing a row go by these tables, so that a column is
 * added in one place.
 *
 * Memory:  below the import.
 * Threads: any.
 */
#pragma once

#include "gateway/record/import.h"

#define IMPORT_COLUMNS_MAX 32
#define IMPORT_CELL_MAX    512 /* bytes */

enum import_kind {
	IMPORT_TEXT,     /* const char * */
	IMPORT_LIST,     /* char **, ';' in the file */
	IMPORT_NUMBER,   /* uint32_t */
	IMPORT_REPEATER, /* bool: simplex or repeater */
};

struct import_column {
	const char *name;
	enum import_kind kind;
	size_t offset;
	uint32_t min, max; /* IMPORT_NUMBER */
};

struct import_table {
	const char *file;
	size_t row_size;
	size_t column_count;
	struct import_column columns[IMPORT_COLUMNS_MAX];
};

extern const struct import_table import_units;
extern const struct import_table import_channels;

/* The rows of one file; row i stands in line numbers[i] of it. */
struct import_rows {
	void *rows;
	uint32_t *numbers; /* NULL: kept from the directory in force */
	size_t count;
};

/* Where a fault is. */
struct import_place {
	const char *file;
	uint32_t row;
	const char *column;
	const char *value;
};

void import_add_fault(struct import *import, struct import_place place,
		      const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Read a whole file; faults of form are added, the values are not checked. */
void import_table_read(const struct import_table *table, struct import *import,
		       const uint8_t *data, size_t len,
		       struct import_rows *rows);

/* Whether a column of two rows is the same. */
bool import_column_is_same(const struct import_column *column, const void *a,
			   const void *b);

/* A column of a row as it would stand in the file, below ctx. */
char *import_column_text(void *ctx, const struct import_column *column,
			 const void *row);

/* Check the values of all rows.  existing: whose rows were kept. */
void import_check(struct import *import, const struct import_rows *units,
		  const struct import_rows *channels);
