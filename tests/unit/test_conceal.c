/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codecs/conceal.h"

#include "tests/unit/sound.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define RATE  8000
#define FRAME 160

/* Two seconds of a voice with a pitch of 130 Hz. */
static void make_voice(int16_t *pcm, size_t samples)
{
	int k;

	memset(pcm, 0, samples * sizeof(*pcm));
	for (k = 1; k <= 5; k++)
		sound_sine(pcm, samples, RATE, 130 * k, 6000.0 / k);
}

static double power_of(const int16_t *pcm, size_t samples)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < samples; i++)
		sum += (double)pcm[i] * pcm[i];
	return sum / (double)samples;
}

static void goes_on_as_the_voice_would(void **state)
{
	struct conceal conceal = {0};
	int16_t voice[6 * FRAME], made[FRAME];
	double off = 0;
	int i;

	make_voice(voice, 6 * FRAME);
	for (i = 0; i < 5; i++)
		conceal_heard(&conceal, voice + i * FRAME, FRAME);
	conceal_lost(&conceal, made, FRAME);
	for (i = 0; i < FRAME / 2; i++)
		off += pow(made[i] - voice[5 * FRAME + i], 2);
	/* 10 dB below the voice itself: 130 Hz is no whole period. */
	assert_true(off / (FRAME / 2.0) <
		    0.1 * power_of(voice + 5 * FRAME, FRAME / 2));
}

static void is_silent_after_60_ms(void **state)
{
	struct conceal conceal = {0};
	int16_t voice[5 * FRAME], made[4 * FRAME];
	int i;

	make_voice(voice, 5 * FRAME);
	conceal_heard(&conceal, voice, 5 * FRAME);
	conceal_lost(&conceal, made, 4 * FRAME);
	for (i = 1; i < 6; i++) /* each 10 ms quieter than the one before */
		assert_true(power_of(made + i * 80, 80) <
			    power_of(made + (i - 1) * 80, 80));
	for (i = 480; i < 4 * FRAME; i++)
		assert_int_equal(made[i], 0);
}

/* The next good frame begins at its peak, where the repeated one is not. */
static void the_joint_after_a_loss_does_not_click(void **state)
{
	struct conceal conceal = {0};
	int16_t pcm[3 * FRAME] = {0};
	int i;

	sound_sine(pcm, FRAME, RATE, 200, 10000);
	for (i = 0; i < FRAME; i++)
		pcm[2 * FRAME + i] =
			(int16_t)(10000 * cos(2 * M_PI * 200 * i / RATE));
	conceal_heard(&conceal, pcm, FRAME);
	conceal_lost(&conceal, pcm + FRAME, FRAME);
	conceal_heard(&conceal, pcm + 2 * FRAME, FRAME);
	/* The steepest step of this sine is 1571. */
	for (i = 1; i < 3 * FRAME; i++)
		assert_true(abs(pcm[i] - pcm[i - 1]) < 2000);
}

static void nothing_heard_is_silence(void **state)
{
	struct conceal conceal = {0};
	int16_t made[FRAME];
	int i;

	memset(made, 1, sizeof(made));
	conceal_lost(&conceal, made, FRAME);
	for (i = 0; i < FRAME; i++)
		assert_int_equal(made[i], 0);
}

static void a_good_frame_without_loss_is_not_touched(void **state)
{
	struct conceal conceal = {0};
	int16_t voice[3 * FRAME], heard[3 * FRAME];

	make_voice(voice, 3 * FRAME);
	memcpy(heard, voice, sizeof(voice));
	conceal_heard(&conceal, heard, FRAME);
	conceal_heard(&conceal, heard + FRAME, 2 * FRAME);
	assert_memory_equal(heard, voice, sizeof(voice));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on_as_the_voice_would),
		cmocka_unit_test(is_silent_after_60_ms),
		cmocka_unit_test(the_joint_after_a_loss_does_not_click),
		cmocka_unit_test(nothing_heard_is_silence),
		cmocka_unit_test(a_good_frame_without_loss_is_not_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
