/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/city/sound.c"
#include "tests/city/dice.c"
#include "tests/city/expand.c"

#include "codecs/dtmf.h"
#include "codecs/encoder.h"
#include "plugins/plugin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define ALL_KEYS "1234567890*#ABCD"

/* The gateway's listener, as an independent judge of our tones. */
static void on_digit(void *data, const struct dtmf_digit *digit)
{
	char *heard = data;
	size_t len = strlen(heard);

	if (len < 63)
		heard[len] = digit->digit;
}

static void hear(const struct sound *sound, char heard[64])
{
	struct dtmf_listener *listener = dtmf_listener_alloc(on_digit, heard);

	memset(heard, 0, 64);
	dtmf_listener_put(listener, sound->pcm, sound->samples);
	dtmf_listener_end(listener);
	dtmf_listener_free(listener);
}

static void check_keys(uint32_t tone_ms, uint32_t gap_ms, int level_db,
		       int twist_db)
{
	struct sound sound;
	char heard[64];
	const char *key;

	sound_init(&sound, 7);
	sound_noise(&sound, 40, -14);
	sound_silence(&sound, 300);
	for (key = ALL_KEYS; *key; key++) {
		sound_key(&sound, *key, tone_ms, level_db, twist_db);
		sound_silence(&sound, gap_ms);
	}
	sound_background(&sound, -46);
	hear(&sound, heard);
	sound_fini(&sound);
	assert_string_equal(heard, ALL_KEYS);
}

static void makes_keys_that_a_decoder_reads(void **state)
{
	check_keys(60, 60, -13, 0);
	check_keys(150, 120, -13, 3);
	check_keys(150, 120, -13, -3);
	check_keys(600, 2000, -20, 0);
}

/* Power of one frequency, as level below a full-scale sine. */
static double level_at(const struct sound *sound, double hz)
{
	double re = 0, im = 0, n = (double)sound->samples;
	size_t i;

	for (i = 0; i < sound->samples; i++) {
		double turn = 2 * M_PI * hz * (double)i / SOUND_RATE_HZ;

		re += sound->pcm[i] * cos(turn);
		im += sound->pcm[i] * sin(turn);
	}
	return 20 * log10(2 * sqrt(re * re + im * im) / n / FULL_SCALE);
}

static void makes_keys_at_the_level_and_twist_asked(void **state)
{
	struct sound sound;
	double low, high;

	sound_init(&sound, 1);
	sound_key(&sound, '5', 1000, -12, 4);
	low = level_at(&sound, 770);
	high = level_at(&sound, 1336);
	sound_fini(&sound);
	assert_true(fabs(high - low - 4) < 0.1);
	assert_true(fabs(10 * log10(pow(10, low / 10) + pow(10, high / 10)) +
			 12) < 0.1);
}

static void leaves_out_what_is_no_key(void **state)
{
	struct sound sound;

	sound_init(&sound, 1);
	sound_key(&sound, 'x', 100, -12, 0);
	sound_key(&sound, '\0', 100, -12, 0);
	assert_int_equal(sound.samples, 0);
	sound_key(&sound, '#', 100, -12, 0);
	assert_int_equal(sound_ms(&sound), 100);
	sound_fini(&sound);
}

static void lays_noise_at_its_level(void **state)
{
	struct sound sound;
	double power = 0;
	size_t i;

	sound_init(&sound, 5);
	sound_silence(&sound, 4000);
	sound_background(&sound, -30);
	for (i = 0; i < sound.samples; i++)
		power += (double)sound.pcm[i] * sound.pcm[i];
	power /= (double)sound.samples * FULL_SCALE * FULL_SCALE / 2;
	sound_fini(&sound);
	assert_true(fabs(10 * log10(power) + 30) < 0.3);
}

static void mixes_without_running_over(void **state)
{
	int16_t pcm[3] = {30000, -30000, 5};
	const int16_t other[3] = {30000, -30000, 7};

	sound_mix(pcm, other, 3);
	assert_int_equal(pcm[0], 32767);
	assert_int_equal(pcm[1], -32767);
	assert_int_equal(pcm[2], 12);
}

static void cuts_no_more_than_there_is(void **state)
{
	struct sound sound;

	sound_init(&sound, 1);
	sound_tone(&sound, 100, 500, -10);
	sound_cut(&sound, 100);
	assert_int_equal(sound.samples, 700);
	sound_cut(&sound, 10000);
	assert_int_equal(sound.samples, 0);
	sound_fini(&sound);
}

/* Every code: two ways to the same samples, written apart. */
static void expands_what_the_encoder_made(void **state)
{
	struct encoder *alaw = encoder_alloc(GRIDCALL_PCMA, 8000, 8000);
	struct encoder *ulaw = encoder_alloc(GRIDCALL_PCMU, 8000, 8000);
	uint8_t data[ENCODER_BYTES_MAX];
	int16_t pcm[SOUND_FRAME];
	int value, i;

	for (value = -32000; value < 32000; value += 37) {
		int error = abs(value) / 16 + 40;

		for (i = 0; i < SOUND_FRAME; i++)
			pcm[i] = (int16_t)value;
		encoder_put(alaw, pcm, data);
		assert_in_range(expand_alaw(data[0]) - value + error, 0,
				2 * error);
		encoder_put(ulaw, pcm, data);
		assert_in_range(expand_ulaw(data[0]) - value + error, 0,
				2 * error);
	}
	encoder_free(alaw);
	encoder_free(ulaw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_keys_that_a_decoder_reads),
		cmocka_unit_test(makes_keys_at_the_level_and_twist_asked),
		cmocka_unit_test(leaves_out_what_is_no_key),
		cmocka_unit_test(lays_noise_at_its_level),
		cmocka_unit_test(mixes_without_running_over),
		cmocka_unit_test(cuts_no_more_than_there_is),
		cmocka_unit_test(expands_what_the_encoder_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
