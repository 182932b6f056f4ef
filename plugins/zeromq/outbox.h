/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * outbox.h - what main hands to the thread that owns the sockets
 *
 * A bounded queue with an eventfd.  Letters lie in bundles, so that memory is
 * asked for once in many; main copies a payload once, into a message of ZeroMQ
 * that all feeds and subscribers then share.  The owner takes everything at
 * once, and is woken only when it rests.
 *
 * Memory:  malloc; a bundle belongs to the owner until it is given back.
 * Threads: outbox_put() and outbox_wake() any; the others the owner only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zmq.h>

#include "proto/topic.h"

#define BUNDLE_LETTERS 64

struct outbox;
struct settings_feed;

/* A message for the feeds, or the answer to a request. */
struct letter {
	uint64_t token; /* of the request; 0: for the feeds */
	/* for this feed alone; NULL: for each that carries it */
	const struct settings_feed *feed;
	size_t topic_len;
	char topic[TOPIC_MAX]; /* for the feeds, with its NUL */
	zmq_msg_t payload;
};

struct bundle {
	struct bundle *next;
	size_t count;
	struct letter letters[BUNDLE_LETTERS];
};

/* NULL when memory or descriptors are out. */
struct outbox *outbox_alloc(size_t capacity);

/* Accepts NULL, returns NULL. */
struct outbox *outbox_free(struct outbox *outbox);

/*
 * Copy one in, with len bytes of data as its payload.  0, -EAGAIN when messages
 * for feeds fill it, -ENOMEM.  An answer always has room: there are never more
 * of them than open requests.
 */
int outbox_put(struct outbox *outbox, const struct letter *letter,
	       const uint8_t *data, size_t len);

/* Wake the owner although nothing was put. */
void outbox_wake(struct outbox *outbox);

/* The owner is about to wait for the descriptor; false when it need not. */
bool outbox_rest(struct outbox *outbox);

/* Everything that waits, oldest first; NULL when nothing does. */
struct bundle *outbox_take(struct outbox *outbox);

/* Done with a bundle, its payloads closed: room for so many messages again. */
void outbox_give_back(struct outbox *outbox, struct bundle *bundle);

/* Readable while something waits that the owner does not know of. */
int outbox_fd(const struct outbox *outbox);
