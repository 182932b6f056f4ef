/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * shelf.h - recordings made ready for the air, kept at hand
 *
 * A recording is read and encoded once for each format on the job thread, a few
 * at a time, and shared by every leg that sends it.
 *
 * Memory:  below ctx; a clip belongs to the shelf until the next turn of the
 *          loop, longer only for those who hold it.
 * Threads: main only.
 */
#pragma once

#include "gateway/call/calls.h"

#include <osmocom/core/linuxlist.h>

struct shelf;

/* Embedded in whoever waits for one recording. */
struct shelf_wait {
	struct llist_head entry;
	bool is_waiting;
	void (*on_ready)(void *data); /* ready, or can't be made ready */
	void *data;
};

struct shelf *shelf_alloc(void *ctx, const struct calls_config *config);
struct shelf *shelf_free(struct shelf *shelf);

/*
 * The recording at path in a format.  0 and *clip; -EAGAIN: it is being made
 * ready and wait (may be NULL: only see to it that it is) will hear; -EINVAL
 * and *why: it can't be.
 */
int shelf_get(struct shelf *shelf, const char *path,
	      const struct gridcall_format *format, struct shelf_wait *wait,
	      struct clip **clip, const char **why);

void shelf_wait_init(struct shelf_wait *wait, void (*on_ready)(void *data),
		     void *data);
void shelf_wait_stop(struct shelf_wait *wait);

/* The file changed: the next shelf_get() reads it again. */
void shelf_forget(struct shelf *shelf, const char *path);
