/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * air.h - what the base radio of one channel receives
 *
 * Handhelds that key together are mixed, or the stronger one wins as FM
 * receivers do.  A repeater holds its carrier after the last of them, with its
 * courtesy tone; then comes the noise before the squelch closes.
 *
 * Units:   frames of 20 ms at 8 kHz.
 * Memory:  malloc at the end of an over; air_fini() gives it back.
 * Threads: one.
 */
#pragma once

#include "tests/city/people.h"
#include "tests/city/scenario.h"
#include "tests/city/sound.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct air {
	const struct place *place;
	const struct settings *settings;
	bool keyed;         /* some handheld keys */
	struct sound after; /* what follows the last over */
	size_t after_at;
	uint64_t row;
};

/* One handheld that keys now. */
struct wave {
	int16_t pcm[SOUND_FRAME];
	uint32_t strength; /* at the base radio's antenna */
};

void air_init(struct air *air, const struct place *place,
	      const struct settings *settings, uint64_t seed);
void air_fini(struct air *air);

/* The next 20 ms.  False: no carrier, the base receives nothing. */
bool air_frame(struct air *air, const struct wave *waves, size_t count,
	       int16_t pcm[SOUND_FRAME]);

/* A repeater's carrier drops some time after the gateway's own over too. */
void air_after_gateway(struct air *air);

/* Whether a repeater's carrier can be heard, from a handheld or hanging. */
bool air_is_up(const struct air *air);
