/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * opus.c - the only file that includes opus.h
 *
 * libopus keeps each state in one block and allocates nothing later.
 */
#include "codecs/opus.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include <opus.h>

struct opus_ear {
	OpusDecoder *opus;
};

struct opus_mouth {
	OpusEncoder *opus;
	int samples; /* of 20 ms */
};

struct opus_ear *opus_ear_alloc(uint32_t rate_hz)
{
	struct opus_ear *ear = calloc(1, sizeof(*ear));
	int rc;

	if (!ear)
		return NULL;
	ear->opus = opus_decoder_create((opus_int32)rate_hz, 1, &rc);
	if (!ear->opus)
		return opus_ear_free(ear);
	return ear;
}

struct opus_ear *opus_ear_free(struct opus_ear *ear)
{
	if (!ear)
		return NULL;
	if (ear->opus)
		opus_decoder_destroy(ear->opus);
	free(ear);
	return NULL;
}

void opus_ear_reset(struct opus_ear *ear)
{
	(void)opus_decoder_ctl(ear->opus, OPUS_RESET_STATE);
}

void opus_ear_gain(struct opus_ear *ear, int16_t gain)
{
	(void)opus_decoder_ctl(ear->opus, OPUS_SET_GAIN(gain));
}

int opus_ear_put(struct opus_ear *ear, const uint8_t *data, size_t len,
		 int16_t *pcm, size_t max)
{
	int rc;

	if (max > INT_MAX || len > INT_MAX || (data && !len))
		return -EINVAL;
	rc = opus_decode(ear->opus, data, data ? (opus_int32)len : 0, pcm,
			 (int)max, 0);
	return rc < 0 ? -EINVAL : rc;
}

int opus_ear_repair(struct opus_ear *ear, const uint8_t *next, size_t len,
		    int16_t *pcm, size_t samples)
{
	int rc;

	if (samples > INT_MAX || len > INT_MAX || !len)
		return -EINVAL;
	rc = opus_decode(ear->opus, next, (opus_int32)len, pcm, (int)samples,
			 1);
	return rc == (int)samples ? 0 : -EINVAL;
}

int opus_samples(const uint8_t *data, size_t len, uint32_t rate_hz)
{
	int rc;

	if (!len || len > INT_MAX)
		return -EINVAL;
	rc = opus_packet_get_nb_samples(data, (opus_int32)len,
					(opus_int32)rate_hz);
	return rc <= 0 ? -EINVAL : rc;
}

bool opus_is_plain(const uint8_t *data, size_t len)
{
	const unsigned char *frames[48];
	opus_int16 sizes[48];

	return len && len <= OPUS_BYTES_MAX &&
	       opus_packet_get_nb_channels(data) == 1 &&
	       opus_samples(data, len, 48000) == 960 &&
	       opus_packet_parse(data, (opus_int32)len, NULL, frames, sizes,
				 NULL) > 0;
}

/* Declared loss must be 10 %: with less the repair data is never sent. */
static int set_voice(OpusEncoder *opus)
{
	int rc = 0;

	rc |= opus_encoder_ctl(opus, OPUS_SET_BITRATE(24000));
	rc |= opus_encoder_ctl(opus, OPUS_SET_VBR(1));
	rc |= opus_encoder_ctl(opus, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
	rc |= opus_encoder_ctl(opus,
			       OPUS_SET_MAX_BANDWIDTH(OPUS_BANDWIDTH_WIDEBAND));
	rc |= opus_encoder_ctl(opus, OPUS_SET_COMPLEXITY(5));
	rc |= opus_encoder_ctl(opus, OPUS_SET_INBAND_FEC(1));
	rc |= opus_encoder_ctl(opus, OPUS_SET_PACKET_LOSS_PERC(10));
	rc |= opus_encoder_ctl(opus, OPUS_SET_DTX(0));
	return rc;
}

struct opus_mouth *opus_mouth_alloc(uint32_t rate_hz)
{
	struct opus_mouth *mouth = calloc(1, sizeof(*mouth));
	int rc;

	if (!mouth)
		return NULL;
	mouth->samples = (int)(rate_hz / 50);
	mouth->opus = opus_encoder_create((opus_int32)rate_hz, 1,
					  OPUS_APPLICATION_VOIP, &rc);
	if (!mouth->opus || set_voice(mouth->opus) != OPUS_OK)
		return opus_mouth_free(mouth);
	return mouth;
}

struct opus_mouth *opus_mouth_free(struct opus_mouth *mouth)
{
	if (!mouth)
		return NULL;
	if (mouth->opus)
		opus_encoder_destroy(mouth->opus);
	free(mouth);
	return NULL;
}

int opus_mouth_put(struct opus_mouth *mouth, const int16_t *pcm,
		   uint8_t data[OPUS_BYTES_MAX])
{
	int rc = opus_encode(mouth->opus, pcm, mouth->samples, data,
			     OPUS_BYTES_MAX);

	return rc < 0 ? -EINVAL : rc;
}
