/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * turn.h - one unit's place in a call, and whose turn is next
 *
 * Mode turn (点名): each unit in the order of its keypad number; those that
 * stayed silent are asked again in the next round.
 *
 * Memory:  a turn hangs below its leg and keeps its own copies of what the
 *          directory said.
 * Threads: main only.
 */
#pragma once

#include "gateway/call/answer.h"
#include "gateway/voice/over.h"
#include "proto/gridcall.pb-c.h"

#include <osmocom/core/linuxlist.h>

struct leg;
struct unit;

/* The answer that stands for a unit. */
struct turn_reply {
	uint64_t seq; /* 0: none, or not committed yet */
	bool counted;
	uint32_t count;
	char situation[3];
	char code[4];
	char radio_id[9];
	char over[OVER_ID_MAX];
	uint32_t doubts;
};

struct turn {
	struct leg *leg;
	const char *unit;
	const char *number;
	const char *name;
	const char *area; /* district.station.grid it is published under */
	uint32_t expected;
	uint32_t place;
	Gridcall__V1__UnitState state;
	Gridcall__V1__Grade grade;
	char reason[160];

	uint32_t round;    /* last asked in; 0: not yet */
	bool is_asked;     /* false: excused, off duty, gone ... */
	bool is_jammed;    /* UNREACHABLE for a jam: worth another round */
	uint64_t began_us; /* its cue ended; 0: not yet */
	uint64_t ended_us; /* it passed; 0: not yet */
	bool is_known;     /* its unit knows that this is its turn */
	bool is_certain;   /* and nothing else was heard since it learnt so */
	bool was_repeated; /* it heard 请重报, or its cue again */
	uint32_t overs;    /* in this asking */
	uint32_t blocks;   /* times that its radio was down or jammed, too */
	struct turn_reply reply;
	uint32_t filing;           /* replies given to the ledger, no seq yet */
	struct llist_head waiting; /* replies that must name such a seq */
};

struct turn *turn_alloc(struct leg *leg, const Gridcall__V1__CalledUnit *called,
			const char *area);

/* The next to be asked after leg->turn, raising leg->round; NULL: no more. */
struct turn *turn_next(struct leg *leg);

/*
 * Whether the unit must hear its cue: always on simplex or when the site says
 * so; on a repeater unless it directly follows the announcement or a certain
 * answer, which it heard itself.
 */
bool turn_needs_cue(const struct leg *leg, const struct turn *turn);

bool turn_has_certain_answer(const struct turn *turn);

/* As the plan and CallStarted tell it; strings are the turn's. */
void turn_to_called(const struct turn *turn, Gridcall__V1__CalledUnit *called);
