/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * line.h - one line of a terminal that never grows wider than it
 *
 * Units:   columns (cells) of the terminal, from 0.
 * Memory:  the caller's; out is borrowed.
 * Threads: any, one at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum style {
	STYLE_PLAIN,
	STYLE_DIM,
	STYLE_BOLD,
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_BAD,
	STYLE_EXERCISE, /* badges: nobody may take one for the other */
	STYLE_REAL,
	STYLE_BAR_GOOD, /* parts of a bar; '=' '~' '!' '.' without colour */
	STYLE_BAR_WARN,
	STYLE_BAR_BAD,
	STYLE_BAR_REST,
};

struct line {
	FILE *out;
	size_t width;
	size_t used;
	bool color;
};

struct line line_begin(FILE *out, size_t width, bool color);
void line_put(struct line *line, enum style style, const char *text);
__attribute__((format(printf, 3, 4))) void
line_format(struct line *line, enum style style, const char *format, ...);

/* Text in exactly so many columns: cut, or filled with blanks. */
void line_cell(struct line *line, enum style style, const char *text,
	       size_t cells);

/* Blanks up to column; nothing when the line is past it. */
void line_to(struct line *line, size_t column);

/* So many columns of a bar. */
void line_bar(struct line *line, enum style style, size_t cells);

void line_end(struct line *line);
