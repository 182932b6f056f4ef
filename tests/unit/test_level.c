/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codecs/level.h"

#include "codecs/dtmf.h"
#include "tests/unit/sound.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define RATE 8000
#define LEN  160

static void a_full_sine_is_0_dB(void **state)
{
	int16_t pcm[LEN] = {0};

	sound_sine(pcm, LEN, RATE, 1000, 32767);
	assert_in_range(level_mean_mdb(pcm, LEN) + 20, 0, 40);
	assert_in_range(level_peak_mdb(pcm, LEN) + 20, 0, 40);
}

static void a_tenth_is_20_dB_below(void **state)
{
	int16_t pcm[LEN] = {0};

	sound_sine(pcm, LEN, RATE, 1000, 3276.7);
	assert_in_range(level_mean_mdb(pcm, LEN) + 20020, 0, 40);
	assert_in_range(level_peak_mdb(pcm, LEN) + 20020, 0, 40);
}

static void silence_and_nothing_are_100_dB_below(void **state)
{
	int16_t pcm[LEN] = {0};

	assert_int_equal(level_mean_mdb(pcm, LEN), LEVEL_SILENCE_MDB);
	assert_int_equal(level_peak_mdb(pcm, LEN), LEVEL_SILENCE_MDB);
	assert_int_equal(level_mean_mdb(pcm, 0), LEVEL_SILENCE_MDB);
	assert_int_equal(level_peak_mdb(pcm, 0), LEVEL_SILENCE_MDB);
}

static void the_lowest_sample_is_no_louder_than_full_scale(void **state)
{
	int16_t pcm[1] = {-32768};

	assert_int_equal(level_peak_mdb(pcm, 1), 0);
}

static void a_tone_is_pure_and_has_its_frequency(void **state)
{
	static const double tones[] = {300, 440, 1000, 1337, 2000, 2600, 3400};
	static const double amplitudes[] = {100, 1000, 20000};
	uint32_t seed = 1;
	uint32_t hz;
	size_t i, k;

	for (i = 0; i < sizeof(tones) / sizeof(tones[0]); i++) {
		for (k = 0; k < 3; k++) {
			int16_t pcm[LEN] = {0};

			sound_sine(pcm, LEN, RATE, tones[i], amplitudes[k]);
			sound_noise(pcm, LEN, amplitudes[k] / 30, &seed);
			assert_in_range(level_tone_purity(pcm, LEN, RATE, &hz),
					950, 1000);
			assert_true(fabs(hz - tones[i]) < 15);
		}
	}
}

static void dtmf_is_no_pure_tone(void **state)
{
	static const char keys[] = "123A456B789C*0#D";
	int16_t pcm[LEN];
	uint32_t hz;
	int twist;
	size_t i;

	for (i = 0; i < 16; i++) {
		for (twist = -600; twist <= 600; twist += 200) {
			char digit[2] = {keys[i]};

			assert_int_equal(
				dtmf_make(digit, 20, 0, -1000, twist, pcm, LEN),
				LEN);
			assert_in_range(level_tone_purity(pcm, LEN, RATE, &hz),
					0, 850);
		}
	}
}

static void noise_is_no_pure_tone(void **state)
{
	uint32_t seed = 5;
	uint32_t hz;
	int i;

	for (i = 0; i < 500; i++) {
		int16_t pcm[LEN] = {0};

		sound_noise(pcm, LEN, 3000, &seed);
		assert_in_range(level_tone_purity(pcm, LEN, RATE, &hz), 0, 500);
	}
}

static void nothing_is_no_tone(void **state)
{
	int16_t pcm[LEN] = {0};
	uint32_t hz = 1;

	assert_int_equal(level_tone_purity(pcm, LEN, RATE, &hz), 0);
	assert_int_equal(hz, 0);
	assert_int_equal(level_tone_purity(pcm, 0, RATE, &hz), 0);
	memset(pcm, 1, sizeof(pcm)); /* a constant */
	assert_int_equal(level_tone_purity(pcm, LEN, RATE, &hz), 0);
}

static void an_offset_does_not_hide_a_tone(void **state)
{
	int16_t pcm[LEN];
	uint32_t hz;
	int i;

	for (i = 0; i < LEN; i++)
		pcm[i] = 2000;
	sound_sine(pcm, LEN, RATE, 1000, 1000);
	assert_in_range(level_tone_purity(pcm, LEN, RATE, &hz), 990, 1000);
	assert_in_range(hz, 998, 1002);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_sine_is_0_dB),
		cmocka_unit_test(a_tenth_is_20_dB_below),
		cmocka_unit_test(silence_and_nothing_are_100_dB_below),
		cmocka_unit_test(
			the_lowest_sample_is_no_louder_than_full_scale),
		cmocka_unit_test(a_tone_is_pure_and_has_its_frequency),
		cmocka_unit_test(dtmf_is_no_pure_tone),
		cmocka_unit_test(noise_is_no_pure_tone),
		cmocka_unit_test(nothing_is_no_tone),
		cmocka_unit_test(an_offset_does_not_hide_a_tone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
