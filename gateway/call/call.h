/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * call.h - one call: its legs, its figures, its life
 *
 * A call is starting (its first events are on their way to the disk), running,
 * paused by an officer or by a long time down, or ended.  Alarms and faults of
 * single channels hold legs, not the call.
 *
 * Memory:  below the set of calls.
 * Threads: main only.
 */
#pragma once

#include "gateway/call/set.h"

#include <osmocom/core/fsm.h>

struct note;

struct call {
	struct llist_head entry;
	struct calls *calls;
	struct osmo_fsm_inst *fi;
	const char *id;
	Gridcall__V1__CallOptions *options;
	const char *principal;
	const char *selector;
	const char *announcement; /* path of the recording */
	uint32_t announcement_ms; /* with its lead-in */
	uint32_t rounds;
	uint32_t silence_ms;
	struct llist_head legs;
	uint32_t legs_running;
	int64_t started_at_us;
	int64_t finish_at_us;
	uint64_t ended_us;  /* monotonic; 0: open */
	uint64_t summed_us; /* when the summary was last written */
	bool was_cancelled;
	char reason[256]; /* of a pause */
};

struct call *call_alloc(struct calls *calls, const char *id,
			const Gridcall__V1__CallOptions *options);

/* Removes itself and its legs from everything.  Accepts NULL. */
struct call *call_free(struct call *call);

/* The leg on a channel, made when there is none. */
struct leg *call_leg(struct call *call, const char *channel);

/* All turns are there: queue the legs on their channels. */
void call_queue(struct call *call);

/* The turn of a unit; NULL when it is not of this call. */
struct turn *call_find_turn(const struct call *call, const char *unit);

/* Add CallStarted of every grid. */
void call_note_started(struct call *call, struct note *note);

/*
 * Add the same change on every grid, or on those with units on one channel
 * (channel not NULL).
 */
void call_note_change(struct call *call, struct note *note, const char *channel,
		      Gridcall__V1__CallEvent *change);

/* Add the summary as it is now; unless forced at most once a second. */
void call_note_summary(struct call *call, struct note *note, bool force);

/* For the summary: queued announcing asking paused held ended cancelled. */
const char *call_state_name(const struct call *call);

/* A leg has ended; after the last the call ends. */
void call_leg_ended(struct call *call);

/*
 * The directory changed: units that are gone from it are not asked any more.
 */
void call_drop_gone(struct call *call, struct note *note);

/* Add CallEnded of every grid and the closed summary; keep it as ended. */
void call_note_ended(struct call *call, struct note *note,
		     const char *principal);
