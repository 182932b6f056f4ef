/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * uplink.h - live voice on its way to one channel's transmitter
 *
 * A bounded queue of packets in the channel's format, filled while somebody
 * talks and emptied by the channel's worker.  What is too old is dropped by who
 * takes, what does not fit by who puts; neither waits.  When nothing was put
 * for a while the voice is over, whatever became of who spoke.
 *
 * Units:   packets of 20 ms; now_us is monotonic and given by the caller.
 * Memory:  one allocation; uplink_hold() and uplink_drop() count atomically.
 * Threads: one puts, one takes; the rest any.
 */
#pragma once

#include "plugins/plugin.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UPLINK_PACKETS 128 /* 2.56 s: room for any lead */
#define UPLINK_RESERVE 5   /* 100 ms against packets that come late */

/* The transmitter drops before half a second without packets has passed. */
#define UPLINK_SILENCE_US UINT64_C(480000)

struct uplink;

/* NULL when memory is out.  The caller holds it. */
struct uplink *uplink_alloc(const struct gridcall_format *format,
			    uint64_t now_us);
struct uplink *uplink_hold(struct uplink *uplink);

/* Accepts NULL.  Always returns NULL. */
struct uplink *uplink_drop(struct uplink *uplink);

const struct gridcall_format *uplink_format(const struct uplink *uplink);

/* Copy a packet in; -ENOSPC when full, -EMSGSIZE when it is none. */
int uplink_put(struct uplink *uplink, const uint8_t *data, size_t len,
	       uint64_t now_us);

/* Nothing more will be put. */
void uplink_end(struct uplink *uplink);

uint32_t uplink_waiting(const struct uplink *uplink);

/* Forget all that waits but the newest so many. */
void uplink_trim(struct uplink *uplink, uint32_t keep);

/* The next packet, valid until the next call; false: none waits. */
bool uplink_take(struct uplink *uplink, struct gridcall_frame *frame);

/*
 * What to send in place of one that has not come: for Opus a packet that makes
 * every decoder conceal.  false: silence will do.
 */
bool uplink_fill(struct uplink *uplink, struct gridcall_frame *frame);

/* Whether it was ended, and whether nothing was put for too long. */
bool uplink_has_ended(const struct uplink *uplink);
bool uplink_is_silent(const struct uplink *uplink, uint64_t now_us);

/* On the air now. */
void uplink_set_keyed(struct uplink *uplink, bool keyed);
bool uplink_is_keyed(const struct uplink *uplink);

/* Packets taken, in milliseconds. */
uint32_t uplink_sent_ms(const struct uplink *uplink);
