/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codecs/encoder.h"

#include "codecs/decoder.h"
#include "codecs/opus.h"
#include "plugins/plugin.h"
#include "tests/unit/sound.h"

#include <math.h>
#include <stdbool.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const uint32_t inputs[] = {8000,  11025, 12000, 16000, 22050,
				  24000, 32000, 44100, 48000};
#define INPUTS (sizeof(inputs) / sizeof(inputs[0]))

static const struct {
	struct gridcall_format format;
	int bytes; /* of a packet; 0: any */
} formats[] = {
	{{GRIDCALL_PCMA, 8000}, 160},  {{GRIDCALL_PCMU, 8000}, 160},
	{{GRIDCALL_L16, 8000}, 320},   {{GRIDCALL_L16, 16000}, 640},
	{{GRIDCALL_L16, 48000}, 1920}, {{GRIDCALL_OPUS, 48000}, 0},
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

/* One second of 1 kHz through encoder f and back: its amplitude. */
static double there_and_back(size_t f, uint32_t input_hz)
{
	const struct gridcall_format *format = &formats[f].format;
	struct encoder *encoder =
		encoder_alloc(format->codec, format->rate_hz, input_hz);
	struct decoder *decoder = decoder_alloc();
	uint8_t data[ENCODER_BYTES_MAX];
	int16_t pcm[DECODER_SAMPLES];
	static int16_t in[48000];
	size_t samples;
	int i, len;

	assert_non_null(encoder);
	samples = encoder_samples(encoder);
	assert_int_equal(samples, input_hz / 50);
	memset(in, 0, sizeof(in));
	sound_sine(in, input_hz, input_hz, 1000, 8000);
	for (i = 0; i < 50; i++) {
		len = encoder_put(encoder, in + (size_t)i * samples, data);
		assert_in_range(len, 1, ENCODER_BYTES_MAX);
		if (formats[f].bytes)
			assert_int_equal(len, formats[f].bytes);
		else
			assert_int_equal(opus_samples(data, (size_t)len, 48000),
					 960);
		assert_int_equal(decoder_put(decoder, format->codec,
					     format->rate_hz, data, (size_t)len,
					     pcm),
				 0);
	}
	encoder = encoder_free(encoder);
	assert_null(encoder);
	decoder_free(decoder);
	return sound_amplitude(pcm, DECODER_SAMPLES, 8000, 1000);
}

static void every_input_rate_reaches_every_format(void **state)
{
	size_t f, i;

	for (f = 0; f < FORMATS; f++) {
		for (i = 0; i < INPUTS; i++) {
			double amplitude = there_and_back(f, inputs[i]);

			assert_true(amplitude > 8000 / 1.12);
			assert_true(amplitude < 8000 * 1.12);
		}
	}
}

static void formats_that_do_not_exist_are_refused(void **state)
{
	assert_null(encoder_alloc(GRIDCALL_PCMA, 16000, 8000));
	assert_null(encoder_alloc(GRIDCALL_PCMU, 48000, 8000));
	assert_null(encoder_alloc(GRIDCALL_L16, 44100, 8000));
	assert_null(encoder_alloc(GRIDCALL_OPUS, 8000, 8000));
	assert_null(encoder_alloc(0, 8000, 8000));
	assert_null(encoder_alloc(99, 8000, 8000));
	assert_null(encoder_alloc(GRIDCALL_PCMA, 8000, 7999));
	assert_null(encoder_alloc(GRIDCALL_PCMA, 8000, 48001));
	assert_null(encoder_alloc(GRIDCALL_PCMA, 8000, 0));
	assert_null(encoder_free(NULL));
}

/* Noise that comes and goes as syllables do. */
static size_t encode_second(uint8_t data[][ENCODER_BYTES_MAX], size_t *len)
{
	struct encoder *encoder = encoder_alloc(GRIDCALL_OPUS, 48000, 16000);
	uint32_t seed = 2;
	size_t total = 0;
	int i;

	for (i = 0; i < 100; i++) {
		int16_t pcm[320] = {0};
		int k;

		for (k = 1; k < 20; k++)
			sound_sine(pcm, 320, 16000, 150 * k,
				   (i / 10 % 2 ? 300.0 : 3000.0) / k);
		sound_noise(pcm, 320, 100, &seed);
		len[i] = (size_t)encoder_put(encoder, pcm, data[i]);
		total += len[i];
	}
	encoder_free(encoder);
	return total;
}

static void opus_is_about_24_kbit_a_second(void **state)
{
	static uint8_t data[100][ENCODER_BYTES_MAX];
	size_t len[100];
	size_t bits_a_second = encode_second(data, len) * 8 / 2;

	assert_in_range(bits_a_second, 12000, 32000);
}

static bool has_repair(const uint8_t *data, size_t len)
{
	/*
	 * RFC 6716, 4.2.3 and 4.2.4: the first byte of a SILK frame of 20 ms
	 * holds the flag of activity, then that of repair data.
	 */
	return data[0] < 0x80 && len > 1 && (data[1] & 0x40);
}

static void opus_is_wideband_voice_with_repair_data(void **state)
{
	static uint8_t data[100][ENCODER_BYTES_MAX];
	size_t len[100];
	int repair = 0;
	int i;

	(void)encode_second(data, len);
	for (i = 20; i < 100; i++) {
		/* configurations 8 to 11 are SILK, wideband; 20 ms is 9 */
		assert_int_equal(data[i][0] >> 3, 9);
		assert_int_equal(data[i][0] & 4, 0); /* mono */
		repair += has_repair(data[i], len[i]);
	}
	assert_true(repair > 20);
}

static void silence_is_sent_too(void **state)
{
	struct encoder *encoder = encoder_alloc(GRIDCALL_OPUS, 48000, 16000);
	uint8_t data[ENCODER_BYTES_MAX];
	int16_t pcm[320] = {0};
	int i;

	for (i = 0; i < 100; i++)
		assert_true(encoder_put(encoder, pcm, data) > 2); /* no DTX */
	encoder_free(encoder);
}

static void the_loudest_samples_do_not_wrap(void **state)
{
	size_t f;

	for (f = 0; f < FORMATS; f++) {
		struct encoder *encoder =
			encoder_alloc(formats[f].format.codec,
				      formats[f].format.rate_hz, 48000);
		struct decoder *decoder = decoder_alloc();
		uint8_t data[ENCODER_BYTES_MAX];
		int16_t out[DECODER_SAMPLES];
		int16_t pcm[960];
		int i, len;

		for (i = 0; i < 960; i++)
			pcm[i] = i / 240 % 2 ? 32767 : -32768;
		for (i = 0; i < 10; i++) {
			len = encoder_put(encoder, pcm, data);
			assert_int_equal(decoder_put(decoder,
						     formats[f].format.codec,
						     formats[f].format.rate_hz,
						     data, (size_t)len, out),
					 0);
		}
		/* 100 Hz square: its first harmonic is 4 / pi of it. */
		assert_true(sound_amplitude(out, 160, 8000, 100) > 25000);
		encoder_free(encoder);
		decoder_free(decoder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_input_rate_reaches_every_format),
		cmocka_unit_test(formats_that_do_not_exist_are_refused),
		cmocka_unit_test(opus_is_about_24_kbit_a_second),
		cmocka_unit_test(opus_is_wideband_voice_with_repair_data),
		cmocka_unit_test(silence_is_sent_too),
		cmocka_unit_test(the_loudest_samples_do_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
