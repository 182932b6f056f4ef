/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * meter.h - builds the figures of one over, frame by frame
 *
 * Memory:  inside the channel.
 * Threads: [voice].
 */
#pragma once

#include "gateway/voice/listener.h"
#include "gateway/voice/signal.h"

struct meter {
	struct over over;
	int16_t peak;
	uint32_t frames;
	uint32_t active;
	double power;         /* sum over the active frames */
	uint64_t active_bits; /* of the last 64 frames, newest lowest */
	uint32_t last_active; /* frames up to the end of the last active one */
};

void meter_begin(struct meter *meter, uint64_t began_us, int64_t began_utc_us,
		 enum over_front front);

void meter_put(struct meter *meter, const struct hearing *hearing);

/* Up to the last activity: where a repeater's hang time began. */
uint32_t meter_active_end_ms(const struct meter *meter);

/*
 * How long somebody spoke on a repeater whose carrier dropped: until hang_ms
 * and tail_ms before the drop, or longer if something was active until then.
 */
uint32_t meter_spoken_ms(const struct meter *meter, uint32_t hang_ms,
			 uint32_t tail_ms);

/* Fill what is known at the end. */
void meter_end(struct meter *meter, enum over_end ended, uint32_t length_ms);
