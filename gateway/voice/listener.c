/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/listener.h"

#include "codecs/decoder.h"
#include "codecs/dtmf.h"
#include "codecs/level.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOISE_START_MDB (-57000)
#define NOISE_LOW_MDB   (-66000)
#define NOISE_HIGH_MDB  (-42000)
#define NOISE_RISE_MDB  40 /* in a frame: 2 dB a second */
#define ABOVE_NOISE_MDB 12000
#define PURE            800 /* of 1000: share of one tone in the power */

struct listener {
	struct listener_config config;
	struct decoder *decoder;
	struct dtmf_listener *dtmf;
	int32_t noise_mdb;
	uint64_t lost_bits; /* of the last 64 frames, newest lowest */
	uint32_t frames;    /* since the reset */
	uint32_t lost_ms;   /* since the previous digit began */
};

/* How much was lost since begin_ms, as far back as 64 frames remember. */
static uint32_t lost_since(const struct listener *listener, uint32_t begin_ms)
{
	uint32_t begin = (begin_ms + GRIDCALL_FRAME_MS / 2) / GRIDCALL_FRAME_MS;
	uint32_t age = listener->frames > begin ? listener->frames - begin : 0;
	uint64_t bits = listener->lost_bits;

	if (age < 64)
		bits &= (UINT64_C(1) << age) - 1;
	return (uint32_t)__builtin_popcountll(bits) * GRIDCALL_FRAME_MS;
}

static void on_digit(void *data, const struct dtmf_digit *digit)
{
	struct listener *listener = data;
	struct tone tone = {
		.digit = digit->digit,
		.lost_ms = listener->lost_ms > UINT8_MAX ? UINT8_MAX
							 : listener->lost_ms,
		.level_cdb = digit->level_cdb,
		.begin_ms = digit->begin_ms,
		.end_ms = digit->end_ms,
	};

	listener->lost_ms = lost_since(listener, digit->begin_ms);
	listener->config.on_tone(listener->config.data, &tone);
}

struct listener *listener_alloc(const struct listener_config *config)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (!listener)
		return NULL;
	listener->config = *config;
	listener->noise_mdb = NOISE_START_MDB;
	listener->decoder = decoder_alloc();
	listener->dtmf = dtmf_listener_alloc(on_digit, listener);
	if (!listener->decoder || !listener->dtmf)
		return listener_free(listener);
	return listener;
}

struct listener *listener_free(struct listener *listener)
{
	if (!listener)
		return NULL;
	decoder_free(listener->decoder);
	dtmf_listener_free(listener->dtmf);
	free(listener);
	return NULL;
}

void listener_reset(struct listener *listener)
{
	decoder_reset(listener->decoder);
	dtmf_listener_reset(listener->dtmf);
	listener->lost_bits = 0;
	listener->frames = 0;
	listener->lost_ms = 0;
}

static void follow_noise(struct listener *listener, int32_t mean_mdb)
{
	int32_t noise = listener->noise_mdb;

	if (mean_mdb < noise)
		noise = mean_mdb;
	else if (mean_mdb - noise > NOISE_RISE_MDB)
		noise += NOISE_RISE_MDB;
	if (noise < NOISE_LOW_MDB)
		noise = NOISE_LOW_MDB;
	if (noise > NOISE_HIGH_MDB)
		noise = NOISE_HIGH_MDB;
	listener->noise_mdb = noise;
}

/* A sample of that height, for one logarithm an over and not one a frame. */
static int16_t peak_of(const int16_t *pcm)
{
	int16_t low = 0;
	int16_t high = 0;
	size_t i;

	for (i = 0; i < DECODER_SAMPLES; i++) {
		low = pcm[i] < low ? pcm[i] : low;
		high = pcm[i] > high ? pcm[i] : high;
	}
	return -low > high ? low : high;
}

static void measure(struct listener *listener, const int16_t *pcm,
		    struct hearing *hearing)
{
	hearing->mean_mdb = level_mean_mdb(pcm, DECODER_SAMPLES);
	hearing->peak = peak_of(pcm);
	hearing->active =
		hearing->mean_mdb >= listener->noise_mdb + ABOVE_NOISE_MDB;
	follow_noise(listener, hearing->mean_mdb);
	if (listener->config.beeps && hearing->active && !hearing->sounding)
		hearing->pure =
			level_tone_purity(pcm, DECODER_SAMPLES, DECODER_RATE_HZ,
					  &hearing->pure_hz) >= PURE;
}

int listener_put(struct listener *listener, const struct gridcall_frame *frame,
		 struct hearing *hearing)
{
	int16_t pcm[DECODER_SAMPLES];
	int rc;

	memset(hearing, 0, sizeof(*hearing));
	rc = decoder_put(listener->decoder, frame->format.codec,
			 frame->format.rate_hz, frame->data, frame->len, pcm);
	hearing->lost = rc < 0 || !frame->data;
	listener->frames++;
	listener->lost_bits = listener->lost_bits << 1 | hearing->lost;
	if (hearing->lost) {
		listener->lost_ms += GRIDCALL_FRAME_MS;
		dtmf_listener_lost(listener->dtmf, DECODER_SAMPLES);
		return rc;
	}
	dtmf_listener_put(listener->dtmf, pcm, DECODER_SAMPLES);
	hearing->sounding = dtmf_listener_is_sounding(listener->dtmf);
	measure(listener, pcm, hearing);
	return 0;
}

void listener_end(struct listener *listener)
{
	dtmf_listener_end(listener->dtmf);
}
