/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hearing.h - an over is read, bound to a unit and filed while it is heard
 *
 * Called at every # and when an over ends.  A reply is published at its #; what
 * the end of the over changes is a new event that names the one it replaces.
 *
 * Threads: main only.
 */
#pragma once

#include "gateway/call/lane.h"

/* A # was heard: publish what is an answer already. */
void hearing_on_key(struct lane *lane);

/* A # in a jam, whose over has ended already. */
void hearing_on_jam_key(struct lane *lane);

/*
 * The over on the lane has ended: its OverEvent, what its keys turned out to
 * be, and what the leg must know (turn->state, leg->repeat_due, yield_due).
 */
void hearing_on_over(struct lane *lane);
