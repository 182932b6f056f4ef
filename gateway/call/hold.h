/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hold.h - why a channel's calls wait: an alarm, or an officer who talks
 *
 * Threads: main only.
 */
#pragma once

#include "gateway/call/lane.h"

struct call;
struct note;

bool hold_is_on(const struct lane *lane);

/*
 * Tell the calls of the channel what is true now: held, and why, or let go by
 * principal ("": by the gateway itself).  The caller kicks the lane.
 */
void hold_note(struct lane *lane, struct note *note, const char *principal);

/* Nobody talks after a restart: tell what held a leg so before it. */
void hold_note_gone(const struct leg *leg, struct note *note);

/* A call was started: tell it what holds its channels. */
void hold_note_call(const struct call *call, struct note *note);
