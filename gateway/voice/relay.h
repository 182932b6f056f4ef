/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * relay.h - one channel's received frames as Opus packets, for who listens
 *
 * Mono Opus of 20 ms passes as it came; everything else is decoded and encoded.
 * A lost frame is no packet: whoever decodes conceals it better than we could.
 *
 * Memory:  relay_put() allocates when the format changes, so not for [voice].
 * Threads: one at a time.
 */
#pragma once

#include "plugins/plugin.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RELAY_BYTES_MAX 1920 /* what an encoder may write; a packet is less */

struct relay;

/* NULL when memory is out. */
struct relay *relay_alloc(void);

/* Accepts NULL.  Always returns NULL. */
struct relay *relay_free(struct relay *relay);

/* Another over begins. */
void relay_reset(struct relay *relay);

/*
 * Returns the packet's bytes, at most 1275; 0 for a lost frame, and for one
 * that can't be made.  *passed: it was not encoded.
 */
size_t relay_put(struct relay *relay, const struct gridcall_frame *frame,
		 uint8_t packet[RELAY_BYTES_MAX], bool *passed);
