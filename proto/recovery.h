/* SPDX-License-Identifier: MIT
 *
 * recovery.h - turns a feed that may lose messages into one that does not
 *
 * A feed drops messages of a subscriber that is slow or away.  Every durable
 * event carries its number in the ledger and in its topic, and a heartbeat
 * tells the last numbers, so a hole is seen at once or a second later; what is
 * missing is then asked from the gateway.  Here are the rules only:
 * subscription.c carries the messages, and these rules can be tried without a
 * socket.
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

#include "proto/gridcall.h"

#define RECOVERY_SOURCES_MAX 16

struct recovery;

/* What is to be asked from the gateway. */
enum recovery_need {
	RECOVERY_NOTHING,
	RECOVERY_STATUS,
	RECOVERY_REPLAY,
	RECOVERY_SNAPSHOT,
};

/* NULL when a prefix or the position is not legal, or memory is out. */
struct recovery *recovery_alloc(const struct gridcall_interest *interest);

/* Accepts NULL, returns NULL. */
struct recovery *recovery_free(struct recovery *recovery);

/* 0, or -EINVAL; before anything else is given to it. */
int recovery_set_prefixes(struct recovery *recovery,
			  const char *const *prefixes, size_t count);

/*
 * How many feeds carry the prefixes between them, at first 1; each speaks for
 * its own alone.  To be called when they change.
 */
void recovery_set_sources(struct recovery *recovery, size_t count);

/* Which of them the next messages come from, at first 0. */
void recovery_from(struct recovery *recovery, size_t source);

/* A message of the feed. */
void recovery_message(struct recovery *recovery, const char *topic,
		      size_t topic_len, const uint8_t *payload, size_t len);

enum recovery_need recovery_need(const struct recovery *recovery);

/* Fill a replay request; what it points to lasts until the next call. */
void recovery_replay(struct recovery *recovery,
		     Gridcall__V1__ReplayRequest *request);

/* The same of a snapshot's next page. */
void recovery_snapshot(struct recovery *recovery,
		       Gridcall__V1__SnapshotRequest *request);

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

const struct gridcall_stats *recovery_stats(const struct recovery *recovery);
