/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hears.h - what the invented radio hears, 20 ms of the clock a frame
 *
 * Threads: the test's own.
 */
#pragma once

#include "tests/unit/radio.h"

static inline void air_tick(struct air *air)
{
	air->now_us += 20000;
	air->in_tick = 0;
	channel_tick(air->channel, air->now_us);
}

/* Time in which the driver hears nothing. */
static inline void air_pass(struct air *air, uint32_t ms)
{
	for (; ms >= 20; ms -= 20)
		air_tick(air);
}

static inline void air_up(struct air *air)
{
	channel_keyed(air->channel, air->now_us);
}

static inline void air_down(struct air *air)
{
	channel_unkeyed(air->channel, air->now_us);
}

static inline void air_lose(struct air *air, uint32_t ms)
{
	struct gridcall_frame frame = {.format = air->format};

	for (; ms >= 20; ms -= 20) {
		channel_heard(air->channel, &frame, air->now_us);
		air_tick(air);
	}
}

/* The first samples of air->pcm are heard. */
static inline void air_hear(struct air *air, size_t samples)
{
	uint8_t data[ENCODER_BYTES_MAX];
	struct gridcall_frame frame = {.format = {GRIDCALL_PCMU, 8000}};
	size_t at;
	int len;

	for (at = 0; at + 160 <= samples; at += 160) {
		len = encoder_put(air->encoder, air->pcm + at, data);
		assert_int_equal(len, 160);
		frame.data = data;
		frame.len = (uint32_t)len;
		channel_heard(air->channel, &frame, air->now_us);
		air_tick(air);
	}
}

static inline double air_random(struct air *air)
{
	air->seed = air->seed * 1664525u + 1013904223u;
	return (air->seed >> 8) / 8388608.0 - 1;
}

/* Noise; amplitude 3000 passes for speech, 10 for a quiet carrier. */
static inline void air_noise(struct air *air, uint32_t ms, double amplitude)
{
	size_t samples = ms * 8u;
	size_t i;

	for (i = 0; i < samples; i++)
		air->pcm[i] = (int16_t)(amplitude * air_random(air));
	air_hear(air, samples);
}

static inline void air_speak(struct air *air, uint32_t ms)
{
	air_noise(air, ms, 3000);
}

static inline void air_quiet(struct air *air, uint32_t ms)
{
	air_noise(air, ms, 10);
}

static inline void air_beep(struct air *air, uint32_t ms)
{
	size_t i;

	for (i = 0; i < ms * 8u; i++)
		air->pcm[i] = (int16_t)(6000 * sin(2 * M_PI * 1000 * i / 8000));
	air_hear(air, ms * 8u);
}

/* 100 ms a tone and a pause. */
static inline void air_dial(struct air *air, const char *digits)
{
	int samples =
		dtmf_make(digits, 100, 100, -1200, 0, air->pcm, AIR_PCM_MAX);

	assert_true(samples > 0);
	memset(air->pcm + samples, 0, 320 * sizeof(int16_t));
	air_hear(air, ((size_t)samples + 159) / 160 * 160);
}
