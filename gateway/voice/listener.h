/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * listener.h - what is in a received frame: keypad tones, loudness, beeps
 *
 * A frame is active when it is at least 12 dB above the noise of this channel.
 * The noise floor follows falls at once and rises by 2 dB a second, and is kept
 * between -66 and -42 dB below full scale, so the threshold lies between -54
 * and -30 dB; it starts at -45.
 *
 * Memory:  allocated by listener_alloc() only.
 * Threads: [voice].
 */
#pragma once

#include "gateway/voice/signal.h"
#include "plugins/plugin.h"

#include <stdbool.h>
#include <stdint.h>

struct listener;

struct hearing {
	bool lost;     /* nothing came, or no packet of its codec */
	bool active;   /* louder than the noise */
	bool sounding; /* a keypad tone sounds */
	bool pure;     /* one single tone: a repeater's beep */
	uint32_t pure_hz;
	int32_t mean_mdb;
	int16_t peak; /* highest sample, positive or negative */
};

struct listener_config {
	/* Called inside listener_put() and listener_end(). */
	void (*on_tone)(void *data, const struct tone *tone);
	void *data;
	bool beeps; /* look for single tones too */
};

struct listener *listener_alloc(const struct listener_config *config);

/* Accepts NULL.  Always returns NULL. */
struct listener *listener_free(struct listener *listener);

/* A new over: times start again at 0.  The noise floor is kept. */
void listener_reset(struct listener *listener);

/* Returns 0, or -EINVAL for a frame that is not one of its codec: lost. */
int listener_put(struct listener *listener, const struct gridcall_frame *frame,
		 struct hearing *hearing);

/* The over ended: a tone that still sounds is told now. */
void listener_end(struct listener *listener);
