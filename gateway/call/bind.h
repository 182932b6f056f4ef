/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bind.h - whose answer it is
 *
 * A dialled number or a radio's ID names a unit wherever it answers; without
 * them an answer belongs to the unit whose turn it is.  A number and an ID that
 * disagree belong to nobody.
 *
 * Memory:  what a binding points to lasts until the next turn of the loop.
 * Threads: main only.
 */
#pragma once

#include "gateway/call/lane.h"

struct binding {
	struct turn *turn;   /* NULL: of no open or recent call */
	const char *unit;    /* said itself who it is; "": it did not */
	const char *area;    /* of that unit; "" */
	uint32_t doubts;     /* DOUBT_UNNAMED, DOUBT_IDENTITY */
	bool late;           /* its turn, or its call, was over */
	bool foreign;        /* of a unit that is not of this call */
	const char *refused; /* why it binds to nobody; NULL */
};

void bind_answer(const struct lane *lane, const struct answer *answer,
		 struct binding *binding);

/* Whether an answer of that kind counts in a call of that kind. */
bool bind_counts(Gridcall__V1__CallKind kind, const struct answer *answer);
