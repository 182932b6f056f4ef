/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * playout.h - a playlist as a row of 20 ms frames, each with its own time
 *
 * Live voice is sent from what is new when the transmitter keys.  Its packets
 * gather while the lead is sent, at least for 100 ms; when more wait than can
 * be explained by that, the oldest are dropped.
 *
 * Frames are due on a grid that begins when the transmitter is keyed.  A tick
 * that comes late catches up; one that comes much too late moves the grid, so
 * that a process that was paused never sends a burst.
 *
 * Memory:  inside the channel; clips are held by main until the end was told.
 * Threads: [voice]; playout_length_ms() and playout_fits() any.
 */
#pragma once

#include "gateway/voice/playlist.h"
#include "gateway/voice/signal.h"

#include <stdbool.h>
#include <stdint.h>

struct playout {
	const struct playlist *list;
	const struct clip *silence;
	uint32_t reserve; /* live: packets that wait when all goes well */
	struct gridcall_format format;
	uint32_t silent; /* frames of silence still to send */
	uint32_t clip;
	uint32_t frame;
	uint64_t due_us; /* of the next frame */
};

enum playout_step {
	PLAYOUT_SILENCE,
	PLAYOUT_AUDIO,
	PLAYOUT_END,
};

/* Whether there is something to key for: live voice may not have come yet. */
bool playout_is_ready(const struct playlist *list);

/*
 * While the channel is not free.  true: that was too long, *end says why.  Live
 * voice goes on from what is new, and is not said when its time is past.
 */
bool playout_wait(const struct playlist *list, uint64_t asked_us,
		  uint64_t now_us, enum play_end *end);

/* silence: one clip of one frame in that format. */
void playout_begin(struct playout *playout, const struct playlist *list,
		   uint32_t lead_ms, uint64_t now_us);

/* Whether it is time for the next frame. */
bool playout_is_due(const struct playout *playout, uint64_t now_us);

/* The next frame; at PLAYOUT_END there is none. */
enum playout_step playout_next(struct playout *playout,
			       struct gridcall_frame *frame);

/* What PLAYOUT_END means. */
enum play_end playout_end(const struct playout *playout);

/* After a tick: don't run after time that is gone. */
void playout_settle(struct playout *playout, uint64_t now_us);

/* Keyed time that it needs, lead included. */
uint64_t playout_length_ms(const struct playlist *list, uint32_t lead_ms);

/* Whether there is something, and all of it was made for that format. */
bool playout_fits(const struct playlist *list,
		  const struct gridcall_format *format);
