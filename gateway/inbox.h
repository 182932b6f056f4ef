/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * inbox.h - the only place where two threads meet
 *
 * A bounded queue of items of one fixed size, with an eventfd that is readable
 * while something may be waiting.  Any thread puts, one thread takes.
 *
 * Memory:  everything is allocated by inbox_alloc(); put and take copy.
 * Threads: inbox_put() any; inbox_take() the owner only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct inbox;

/*
 * Make an inbox for up to capacity items of item_size bytes.
 * Returns NULL when memory or descriptors are out.  Not on talloc: it is
 * shared between threads.
 */
struct inbox *inbox_alloc(size_t capacity, size_t item_size);

/* Accepts NULL.  Always returns NULL.  Nobody may use it any more. */
struct inbox *inbox_free(struct inbox *inbox);

/* Copy one item in.  -ENOSPC when full: counted, the caller drops. */
int inbox_put(struct inbox *inbox, const void *item);

/* Copy the oldest item out.  0, or -EAGAIN when empty. */
int inbox_take(struct inbox *inbox, void *item);

/* Readable while something may wait; inbox_take() clears it when empty. */
int inbox_fd(const struct inbox *inbox);

/* How many items were refused because it was full, and the most it held. */
uint64_t inbox_refused(struct inbox *inbox);
size_t inbox_peak(struct inbox *inbox);
