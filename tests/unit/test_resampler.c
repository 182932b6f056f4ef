/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codecs/resampler.h"

#include "tests/unit/sound.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const uint32_t rates[] = {8000,  11025, 12000, 16000,
				 22050, 32000, 44100, 48000};
#define RATES (sizeof(rates) / sizeof(rates[0]))

static void a_tone_keeps_pitch_level_and_length_between_all_rates(void **state)
{
	int16_t in[48000];
	int16_t *out;
	size_t from, to, samples;

	for (from = 0; from < RATES; from++) {
		memset(in, 0, sizeof(in));
		sound_sine(in, rates[from], rates[from], 1000, 10000);
		for (to = 0; to < RATES; to++) {
			double amplitude;

			assert_int_equal(resample_all(in, rates[from],
						      rates[from], rates[to],
						      &out, &samples),
					 0);
			assert_int_equal(samples, rates[to]);
			amplitude =
				sound_amplitude(out, samples, rates[to], 1000);
			assert_true(fabs(amplitude - 10000) < 200);
			free(out);
		}
	}
}

/* Where the input is loud the output is: no shift by the filter's delay. */
static void a_whole_recording_is_not_shifted(void **state)
{
	int16_t in[8000] = {0};
	int16_t *out;
	size_t samples;

	sound_sine(in + 4000, 4000, 8000, 1000, 10000);
	assert_int_equal(resample_all(in, 8000, 8000, 48000, &out, &samples),
			 0);
	assert_true(sound_amplitude(out + 23000, 960, 48000, 1000) < 200);
	assert_true(sound_amplitude(out + 24020, 960, 48000, 1000) > 9500);
	assert_true(sound_amplitude(out + 47040, 960, 48000, 1000) > 9000);
	free(out);
}

static void what_the_lower_rate_cannot_carry_is_gone(void **state)
{
	int16_t in[48000] = {0};
	int16_t *out;
	size_t samples;

	sound_sine(in, 48000, 48000, 5000, 10000);
	assert_int_equal(resample_all(in, 48000, 48000, 8000, &out, &samples),
			 0);
	assert_true(sound_amplitude(out, samples, 8000, 3000) < 100);
	free(out);
}

static void frames_of_20_ms_stay_frames_of_20_ms(void **state)
{
	static const uint32_t wire[] = {8000, 16000, 48000};
	int16_t in[960] = {0};
	int16_t out[961];
	size_t from, to;
	int i;

	for (from = 0; from < 3; from++) {
		for (to = 0; to < 3; to++) {
			struct resampler *resampler =
				resampler_alloc(wire[from], wire[to]);

			for (i = 0; i < 200; i++)
				assert_int_equal(
					resampler_put(resampler, in,
						      wire[from] / 50, out,
						      wire[to] / 50 + 1),
					wire[to] / 50);
			resampler = resampler_free(resampler);
			assert_null(resampler);
		}
	}
}

static void a_reset_forgets_what_was_heard(void **state)
{
	struct resampler *resampler = resampler_alloc(48000, 8000);
	int16_t in[960] = {0};
	int16_t out[161];
	size_t got, i;

	sound_sine(in, 960, 48000, 1000, 30000);
	(void)resampler_put(resampler, in, 960, out, 161);
	resampler_reset(resampler);
	memset(in, 0, sizeof(in));
	got = resampler_put(resampler, in, 960, out, 161);
	for (i = 0; i < got; i++)
		assert_int_equal(out[i], 0);
	resampler_free(resampler);
}

static void rates_out_of_range_are_refused(void **state)
{
	int16_t *out;
	size_t samples;

	assert_null(resampler_alloc(7999, 8000));
	assert_null(resampler_alloc(8000, 192001));
	assert_null(resampler_alloc(0, 0));
	assert_null(resampler_free(NULL));
	assert_int_not_equal(
		resample_all((int16_t[]){1}, 1, 0, 8000, &out, &samples), 0);
}

static void never_gives_more_than_there_is_room_for(void **state)
{
	struct resampler *resampler = resampler_alloc(8000, 48000);
	struct resampler *same = resampler_alloc(8000, 8000);
	int16_t in[160] = {0};
	int16_t *out = malloc(10 * sizeof(*out));

	assert_int_equal(resampler_put(resampler, in, 160, out, 10), 10);
	assert_int_equal(resampler_put(same, in, 160, out, 10), 10);
	free(out);
	resampler_free(resampler);
	resampler_free(same);
}

static void an_empty_recording_stays_empty(void **state)
{
	int16_t in[1] = {0};
	int16_t *out;
	size_t samples;

	assert_int_equal(resample_all(in, 0, 8000, 48000, &out, &samples), 0);
	assert_int_equal(samples, 0);
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_tone_keeps_pitch_level_and_length_between_all_rates),
		cmocka_unit_test(a_whole_recording_is_not_shifted),
		cmocka_unit_test(what_the_lower_rate_cannot_carry_is_gone),
		cmocka_unit_test(frames_of_20_ms_stay_frames_of_20_ms),
		cmocka_unit_test(a_reset_forgets_what_was_heard),
		cmocka_unit_test(rates_out_of_range_are_refused),
		cmocka_unit_test(never_gives_more_than_there_is_room_for),
		cmocka_unit_test(an_empty_recording_stays_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
