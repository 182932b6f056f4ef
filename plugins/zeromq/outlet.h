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
#include "plugins/zeromq/outbox.h"
#include "plugins/zeromq/settings.h"

struct outlet {
	const struct settings_feed *feed;
	struct gate gate;
	_Atomic uint64_t published;
};

/*
 * Whether a message of this topic goes to the feed: heartbeats to every one,
 * the audit to those that carry everything, live voice to those for it, what
 * lies in an area to those of that jurisdiction.
 */
bool outlet_carries(const struct settings_feed *feed, const char *topic);

/* The same for a letter, which may be for a feed of one name only. */
bool outlet_takes(const struct outlet *outlet, const struct letter *letter);

/* Send a letter to the subscribers. */
void outlet_send(struct outlet *outlet, const struct letter *letter);
