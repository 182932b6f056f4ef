/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * turnstile.h - lets those in who read much of the ledger: replay, snapshot,
 * calls, report
 *
 * One question is inside at a time, so that one of the ledger's readers is
 * always free for what is short, and principals take turns, each with one
 * question.  Whoever has read more than its rate allows waits outside; the
 * rate has room for days of history, so that only a loop ever waits.  A
 * principal that has too many questions waiting is told that it is busy: many
 * when a hundred subscribers of one key come back at once, a few when it has
 * read more than its rate.
 *
 * Memory:  a question (malloc) is the turnstile's from turnstile_ask() until
 *          its free().
 * Threads: main, but read() of a question, which runs on a reader thread.
 */
#pragma once

#include "gateway/control/command.h"
#include "gateway/record/ledger_query.h"

struct turnstile;

/* The room that one principal's questions may take up. */
struct turnstile_rate {
	uint64_t rows_burst;
	uint64_t rows_per_s;
	uint64_t bytes_burst;
	uint64_t bytes_per_s;
	unsigned int waiting_max;      /* questions outside, within the rate, */
	unsigned int waiting_max_over; /* and beyond it */
};

/*
 * One question on its way.  ctx lives while read() runs, on its thread.
 * Neither the command nor its request is touched by main in between.
 */
struct turnstile_question {
	struct llist_head entry;
	struct command *command;
	/* [reader] Read, and pack the reply or set fault. */
	void (*read)(struct turnstile_question *question,
		     struct ledger_reader *reader);
	void (*free)(struct turnstile_question *question);
	void *ctx;
	struct prefixes prefixes; /* what it selects by */
	struct fault fault;
	uint64_t work; /* rows looked at */
	uint8_t *packed;
	size_t packed_len;
	struct turnstile *turnstile;
};

/* NULL when descriptors are out. */
struct turnstile *turnstile_alloc(struct gateway *gateway,
				  const struct turnstile_rate *rate);

/* Refuses what waits.  Nobody may be inside.  Accepts NULL, returns NULL. */
struct turnstile *turnstile_free(struct turnstile *turnstile);

/* Let a question in now or later; its command is replied to in any case. */
void turnstile_ask(struct turnstile *turnstile,
		   struct turnstile_question *question);

/*
 * [reader] The prefixes that a request selects by: those listed, or its
 * principal's whole jurisdiction when there are none.  -EINVAL and the
 * question's fault when one is no prefix or not within the jurisdiction.
 */
int turnstile_take_prefixes(struct turnstile_question *question,
			    char *const *list, size_t count);

/* [reader] Pack the reply under the request's id. */
void turnstile_pack(struct turnstile_question *question,
		    Gridcall__V1__Reply *reply);

/* [reader] The ledger failed: it must not look like one that holds nothing. */
void turnstile_set_unreadable(struct turnstile_question *question);
