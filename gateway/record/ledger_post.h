/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ledger_post.h - what the ledger's threads tell main
 *
 * A list with an eventfd.  It is not bounded: it holds what was committed and
 * not yet told, and nothing of that may be dropped.
 *
 * Memory:  malloc; a note belongs to the post until it is taken.
 * Threads: ledger_post_put() any; ledger_post_take() main.
 */
#pragma once

#include <stdint.h>

struct ledger_batch;
struct ledger_op;
struct ledger_post;

enum ledger_note_kind {
	LEDGER_NOTE_WRITTEN, /* a batch is on the disk */
	LEDGER_NOTE_READ,    /* a reader has done its work */
	LEDGER_NOTE_TROUBLE, /* sentence; "" when it is over */
};

struct ledger_note {
	struct ledger_note *next;
	enum ledger_note_kind kind;
	struct ledger_batch *batch; /* WRITTEN */
	struct ledger_op *op;       /* WRITTEN: the next to tell */
	void (*done)(void *data);   /* READ; may be NULL */
	void *data;
	char sentence[256];
};

/* NULL when memory or descriptors are out. */
struct ledger_post *ledger_post_alloc(void);

/* Accepts NULL.  Always returns NULL.  Notes inside are freed, batches too. */
struct ledger_post *ledger_post_free(struct ledger_post *post);

/* A note of that kind, all else zero. */
struct ledger_note *ledger_note_alloc(enum ledger_note_kind kind);
void ledger_note_free(struct ledger_note *note);

/* One note, or a chain of them by next. */
void ledger_post_put(struct ledger_post *post, struct ledger_note *note);

/* Everything there is, oldest first; NULL when nothing. */
struct ledger_note *ledger_post_take(struct ledger_post *post);

/* Readable while something waits, or after ledger_post_wake(). */
int ledger_post_fd(const struct ledger_post *post);
void ledger_post_wake(struct ledger_post *post);
