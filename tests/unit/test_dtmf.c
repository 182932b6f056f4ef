/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codecs/dtmf.h"

#include "codecs/decoder.h"
#include "codecs/encoder.h"
#include "plugins/plugin.h"
#include "tests/unit/sound.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define RATE    8000
#define LONGEST (40 * RATE)
#define FRAME   160

static const char keys[] = "123A456B789C*0#D";

struct heard {
	struct dtmf_digit digits[64];
	char text[65];
	size_t count;
};

static void on_digit(void *data, const struct dtmf_digit *digit)
{
	struct heard *heard = data;

	assert_true(heard->count < 64);
	heard->digits[heard->count] = *digit;
	heard->text[heard->count++] = digit->digit;
	heard->text[heard->count] = 0;
}

/* Put whole frames; those whose number divides by lose_every are lost. */
static void listen(struct heard *heard, const int16_t *pcm, size_t samples,
		   size_t lose_every)
{
	struct dtmf_listener *listener = dtmf_listener_alloc(on_digit, heard);
	size_t at, step;

	heard->count = 0;
	heard->text[0] = 0;
	for (at = 0; at < samples; at += step) {
		step = samples - at < FRAME ? samples - at : FRAME;
		if (lose_every && at / FRAME % lose_every == lose_every - 1)
			dtmf_listener_lost(listener, step);
		else
			dtmf_listener_put(listener, pcm + at, step);
	}
	dtmf_listener_end(listener);
	listener = dtmf_listener_free(listener);
	assert_null(listener);
}

struct trial {
	const char *digits;
	uint32_t tone_ms;
	uint32_t pause_ms;
	int level_cdb;
	int twist_cdb;
	double snr_db;      /* 0: no noise */
	uint32_t before_ms; /* of noise, before the first digit */
};

static int16_t sound[LONGEST];

/* Make a trial's sound; returns samples. */
static size_t make(const struct trial *trial, uint32_t *seed)
{
	size_t before = (size_t)trial->before_ms * RATE / 1000;
	double rms = 23170 * pow(10, trial->level_cdb / 2000.0);
	int made;

	memset(sound, 0, sizeof(sound));
	made = dtmf_make(trial->digits, trial->tone_ms, trial->pause_ms,
			 trial->level_cdb, trial->twist_cdb, sound + before,
			 LONGEST - before);
	assert_true(made > 0);
	if (trial->snr_db > 0)
		sound_noise(sound, before + (size_t)made,
			    rms * pow(10, -trial->snr_db / 20), seed);
	return before + (size_t)made;
}

static void hears_all(const struct trial *trial)
{
	static uint32_t seed = 3;
	struct heard heard;
	size_t samples = make(trial, &seed);
	uint32_t period = trial->tone_ms + trial->pause_ms;
	size_t i;

	listen(&heard, sound, samples, 0);
	assert_string_equal(heard.text, trial->digits);
	for (i = 0; i < heard.count; i++) {
		int begin = (int)(trial->before_ms + i * period);
		int end = begin + (int)trial->tone_ms;

		assert_true(abs((int)heard.digits[i].begin_ms - begin) <= 25);
		assert_true(abs((int)heard.digits[i].end_ms - end) <= 25);
		assert_true(abs(heard.digits[i].level_cdb - trial->level_cdb) <=
			    150);
	}
}

static void hears_all_keys_at_40_and_600_ms(void **state)
{
	hears_all(&(struct trial){keys, 40, 40, -1000, 0, 0, 0});
	hears_all(&(struct trial){keys, 600, 600, -1000, 0, 0, 0});
	hears_all(&(struct trial){keys, 70, 1000, -1000, 0, 0, 0});
}

static void hears_a_twist_of_6_dB_both_ways(void **state)
{
	hears_all(&(struct trial){keys, 60, 60, -1000, 600, 20, 0});
	hears_all(&(struct trial){keys, 60, 60, -1000, -600, 20, 0});
}

static void hears_12_dB_above_noise(void **state)
{
	hears_all(&(struct trial){keys, 40, 40, -1000, 0, 12, 0});
	hears_all(&(struct trial){keys, 100, 100, -2000, 0, 12, 0});
}

static void hears_30_dB_below_full_scale(void **state)
{
	hears_all(&(struct trial){keys, 60, 60, -3000, 0, 0, 0});
	hears_all(&(struct trial){keys, 60, 60, -3000, 300, 15, 0});
}

static void a_key_up_burst_does_not_hide_the_first_digit(void **state)
{
	hears_all(&(struct trial){"*07*18#", 80, 80, -1000, 0, 15, 150});
	hears_all(&(struct trial){"**110#", 60, 60, -1000, 0, 15, 20});
}

/* 100 ms of noise as loud as the digits, ending where the first begins. */
static void a_loud_key_up_burst_is_no_digit(void **state)
{
	struct trial trial = {"*07*18#", 60, 60, -1000, 0, 0, 100};
	struct heard heard;
	uint32_t seed;

	for (seed = 1; seed <= 50; seed++) {
		uint32_t noise = seed;
		size_t samples = make(&trial, &noise);

		sound_noise(sound, 800 - seed, 8000, &noise);
		listen(&heard, sound, samples, 0);
		assert_string_equal(heard.text, trial.digits);
		assert_true(abs((int)heard.digits[0].begin_ms - 100) <= 25);
	}
}

/* Encode and decode sound in place; the codecs' delay stays in front. */
static void through(uint32_t codec, uint32_t rate_hz, size_t samples)
{
	struct encoder *encoder = encoder_alloc(codec, rate_hz, 8000);
	struct decoder *decoder = decoder_alloc();
	uint8_t data[ENCODER_BYTES_MAX];
	size_t at;
	int len;

	for (at = 0; at + FRAME <= samples; at += FRAME) {
		len = encoder_put(encoder, sound + at, data);
		assert_int_equal(decoder_put(decoder, codec, rate_hz, data,
					     (size_t)len, sound + at),
				 0);
	}
	encoder_free(encoder);
	decoder_free(decoder);
}

static void every_codec_carries_the_digits(void **state)
{
	static const uint32_t formats[][2] = {
		{GRIDCALL_PCMA, 8000}, {GRIDCALL_PCMU, 8000},
		{GRIDCALL_L16, 8000},  {GRIDCALL_L16, 16000},
		{GRIDCALL_L16, 48000}, {GRIDCALL_OPUS, 48000},
	};
	struct trial trial = {keys, 60, 60, -1000, 300, 20, 100};
	struct heard heard;
	uint32_t seed = 1;
	size_t f, samples;
	int i;

	for (f = 0; f < sizeof(formats) / sizeof(formats[0]); f++) {
		for (i = 0; i < 5; i++) {
			samples = make(&trial, &seed);
			through(formats[f][0], formats[f][1], samples + 800);
			listen(&heard, sound, samples + 800, 0);
			assert_string_equal(heard.text, trial.digits);
		}
	}
}

static void two_same_digits_are_two(void **state)
{
	hears_all(&(struct trial){"1122##**00", 40, 40, -1000, 0, 0, 0});
	hears_all(&(struct trial){"1122##**00", 100, 60, -1000, 0, 15, 0});
	hears_all(&(struct trial){"11", 600, 2000, -1000, 0, 0, 0});
}

/* Every phase of a loss against the tone, one and two frames long. */
static void a_loss_inside_a_digit_does_not_split_it(void **state)
{
	size_t phase, lost, at;
	struct heard heard;

	for (phase = 0; phase < FRAME; phase += 20) {
		for (lost = 1; lost <= 2; lost++) {
			struct dtmf_listener *listener =
				dtmf_listener_alloc(on_digit, &heard);
			int16_t pcm[40 * FRAME] = {0};

			heard.count = 0;
			(void)dtmf_make("5", 200, 0, -1000, 0,
					pcm + 5 * FRAME + phase, 2000);
			for (at = 0; at < 40; at++) {
				if (at >= 9 && at < 9 + lost)
					dtmf_listener_lost(listener, FRAME);
				else
					dtmf_listener_put(listener,
							  pcm + at * FRAME,
							  FRAME);
			}
			dtmf_listener_free(listener);
			assert_int_equal(heard.count, 1);
			assert_true(abs((int)heard.digits[0].begin_ms -
					(int)(100 + phase / 8)) <= 25);
			assert_true(abs((int)heard.digits[0].end_ms -
					(int)(300 + phase / 8)) <= 25);
		}
	}
}

static void every_tenth_frame_may_be_lost(void **state)
{
	struct trial trial = {"*07*18*2#", 200, 100, -1000, 0, 20, 0};
	struct heard heard;
	uint32_t seed = 9;
	size_t samples = make(&trial, &seed);

	listen(&heard, sound, samples, 10);
	assert_string_equal(heard.text, trial.digits);
}

/* Half of all is lost, and no two good frames follow each other. */
static void a_long_digit_survives_every_second_frame_lost(void **state)
{
	struct trial trial = {"9", 600, 100, -1000, 0, 20, 0};
	struct heard heard;
	uint32_t seed = 9;
	size_t samples = make(&trial, &seed);

	listen(&heard, sound, samples, 2);
	assert_string_equal(heard.text, trial.digits);
	assert_true(abs((int)heard.digits[0].end_ms - 600) <= 45);
}

/* The pause is in what was lost: "11" must not become "1". */
static void a_long_loss_ends_the_digit(void **state)
{
	struct heard heard = {0};
	struct dtmf_listener *listener = dtmf_listener_alloc(on_digit, &heard);
	int16_t pcm[1600];

	(void)dtmf_make("1", 200, 0, -1000, 0, pcm, 1600);
	dtmf_listener_put(listener, pcm, 1600);
	assert_true(dtmf_listener_is_sounding(listener));
	dtmf_listener_lost(listener, 480);
	assert_int_equal(heard.count, 0);
	dtmf_listener_lost(listener, 480);
	assert_int_equal(heard.count, 1);
	assert_int_equal(heard.digits[0].end_ms, 200);
	assert_false(dtmf_listener_is_sounding(listener));
	dtmf_listener_put(listener, pcm, 1600);
	dtmf_listener_end(listener);
	assert_string_equal(heard.text, "11");
	assert_in_range(heard.digits[1].begin_ms, 300, 345);
	dtmf_listener_free(listener);
}

/* Voiced and unvoiced, with pitch, formants and syllables that wander. */
static size_t make_babble(uint32_t *seed)
{
	double phase = 0;
	double formant[3] = {500, 1500, 2500};
	double y[3][2] = {{0}};
	double pitch = 120;
	size_t i;
	int k;

	for (i = 0; i < LONGEST; i++) {
		double loud = 0.5 + 0.5 * sin(2 * M_PI * 4 * (double)i / RATE);
		double source = 0.1 * sound_random(seed);
		double out = 0;

		if (i % 800 == 0) {
			pitch = 140 + 60 * sound_random(seed);
			for (k = 0; k < 3; k++)
				formant[k] = 500 + 900 * k +
					     350 * sound_random(seed);
		}
		phase += pitch / RATE;
		if (phase >= 1) {
			phase -= 1;
			source += 1;
		}
		for (k = 0; k < 3; k++) {
			double r = 0.97;
			double turn = 2 * M_PI * formant[k] / RATE;
			double now = source + 2 * r * cos(turn) * y[k][0] -
				     r * r * y[k][1];

			y[k][1] = y[k][0];
			y[k][0] = now;
			out += now;
		}
		sound[i] = sound_clip(1500 * loud * out);
	}
	return LONGEST;
}

static void babble_and_noise_make_no_digit(void **state)
{
	struct heard heard;
	uint32_t seed;

	for (seed = 1; seed <= 3; seed++) {
		uint32_t state_of_seed = seed;

		listen(&heard, sound, make_babble(&state_of_seed), 0);
		assert_int_equal(heard.count, 0);
		memset(sound, 0, sizeof(sound));
		sound_noise(sound, LONGEST, 4000, &state_of_seed);
		listen(&heard, sound, LONGEST, 0);
		assert_int_equal(heard.count, 0);
	}
}

static void a_tone_that_still_sounds_is_told_at_the_end(void **state)
{
	struct heard heard;
	int16_t pcm[800];

	(void)dtmf_make("7", 100, 0, -1000, 0, pcm, 800);
	listen(&heard, pcm, 800, 0);
	assert_string_equal(heard.text, "7");
	assert_in_range(heard.digits[0].begin_ms, 0, 25);
	assert_in_range(heard.digits[0].end_ms, 90, 100);
	assert_true(abs(heard.digits[0].level_cdb + 1000) <= 50);
}

static void a_reset_begins_again_at_0(void **state)
{
	struct heard heard = {0};
	struct dtmf_listener *listener = dtmf_listener_alloc(on_digit, &heard);
	int16_t pcm[1600];

	(void)dtmf_make("3", 100, 100, -1000, 0, pcm, 1600);
	dtmf_listener_put(listener, pcm, 500);
	dtmf_listener_reset(listener);
	assert_false(dtmf_listener_is_sounding(listener));
	dtmf_listener_put(listener, pcm, 1600);
	assert_int_equal(heard.count, 1);
	assert_in_range(heard.digits[0].begin_ms, 0, 25);
	dtmf_listener_free(listener);
}

static void any_number_of_samples_may_be_put(void **state)
{
	static const size_t steps[] = {1, 7, 102, 103, 160, 333, 960};
	struct trial trial = {"159D", 80, 80, -1000, 0, 20, 10};
	uint32_t seed = 4;
	size_t samples = make(&trial, &seed);
	struct dtmf_digit first[4];
	size_t i, at;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct heard heard = {0};
		struct dtmf_listener *listener =
			dtmf_listener_alloc(on_digit, &heard);

		for (at = 0; at + steps[i] <= samples; at += steps[i])
			dtmf_listener_put(listener, sound + at, steps[i]);
		dtmf_listener_put(listener, sound + at, samples - at);
		dtmf_listener_free(listener);
		assert_string_equal(heard.text, "159D");
		if (!i)
			memcpy(first, heard.digits, sizeof(first));
		assert_memory_equal(first, heard.digits, sizeof(first));
	}
}

static void makes_tones_of_the_level_and_twist_asked_for(void **state)
{
	int16_t pcm[1600];

	assert_int_equal(dtmf_make("5", 100, 50, -1000, 300, pcm, 1600), 1200);
	/* 770 and 1336 Hz: 10 periods of 77 and 133.6 in 100 ms. */
	{
		double low = sound_amplitude(pcm, 800, RATE, 770);
		double high = sound_amplitude(pcm, 800, RATE, 1336);

		assert_true(fabs(20 * log10(high / low) - 3) < 0.2);
		assert_true(fabs(10 * log10((low * low + high * high) /
					    (32767.0 * 32767)) +
				 10) < 0.2);
	}
}

static void making_is_bounded_and_refuses_other_characters(void **state)
{
	int16_t pcm[100];

	assert_int_equal(dtmf_make("123", 100, 100, -1000, 0, pcm, 100), 100);
	assert_int_equal(dtmf_make("", 100, 100, -1000, 0, pcm, 100), 0);
	assert_true(dtmf_make("12x", 100, 100, -1000, 0, pcm, 100) < 0);
	assert_true(dtmf_make("1", 100, 100, 1000, 0, pcm, 100) < 0);
	assert_null(dtmf_listener_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hears_all_keys_at_40_and_600_ms),
		cmocka_unit_test(hears_a_twist_of_6_dB_both_ways),
		cmocka_unit_test(hears_12_dB_above_noise),
		cmocka_unit_test(hears_30_dB_below_full_scale),
		cmocka_unit_test(a_key_up_burst_does_not_hide_the_first_digit),
		cmocka_unit_test(a_loud_key_up_burst_is_no_digit),
		cmocka_unit_test(every_codec_carries_the_digits),
		cmocka_unit_test(two_same_digits_are_two),
		cmocka_unit_test(a_loss_inside_a_digit_does_not_split_it),
		cmocka_unit_test(every_tenth_frame_may_be_lost),
		cmocka_unit_test(a_long_digit_survives_every_second_frame_lost),
		cmocka_unit_test(a_long_loss_ends_the_digit),
		cmocka_unit_test(babble_and_noise_make_no_digit),
		cmocka_unit_test(a_tone_that_still_sounds_is_told_at_the_end),
		cmocka_unit_test(a_reset_begins_again_at_0),
		cmocka_unit_test(any_number_of_samples_may_be_put),
		cmocka_unit_test(makes_tones_of_the_level_and_twist_asked_for),
		cmocka_unit_test(
			making_is_bounded_and_refuses_other_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
