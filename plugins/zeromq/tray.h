/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tray.h - answers whose asker does not take them just now
 *
 * ZeroMQ holds few answers for a connection, since one may have a megabyte.
 * What does not fit lies here for a while, in order, within bounds of bytes for
 * each asker and for all: one who never reads costs no more.
 *
 * Memory:  malloc.
 * Threads: the courier's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <zmq.h>

#include "plugins/zeromq/desk.h"

struct tray;

/* NULL when memory is out. */
struct tray *tray_alloc(void);

/* Accepts NULL, returns NULL. */
struct tray *tray_free(struct tray *tray);

/* Whether something waits for peer, so that what follows must too. */
bool tray_has(const struct tray *tray, const struct desk_peer *peer);

/* Keep an answer, taking it over.  False, and it is untouched, without room. */
bool tray_put(struct tray *tray, const struct desk_peer *peer,
	      zmq_msg_t *answer, int64_t now_ms);

/*
 * Offer what waits to send(), in order for each peer: 0, -EAGAIN for not yet,
 * another errno when the peer is gone.  Returns how many were lost with such
 * peers or waited too long.
 */
unsigned int tray_offer(struct tray *tray,
			int (*send)(void *data, const struct desk_peer *peer,
				    zmq_msg_t *answer),
			void *data, int64_t now_ms);

/* How long until it is worth another offer; -1: nothing waits. */
int tray_wait_ms(const struct tray *tray, int64_t now_ms);
