/* SPDX-License-Identifier: MIT
 *
 * recovery.h - turns a feed that may lose messages into one that does not
 *
 * A feed drops messages of a subscriber that is slow or away.  Every durable
 * event carries its number in the ledger and in its topic, and a heartbeat
 * tells the last numbers, so a hole is seen at once or a second later; what is
 * missing is then asked from the gateway.  Here are the rules only: client.c
 * carries the messages, and these rules can be tried without a socket.
 *
 * What it promises: every event of the prefixes is given exactly once, in order
 * of seq within its topic, over lost messages and over a restart of either side
 * when the position was kept.
 *
 * Memory:  malloc; what a handler is given lasts for the call.
 * Threads: any, one at a time.  A handler must not call back into it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/gridcall.pb-c.h"

struct recovery;

struct recovery_event {
	const char *topic;
	uint64_t seq;
	uint64_t topic_seq;
	const uint8_t *payload; /* the very bytes of the ledger */
	size_t len;
	const Gridcall__V1__Event *event; /* the same, unpacked */
};

/* Why what was known of the gateway's history no longer holds. */
struct recovery_break {
	const char *epoch; /* of the ledger that is in force now */
	uint64_t seq;      /* its last event */
	bool trimmed;      /* the same ledger, but its old events are gone */
};

struct recovery_handler {
	void (*on_event)(void *data, const struct recovery_event *event);
	/*
	 * Volatile messages, heartbeats, and an alarm that the gateway can't
	 * record yet (an Event of seq 0).  May be NULL.
	 */
	void (*on_volatile)(void *data, const char *topic,
			    const uint8_t *payload, size_t len);
	/*
	 * Take a snapshot; events go on after *after_seq, which is the last
	 * there is and may be set lower: 0 gives the whole new history.  May be
	 * NULL.
	 */
	void (*on_break)(void *data, const struct recovery_break *now,
			 uint64_t *after_seq);
	void *data;
};

struct recovery_config {
	const char *const *prefixes; /* see topic_prefix_is_valid() */
	size_t prefix_count;
	/*
	 * "EPOCH SEQ" or what recovery_position() wrote: what was already seen.
	 * An EPOCH of "-" is whichever is in force.  NULL: only what comes now.
	 */
	const char *position;
	struct recovery_handler handler;
};

/* What is to be asked from the gateway. */
enum recovery_need {
	RECOVERY_NOTHING,
	RECOVERY_STATUS,
	RECOVERY_REPLAY,
};

struct recovery_stats {
	uint64_t events;     /* given to the handler */
	uint64_t gaps;       /* holes noticed in the feed */
	uint64_t recovered;  /* events that came by replay */
	uint64_t duplicates; /* dropped, seen before */
	uint64_t garbage;    /* messages not to be understood */
	uint64_t overflows;  /* times that too much came during a replay */
	uint64_t breaks;
};

/* NULL when a prefix or the position is not legal, or memory is out. */
struct recovery *recovery_alloc(const struct recovery_config *config);

/* Accepts NULL, returns NULL. */
struct recovery *recovery_free(struct recovery *recovery);

/* A message of the feed. */
void recovery_message(struct recovery *recovery, const char *topic,
		      size_t topic_len, const uint8_t *payload, size_t len);

enum recovery_need recovery_need(const struct recovery *recovery);

/* Fill a replay request; what it points to lasts until the next call. */
void recovery_replay(struct recovery *recovery,
		     Gridcall__V1__ReplayRequest *request);

/*
 * The answer to what was needed.  0, or -EAGAIN when it did not help: ask again
 * after a pause.
 */
int recovery_reply(struct recovery *recovery, const Gridcall__V1__Reply *reply);

/*
 * What to keep so that a later start loses nothing and sees nothing twice, as
 * text with its NUL.  Returns its length as snprintf() does.
 */
size_t recovery_position(const struct recovery *recovery, char *text,
			 size_t size);

/* All events of the prefixes up to here were given.  epoch "": not known. */
uint64_t recovery_through(const struct recovery *recovery, const char **epoch);

const struct recovery_stats *recovery_stats(const struct recovery *recovery);
