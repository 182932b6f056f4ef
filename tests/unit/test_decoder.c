/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codecs/decoder.h"

#include "codecs/encoder.h"
#include "plugins/plugin.h"
#include "tests/unit/sound.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct gridcall_format formats[] = {
	{GRIDCALL_PCMA, 8000}, {GRIDCALL_PCMU, 8000}, {GRIDCALL_L16, 8000},
	{GRIDCALL_L16, 16000}, {GRIDCALL_L16, 48000}, {GRIDCALL_OPUS, 48000},
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))
#define FRAMES  50

/* One second of 1 kHz, encoded. */
struct packets {
	struct gridcall_format format;
	uint8_t data[FRAMES][ENCODER_BYTES_MAX];
	size_t len[FRAMES];
};

static void make_tone(struct packets *packets,
		      const struct gridcall_format *format, double amplitude)
{
	struct encoder *encoder =
		encoder_alloc(format->codec, format->rate_hz, 8000);
	int16_t pcm[160] = {0};
	int i, len;

	assert_non_null(encoder);
	sound_sine(pcm, 160, 8000, 1000, amplitude);
	packets->format = *format;
	for (i = 0; i < FRAMES; i++) {
		len = encoder_put(encoder, pcm, packets->data[i]);
		assert_true(len > 0);
		packets->len[i] = (size_t)len;
	}
	encoder_free(encoder);
}

static int put(struct decoder *decoder, const struct packets *packets, int i,
	       int16_t *pcm)
{
	return decoder_put(decoder, packets->format.codec,
			   packets->format.rate_hz, packets->data[i],
			   packets->len[i], pcm);
}

static int lose(struct decoder *decoder, const struct packets *packets,
		int16_t *pcm)
{
	return decoder_put(decoder, packets->format.codec,
			   packets->format.rate_hz, NULL, 0, pcm);
}

static double tone_of(const int16_t *pcm)
{
	return sound_amplitude(pcm, DECODER_SAMPLES, DECODER_RATE_HZ, 1000);
}

static void a_tone_survives_every_codec_at_its_level(void **state)
{
	struct decoder *decoder = decoder_alloc();
	int16_t pcm[DECODER_SAMPLES];
	struct packets packets;
	size_t f;
	int i;

	for (f = 0; f < FORMATS; f++) {
		make_tone(&packets, &formats[f], 8000);
		for (i = 0; i < FRAMES; i++) {
			assert_int_equal(put(decoder, &packets, i, pcm), 0);
			if (i < 10) /* Opus finds its feet */
				continue;
			/* 1 dB */
			assert_true(tone_of(pcm) > 8000 / 1.12);
			assert_true(tone_of(pcm) < 8000 * 1.12);
		}
	}
	decoder = decoder_free(decoder);
	assert_null(decoder);
}

static void a_lost_packet_is_concealed(void **state)
{
	struct decoder *decoder = decoder_alloc();
	int16_t pcm[DECODER_SAMPLES];
	struct packets packets;
	size_t f;
	int i;

	for (f = 0; f < FORMATS; f++) {
		make_tone(&packets, &formats[f], 8000);
		decoder_reset(decoder);
		for (i = 0; i < 20; i++)
			assert_int_equal(put(decoder, &packets, i, pcm), 0);
		assert_int_equal(lose(decoder, &packets, pcm), 0);
		assert_true(tone_of(pcm) > 4000);
		/* Opus needs some good ones to be good again. */
		for (i = 21; i < 30; i++)
			assert_int_equal(put(decoder, &packets, i, pcm), 0);
		assert_true(tone_of(pcm) > 6000);
	}
	decoder_free(decoder);
}

static void a_long_loss_fades_to_silence(void **state)
{
	struct decoder *decoder = decoder_alloc();
	int16_t pcm[DECODER_SAMPLES];
	struct packets packets;
	size_t f;
	int i;

	for (f = 0; f < FORMATS; f++) {
		make_tone(&packets, &formats[f], 8000);
		for (i = 0; i < 20; i++)
			(void)put(decoder, &packets, i, pcm);
		for (i = 0; i < 50; i++)
			assert_int_equal(lose(decoder, &packets, pcm), 0);
		assert_true(tone_of(pcm) < 100);
	}
	decoder_free(decoder);
}

static void nothing_heard_yet_is_concealed_by_silence(void **state)
{
	struct decoder *decoder = decoder_alloc();
	int16_t pcm[DECODER_SAMPLES];
	struct packets packets;
	size_t f;
	int i;

	for (f = 0; f < FORMATS; f++) {
		make_tone(&packets, &formats[f], 8000);
		(void)put(decoder, &packets, 0, pcm);
		decoder_reset(decoder);
		memset(pcm, 1, sizeof(pcm));
		assert_int_equal(lose(decoder, &packets, pcm), 0);
		for (i = 0; i < DECODER_SAMPLES; i++)
			assert_int_equal(pcm[i], 0);
	}
	decoder_free(decoder);
}

static void a_change_of_format_is_followed_at_once(void **state)
{
	static struct packets packets[FORMATS];
	struct decoder *decoder = decoder_alloc();
	int16_t pcm[DECODER_SAMPLES];
	size_t from, to;
	int i;

	for (to = 0; to < FORMATS; to++)
		make_tone(&packets[to], &formats[to], 8000);
	for (from = 0; from < FORMATS; from++) {
		for (to = 0; to < FORMATS; to++) {
			for (i = 0; i < 5; i++)
				assert_int_equal(put(decoder, &packets[from],
						     20 + i, pcm),
						 0);
			for (i = 0; i < 5; i++)
				assert_int_equal(
					put(decoder, &packets[to], 20 + i, pcm),
					0);
			assert_true(tone_of(pcm) > 6000);
			assert_true(tone_of(pcm) < 10000);
		}
	}
	decoder_free(decoder);
}

static void packets_that_are_not_of_their_codec_are_refused(void **state)
{
	static const struct {
		uint32_t codec;
		uint32_t rate_hz;
		size_t len;
	} bad[] = {
		{GRIDCALL_PCMA, 8000, 159},
		{GRIDCALL_PCMA, 8000, 161},
		{GRIDCALL_PCMA, 8000, 0},
		{GRIDCALL_PCMA, 16000, 160},
		{GRIDCALL_PCMU, 8000, 80},
		{GRIDCALL_PCMU, 48000, 160},
		{GRIDCALL_L16, 8000, 160},
		{GRIDCALL_L16, 8000, 321},
		{GRIDCALL_L16, 44100, 1764},
		{GRIDCALL_L16, 48000, 1919},
		{GRIDCALL_L16, 0, 0},
		{GRIDCALL_OPUS, 48000, 0},
		{GRIDCALL_OPUS, 8000, 160},
		{0, 8000, 160},
		{5, 8000, 160},
		{UINT32_MAX, UINT32_MAX, 1920},
	};
	struct decoder *decoder = decoder_alloc();
	static const uint8_t data[1920];
	int16_t pcm[DECODER_SAMPLES];
	struct packets packets;
	size_t i;

	make_tone(&packets, &formats[0], 8000);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)put(decoder, &packets, 0, pcm);
		(void)put(decoder, &packets, 1, pcm);
		assert_int_equal(decoder_put(decoder, bad[i].codec,
					     bad[i].rate_hz, data, bad[i].len,
					     pcm),
				 -EINVAL);
		assert_true(tone_of(pcm) > 4000); /* concealment */
	}
	decoder_free(decoder);
}

static void garbage_as_opus_is_refused_or_decoded_and_never_more(void **state)
{
	struct decoder *decoder = decoder_alloc();
	int16_t pcm[DECODER_SAMPLES + 1];
	uint32_t seed = 11;
	uint8_t data[200];
	int refused = 0;
	size_t len, k;
	int i;

	pcm[DECODER_SAMPLES] = 77;
	for (i = 0; i < 2000; i++) {
		len = 1 + (size_t)i % sizeof(data);
		for (k = 0; k < len; k++)
			data[k] = (uint8_t)(127 * sound_random(&seed));
		if (decoder_put(decoder, GRIDCALL_OPUS, 48000, data, len, pcm))
			refused++;
		assert_int_equal(pcm[DECODER_SAMPLES], 77);
	}
	assert_in_range(refused, 1, 1999);
	decoder_free(decoder);
}

/* Two frames of 20 ms in one packet: code 1, equal sizes. */
static size_t join(const struct packets *packets, int i, uint8_t *data)
{
	size_t half = packets->len[i] - 1;

	data[0] = packets->data[i][0] | 1;
	memcpy(data + 1, packets->data[i] + 1, half);
	memcpy(data + 1 + half, packets->data[i] + 1, half);
	return 1 + 2 * half;
}

static void a_packet_of_40_ms_fills_the_next_lost_frame(void **state)
{
	struct decoder *decoder = decoder_alloc();
	uint8_t data[2 * ENCODER_BYTES_MAX];
	int16_t pcm[DECODER_SAMPLES];
	struct packets packets;
	size_t len;
	int i;

	make_tone(&packets, &formats[FORMATS - 1], 8000);
	for (i = 10; i < 40; i++) {
		len = join(&packets, i, data);
		assert_int_equal(decoder_put(decoder, GRIDCALL_OPUS, 48000,
					     data, len, pcm),
				 0);
		assert_int_equal(lose(decoder, &packets, pcm), 0);
		/* Concealment would go on fading. */
		if (i > 20)
			assert_true(tone_of(pcm) > 2000);
	}
	decoder_free(decoder);
}

static void an_opus_packet_shorter_than_20_ms_is_refused(void **state)
{
	struct decoder *decoder = decoder_alloc();
	int16_t pcm[DECODER_SAMPLES];
	struct packets packets;

	make_tone(&packets, &formats[FORMATS - 1], 8000);
	assert_int_equal(put(decoder, &packets, 20, pcm), 0);
	packets.data[21][0] &= 0xe7; /* says 10 ms now */
	assert_int_equal(put(decoder, &packets, 21, pcm), -EINVAL);
	decoder_free(decoder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tone_survives_every_codec_at_its_level),
		cmocka_unit_test(a_lost_packet_is_concealed),
		cmocka_unit_test(a_long_loss_fades_to_silence),
		cmocka_unit_test(nothing_heard_yet_is_concealed_by_silence),
		cmocka_unit_test(a_change_of_format_is_followed_at_once),
		cmocka_unit_test(
			packets_that_are_not_of_their_codec_are_refused),
		cmocka_unit_test(
			garbage_as_opus_is_refused_or_decoded_and_never_more),
		cmocka_unit_test(a_packet_of_40_ms_fills_the_next_lost_frame),
		cmocka_unit_test(an_opus_packet_shorter_than_20_ms_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
