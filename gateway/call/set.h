/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * set.h - what the files of this room share: the set of all calls
 *
 * The door for everybody else is calls.h.
 *
 * Memory:  calls, lanes and plans hang below the set.
 * Threads: main only.
 */
#pragma once

#include "gateway/call/calls.h"

#include <osmocom/core/hashtable.h>
#include <osmocom/core/linuxlist.h>

#define LOGPCALL(call, level, format, args...)                                 \
	LOGP(DCALL, level, "call %s: " format, (call)->id, ##args)
#define LOGPLANE(lane, level, format, args...)                                 \
	LOGP(DCALL, level, "channel %s: " format, (lane)->code, ##args)

struct call;
struct lane;
struct prompts;
struct shelf;

struct calls {
	void *root; /* outlives this: for what a callback may still meet */
	struct calls_config config;
	struct calls_settings settings;
	struct prompts *prompts;
	struct shelf *shelf;
	struct llist_head open;  /* struct call, oldest first */
	struct llist_head ended; /* newest first: late answers, settling */
	size_t ended_count;
	struct llist_head lanes;
	DECLARE_HASHTABLE(lanes_by_code, 10); /* a city has some 1,700 */
	struct lane *by_slot[VOICE_CHANNELS_MAX];
	struct llist_head plans;
	struct llist_head notes; /* committed, not yet told */
	char trouble[256];       /* of the ledger; "": none */
	bool is_stopping;
};

/* An open call, or one that ended lately; NULL. */
struct call *calls_find_open(const struct calls *calls, const char *id);
struct call *calls_find_ended(const struct calls *calls, const char *id);

/* Move a call that has ended, and forget those that ended long ago. */
void calls_keep_ended(struct calls *calls, struct call *call);

/* Hold or let go every leg according to what is true now. */
void calls_kick(struct calls *calls);
