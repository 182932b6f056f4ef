/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * screen.h - the terminal: redrawn in place, and given back as it was
 *
 * Memory:  malloc inside; nothing is left after screen_end().
 * Threads: one; there is one terminal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct screen_size {
	size_t width;
	size_t height;
};

/* Whether standard output is a terminal that can be redrawn. */
bool screen_is_there(void);

/* Colours: not with NO_COLOR, nor where TERM is dumb. */
bool screen_has_color(void);

/* Take the terminal's other page and hide the cursor. */
void screen_begin(void);

/* The size now; it follows the window. */
struct screen_size screen_size(void);

/* Whether the window changed since this was asked last. */
bool screen_was_resized(void);

/* Show lines, each with its newline, in place of what was there. */
void screen_show(const char *lines);

/* Give the terminal back. */
void screen_end(void);
