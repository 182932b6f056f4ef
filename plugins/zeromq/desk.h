/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * desk.h - who waits for an answer
 *
 * A bounded table of open requests, in which no peer takes the place of the
 * others.  A token names one of them and is never used twice, so an answer that
 * comes twice or too late finds nobody.
 *
 * Memory:  one block, made by desk_alloc().
 * Threads: one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DESK_PEER_MAX 255 /* bytes of a ZeroMQ routing id */

struct desk;

struct desk_peer {
	uint8_t id[DESK_PEER_MAX];
	uint8_t len;
	size_t inlet;   /* the command socket it came in by */
	bool delimited; /* a REQ socket: an empty frame goes before the data */
};

/* NULL when memory is out. */
struct desk *desk_alloc(size_t capacity);

/* Accepts NULL, returns NULL. */
struct desk *desk_free(struct desk *desk);

/*
 * A token for a new request of peer; 0 when the table is full, or when peer has
 * its share of it: an eighth of what is free, and one in any case.
 */
uint64_t desk_open(struct desk *desk, const struct desk_peer *peer);

/* Close a request and say whose it was.  -ENOENT when it is not open. */
int desk_close(struct desk *desk, uint64_t token, struct desk_peer *peer);
