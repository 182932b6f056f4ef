/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * reply.h - which answer of a unit stands, and the events it makes
 *
 * Equal counts merge, the last certain answer stands, a differing count is kept
 * beside it.  A doubtful answer that is said again when asked for is certain.
 *
 * Threads: main only.
 */
#pragma once

#include "gateway/call/lane.h"

struct note;

/* One answer on its way into the record. */
struct filing {
	struct lane *lane;
	struct note *note;
	const struct answer *answer;
	uint32_t doubts;
	bool late;
};

/*
 * File an answer for the unit of turn, beside the one that stands: the last
 * certain one stands; one that may be a neighbour's never displaces another.
 */
void reply_file(const struct filing *filing, struct turn *turn);

/* The end of the over made another answer of what was published at its #. */
void reply_withdraw(struct lane *lane, struct note *note, uint32_t doubts);

/* The ledger gave the reply that stands a seq. */
void reply_told(struct turn *turn, uint64_t seq);

/* How an answer of a unit that should be expected people is graded. */
Gridcall__V1__Grade reply_grade(const struct answer *answer, uint32_t doubts,
				uint32_t expected);

/* The parts of a reply that come from its turn. */
void reply_fill_call(const struct turn *turn, Gridcall__V1__ReplyEvent *event);
