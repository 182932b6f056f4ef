/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * note.h - events being written down for the ledger
 *
 * A note fills one batch and, when the ledger has told it, gives replies their
 * seq and lets the leg go on: durable before acted on.
 *
 * Memory:  a note frees itself when it was told; it may outlive the set.
 * Threads: main only.
 */
#pragma once

#include "gateway/call/set.h"
#include "gateway/call/turn.h"

#define NOTE_REPLIES_MAX 4

struct note {
	struct llist_head entry;
	struct calls *calls; /* NULL: the set is gone */
	struct ledger_batch *batch;
	uint32_t events;
	struct leg *leg;
	struct {
		struct turn *turn;
		uint32_t at;
	} replies[NOTE_REPLIES_MAX];
	uint32_t reply_count;
	void (*on_told)(void *data);
	void *data;
};

/* A note of our own, or one that fills a caller's batch (not committed here).
 */
struct note *note_alloc(struct calls *calls);
void note_of_batch(struct note *note, struct calls *calls,
		   struct ledger_batch *batch);

/* Add an event of a kind in an area (district.station.grid). */
void note_call(struct note *note, const char *area,
	       Gridcall__V1__CallEvent *call);
void note_over(struct note *note, const char *area,
	       Gridcall__V1__OverEvent *over);
void note_alarm(struct note *note, const char *area,
		Gridcall__V1__AlarmEvent *alarm);
/* Of the reply that stands, turn learns the seq when it is told. */
void note_reply(struct note *note, struct turn *turn,
		Gridcall__V1__ReplyEvent *reply, bool stands);

/* Commit; leg (may be NULL) hears COMMITTED when its last one was told. */
void note_commit(struct note *note, struct leg *leg);

/* Forget what is being freed. */
void note_forget_leg(struct calls *calls, const struct leg *leg);
void note_forget_all(struct calls *calls);
