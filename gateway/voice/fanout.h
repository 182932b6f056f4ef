/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fanout.h - one person's live voice to many channels
 *
 * Channels of Opus get the very packets, the others one encoding for all of
 * their format.  What is missing is concealed: from the repair data of the
 * packet after it, else by going on with what was.
 *
 * Memory:  everything when it is made; fanout_hold() and fanout_drop() count
 *          atomically.
 * Threads: made by one thread, then put to by one (the monitor's); end, hold
 *          and drop any.
 */
#pragma once

#include "gateway/voice/uplink.h"

#include <stddef.h>
#include <stdint.h>

#define FANOUT_GAP_MAX 25 /* packets; more is no gap but a jump */

struct fanout;

/* NULL when memory is out.  The caller holds it. */
struct fanout *fanout_alloc(void);
struct fanout *fanout_hold(struct fanout *fanout);

/* Accepts NULL.  Always returns NULL. */
struct fanout *fanout_drop(struct fanout *fanout);

/*
 * One more channel, before the first packet; the uplink is held.  -EINVAL when
 * its format can't be made, -ENOMEM.
 */
int fanout_add(struct fanout *fanout, struct uplink *uplink);

/* A packet of 20 ms of mono Opus; len 0: it was lost. */
void fanout_put(struct fanout *fanout, uint32_t number, const uint8_t *data,
		size_t len, uint64_t now_us);

/* Nothing more will come. */
void fanout_end(struct fanout *fanout);
