/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ledger.h - what lasts: every event, numbered and durable before it is told
 *
 * Main fills a batch and commits it.  One writer thread numbers, encodes and
 * writes batches, many in one transaction; after the disk has it, main is told,
 * event by event in order of seq, with the bytes that every feed then carries.
 *
 * Units:   time_us is UTC.
 * Memory:  a batch belongs to its maker until ledger_commit(); bytes passed to
 *          callbacks last for the callback.
 * Threads: main only, except the work function of ledger_read(), which runs on
 *          a reader thread with a connection of its own.
 * Errors:  a disk that is full or broken does not lose a batch: it waits, main
 *          hears on_trouble(), and its callback comes when it was written.
 */
#pragma once

#include "gateway/fault.h"
#include "plugins/plugin.h"
#include "proto/gridcall.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger;
struct ledger_batch;
struct ledger_reader; /* asked in ledger_query.h */

/* A committed event: what gridcall_message carries. */
struct ledger_event {
	uint64_t seq;
	uint64_t topic_seq;
	int64_t time_us;
	const char *topic;
	const uint8_t *payload; /* packed gridcall.v1.Event */
	size_t len;
};

struct ledger_config {
	const char *path;    /* of the SQLite file; its folder must exist */
	const char *gateway; /* 1 to 12 of 0-9A-Z */
	uint64_t reserve;    /* bytes kept back for a full disk */
	uint32_t keep_days;  /* older events go, see ledger_trim.h; 0: none */
	bool restored;       /* told that the file is a restored copy */
	void (*on_event)(void *data, const struct ledger_event *event);
	void (*on_trouble)(void *data, const char *sentence); /* NULL: over */
	void *data;
};

/*
 * Open or make the ledger and start its threads.  NULL and a sentence when it
 * can't be opened, another daemon has it, its schema is newer than this
 * program, or it belongs to another gateway.  A file that is older than what
 * was last written (a restored copy) gets a new epoch.
 */
struct ledger *ledger_open(void *ctx, const struct ledger_config *config,
			   struct gridcall_why *why);

/*
 * Write and tell what is queued, stop the threads.  Callbacks still come inside
 * it, and what they commit is written too.  Batches that a broken disk refuses
 * to the last are lost, with a line in the log.  Accepts NULL, returns NULL.
 */
struct ledger *ledger_close(struct ledger *ledger);

const char *ledger_epoch(const struct ledger *ledger);

/* Last seq that on_event() told. */
uint64_t ledger_seq(const struct ledger *ledger);

/*
 * The topics that changed in the last 30 s, newest first; prefix "" is all.
 * Their strings belong to the ledger.
 */
size_t ledger_recent(const struct ledger *ledger, const char *prefix,
		     Gridcall__V1__TopicTail *tails, size_t max);

/*
 * All of a batch is committed in one transaction or not at all.  It may be made
 * and filled on any one thread (a large import on the job thread); only
 * ledger_commit() is main's.
 */
struct ledger_batch *ledger_batch_alloc(struct ledger *ledger);

/* Not committed after all.  Accepts NULL. */
void ledger_batch_free(struct ledger_batch *batch);

/*
 * Add one event.  body is an Event of which only the body is set; it is packed
 * here, once.  call is the id of the call it belongs to, or "".
 * -EINVAL when the topic breaks a rule of proto/topic.h.
 */
int ledger_batch_event(struct ledger_batch *batch, const char *topic,
		       const char *call, const Gridcall__V1__Event *body);

/* Write or replace the summary of a call; open calls are resumed at start. */
void ledger_batch_call(struct ledger_batch *batch, bool open,
		       const Gridcall__V1__CallSummary *summary);

/* Keep a packed reply for 7 days; digest is of the request's body. */
void ledger_batch_idempotency(struct ledger_batch *batch, const char *principal,
			      const char *idempotency_key,
			      const uint8_t digest[32], const uint8_t *reply,
			      size_t len);

/* Rows changed and rows removed: codes, and public halves of CURVE keys. */
void ledger_batch_unit(struct ledger_batch *batch,
		       const Gridcall__V1__Unit *unit);
void ledger_batch_unit_gone(struct ledger_batch *batch, const char *code);
void ledger_batch_channel(struct ledger_batch *batch,
			  const Gridcall__V1__Channel *channel);
void ledger_batch_channel_gone(struct ledger_batch *batch, const char *code);
void ledger_batch_key(struct ledger_batch *batch, const Gridcall__V1__Key *key);
void ledger_batch_key_gone(struct ledger_batch *batch, const char *public_key);

/*
 * Queue a batch; batches are committed in this order.  done (may be NULL) is
 * called on main after its last event was told; seqs are 0 when it has none.
 */
void ledger_commit(struct ledger *ledger, struct ledger_batch *batch,
		   void (*done)(void *data, uint64_t first, uint64_t last),
		   void *data);

/*
 * Run work() on a reader thread, then done() on main.  Everything committed
 * before this call is visible to it, even what is still queued; only while the
 * disk refuses is what is queued not waited for.
 */
void ledger_read(struct ledger *ledger,
		 void (*work)(struct ledger_reader *reader, void *data),
		 void (*done)(void *data), void *data);
/* The same, at once, on main.  At start only. */
void ledger_read_now(struct ledger *ledger,
		     void (*work)(struct ledger_reader *reader, void *data),
		     void *data);

struct ledger_stats {
	uint64_t events;
	uint64_t commits; /* transactions; events over commits is the group */
	uint64_t queued;  /* batches waiting */
	uint64_t slowest_us;
	bool log_is_long; /* who reads much should pause: it can't begin anew */
	char trouble[256]; /* empty: none */
};
void ledger_stats(struct ledger *ledger, struct ledger_stats *stats);

/* Whether writer and readers have made progress, or had nothing to do. */
bool ledger_is_alive(struct ledger *ledger, const char **name);
