/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * release.h - when somebody lets go of the key, or presses it, while a repeater
 *             holds its carrier
 *
 * A repeater's carrier outlives the speaker.  Its courtesy tone (one tone of 80
 * to 600 ms, then quiet) says that the key was released; so does quiet after a
 * complete answer.  Quiet alone says nothing: people think with the key held.
 *
 * Memory:  inside the channel.
 * Threads: [voice].
 */
#pragma once

#include "gateway/voice/listener.h"

#include <stdbool.h>
#include <stdint.h>

struct release {
	uint32_t tail_ms; /* noise of the squelch, not speech */
	uint32_t pure;    /* frames of one tone */
	uint32_t pure_hz; /* its frequency */
	uint32_t edge;    /* frames that may be the tone's ramp */
	uint32_t quiet;   /* frames since the last activity */
	uint32_t busy;    /* rises with speech, falls with quiet */
};

enum release_verdict {
	RELEASE_NONE,
	RELEASE_COURTESY, /* a courtesy tone, and quiet again */
	RELEASE_ANSWER,   /* quiet after a complete answer */
	RELEASE_ACTIVITY, /* somebody speaks or dials */
};

void release_reset(struct release *release, uint32_t tail_ms);

/* While an over goes on.  last_key: the last digit heard, 0 if none. */
enum release_verdict release_put(struct release *release,
				 const struct hearing *hearing, char last_key);

/* While the carrier is held and no over goes on. */
enum release_verdict release_watch(struct release *release,
				   const struct hearing *hearing);

/* Whether something sounds that is not yet known to be speech. */
bool release_is_uncertain(const struct release *release);
