/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ear.h - hears one over after the other on a channel
 *
 * Puts together what a received frame goes through: the listener, the over's
 * figures, its recording, who listens, on a repeater the watch for who lets go
 * of the key and who presses it, and the pre-roll.
 *
 * Memory:  allocated by ear_init() only.
 * Threads: [voice] after ear_init().
 */
#pragma once

#include "gateway/voice/counters.h"
#include "gateway/voice/listener.h"
#include "gateway/voice/meter.h"
#include "gateway/voice/monitor.h"
#include "gateway/voice/preroll.h"
#include "gateway/voice/recorder.h"
#include "gateway/voice/release.h"

#include <stdint.h>

struct ear {
	const struct channel_config *config;
	struct channel_counters *counters;
	struct listener *listener;
	struct preroll *preroll; /* repeaters only */
	struct release release;
	struct meter meter;
	struct tape tape;
	struct tap tap;
	char last_key;       /* of this over; set by whoever hears tones */
	int64_t last_utc_us; /* no two overs have the same name */
};

/* config, counters, recorder, tape and tap are set by the caller.  0 or
 * -ENOMEM. */
int ear_init(struct ear *ear, const struct listener_config *config);
void ear_fini(struct ear *ear);

/* Check and count a frame; what can't be one becomes a lost one. */
void ear_check(struct ear *ear, struct gridcall_frame *frame);

/* A carrier in which nobody speaks: forget what was before. */
void ear_watch(struct ear *ear, bool other_carrier);

/* A frame of such a carrier. */
enum release_verdict ear_hear_held(struct ear *ear,
				   struct gridcall_frame *frame);

/* An over begins; its pre-roll is heard by ear_hear_preroll(). */
void ear_begin(struct ear *ear, enum over_front front, uint64_t now_us);
void ear_hear_preroll(struct ear *ear);

/* A frame of the over. */
enum release_verdict ear_hear_over(struct ear *ear,
				   struct gridcall_frame *frame);

/* A frame of a carrier that jams us: only its tones matter. */
void ear_hear_tones(struct ear *ear, struct gridcall_frame *frame);

/* A tone that still sounds is told now. */
void ear_end_tones(struct ear *ear);

/* Complete meter.over. */
void ear_end(struct ear *ear, enum over_end ended, uint32_t length_ms);

/* How long the carrier lasted: by its frames, or by the clock without any. */
uint32_t ear_carrier_ms(const struct ear *ear, uint64_t now_us);

/* How long somebody spoke, when the carrier dropped. */
uint32_t ear_spoken_ms(const struct ear *ear, uint64_t now_us);
