/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ledger_topics.h - the topics of a ledger by the number of their row
 *
 * An event names its topic by number.  There are some thousands, they are
 * never taken away, and a later one has a greater number: a reader keeps them
 * in memory and reads only what is new.
 *
 * Memory:  malloc.
 * Threads: those of the database, one at a time.
 */
#pragma once

#include "gateway/record/database.h"
#include "proto/topic.h"

#include <stddef.h>
#include <stdint.h>

struct ledger_topics {
	char (*names)[TOPIC_MAX]; /* by number; "": none */
	size_t count;             /* one more than the greatest number */
	size_t size;
};

/* Take in what is new.  0 or a negative errno. */
int ledger_topics_refresh(struct ledger_topics *topics,
			  struct database *database);

/* "" for a number that there is not. */
const char *ledger_topics_name(const struct ledger_topics *topics, int64_t id);

void ledger_topics_clear(struct ledger_topics *topics);
