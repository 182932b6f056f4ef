/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Overs on a repeater, whose carrier outlives the speaker.
 */
#include "tests/unit/air.h"

static const struct over *ended(struct air *air, size_t number)
{
	const struct signal *signal;

	signal = air_signal(air, SIGNAL_OVER_ENDED, number);
	assert_non_null(signal);
	return &signal->over;
}

static void a_carrier_that_drops_ends_the_over_without_its_hang(void **state)
{
	struct air *air = air_repeater();

	air_up(air);
	air_quiet(air, 200);
	air_speak(air, 1800);
	air_quiet(air, 1500 + 200);
	air_down(air);
	assert_int_equal(ended(air, 0)->ended, OVER_CARRIER);
	assert_int_equal(ended(air, 0)->length_ms, 2000);
	air_free(air);
}

static void noise_of_the_tail_is_no_speech(void **state)
{
	struct air *air = air_repeater();

	air_up(air);
	air_speak(air, 1000);
	air_quiet(air, 1500);
	air_speak(air, 180); /* the squelch closes */
	air_down(air);
	assert_in_range(ended(air, 0)->length_ms, 960, 1020);
	air_free(air);
}

static void a_courtesy_tone_ends_the_over(void **state)
{
	struct air *air = air_repeater();

	air_up(air);
	air_speak(air, 1000);
	air_quiet(air, 300);
	air_beep(air, 150);
	air_quiet(air, 80);
	assert_int_equal(air_state(air), CHANNEL_RECEIVING);
	air_quiet(air, 40);
	assert_int_equal(air_state(air), CHANNEL_IDLE);
	assert_int_equal(ended(air, 0)->ended, OVER_QUIET);
	assert_int_equal(ended(air, 0)->length_ms, 1000);
	air_quiet(air, 1500);
	air_down(air);
	air_pass(air, 1000);
	assert_int_equal(air_signals(air, SIGNAL_OVER_BEGAN), 1);
	air_free(air);
}

static void a_tone_too_short_or_too_long_ends_nothing(void **state)
{
	struct air *air = air_repeater();

	air_up(air);
	air_speak(air, 500);
	air_beep(air, 40);
	air_quiet(air, 400);
	air_beep(air, 900);
	air_quiet(air, 400);
	assert_int_equal(air_state(air), CHANNEL_RECEIVING);
	air_free(air);
}

static void a_hum_that_wanders_is_no_courtesy_tone(void **state)
{
	struct air *air = air_repeater();
	double phase = 0;
	size_t i;

	air_up(air);
	air_speak(air, 500);
	for (i = 0; i < 400 * 8; i++) {
		phase += 2 * M_PI * (300 + i / 16.0) / 8000;
		air->pcm[i] = (int16_t)(6000 * sin(phase));
	}
	air_hear(air, 400 * 8);
	air_quiet(air, 400);
	assert_int_equal(air_state(air), CHANNEL_RECEIVING);
	air_free(air);
}

/* Handhelds whose high tones are 7 dB louder: nearly a single tone. */
static void keys_with_twist_are_no_courtesy_tone(void **state)
{
	struct air *air = air_repeater();
	int samples;

	air_up(air);
	air_quiet(air, 300);
	samples = dtmf_make("*07*1", 60, 60, -1200, 700, air->pcm, AIR_PCM_MAX);
	air_hear(air, (size_t)samples);
	air_quiet(air, 400);
	assert_string_equal(air_digits(air), "*07*1");
	assert_int_equal(air_state(air), CHANNEL_RECEIVING);
	air_free(air);
}

static void quiet_alone_ends_nothing(void **state)
{
	struct air *air = air_repeater();

	air_up(air);
	air_speak(air, 1000);
	air_quiet(air, 8000);
	air_dial(air, "18");
	air_quiet(air, 8000);
	assert_int_equal(air_state(air), CHANNEL_RECEIVING);
	air_free(air);
}

static void quiet_after_a_complete_answer_ends_the_over(void **state)
{
	struct air *air = air_repeater();

	air_up(air);
	air_quiet(air, 300);
	air_dial(air, "18#");
	air_quiet(air, 340);
	assert_int_equal(air_state(air), CHANNEL_RECEIVING);
	air_quiet(air, 140);
	assert_int_equal(air_state(air), CHANNEL_IDLE);
	assert_int_equal(ended(air, 0)->ended, OVER_QUIET);
	assert_in_range(ended(air, 0)->length_ms, 780, 840);
	air_free(air);
}

static void no_first_digit_of_the_next_speaker_is_lost(void **state)
{
	struct air *air = air_repeater();
	const struct over *over;

	air_up(air);
	air_dial(air, "18#");
	air_quiet(air, 700);
	assert_int_equal(air_state(air), CHANNEL_IDLE);
	air_dial(air, "**110#");
	air_quiet(air, 1000);
	assert_string_equal(air_digits(air), "18#**110#");
	over = &air_signal(air, SIGNAL_OVER_BEGAN, 1)->over;
	assert_int_equal(over->front, OVER_CONTINUED);
	assert_int_equal(ended(air, 1)->tones, 6);
	air_free(air);
}

static void a_speaker_after_a_courtesy_tone_is_fresh(void **state)
{
	struct air *air = air_repeater();
	const struct signal *signal;

	air_up(air);
	air_speak(air, 1000);
	air_beep(air, 200);
	air_quiet(air, 600);
	assert_int_equal(air_state(air), CHANNEL_IDLE);
	air_speak(air, 1000);
	signal = air_signal(air, SIGNAL_OVER_BEGAN, 1);
	assert_non_null(signal);
	assert_int_equal(signal->over.front, OVER_FRESH);
	/* The pre-roll: it began before we were certain. */
	assert_in_range(signal->at_us - signal->over.began_us, 400000, 800000);
	air_down(air);
	assert_in_range(ended(air, 1)->active_ms, 960, 1040);
	air_free(air);
}

static void a_repeaters_hang_time_is_free_to_key(void **state)
{
	struct air *air = air_repeater();
	struct playlist list = {.count = 1, .wait_ms = 1000};

	list.clips[0] = air_clip(air, 500);
	air_up(air);
	air_dial(air, "18#");
	air_quiet(air, 600);
	assert_int_equal(air_state(air), CHANNEL_IDLE);
	channel_play(air->channel, &list, 1, air->now_us);
	air_quiet(air, 40);
	assert_true(air->keyed);
	clip_drop(list.clips[0]);
	air_free(air);
}

static void it_does_not_key_over_who_begins_to_speak_in_it(void **state)
{
	struct air *air = air_repeater();
	struct playlist list = {.count = 1, .wait_ms = 1000};

	list.clips[0] = air_clip(air, 500);
	air_up(air);
	air_dial(air, "18#");
	air_quiet(air, 600);
	air_speak(air, 60); /* not yet known to be speech */
	channel_play(air->channel, &list, 1, air->now_us);
	air_speak(air, 600);
	assert_int_equal(air->keyings, 0);
	assert_int_equal(air_state(air), CHANNEL_RECEIVING);
	clip_drop(list.clips[0]);
	air_free(air);
}

static void its_carrier_while_we_send_is_nobody_else(void **state)
{
	struct air *air = air_repeater();
	struct playlist list = {.count = 1, .wait_ms = 1000};

	list.clips[0] = air_clip(air, 500);
	channel_play(air->channel, &list, 1, air->now_us);
	air_pass(air, 40);
	air_up(air);
	air_speak(air, 780); /* ourselves, as it sends us on */
	assert_false(air->keyed);
	air_speak(air, 180); /* its delay: our own tail */
	air_quiet(air, 1500);
	air_down(air);
	assert_int_equal(air_counter(air, "heard_while_sending"), 0);
	assert_int_equal(air_signals(air, SIGNAL_OVER_BEGAN), 0);
	clip_drop(list.clips[0]);
	air_free(air);
}

/* Sends 200 ms; the carrier of the repeater follows. */
static void send(struct air *air)
{
	struct playlist list = {.count = 1, .wait_ms = 1000};

	list.clips[0] = air_clip(air, 200);
	channel_play(air->channel, &list, 1, air->now_us);
	air_pass(air, 520);
	assert_int_equal(air->keyings, 1);
	assert_false(air->keyed);
	clip_drop(list.clips[0]);
	air_up(air);
}

static void the_carrier_after_our_own_transmission_is_no_over(void **state)
{
	struct air *air = air_repeater();
	const struct signal *signal;

	send(air);
	air_quiet(air, 400);
	air_beep(air, 200);
	air_quiet(air, 500);
	air_speak(air, 180);
	air_down(air);
	air_pass(air, 200);
	assert_int_equal(air_signals(air, SIGNAL_OVER_BEGAN), 0);
	assert_int_equal(air_state(air), CHANNEL_IDLE);
	/* The next carrier is somebody else's from its first moment. */
	air_up(air);
	air_speak(air, 100);
	signal = air_signal(air, SIGNAL_OVER_BEGAN, 0);
	assert_int_equal(signal->over.front, OVER_FRESH);
	assert_int_equal(signal->over.began_us, signal->at_us);
	air_free(air);
}

static void an_answer_in_that_carrier_is_an_over(void **state)
{
	struct air *air = air_repeater();

	send(air);
	air_quiet(air, 600);
	air_dial(air, "18#");
	air_quiet(air, 1000);
	assert_string_equal(air_digits(air), "18#");
	assert_int_equal(air_signal(air, SIGNAL_OVER_BEGAN, 0)->over.front,
			 OVER_CONTINUED);
	assert_int_equal(air_counter(air, "heard_while_sending"), 0);
	air_free(air);
}

/* Sends 200 ms; the repeater's carrier rises ms after we unkeyed. */
static const struct signal *hear_after_sending(struct air *air, uint32_t ms)
{
	struct playlist list = {.count = 1, .wait_ms = 1000};

	list.clips[0] = air_clip(air, 200);
	channel_play(air->channel, &list, 1, air->now_us);
	while (!air->keyings || air->keyed)
		air_pass(air, 20);
	clip_drop(list.clips[0]);
	air_pass(air, ms);
	air_up(air);
	air_quiet(air, 200);
	return air_signal(air, SIGNAL_OVER_BEGAN, 0);
}

static void a_carrier_soon_after_our_own_transmission_is_our_hang(void **state)
{
	struct air *air = air_repeater();

	/* Our tail of 200 ms and the driver's slack of 300. */
	assert_null(hear_after_sending(air, 460));
	air_dial(air, "18#");
	assert_int_equal(air_signal(air, SIGNAL_OVER_BEGAN, 0)->over.front,
			 OVER_CONTINUED);
	air_free(air);
}

static void a_carrier_after_a_silence_is_somebodys_key_at_once(void **state)
{
	struct air *air = air_repeater(); /* whose hang is 1500 ms */
	const struct signal *signal = hear_after_sending(air, 520);

	assert_non_null(signal);
	assert_int_equal(signal->over.front, OVER_FRESH);
	assert_int_equal(signal->over.began_us, signal->at_us);
	air_dial(air, "18#");
	air_quiet(air, 600);
	assert_string_equal(air_digits(air), "18#");
	assert_int_equal(ended(air, 0)->front, OVER_FRESH);
	air_free(air);
}

static void a_carrier_after_our_hang_dropped_is_somebodys_key(void **state)
{
	struct air *air = air_repeater();

	send(air);
	air_quiet(air, 200);
	air_down(air);
	air_pass(air, 40);
	air_up(air);
	air_quiet(air, 40);
	assert_int_equal(air_signal(air, SIGNAL_OVER_BEGAN, 0)->over.front,
			 OVER_FRESH);
	air_free(air);
}

static void a_stuck_speaker_jams_a_repeater_too(void **state)
{
	struct air *air = air_repeater();

	air_up(air);
	air_speak(air, 29000);
	air_speak(air, 1100);
	assert_int_equal(air_state(air), CHANNEL_JAMMED);
	air_quiet(air, 5000);
	assert_int_equal(air_state(air), CHANNEL_JAMMED);
	air_down(air);
	assert_int_equal(air_state(air), CHANNEL_IDLE);
	air_free(air);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_carrier_that_drops_ends_the_over_without_its_hang),
		cmocka_unit_test(noise_of_the_tail_is_no_speech),
		cmocka_unit_test(a_courtesy_tone_ends_the_over),
		cmocka_unit_test(a_tone_too_short_or_too_long_ends_nothing),
		cmocka_unit_test(a_hum_that_wanders_is_no_courtesy_tone),
		cmocka_unit_test(keys_with_twist_are_no_courtesy_tone),
		cmocka_unit_test(quiet_alone_ends_nothing),
		cmocka_unit_test(quiet_after_a_complete_answer_ends_the_over),
		cmocka_unit_test(no_first_digit_of_the_next_speaker_is_lost),
		cmocka_unit_test(a_speaker_after_a_courtesy_tone_is_fresh),
		cmocka_unit_test(a_repeaters_hang_time_is_free_to_key),
		cmocka_unit_test(
			it_does_not_key_over_who_begins_to_speak_in_it),
		cmocka_unit_test(its_carrier_while_we_send_is_nobody_else),
		cmocka_unit_test(
			the_carrier_after_our_own_transmission_is_no_over),
		cmocka_unit_test(an_answer_in_that_carrier_is_an_over),
		cmocka_unit_test(
			a_carrier_soon_after_our_own_transmission_is_our_hang),
		cmocka_unit_test(
			a_carrier_after_a_silence_is_somebodys_key_at_once),
		cmocka_unit_test(
			a_carrier_after_our_hang_dropped_is_somebodys_key),
		cmocka_unit_test(a_stuck_speaker_jams_a_repeater_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
