/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * outbox.h - what main hands to the thread that owns the sockets
 *
 * A bounded queue with an eventfd.  Main puts, the service's thread takes
 * everything at once, so the lock is held for a few pointers only.
 *
 * Memory:  malloc; a letter belongs to whoever holds it.
 * Threads: outbox_put() any; outbox_take() the owner only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proto/topic.h"

struct outbox;
struct settings_feed;

/* A message for the feeds, or the answer to a request. */
struct letter {
	struct letter *next;
	uint64_t token; /* of the request; 0: for the feeds */
	/* for this feed alone; NULL: for each that carries it */
	const struct settings_feed *feed;
	char topic[TOPIC_MAX]; /* for the feeds */
	size_t len;
	uint8_t data[];
};

/* NULL when memory or descriptors are out. */
struct outbox *outbox_alloc(size_t capacity);

/* Accepts NULL, returns NULL. */
struct outbox *outbox_free(struct outbox *outbox);

/*
 * Copy one in.  0, -EAGAIN when the feed's messages fill it, -EINVAL for a
 * topic that is too long, -ENOMEM.  An answer always has room: there are never
 * more of them than open requests.
 */
int outbox_put(struct outbox *outbox, const struct letter *letter,
	       const uint8_t *data);

/* Wake the owner although nothing was put. */
void outbox_wake(struct outbox *outbox);

/* Everything that waits, oldest first; NULL when nothing does. */
struct letter *outbox_take(struct outbox *outbox);

/* Readable while something waits. */
int outbox_fd(const struct outbox *outbox);
