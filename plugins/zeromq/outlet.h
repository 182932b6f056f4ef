/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * outlet.h - one feed: what it carries, and its socket
 *
 * Threads: outlet_carries() any; the others the courier's.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "plugins/zeromq/gate.h"
#include "plugins/zeromq/key_set.h"
#include "plugins/zeromq/outbox.h"
#include "plugins/zeromq/settings.h"

struct outlet {
	const struct settings_feed *feed;
	struct gate gate;
	/* keys that were let in since the socket was bound */
	uint8_t (*guests)[KEY_BYTES];
	size_t guest_count;
	int64_t closed_ms; /* since when it waits for its port; 0: bound */
	bool overdue;      /* told that the port does not become free */
	_Atomic uint64_t published;
	_Atomic uint64_t dropped;  /* while it was not bound */
	_Atomic uint64_t admitted; /* handshakes */
	_Atomic uint64_t refused;
	_Atomic uint64_t closed; /* because a key was taken away */
};

/*
 * Whether a message of this topic goes to the feed: heartbeats to every one,
 * the audit to those that carry everything, live voice to those for it, what
 * lies in an area to those of that jurisdiction.
 */
bool outlet_carries(const struct settings_feed *feed, const char *topic);

/* The same for a letter, which may be for a feed of one name only. */
bool outlet_takes(const struct outlet *outlet, const struct letter *letter);

/* Note that a key came in.  False when memory is out: then it must not. */
bool outlet_remember(struct outlet *outlet, const uint8_t key[KEY_BYTES]);

/* A guest whose key is not good for this feed any more; NULL: none. */
const uint8_t *outlet_stranger(const struct outlet *outlet,
			       const struct key_set *keys);

/* Close the socket: every subscriber is out; who may comes back by itself. */
void outlet_close(struct outlet *outlet, int64_t now_ms);

/* Send a letter with this payload, which is empty afterwards. */
void outlet_send(struct outlet *outlet, const struct letter *letter,
		 zmq_msg_t *payload);
