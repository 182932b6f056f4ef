/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wavfile.c - chunks in, mono out
 *
 * Sizes in the header are what its writer hoped for: a recorder that was cut
 * off leaves 0 or the largest number.  The end of the file counts.
 */
#include "codecs/wavfile.h"

#include "codecs/audiofile.h"
#include "codecs/g711.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANNELS_MAX 64
#define RATE_MIN_HZ  8000
#define RATE_MAX_HZ  48000
#define FRAME_MAX    (CHANNELS_MAX * 4)

struct wav {
	uint32_t tag;
	uint32_t channels;
	uint32_t rate_hz;
	uint32_t bits;
	const uint8_t *data;
	size_t len;
};

static uint32_t get16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | get16(p + 2) << 16;
}

bool wavfile_is(const uint8_t *data, size_t len)
{
	return len >= 12 && !memcmp(data, "RIFF", 4) &&
	       !memcmp(data + 8, "WAVE", 4);
}

static int refuse(char *why, size_t why_size, const char *sentence)
{
	snprintf(why, why_size, "%s", sentence);
	return -EINVAL;
}

static bool kind_is_known(const struct wav *wav)
{
	switch (wav->tag) {
	case WAVFILE_PCM:
		return wav->bits == 8 || wav->bits == 16 || wav->bits == 24 ||
		       wav->bits == 32;
	case WAVFILE_FLOAT:
		return wav->bits == 32;
	case WAVFILE_ALAW:
	case WAVFILE_ULAW:
		return wav->bits == 8;
	default:
		return false;
	}
}

static int read_format(struct wav *wav, const uint8_t *chunk, size_t len,
		       char *why, size_t why_size)
{
	if (len < 16)
		return refuse(why, why_size,
			      "the WAV file's format chunk is cut short; make "
			      "the file again");
	wav->tag = get16(chunk);
	wav->channels = get16(chunk + 2);
	wav->rate_hz = get32(chunk + 4);
	wav->bits = get16(chunk + 14);
	if (wav->tag == WAVFILE_EXTENSIBLE && len >= 26)
		wav->tag = get16(chunk + 24);
	if (!kind_is_known(wav)) {
		snprintf(why, why_size,
			 "WAV format %u with %u bits a sample can't be read; "
			 "save it as 16 bit PCM",
			 wav->tag, wav->bits);
		return -EINVAL;
	}
	if (wav->channels < 1 || wav->channels > CHANNELS_MAX) {
		snprintf(why, why_size,
			 "a WAV file with %u channels can't be read; save it "
			 "as mono",
			 wav->channels);
		return -EINVAL;
	}
	if (wav->rate_hz < RATE_MIN_HZ || wav->rate_hz > RATE_MAX_HZ) {
		snprintf(why, why_size,
			 "a WAV file of %u Hz can't be read; save it with 8000 "
			 "to 48000 Hz",
			 wav->rate_hz);
		return -EINVAL;
	}
	return 0;
}

/* Walk the chunks up to the samples. */
static int find_samples(struct wav *wav, const uint8_t *data, size_t len,
			char *why, size_t why_size)
{
	size_t at = 12;
	size_t left, size;
	int rc;

	while (len - at >= 8) {
		const uint8_t *chunk = data + at;

		size = get32(chunk + 4);
		at += 8;
		left = len - at;
		if (!memcmp(chunk, "data", 4)) {
			if (!wav->channels)
				return refuse(why, why_size,
					      "the WAV file has samples before "
					      "its format; make it again");
			wav->data = data + at;
			wav->len = size && size < left ? size : left;
			return 0;
		}
		if (size > left)
			break;
		if (!memcmp(chunk, "fmt ", 4)) {
			rc = read_format(wav, chunk + 8, size, why, why_size);
			if (rc)
				return rc;
		}
		at += size;
		if (size % 2 && at < len)
			at++;
	}
	return refuse(why, why_size,
		      "the WAV file ends before its samples begin; copy it "
		      "again");
}

static int16_t float_sample(const uint8_t *p)
{
	uint32_t bits = get32(p);
	float sample;

	memcpy(&sample, &bits, sizeof(sample));
	if (!(sample > -1))
		return sample <= -1 ? -32767 : 0; /* else it is no number */
	return (int16_t)(sample < 1 ? sample * 32767 : 32767);
}

static int16_t one_sample(const struct wav *wav, const uint8_t *p)
{
	int16_t sample;

	switch (wav->tag) {
	case WAVFILE_ALAW:
		g711_alaw_decode(p, 1, &sample);
		return sample;
	case WAVFILE_ULAW:
		g711_ulaw_decode(p, 1, &sample);
		return sample;
	case WAVFILE_FLOAT:
		return float_sample(p);
	}
	if (wav->bits == 8)
		return (int16_t)((p[0] - 128) * 256);
	/* The upper two bytes of 16, 24 or 32 bits. */
	return (int16_t)get16(p + wav->bits / 8 - 2);
}

static int16_t mixed_sample(const struct wav *wav, const uint8_t *frame)
{
	int32_t sum = 0;
	uint32_t i;

	for (i = 0; i < wav->channels; i++)
		sum += one_sample(wav, frame + i * (wav->bits / 8));
	return (int16_t)(sum / (int32_t)wav->channels);
}

int wavfile_decode(const uint8_t *data, size_t len, struct wavfile_pcm *out,
		   char *why, size_t why_size)
{
	struct wav wav = {0};
	size_t frame, samples, i;
	int16_t *pcm;
	int rc = find_samples(&wav, data, len, why, why_size);

	if (rc)
		return rc;
	frame = wav.channels * (wav.bits / 8);
	samples = wav.len / frame;
	if (!samples)
		return refuse(why, why_size,
			      "the WAV file holds no samples; record it again");
	if (samples > (size_t)AUDIOFILE_SECONDS_MAX * wav.rate_hz) {
		snprintf(why, why_size,
			 "the WAV file is longer than %d s; split it",
			 AUDIOFILE_SECONDS_MAX);
		return -EINVAL;
	}
	pcm = malloc(samples * sizeof(*pcm));
	if (!pcm)
		return -ENOMEM;
	for (i = 0; i < samples; i++)
		pcm[i] = mixed_sample(&wav, wav.data + i * frame);
	out->pcm = pcm;
	out->samples = samples;
	out->rate_hz = wav.rate_hz;
	return 0;
}

/* -------------------------------------------------------------- written -- */

static uint8_t *put16(uint8_t *p, uint32_t value)
{
	*p++ = (uint8_t)value;
	*p++ = (uint8_t)(value >> 8);
	return p;
}

static uint8_t *put32(uint8_t *p, uint32_t value)
{
	return put16(put16(p, value), value >> 16);
}

static uint8_t *put_name(uint8_t *p, const char *name)
{
	memcpy(p, name, 4);
	return p + 4;
}

/* A law needs the longer format chunk and a chunk with the sample count. */
size_t wavfile_header(enum wavfile_tag tag, uint32_t rate_hz, uint32_t data_len,
		      uint8_t header[WAVFILE_HEADER_MAX])
{
	uint32_t width = tag == WAVFILE_PCM ? 2 : 1;
	size_t size = tag == WAVFILE_PCM ? 44 : 58;
	uint32_t count = 0; /* an open end: players then count for themselves */
	uint32_t rest = data_len;
	uint8_t *p = header;

	if (data_len != WAVFILE_OPEN_END) {
		rest = data_len + data_len % 2 + (uint32_t)size - 8;
		count = data_len;
	}
	p = put32(put_name(p, "RIFF"), rest);
	p = put_name(p, "WAVE");
	p = put32(put_name(p, "fmt "), tag == WAVFILE_PCM ? 16 : 18);
	p = put16(put16(p, tag), 1);
	p = put32(put32(p, rate_hz), rate_hz * width);
	p = put16(put16(p, width), width * 8);
	if (tag != WAVFILE_PCM) {
		p = put16(p, 0);
		p = put32(put_name(p, "fact"), 4);
		p = put32(p, count);
	}
	(void)put32(put_name(p, "data"), data_len);
	return size;
}
