/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/release.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const struct hearing quiet = {.mean_mdb = -70000};
static const struct hearing speech = {.active = true};
static const struct hearing key = {.active = true, .sounding = true};
static const struct hearing beep = {
	.active = true, .pure = true, .pure_hz = 1000};
static const struct hearing boop = {
	.active = true, .pure = true, .pure_hz = 800};
static const struct hearing lost = {.lost = true};

/* Frames of an over; what the last one said. */
static enum release_verdict put(struct release *release,
				const struct hearing *hearing, int frames,
				char last_key)
{
	enum release_verdict verdict = RELEASE_NONE;

	for (; frames && verdict == RELEASE_NONE; frames--)
		verdict = release_put(release, hearing, last_key);
	return verdict;
}

static enum release_verdict watch(struct release *release,
				  const struct hearing *hearing, int frames)
{
	enum release_verdict verdict = RELEASE_NONE;

	for (; frames && verdict == RELEASE_NONE; frames--)
		verdict = release_watch(release, hearing);
	return verdict;
}

static void a_courtesy_tone_lasts_80_to_600_ms(void **state)
{
	struct release release;
	int frames;

	for (frames = 1; frames < 40; frames++) {
		release_reset(&release, 0);
		put(&release, &speech, 10, 0);
		put(&release, &beep, frames, 0);
		assert_int_equal(put(&release, &quiet, 10, 0),
				 frames >= 3 && frames <= 30 ? RELEASE_COURTESY
							     : RELEASE_NONE);
	}
}

static void its_ramps_may_be_no_pure_tone(void **state)
{
	struct release release;

	release_reset(&release, 0);
	put(&release, &speech, 10, 0);
	put(&release, &beep, 5, 0);
	put(&release, &speech, 1, 0);
	assert_int_equal(put(&release, &quiet, 10, 0), RELEASE_COURTESY);
}

static void it_may_be_of_two_tones(void **state)
{
	struct release release;

	release_reset(&release, 0);
	put(&release, &beep, 5, 0);
	put(&release, &boop, 5, 0);
	assert_int_equal(put(&release, &quiet, 10, 0), RELEASE_COURTESY);
}

static void keys_that_look_pure_at_their_ends_are_none(void **state)
{
	struct release release;
	int i;

	release_reset(&release, 0);
	for (i = 0; i < 8; i++) {
		put(&release, &beep, 1, '1');
		put(&release, &key, 1, '1');
		put(&release, &beep, 1, '1');
		put(&release, &quiet, 2, '1');
	}
	assert_int_equal(put(&release, &quiet, 100, '1'), RELEASE_NONE);
}

static void only_the_end_of_an_answer_makes_quiet_an_end(void **state)
{
	struct release release;

	release_reset(&release, 0);
	put(&release, &key, 5, '8');
	assert_int_equal(put(&release, &quiet, 500, '8'), RELEASE_NONE);
	put(&release, &key, 5, '#');
	assert_int_equal(put(&release, &quiet, 24, '#'), RELEASE_NONE);
	/* What was lost is neither quiet nor speech. */
	assert_int_equal(put(&release, &lost, 50, '#'), RELEASE_NONE);
	assert_int_equal(put(&release, &quiet, 1, '#'), RELEASE_ANSWER);
}

static void a_key_is_activity_at_once(void **state)
{
	struct release release;

	release_reset(&release, 400);
	assert_int_equal(watch(&release, &quiet, 100), RELEASE_NONE);
	assert_int_equal(watch(&release, &key, 1), RELEASE_ACTIVITY);
}

static void speech_is_activity_when_it_is_longer_than_the_tail(void **state)
{
	struct release release;

	release_reset(&release, 200);
	assert_int_equal(watch(&release, &speech, 10), RELEASE_NONE);
	assert_true(release_is_uncertain(&release));
	assert_int_equal(watch(&release, &speech, 1), RELEASE_ACTIVITY);
	/* However long the tail, the pre-roll still holds its beginning. */
	release_reset(&release, 5000);
	assert_int_equal(watch(&release, &speech, 20), RELEASE_ACTIVITY);
	release_reset(&release, 0);
	assert_int_equal(watch(&release, &speech, 2), RELEASE_NONE);
}

static void a_beep_in_the_hang_time_is_no_activity(void **state)
{
	struct release release;

	release_reset(&release, 100);
	assert_int_equal(watch(&release, &beep, 30), RELEASE_NONE);
	assert_int_equal(watch(&release, &quiet, 10), RELEASE_COURTESY);
	assert_false(release_is_uncertain(&release));
	/* But who whistles on speaks. */
	assert_int_equal(watch(&release, &beep, 31), RELEASE_ACTIVITY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_courtesy_tone_lasts_80_to_600_ms),
		cmocka_unit_test(its_ramps_may_be_no_pure_tone),
		cmocka_unit_test(it_may_be_of_two_tones),
		cmocka_unit_test(keys_that_look_pure_at_their_ends_are_none),
		cmocka_unit_test(only_the_end_of_an_answer_makes_quiet_an_end),
		cmocka_unit_test(a_key_is_activity_at_once),
		cmocka_unit_test(
			speech_is_activity_when_it_is_longer_than_the_tail),
		cmocka_unit_test(a_beep_in_the_hang_time_is_no_activity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
