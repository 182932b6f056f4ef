/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * csv.h - reads a comma-separated file that is in memory (RFC 4180)
 *
 * Cells may be quoted, then hold commas, line ends and doubled quotes.  Lines
 * end with LF, CRLF or CR.  The text is UTF-8, with or without a byte-order
 * mark, or GB18030 as spreadsheets write it here; which one is told.
 *
 * Units:   rows count from 1, as a spreadsheet shows them.
 * Memory:  one talloc tree below ctx, which holds a copy of the text.
 * Threads: any; each csv belongs to one thread.
 */
#pragma once

#include "gateway/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct csv;

/*
 * NULL and a sentence when the text is neither UTF-8 nor GB18030 or holds a
 * NUL byte (as UTF-16 does).
 */
struct csv *csv_alloc(void *ctx, const uint8_t *data, size_t len,
		      struct fault *fault);

/* "UTF-8", "UTF-8 with byte-order mark" or "GB18030". */
const char *csv_encoding(const struct csv *csv);

/*
 * Take the next row: 1, 0 at the end, or -EINVAL and a sentence when a quote
 * is misplaced or never closed; then nothing can follow.  The cells are NUL
 * terminated UTF-8 and last as long as csv; the array until the next call.
 * An empty line is a row with one empty cell.
 */
int csv_next(struct csv *csv, char *const **cells, size_t *count,
	     struct fault *fault);

/* The row that csv_next() gave last. */
uint32_t csv_row(const struct csv *csv);

/*
 * Add a cell to the text of a row, quoted where it must be, and return the
 * text (talloc), which may have moved.  Begin with an empty talloc string.
 */
char *csv_append(char *text, const char *cell);
