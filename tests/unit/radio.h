/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * radio.h - an invented radio and an invented clock under a channel
 *
 * The radio is the border that is not ours: this one keys when told, remembers
 * what was sent, and is heard as the test says.  Time passes 20 ms a frame.
 *
 * Threads: the test's own.
 */
#pragma once

#include "codecs/dtmf.h"
#include "codecs/encoder.h"
#include "gateway/voice/channel.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define AIR_SIGNALS 4096
#define AIR_PCM_MAX (8000 * 30)

struct air {
	struct channel_config config;
	struct channel *channel;
	struct inbox *inbox;
	struct recorder *recorder;
	struct monitor *monitor;
	struct encoder *encoder;
	uint64_t now_us;
	uint32_t seed;
	/* the radio */
	struct gridcall_format format;
	bool keyed;
	uint64_t keyed_us;
	uint64_t unkeyed_us;
	uint32_t keyings;
	int key_rc;
	int send_rc;
	uint32_t sent;
	uint32_t audible; /* sent frames that are not silence */
	uint32_t most_in_tick;
	uint32_t in_tick;
	uint64_t sent_us[4096];
	/* what main was told */
	struct signal signals[AIR_SIGNALS];
	size_t count;
	int16_t pcm[AIR_PCM_MAX];
};

static inline int air_key(void *state, int on, uint64_t now_us)
{
	struct air *air = state;

	if (!on) {
		if (air->keyed)
			air->unkeyed_us = now_us;
		air->keyed = false;
		return 0;
	}
	if (air->key_rc)
		return air->key_rc;
	air->keyed = true;
	air->keyed_us = now_us;
	air->keyings++;
	return 0;
}

static inline int air_send(void *state, const struct gridcall_frame *frame,
			   uint64_t now_us)
{
	struct air *air = state;

	assert_true(air->keyed);
	assert_int_equal(frame->format.codec, air->format.codec);
	if (air->send_rc)
		return air->send_rc;
	air->sent_us[air->sent++ % 4096] = now_us;
	if (frame->data[0] != 0xff && frame->data[0] != 0x7f)
		air->audible++;
	if (++air->in_tick > air->most_in_tick)
		air->most_in_tick = air->in_tick;
	return 0;
}

static const struct gridcall_driver air_driver = {
	.head = {GRIDCALL_ABI_MAJOR, GRIDCALL_ABI_MINOR,
		 sizeof(struct gridcall_driver), GRIDCALL_DRIVER, "air",
		 "an invented radio"},
	.key = air_key,
	.send = air_send,
};
