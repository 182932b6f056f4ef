/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * board.h - what an officer sees of a call that is going on
 *
 * Events of the feed go in, in the order in which they come.  It knows no
 * socket, no terminal and no clock, so each state can be tried by itself;
 * board_draw.h makes the picture.
 *
 * Units:   times are UTC microseconds.
 * Memory:  malloc; texts longer than their place are cut.
 * Threads: one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/gridcall.pb-c.h"

#define BOARD_NEWEST 64

struct board_unit {
	char code[48];
	char channel[32];
	char number[12];
	char name[96];
	uint32_t expected;
	Gridcall__V1__UnitState state;
	Gridcall__V1__Grade grade;
	bool counted; /* the unit stated a head count */
	uint32_t headcount;
	char situation[8];
	char reply_code[8];
	char raw[48];
	char doubts[96]; /* in words */
	char over[48];
	char recording[128];
	char reason[160];
	uint32_t round;
	uint32_t after_ms;
	bool late;
	uint64_t reply_seq; /* of the reply that stands, 0: none */
	uint64_t change;    /* counts up: the newest change is the largest */
};

struct board_channel {
	char code[32];
	const struct board_unit *turn; /* whose turn it is, or NULL */
	bool held;
	char reason[160];
	int64_t first_us;  /* its first turn began */
	int64_t finish_us; /* as planned, 0: not known */
	uint32_t turns;    /* that came to an end */
};

struct board_alarm {
	char alarm[48];
	char unit[48];
	char channel[32];
	char kind[24];
	char over[48];
	char recording[128];
	int64_t at_us;
	bool settled; /* taken back or released */
};

struct board_reply {
	struct board_unit unit; /* as this reply alone makes it */
	int64_t at_us;
};

struct board_grid {
	char topic[64];
	bool ended;
};

struct board_over {
	char over[48];
	char recording[128];
};

/* How many units of the call, or of one channel, are in which state. */
struct board_figures {
	uint32_t units; /* that are asked */
	uint32_t agrees;
	uint32_t attention;
	uint32_t doubtful;
	uint32_t heard;
	uint32_t silent;
	uint32_t unreachable;
	uint32_t pending; /* called ones too */
	uint32_t not_asked;
};

struct board {
	char call[64];
	char title[160];
	Gridcall__V1__CallKind kind;
	bool started;
	bool exercise;
	bool cancelled;
	bool held;
	char reason[160]; /* of holding the whole call */
	int64_t started_us;
	int64_t finish_us;
	int64_t ended_us;
	uint64_t changes;
	struct board_unit **units; /* in the order in which they are asked */
	size_t unit_count;
	void *by_code; /* tree of units */
	struct board_channel *channels;
	size_t channel_count;
	struct board_alarm *alarms;
	size_t alarm_count;
	struct board_grid *grids;
	size_t grid_count;
	struct board_over *overs;
	size_t over_count;
	struct board_reply newest[BOARD_NEWEST]; /* a ring */
	size_t reply_count;                      /* ever */
};

struct board *board_alloc(const char *call);

/* Accepts NULL, returns NULL. */
struct board *board_free(struct board *board);

/* When each channel should be done. */
void board_plan(struct board *board, const Gridcall__V1__Plan *plan);

/* Take in an event; those of other calls change nothing. */
void board_add(struct board *board, const Gridcall__V1__Event *event);

/* Take everything from a report instead: after a hole that can't be mended. */
void board_report(struct board *board, const Gridcall__V1__Report *report);

/* Every grid that started has ended. */
bool board_is_over(const struct board *board);

/* Whether an event has to do with this call. */
bool board_concerns(const struct board *board,
		    const Gridcall__V1__Event *event);

/* NULL when the call has no such unit. */
struct board_unit *board_unit_find(const struct board *board, const char *code);

/* Of one channel, or of all with NULL. */
struct board_figures board_count(const struct board *board,
				 const char *channel);
