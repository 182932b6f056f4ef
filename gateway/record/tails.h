/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tails.h - the last topic_seq of every topic
 *
 * The writer numbers events with one, of which a transaction that fails can be
 * taken back; main keeps another, to say which topics changed lately.
 *
 * Units:   changed_us is monotonic.
 * Memory:  malloc, as many entries as there are topics; an entry stays where
 *          it is until tails_free().
 * Threads: one tails belongs to one thread.
 */
#pragma once

#include "proto/topic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tails;

struct tail {
	char topic[TOPIC_MAX];
	int64_t id;          /* row in the ledger; 0: none yet */
	uint64_t topic_seq;  /* committed */
	uint64_t next;       /* given out in the open transaction */
	uint64_t changed_us; /* when it was last moved to the front */
	struct tail *newer;
	struct tail *older;
	struct tail *same_slot;
};

/* NULL when memory is out. */
struct tails *tails_alloc(void);

/* Accepts NULL.  Always returns NULL. */
struct tails *tails_free(struct tails *tails);

/* The entry of a topic, made with topic_seq 0 when new; NULL: no memory. */
struct tail *tails_get(struct tails *tails, const char *topic);

/* Make it the newest. */
void tails_touch(struct tails *tails, struct tail *tail, uint64_t now_us);

/* From here along older; NULL when nothing was touched. */
struct tail *tails_newest(struct tails *tails);

/* Forget which were touched; their entries stay. */
void tails_untouch_all(struct tails *tails);
