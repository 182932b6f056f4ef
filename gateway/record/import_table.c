/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/import_table.h"

#include "gateway/record/csv.h"
#include "gateway/record/utf8.h"

#include <osmocom/core/utils.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

#define VALUE_MAX 120 /* bytes of a value in a fault */

#define UNIT(name, kind)                                                       \
	{                                                                      \
#name, kind, offsetof(struct unit, name), 0, 0                 \
	}
#define UNIT_NUMBER(name, min, max)                                            \
	{                                                                      \
#name, IMPORT_NUMBER, offsetof(struct unit, name), min, max    \
	}
#define CHANNEL(name, kind)                                                    \
	{                                                                      \
#name, kind, offsetof(struct channel_entry, name), 0, 0        \
	}
#define CHANNEL_NUMBER(name, min, max)                                         \
	{                                                                      \
#name, IMPORT_NUMBER, offsetof(struct channel_entry, name),    \
			min, max                                               \
	}

const struct import_table import_units = {
	.file = "units.csv",
	.row_size = sizeof(struct unit),
	.column_count = 21,
	.columns =
		{
			UNIT(code, IMPORT_TEXT),
			UNIT(name, IMPORT_TEXT),
			UNIT(spoken, IMPORT_TEXT),
			UNIT(aliases, IMPORT_LIST),
			UNIT(category, IMPORT_TEXT),
			UNIT(district, IMPORT_TEXT),
			UNIT(station, IMPORT_TEXT),
			UNIT(grid, IMPORT_TEXT),
			UNIT(zone, IMPORT_TEXT),
			UNIT(channel, IMPORT_TEXT),
			UNIT(number, IMPORT_TEXT),
			UNIT(radio_ids, IMPORT_LIST),
			UNIT(answers_by, IMPORT_LIST),
			UNIT_NUMBER(strength, 0, 9999),
			UNIT(duty, IMPORT_TEXT),
			UNIT(phone, IMPORT_TEXT),
			UNIT(lon, IMPORT_TEXT),
			UNIT(lat, IMPORT_TEXT),
			UNIT(crs, IMPORT_TEXT),
			UNIT(cameras, IMPORT_LIST),
			UNIT(tags, IMPORT_LIST),
		},
};

const struct import_table import_channels = {
	.file = "channels.csv",
	.row_size = sizeof(struct channel_entry),
	.column_count = 13,
	.columns =
		{
			CHANNEL(code, IMPORT_TEXT),
			CHANNEL(name, IMPORT_TEXT),
			CHANNEL(home, IMPORT_TEXT),
			CHANNEL(grids, IMPORT_LIST),
			CHANNEL(driver, IMPORT_TEXT),
			CHANNEL(address, IMPORT_TEXT),
			{"kind", IMPORT_REPEATER,
			 offsetof(struct channel_entry, repeater), 0, 0},
			CHANNEL_NUMBER(lead_ms, 0, 2000),
			CHANNEL_NUMBER(hang_ms, 0, 10000),
			CHANNEL_NUMBER(tail_ms, 0, 2000),
			CHANNEL_NUMBER(tx_limit_s, 1, 600),
			CHANNEL_NUMBER(over_limit_s, 1, 3600),
			CHANNEL(signalling, IMPORT_TEXT),
		},
};

/* One file while it is read. */
struct reading {
	const struct import_table *table;
	struct import *import;
	struct csv *csv;
	const struct import_column *columns[IMPORT_COLUMNS_MAX];
	size_t column_count;
};

/* Enough of a value to find it by. */
static char *cut(void *ctx, const char *value)
{
	char *text = talloc_strndup(ctx, value, VALUE_MAX);

	OSMO_ASSERT(text);
	utf8_mend(text);
	return text;
}

void import_add_fault(struct import *import, struct import_place place,
		      const char *format, ...)
{
	struct import_fault *fault;
	char *sentence;
	va_list args;

	if (import->fault_total++ >= IMPORT_FAULTS_MAX)
		return;
	if (!(import->fault_count & (import->fault_count - 1)))
		import->faults = talloc_realloc(
			import, import->faults, struct import_fault,
			import->fault_count ? 2 * import->fault_count : 1);
	OSMO_ASSERT(import->faults);
	fault = &import->faults[import->fault_count++];
	fault->order = import->fault_count;
	fault->file = place.file;
	fault->row = place.row;
	fault->column = cut(import, place.column);
	fault->value = cut(import, place.value);
	va_start(args, format);
	sentence = talloc_vasprintf(import, format, args);
	va_end(args);
	OSMO_ASSERT(sentence);
	utf8_mend(sentence);
	fault->sentence = sentence;
}

static struct import_place place_of(const struct reading *reading,
				    const char *column, const char *value)
{
	return (struct import_place){
		.file = reading->table->file,
		.row = reading->csv ? csv_row(reading->csv) : 0,
		.column = column,
		.value = value,
	};
}

static const struct import_column *find_column(const struct import_table *table,
					       const char *name)
{
	size_t i;

	for (i = 0; i < table->column_count; i++)
		if (!strcmp(table->columns[i].name, name))
			return &table->columns[i];
	return NULL;
}

/* Without blanks at its ends. */
static char *trim(char *cell)
{
	size_t len;

	cell += strspn(cell, " \t");
	len = strlen(cell);
	while (len && strchr(" \t", cell[len - 1]))
		cell[--len] = '\0';
	return cell;
}

static bool has_column(const struct reading *reading,
		       const struct import_column *column)
{
	size_t i;

	for (i = 0; i < reading->column_count; i++)
		if (reading->columns[i] == column)
			return true;
	return false;
}

static void read_name(struct reading *reading, char *cell)
{
	const char *name = trim(cell);
	const struct import_column *column;

	column = find_column(reading->table, name);
	if (!column)
		import_add_fault(reading->import, place_of(reading, name, name),
				 "'%.60s' is no column of %s: take it out, or "
				 "mend its name",
				 name, reading->table->file);
	else if (has_column(reading, column))
		import_add_fault(reading->import, place_of(reading, name, name),
				 "the column '%s' is there twice: take one out",
				 name);
	else
		reading->columns[reading->column_count++] = column;
}

/* Whether rows can be read by it. */
static bool read_header(struct reading *reading)
{
	const struct import_table *table = reading->table;
	size_t before = reading->import->fault_total;
	struct fault fault;
	char *const *cells;
	size_t count, i;
	int rc = csv_next(reading->csv, &cells, &count, &fault);

	if (rc <= 0) {
		import_add_fault(reading->import, place_of(reading, "", ""),
				 "%s",
				 rc ? fault.sentence
				    : "the file is empty: its first row names "
				      "the columns");
		return false;
	}
	for (i = 0; i < count; i++)
		read_name(reading, cells[i]);
	for (i = 0; i < table->column_count; i++)
		if (!has_column(reading, &table->columns[i]))
			import_add_fault(
				reading->import,
				place_of(reading, table->columns[i].name, ""),
				"the column '%s' is missing: add it, "
				"its cells may be empty where the "
				"column allows it",
				table->columns[i].name);
	return reading->import->fault_total == before;
}

static char **split(void *ctx, char *cell)
{
	static char *empty[1];
	char **list, *part;
	size_t count = 1;
	const char *at;

	if (!*cell)
		return empty;
	for (at = cell; (at = strchr(at, ';')); at++)
		count++;
	list = talloc_array(ctx, char *, count + 1);
	OSMO_ASSERT(list);
	count = 0;
	while ((part = strsep(&cell, ";"))) {
		part = trim(part);
		if (*part)
			list[count++] = part;
	}
	list[count] = NULL;
	return list;
}

static void read_number(struct reading *reading,
			const struct import_column *column, const char *cell,
			uint32_t *number)
{
	size_t len = strspn(cell, "0123456789");
	unsigned long value = 0;

	if (len && len < 10 && !cell[len]) {
		value = strtoul(cell, NULL, 10);
		if (value >= column->min && value <= column->max) {
			*number = (uint32_t)value;
			return;
		}
	}
	import_add_fault(reading->import, place_of(reading, column->name, cell),
			 "%s is a whole number from %u to %u", column->name,
			 column->min, column->max);
}

static bool has_control(const char *cell)
{
	for (; *cell; cell++)
		if ((unsigned char)*cell < ' ' || *cell == 0x7f)
			return true;
	return false;
}

static void read_cell(struct reading *reading,
		      const struct import_column *column, char *cell, void *row)
{
	void *field = (char *)row + column->offset;
	struct import_place place;

	cell = trim(cell);
	place = place_of(reading, column->name, cell);
	if (strlen(cell) > IMPORT_CELL_MAX || has_control(cell))
		import_add_fault(reading->import, place,
				 "%s is one line of at most %d bytes",
				 column->name, IMPORT_CELL_MAX);
	switch (column->kind) {
	case IMPORT_TEXT:
		*(const char **)field = cell;
		break;
	case IMPORT_LIST:
		*(char ***)field = split(reading->import, cell);
		break;
	case IMPORT_NUMBER:
		read_number(reading, column, cell, field);
		break;
	case IMPORT_REPEATER:
		*(bool *)field = !strcmp(cell, "repeater");
		if (strcmp(cell, "repeater") && strcmp(cell, "simplex"))
			import_add_fault(reading->import, place,
					 "kind is simplex or repeater");
		break;
	}
}

static bool is_blank(char *const *cells, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (cells[i][strspn(cells[i], " \t")])
			return false;
	return true;
}

static void *add_row(struct reading *reading, struct import_rows *rows)
{
	size_t size = reading->table->row_size;
	size_t room;

	if (!(rows->count & (rows->count - 1))) {
		room = rows->count ? 2 * rows->count : 1;
		rows->rows = talloc_realloc_size(reading->import, rows->rows,
						 room * size);
		rows->numbers = talloc_realloc(reading->import, rows->numbers,
					       uint32_t, room);
		OSMO_ASSERT(rows->rows && rows->numbers);
	}
	rows->numbers[rows->count] = csv_row(reading->csv);
	return memset((char *)rows->rows + size * rows->count++, 0, size);
}

static void read_row(struct reading *reading, struct import_rows *rows,
		     char *const *cells, size_t count)
{
	void *row;
	size_t i;

	if (is_blank(cells, count))
		return;
	if (count != reading->column_count) {
		import_add_fault(reading->import, place_of(reading, "", ""),
				 "the row has %zu cells and the header %zu: "
				 "quote cells that hold a comma",
				 count, reading->column_count);
		return;
	}
	row = add_row(reading, rows);
	for (i = 0; i < count; i++)
		read_cell(reading, reading->columns[i], cells[i], row);
}

void import_table_read(const struct import_table *table, struct import *import,
		       const uint8_t *data, size_t len,
		       struct import_rows *rows)
{
	struct reading reading = {.table = table, .import = import};
	struct fault fault;
	char *const *cells;
	size_t count;
	int rc = 0;

	memset(rows, 0, sizeof(*rows));
	/* Never NULL for a file that was given. */
	rows->numbers = talloc_array(import, uint32_t, 1);
	OSMO_ASSERT(rows->numbers);
	reading.csv = csv_alloc(import, data, len, &fault);
	if (!reading.csv) {
		import_add_fault(import, place_of(&reading, "", ""), "%s",
				 fault.sentence);
		return;
	}
	import->encoding = csv_encoding(reading.csv);
	if (!read_header(&reading))
		return;
	while (!import_should_stop(import) &&
	       (rc = csv_next(reading.csv, &cells, &count, &fault)) > 0)
		read_row(&reading, rows, cells, count);
	if (rc < 0)
		import_add_fault(import, place_of(&reading, "", ""), "%s",
				 fault.sentence);
}

static bool is_same_list(char *const *a, char *const *b)
{
	for (; *a && *b; a++, b++)
		if (strcmp(*a, *b))
			return false;
	return !*a && !*b;
}

bool import_column_is_same(const struct import_column *column, const void *a,
			   const void *b)
{
	const void *left = (const char *)a + column->offset;
	const void *right = (const char *)b + column->offset;

	switch (column->kind) {
	case IMPORT_TEXT:
		return !strcmp(*(const char *const *)left,
			       *(const char *const *)right);
	case IMPORT_LIST:
		return is_same_list(*(char **const *)left,
				    *(char **const *)right);
	case IMPORT_NUMBER:
		return *(const uint32_t *)left == *(const uint32_t *)right;
	case IMPORT_REPEATER:
		return *(const bool *)left == *(const bool *)right;
	}
	return false;
}

static char *join(void *ctx, char *const *list)
{
	char *text = talloc_strdup(ctx, *list ? *list : "");

	while (*list && *++list)
		text = talloc_asprintf_append_buffer(text, ";%s", *list);
	return text;
}

char *import_column_text(void *ctx, const struct import_column *column,
			 const void *row)
{
	const void *field = (const char *)row + column->offset;

	switch (column->kind) {
	case IMPORT_TEXT:
		return talloc_strdup(ctx, *(const char *const *)field);
	case IMPORT_LIST:
		return join(ctx, *(char **const *)field);
	case IMPORT_NUMBER:
		return talloc_asprintf(ctx, "%u", *(const uint32_t *)field);
	case IMPORT_REPEATER:
		return talloc_strdup(ctx, *(const bool *)field ? "repeater"
							       : "simplex");
	}
	return NULL;
}
