/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * decoder.c - one way through for each codec, all meeting at 8 kHz
 */
#include "codecs/decoder.h"

#include "codecs/conceal.h"
#include "codecs/g711.h"
#include "codecs/l16.h"
#include "codecs/opus.h"
#include "codecs/resampler.h"
#include "plugins/plugin.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define L16_SAMPLES_MAX  960 /* 20 ms at 48 kHz */
#define OPUS_SAMPLES_MAX (OPUS_MS_MAX * DECODER_RATE_HZ / 1000)

struct decoder {
	struct opus_ear *opus;
	struct resampler *from_16k;
	struct resampler *from_48k;
	struct conceal conceal;
	uint32_t codec; /* of the last good packet; 0: none yet */
	uint32_t rate_hz;
	/* What an Opus packet longer than 20 ms holds for the next frames. */
	int16_t ahead[OPUS_SAMPLES_MAX];
	size_t ahead_at;
	size_t ahead_end;
};

struct decoder *decoder_alloc(void)
{
	struct decoder *decoder = calloc(1, sizeof(*decoder));

	if (!decoder)
		return NULL;
	decoder->opus = opus_ear_alloc(DECODER_RATE_HZ);
	decoder->from_16k = resampler_alloc(16000, DECODER_RATE_HZ);
	decoder->from_48k = resampler_alloc(48000, DECODER_RATE_HZ);
	if (!decoder->opus || !decoder->from_16k || !decoder->from_48k)
		return decoder_free(decoder);
	return decoder;
}

struct decoder *decoder_free(struct decoder *decoder)
{
	if (!decoder)
		return NULL;
	opus_ear_free(decoder->opus);
	resampler_free(decoder->from_16k);
	resampler_free(decoder->from_48k);
	free(decoder);
	return NULL;
}

static void reset_codecs(struct decoder *decoder)
{
	opus_ear_reset(decoder->opus);
	resampler_reset(decoder->from_16k);
	resampler_reset(decoder->from_48k);
	decoder->ahead_at = 0;
	decoder->ahead_end = 0;
}

void decoder_reset(struct decoder *decoder)
{
	reset_codecs(decoder);
	memset(&decoder->conceal, 0, sizeof(decoder->conceal));
	decoder->codec = 0;
	decoder->rate_hz = 0;
}

/* Give the next 20 ms of what a long packet left; false when nothing is. */
static bool take_ahead(struct decoder *decoder, int16_t *pcm)
{
	size_t left = decoder->ahead_end - decoder->ahead_at;

	if (!left)
		return false;
	if (left > DECODER_SAMPLES)
		left = DECODER_SAMPLES;
	memset(pcm, 0, DECODER_SAMPLES * sizeof(*pcm));
	memcpy(pcm, decoder->ahead + decoder->ahead_at, left * sizeof(*pcm));
	decoder->ahead_at += left;
	return true;
}

static int put_opus(struct decoder *decoder, const uint8_t *data, size_t len,
		    int16_t *pcm)
{
	int samples = opus_samples(data, len, DECODER_RATE_HZ);

	if (samples < DECODER_SAMPLES)
		return -EINVAL;
	samples = opus_ear_put(decoder->opus, data, len, decoder->ahead,
			       OPUS_SAMPLES_MAX);
	decoder->ahead_at = 0;
	decoder->ahead_end = samples < DECODER_SAMPLES ? 0 : (size_t)samples;
	if (!decoder->ahead_end)
		return -EINVAL;
	(void)take_ahead(decoder, pcm);
	return 0;
}

static int put_l16(struct decoder *decoder, uint32_t rate_hz,
		   const uint8_t *data, int16_t *pcm)
{
	int16_t wide[L16_SAMPLES_MAX];
	struct resampler *resampler;
	size_t samples = rate_hz / 50;
	size_t got;

	if (rate_hz == DECODER_RATE_HZ) {
		l16_decode(data, samples, pcm);
		return 0;
	}
	resampler = rate_hz == 16000 ? decoder->from_16k : decoder->from_48k;
	l16_decode(data, samples, wide);
	got = resampler_put(resampler, wide, samples, pcm, DECODER_SAMPLES);
	memset(pcm + got, 0, (DECODER_SAMPLES - got) * sizeof(*pcm));
	return 0;
}

/* Whether the packet can be one of that codec and rate. */
static bool packet_fits(uint32_t codec, uint32_t rate_hz, size_t len)
{
	switch (codec) {
	case GRIDCALL_PCMA:
	case GRIDCALL_PCMU:
		return rate_hz == 8000 && len == DECODER_SAMPLES;
	case GRIDCALL_L16:
		return (rate_hz == 8000 || rate_hz == 16000 ||
			rate_hz == 48000) &&
		       len == rate_hz / 50 * 2;
	case GRIDCALL_OPUS:
		return rate_hz == 48000 && len > 0;
	default:
		return false;
	}
}

/* Lost: what is left of a long packet, or the codec's own concealment. */
static void put_lost(struct decoder *decoder, int16_t *pcm)
{
	if (take_ahead(decoder, pcm)) {
		conceal_heard(&decoder->conceal, pcm, DECODER_SAMPLES);
		return;
	}
	if (decoder->codec == GRIDCALL_OPUS &&
	    opus_ear_put(decoder->opus, NULL, 0, pcm, DECODER_SAMPLES) ==
		    DECODER_SAMPLES)
		return;
	conceal_lost(&decoder->conceal, pcm, DECODER_SAMPLES);
}

int decoder_put(struct decoder *decoder, uint32_t codec, uint32_t rate_hz,
		const uint8_t *data, size_t len, int16_t pcm[DECODER_SAMPLES])
{
	int rc = -EINVAL;

	if (data && packet_fits(codec, rate_hz, len)) {
		if (codec != decoder->codec || rate_hz != decoder->rate_hz)
			reset_codecs(decoder);
		rc = 0;
		if (codec == GRIDCALL_PCMA)
			g711_alaw_decode(data, len, pcm);
		else if (codec == GRIDCALL_PCMU)
			g711_ulaw_decode(data, len, pcm);
		else if (codec == GRIDCALL_L16)
			rc = put_l16(decoder, rate_hz, data, pcm);
		else
			rc = put_opus(decoder, data, len, pcm);
	}
	if (rc) {
		put_lost(decoder, pcm);
		return data ? rc : 0;
	}
	decoder->codec = codec;
	decoder->rate_hz = rate_hz;
	conceal_heard(&decoder->conceal, pcm, DECODER_SAMPLES);
	return 0;
}
