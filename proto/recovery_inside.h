/* SPDX-License-Identifier: MIT
 *
 * recovery_inside.h - what the files of a recovery share
 *
 * Memory:  as recovery.h.
 * Threads: as recovery.h.
 */
#pragma once

#include "proto/held.h"
#include "proto/prefixes.h"
#include "proto/recovery.h"
#include "proto/tails.h"
#include "proto/topic.h"

#define EPOCH_MAX 24

enum state {
	ASKING, /* which ledger, and how far is it? */
	TAKING, /* a snapshot */
	REPLAYING,
	LIVE,
};

/* One feed, which speaks for its own topics only. */
struct recovery_source {
	int64_t heard_us;    /* gateway's time of the last heartbeat */
	int64_t up_since_us; /* of the gateway */
	uint64_t whole;      /* nothing is missing up to here */
};

struct recovery {
	struct gridcall_interest interest; /* its handlers */
	struct gridcall_stats stats;
	char **prefixes;
	size_t prefix_count;
	struct prefixes wanted; /* the same, for a look-up */
	enum state state;
	bool from_now;
	bool lost_history; /* the gateway said so */
	bool overflowed;
	char epoch[EPOCH_MAX];
	char gateway[16];
	uint64_t through; /* everything up to here was given */
	struct tails tails;
	struct held_queue held;
	struct recovery_source sources[RECOVERY_SOURCES_MAX];
	size_t source_count;
	unsigned int source; /* of the next message */
	char *next;          /* page of a snapshot under way */
	char taken_epoch[EPOCH_MAX];
	uint64_t taken_seq;
};

/* 0, or -EINVAL when text is no position. */
int recovery_take_position(struct recovery *recovery, const char *text);
