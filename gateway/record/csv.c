/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/csv.h"

#include "gateway/record/utf8.h"
#include "proto/gridcall.pb-c.h"

#include <errno.h>
#include <iconv.h>
#include <osmocom/core/utils.h>
#include <string.h>
#include <talloc.h>

#define BAD GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* A cell is cut out of the text in place; quotes only make it shorter. */
struct csv {
	char *text; /* UTF-8, NUL terminated */
	char *next; /* first byte of the next row; NULL: the end */
	const char *encoding;
	uint32_t row;
	char **cells;
	size_t room;
};

static char *from_gb18030(void *ctx, const uint8_t *data, size_t len)
{
	size_t room = len * 3 + 1; /* no character grows more */
	char *text = talloc_size(ctx, room);
	char *in = (char *)data;
	char *out = text;
	iconv_t converter = iconv_open("UTF-8", "GB18030");
	size_t rc;

	OSMO_ASSERT(text);
	if (converter == (iconv_t)-1)
		return NULL;
	rc = iconv(converter, &in, &len, &out, &room);
	iconv_close(converter);
	if (rc == (size_t)-1 || len || !room)
		return NULL;
	*out = '\0';
	return text;
}

static char *decode(struct csv *csv, const uint8_t *data, size_t len)
{
	size_t mark = strlen(BYTE_ORDER_MARK);

	if (!utf8_is_valid(data, len)) {
		csv->encoding = "GB18030";
		return from_gb18030(csv, data, len);
	}
	csv->encoding = "UTF-8";
	if (len >= mark && !memcmp(data, BYTE_ORDER_MARK, mark))
		csv->encoding = "UTF-8 with byte-order mark";
	return talloc_strndup(csv, (const char *)data, len);
}

struct csv *csv_alloc(void *ctx, const uint8_t *data, size_t len,
		      struct fault *fault)
{
	struct csv *csv = talloc_zero(ctx, struct csv);

	OSMO_ASSERT(csv);
	if (len && memchr(data, '\0', len))
		fault_set(fault, BAD,
			  "the file holds NUL bytes, so it is no text in UTF-8 "
			  "or GB18030: save it as CSV in UTF-8");
	else if (!(csv->text = decode(csv, data, len)))
		fault_set(fault, BAD,
			  "the file is neither UTF-8 nor GB18030: save it as "
			  "CSV in UTF-8");
	if (!csv->text) {
		talloc_free(csv);
		return NULL;
	}
	csv->next = csv->text;
	if (!strncmp(csv->next, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)))
		csv->next += strlen(BYTE_ORDER_MARK);
	if (!*csv->next)
		csv->next = NULL;
	return csv;
}

const char *csv_encoding(const struct csv *csv)
{
	return csv->encoding;
}

uint32_t csv_row(const struct csv *csv)
{
	return csv->row;
}

static void add_cell(struct csv *csv, size_t index, char *cell)
{
	if (index == csv->room) {
		csv->room = csv->room ? csv->room * 2 : 32;
		csv->cells = talloc_realloc(csv, csv->cells, char *, csv->room);
		OSMO_ASSERT(csv->cells);
	}
	csv->cells[index] = cell;
}

/* Unquote in place from the opening quote; the byte after the closing one. */
static char *close_quote(char *from)
{
	char *to = from;

	for (from++; *from; from++) {
		if (*from == '"' && *++from != '"') {
			*to = '\0';
			return from;
		}
		*to++ = *from;
	}
	return NULL;
}

static int broken(struct csv *csv, struct fault *fault, const char *what)
{
	csv->next = NULL;
	return fault_set(fault, BAD,
			 "row %u: %s; a cell that holds a quote is quoted "
			 "whole and its quotes are doubled",
			 csv->row, what);
}

int csv_next(struct csv *csv, char *const **cells, size_t *count,
	     struct fault *fault)
{
	char *at = csv->next;
	size_t found = 0;
	char end;

	if (!at)
		return 0;
	csv->row++;
	do {
		/* add_cell() first: unquoting begins where the cell does. */
		add_cell(csv, found++, at);
		if (*at == '"') {
			at = close_quote(at);
			if (!at)
				return broken(csv, fault,
					      "a quote is never closed");
			if (*at && !strchr(",\r\n", *at))
				return broken(csv, fault,
					      "text follows a quoted cell");
		} else {
			at += strcspn(at, ",\r\n\"");
		}
		end = *at;
		if (end == '"')
			return broken(csv, fault,
				      "a quote stands inside a cell");
		*at++ = '\0';
	} while (end == ',');
	if (end == '\r' && *at == '\n')
		at++;
	csv->next = end && *at ? at : NULL;
	*cells = csv->cells;
	*count = found;
	return 1;
}

char *csv_append(char *text, const char *cell)
{
	const char *quote;

	if (*text)
		text = talloc_strdup_append_buffer(text, ",");
	/* A byte-order mark would be lost at the start of a file. */
	if (*cell && !strpbrk(cell, ",\"\r\n") &&
	    strncmp(cell, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK))) {
		text = talloc_strdup_append_buffer(text, cell);
		OSMO_ASSERT(text);
		return text;
	}
	text = talloc_strdup_append_buffer(text, "\"");
	while ((quote = strchr(cell, '"'))) {
		text = talloc_strndup_append_buffer(text, cell,
						    (size_t)(quote - cell) + 1);
		text = talloc_strdup_append_buffer(text, "\"");
		cell = quote + 1;
	}
	text = talloc_asprintf_append_buffer(text, "%s\"", cell);
	OSMO_ASSERT(text);
	return text;
}
