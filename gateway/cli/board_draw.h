/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * board_draw.h - the picture of a board, and its events as plain lines
 *
 * Units:   columns and lines of a terminal; times are UTC microseconds.
 * Memory:  out is the caller's.
 * Threads: one.
 */
#pragma once

#include <stdio.h>

#include "gateway/cli/board.h"
#include "gateway/cli/line.h"

struct board_view {
	size_t width;
	size_t height;
	bool color;
	int64_t now_us;
	const char *trouble; /* what is wrong with the feed; NULL: nothing */
};

/*
 * At most height lines, each with its newline and at most width columns wide.
 * What finds no room is counted ("3 more"), never dropped without a word.
 */
void board_draw(const struct board *board, const struct board_view *view,
		FILE *out);

/*
 * One line about an event that was just added; false when there is nothing to
 * tell.  For terminals that can't redraw, and for logs.
 */
bool board_tell(const struct board *board, const Gridcall__V1__Event *event,
		FILE *out);

/* What a unit answered: "18 people, situation normal, 2.1 s". */
void board_put_answer(const struct board_unit *unit, struct line *line);

/* Why an officer should look at it: doubts, reason, counts that differ. */
void board_put_exception(const struct board_unit *unit, struct line *line);

/* "1:05" or "1:02:03"; never negative. */
#define DURATION_SIZE 24
void board_duration(char text[DURATION_SIZE], int64_t ms);

/* Local time of day, "10:32:05"; "-" for 0. */
void board_clock(char text[DURATION_SIZE], int64_t utc_us);
