/* SPDX-License-Identifier: MIT
 *
 * tails.h - the last event that was seen of each topic
 *
 * Memory:  malloc; a struct tails starts zeroed and ends with tails_clear().
 * Threads: any, one at a time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/topic.h"

struct tail {
	char topic[TOPIC_MAX]; /* "": a free place */
	uint64_t topic_seq;    /* of the last event seen */
	uint64_t seq;          /* of the same event, 0 when only told of it */
};

struct tails {
	struct tail *places; /* every place, used or free */
	size_t size;
	size_t count;
};

/* Last topic_seq of a topic, 0 when none was seen. */
uint64_t tails_find(const struct tails *tails, const char *topic);

/* Set or replace.  0, -EINVAL for "" or a topic too long, or -ENOMEM. */
int tails_set(struct tails *tails, const struct tail *tail);

/* Forget everything. */
void tails_clear(struct tails *tails);
