/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * air.h - a channel over the invented radio, from its opening to its end
 *
 * Threads: the test's own.
 */
#pragma once

#include "tests/unit/radio.h"
#include "tests/unit/hears.h"
#include "tests/unit/told.h"

/* A simplex channel, to be changed before air_open(). */
static inline struct air *air_new(void)
{
	struct air *air = calloc(1, sizeof(*air));

	assert_non_null(air);
	strcpy(air->config.code, "CH-1");
	air->config.lead_ms = 300;
	air->config.tail_ms = 200;
	air->config.tx_limit_s = 60;
	air->config.over_limit_s = 30;
	air->now_us = 1000000000;
	air->seed = 1;
	air->format.codec = GRIDCALL_PCMU;
	air->format.rate_hz = 8000;
	return air;
}

static inline struct air *air_open_with(struct air *air, size_t signals)
{
	struct channel_setup setup = {.config = &air->config, .slot = 7};

	air->inbox = inbox_alloc(signals, sizeof(struct signal));
	air->encoder = encoder_alloc(GRIDCALL_PCMU, 8000, 8000);
	setup.signals = air->inbox;
	setup.recorder = air->recorder;
	setup.monitor = air->monitor;
	air->channel = channel_alloc(&setup);
	assert_non_null(air->channel);
	assert_int_equal(
		channel_connect(air->channel, &air_driver, air, &air->format),
		0);
	channel_start(air->channel, air->now_us);
	return air;
}

static inline struct air *air_open(struct air *air)
{
	return air_open_with(air, AIR_SIGNALS);
}

static inline struct air *air_repeater(void)
{
	struct air *air = air_new();

	air->config.repeater = true;
	air->config.hang_ms = 1500;
	return air_open(air);
}

static inline void air_free(struct air *air)
{
	if (air->channel)
		channel_free(air->channel);
	encoder_free(air->encoder);
	inbox_free(air->inbox);
	free(air);
}

/* A clip of a 400 Hz tone in the channel's format. */
static inline struct clip *air_clip(struct air *air, uint32_t ms)
{
	struct gridcall_why why;
	struct clip *clip;
	size_t i;

	for (i = 0; i < ms * 8u; i++)
		air->pcm[i] = (int16_t)(6000 * cos(2 * M_PI * 400 * i / 8000));
	clip = clip_encode(air->pcm, ms * 8u, 8000, &air->format, 1, &why);
	assert_non_null(clip);
	return clip;
}
