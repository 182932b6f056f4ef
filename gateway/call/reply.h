/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * reply.h - whose answer it is, how sure that is, and the events it makes
 *
 * Called at every # and when an over ends.  A reply is published at its #; what
 * the end of the over changes is a new event that names the one it replaces.
 *
 * Threads: main only.
 */
#pragma once

#include "gateway/call/lane.h"

struct note;

/* A # was heard: publish what is an answer already. */
void reply_on_key(struct lane *lane);

/*
 * The over on the lane has ended: its OverEvent, what its keys turned out to
 * be, and what the leg must know (turn->state, leg->repeat_due, yield_due).
 */
void reply_on_over(struct lane *lane);

/* The ledger gave the reply that stands a seq. */
void reply_told(struct turn *turn, uint64_t seq);

/* How an answer of a unit that should be expected people is graded. */
Gridcall__V1__Grade reply_grade(const struct answer *answer, uint32_t doubts,
				uint32_t expected);

/* The parts of a reply that come from its turn. */
void reply_fill_call(const struct turn *turn, Gridcall__V1__ReplyEvent *event);
