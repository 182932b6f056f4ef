/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/relay.h"

#include "codecs/decoder.h"
#include "codecs/encoder.h"
#include "codecs/l16.h"
#include "codecs/opus.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLES_MAX 960 /* 20 ms at 48 kHz */

struct relay {
	struct decoder *decoder;
	struct encoder *encoder; /* NULL: nothing encoded yet */
	uint32_t rate_hz;        /* of what it takes */
};

struct relay *relay_alloc(void)
{
	struct relay *relay = calloc(1, sizeof(*relay));

	if (!relay)
		return NULL;
	relay->decoder = decoder_alloc();
	return relay->decoder ? relay : relay_free(relay);
}

struct relay *relay_free(struct relay *relay)
{
	if (!relay)
		return NULL;
	decoder_free(relay->decoder);
	encoder_free(relay->encoder);
	free(relay);
	return NULL;
}

void relay_reset(struct relay *relay)
{
	decoder_reset(relay->decoder);
}

/* Samples of more than a telephone's bandwidth keep it. */
static bool is_wide(const struct gridcall_frame *frame)
{
	uint32_t rate_hz = frame->format.rate_hz;

	return frame->data && frame->format.codec == GRIDCALL_L16 &&
	       (rate_hz == 16000 || rate_hz == 48000) &&
	       frame->len == rate_hz / 50 * 2;
}

static bool prepare(struct relay *relay, uint32_t rate_hz)
{
	if (relay->encoder && relay->rate_hz == rate_hz)
		return true;
	relay->encoder = encoder_free(relay->encoder);
	relay->encoder = encoder_alloc(GRIDCALL_OPUS, 48000, rate_hz);
	relay->rate_hz = rate_hz;
	return relay->encoder;
}

static size_t encode(struct relay *relay, const int16_t *pcm, uint32_t rate_hz,
		     uint8_t packet[RELAY_BYTES_MAX])
{
	int len;

	if (!prepare(relay, rate_hz))
		return 0;
	len = encoder_put(relay->encoder, pcm, packet);
	return len > 0 ? (size_t)len : 0;
}

/* Concealment goes through the encoder too: what follows fits its past. */
static void lose(struct relay *relay, const int16_t *pcm,
		 uint8_t packet[RELAY_BYTES_MAX])
{
	static const int16_t silence[SAMPLES_MAX];

	if (relay->encoder && relay->rate_hz == DECODER_RATE_HZ)
		(void)encode(relay, pcm, DECODER_RATE_HZ, packet);
	else if (relay->encoder)
		(void)encode(relay, silence, relay->rate_hz, packet);
}

size_t relay_put(struct relay *relay, const struct gridcall_frame *frame,
		 uint8_t packet[RELAY_BYTES_MAX], bool *passed)
{
	const struct gridcall_format *format = &frame->format;
	int16_t pcm[SAMPLES_MAX];
	int rc;

	*passed = frame->data && format->codec == GRIDCALL_OPUS &&
		  opus_is_plain(frame->data, frame->len);
	if (*passed) {
		memcpy(packet, frame->data, frame->len);
		return frame->len;
	}
	if (is_wide(frame)) {
		l16_decode(frame->data, format->rate_hz / 50, pcm);
		return encode(relay, pcm, format->rate_hz, packet);
	}
	rc = decoder_put(relay->decoder, format->codec, format->rate_hz,
			 frame->data, frame->len, pcm);
	if (frame->data && !rc)
		return encode(relay, pcm, DECODER_RATE_HZ, packet);
	lose(relay, pcm, packet);
	return 0;
}
