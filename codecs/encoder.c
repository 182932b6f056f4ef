/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * encoder.c - resample to what the codec takes, then encode
 */
#include "codecs/encoder.h"

#include "codecs/g711.h"
#include "codecs/l16.h"
#include "codecs/opus.h"
#include "codecs/resampler.h"
#include "plugins/plugin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MIN_HZ 8000
#define INPUT_MAX_HZ 48000
#define SAMPLES_MAX  960 /* 20 ms at 48 kHz */

struct encoder {
	uint32_t codec;
	size_t in_samples;
	size_t out_samples;
	struct resampler *resampler;
	struct opus_mouth *opus;
	int16_t pcm[SAMPLES_MAX];
};

/* The rate of the samples that the codec is given; 0 when it can't be made. */
static uint32_t codec_rate(uint32_t codec, uint32_t rate_hz, uint32_t input_hz)
{
	switch (codec) {
	case GRIDCALL_PCMA:
	case GRIDCALL_PCMU:
		return rate_hz == 8000 ? rate_hz : 0;
	case GRIDCALL_L16:
		return rate_hz == 8000 || rate_hz == 16000 || rate_hz == 48000
			       ? rate_hz
			       : 0;
	case GRIDCALL_OPUS:
		/*
		 * Opus is 48000 on the wire whatever it was given.  Wideband
		 * ends at 8 kHz, and samples of a telephone at 4 kHz: more
		 * would cost time and carry nothing.
		 */
		if (rate_hz != 48000)
			return 0;
		return input_hz == 8000 ? 8000 : 16000;
	default:
		return 0;
	}
}

struct encoder *encoder_alloc(uint32_t codec, uint32_t rate_hz,
			      uint32_t input_hz)
{
	uint32_t codec_hz = codec_rate(codec, rate_hz, input_hz);
	struct encoder *encoder;

	if (!codec_hz || input_hz < INPUT_MIN_HZ || input_hz > INPUT_MAX_HZ)
		return NULL;
	encoder = calloc(1, sizeof(*encoder));
	if (!encoder)
		return NULL;
	encoder->codec = codec;
	encoder->in_samples = input_hz / 50;
	encoder->out_samples = codec_hz / 50;
	/*
	 * A packet takes whole samples: 11025 Hz goes as 11000 Hz, which
	 * nobody hears.
	 */
	encoder->resampler =
		resampler_alloc((uint32_t)encoder->in_samples * 50, codec_hz);
	if (codec == GRIDCALL_OPUS)
		encoder->opus = opus_mouth_alloc(codec_hz);
	if (!encoder->resampler || (codec == GRIDCALL_OPUS && !encoder->opus))
		return encoder_free(encoder);
	return encoder;
}

struct encoder *encoder_free(struct encoder *encoder)
{
	if (!encoder)
		return NULL;
	resampler_free(encoder->resampler);
	opus_mouth_free(encoder->opus);
	free(encoder);
	return NULL;
}

size_t encoder_samples(const struct encoder *encoder)
{
	return encoder->in_samples;
}

int encoder_put(struct encoder *encoder, const int16_t *pcm,
		uint8_t data[ENCODER_BYTES_MAX])
{
	size_t want = encoder->out_samples;
	size_t got = resampler_put(encoder->resampler, pcm, encoder->in_samples,
				   encoder->pcm, want);

	memset(encoder->pcm + got, 0, (want - got) * sizeof(*pcm));
	switch (encoder->codec) {
	case GRIDCALL_PCMA:
		g711_alaw_encode(encoder->pcm, want, data);
		return (int)want;
	case GRIDCALL_PCMU:
		g711_ulaw_encode(encoder->pcm, want, data);
		return (int)want;
	case GRIDCALL_L16:
		l16_encode(encoder->pcm, want, data);
		return (int)(2 * want);
	default:
		return opus_mouth_put(encoder->opus, encoder->pcm, data);
	}
}
