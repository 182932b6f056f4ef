/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * playlist.h - what is sent in one keying
 *
 * Memory:  plain data; clips and uplink are held by who passes it on.
 * Threads: any.
 */
#pragma once

#include "gateway/voice/clip.h"
#include "gateway/voice/uplink.h"

#include <stdbool.h>
#include <stdint.h>

#define VOICE_CLIPS_MAX 16 /* in one playlist */

/* One or more clips, each after its own silence; or live voice alone. */
struct playlist {
	struct clip *clips[VOICE_CLIPS_MAX]; /* voice holds what it needs */
	uint32_t gap_ms[VOICE_CLIPS_MAX];    /* silence before each */
	uint32_t count;
	struct uplink *uplink; /* live: count is 0 */
	bool force;            /* emergency: key over a signal */
	uint32_t wait_ms; /* clips: give up when busy for longer: PLAY_JAMMED */
};
