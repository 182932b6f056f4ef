/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * air.h - a channel over an invented radio and an invented clock
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

static inline void air_collect(struct air *air)
{
	while (air->count < AIR_SIGNALS &&
	       !inbox_take(air->inbox, &air->signals[air->count]))
		air->count++;
}

static inline void air_free(struct air *air)
{
	if (air->channel)
		channel_free(air->channel);
	encoder_free(air->encoder);
	inbox_free(air->inbox);
	free(air);
}

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

/* The number-th signal of a type, from 0; NULL when there are fewer. */
static inline const struct signal *
air_signal(struct air *air, enum signal_type type, size_t number)
{
	size_t i;

	air_collect(air);
	for (i = 0; i < air->count; i++)
		if (air->signals[i].type == type && !number--)
			return &air->signals[i];
	return NULL;
}

static inline size_t air_signals(struct air *air, enum signal_type type)
{
	size_t count = 0;

	while (air_signal(air, type, count))
		count++;
	return count;
}

/* The keys of every tone told, in order. */
static inline const char *air_digits(struct air *air)
{
	static char digits[AIR_SIGNALS];
	const struct signal *signal;
	size_t i;

	for (i = 0; (signal = air_signal(air, SIGNAL_TONE, i)); i++)
		digits[i] = signal->tone.tone.digit;
	digits[i] = 0;
	return digits;
}

/* The state last told. */
static inline enum channel_state air_state(struct air *air)
{
	size_t count = air_signals(air, SIGNAL_STATE);

	assert_true(count > 0);
	return air_signal(air, SIGNAL_STATE, count - 1)->state.state;
}

static inline uint64_t air_counter(struct air *air, const char *name)
{
	struct gridcall_counter counters[64];
	size_t count = channel_counters(air->channel, counters, 64);
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(counters[i].name, name))
			return counters[i].value;
	fail_msg("there is no counter %s", name);
	return 0;
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
