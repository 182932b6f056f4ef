/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * radio.h - the base radio of one channel: RTP to and from the gateway
 *
 * Binds the channel's remote address and sends to its local one, as seen from
 * the gateway.  What comes in goes to the ear; what the crew's air carries
 * goes out, a packet each 20 ms while there is a carrier, and none otherwise.
 *
 * Units:   now_us is CLOCK_MONOTONIC.
 * Memory:  malloc in radio_open() only.
 * Threads: one.
 */
#pragma once

#include "tests/city/crew.h"
#include "tests/city/cuebook.h"
#include "tests/city/diary.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct radio;

struct radio_config {
	struct crew_config crew;
	const struct cuebook *book;
};

/* NULL and a sentence: an address that can't be bound, a codec. */
struct radio *radio_open(const struct radio_config *config, char *why,
			 size_t why_size);
struct radio *radio_close(struct radio *radio);

int radio_fd(const struct radio *radio);

/* The descriptor is readable. */
void radio_read(struct radio *radio, uint64_t now_us);

/* Each 20 ms. */
void radio_tick(struct radio *radio, uint64_t now_us);

const struct crew *radio_crew(const struct radio *radio);

/* Packets sent, received, and received but not understood. */
struct radio_tally {
	uint64_t sent;
	uint64_t received;
	uint64_t refused;
};
const struct radio_tally *radio_tally(const struct radio *radio);
