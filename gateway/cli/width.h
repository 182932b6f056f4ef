/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * width.h - how many columns of a terminal a text takes
 *
 * A Chinese character takes two columns, a combining mark none.  What would act
 * on the terminal instead of being shown, and what is not UTF-8, counts as one
 * column and is put out as '?', so that no name from a file or the air can move
 * the cursor.
 *
 * Units:   cells are columns of the terminal; bytes are bytes.
 * Memory:  nothing is allocated.
 * Threads: one; the C library's locale is the process's.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

/* Take the user's locale, or C.UTF-8 where that is not UTF-8.  Once. */
void width_init(void);

size_t width_of(const char *text);

/* How many bytes of text fit into cells; *used is what they take. */
size_t width_fit(const char *text, size_t cells, size_t *used);

/* Put out as much of text as fits into cells; returns what it took. */
size_t width_put(FILE *out, const char *text, size_t cells);
