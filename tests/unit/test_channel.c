/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a simplex channel hears, and what it tells of it.
 */
#include "tests/unit/air.h"

static void an_over_lasts_from_carrier_to_carrier(void **state)
{
	struct air *air = air_open(air_new());
	const struct signal *signal;

	air_pass(air, 1000);
	air_up(air);
	air_quiet(air, 500);
	air_speak(air, 1000);
	air_quiet(air, 2000);
	assert_int_equal(air_state(air), CHANNEL_RECEIVING);
	air_down(air);
	assert_int_equal(air_state(air), CHANNEL_IDLE);
	signal = air_signal(air, SIGNAL_OVER_BEGAN, 0);
	assert_int_equal(signal->over.front, OVER_FRESH);
	assert_int_equal(signal->channel, 7);
	signal = air_signal(air, SIGNAL_OVER_ENDED, 0);
	assert_int_equal(signal->over.ended, OVER_CARRIER);
	assert_int_equal(signal->over.length_ms, 3500);
	assert_in_range(signal->over.active_ms, 960, 1040);
	assert_in_range(-signal->over.level_mdb, 20000, 26000);
	assert_in_range(-signal->over.peak_mdb, 19000, 22000);
	assert_int_equal(air_signals(air, SIGNAL_OVER_ENDED), 1);
	air_free(air);
}

static void a_key_press_without_audio_lasts_as_long_as_its_carrier(void **state)
{
	struct air *air = air_open(air_new());

	air_up(air);
	air_pass(air, 240);
	air_down(air);
	assert_int_equal(air_signal(air, SIGNAL_OVER_ENDED, 0)->over.length_ms,
			 240);
	air_free(air);
}

static void every_digit_is_told_with_its_times(void **state)
{
	struct air *air = air_open(air_new());
	const struct signal *signal;

	air_up(air);
	air_quiet(air, 400);
	air_dial(air, "*07*18#");
	air_quiet(air, 200);
	air_down(air);
	assert_string_equal(air_digits(air), "*07*18#");
	signal = air_signal(air, SIGNAL_TONE, 1);
	assert_in_range(signal->tone.tone.begin_ms, 580, 620);
	assert_in_range(signal->tone.tone.end_ms, 680, 720);
	assert_int_equal(signal->tone.tone.lost_ms, 0);
	assert_int_equal(signal->tone.over_began_us,
			 air_signal(air, SIGNAL_OVER_BEGAN, 0)->over.began_us);
	signal = air_signal(air, SIGNAL_OVER_ENDED, 0);
	assert_int_equal(signal->over.tones, 7);
	air_free(air);
}

static void a_tone_cut_by_the_carrier_is_told_before_the_end(void **state)
{
	struct air *air = air_open(air_new());
	size_t i;

	air_up(air);
	air_quiet(air, 200);
	assert_true(dtmf_make("5", 500, 0, -1200, 0, air->pcm, 8000) > 0);
	air_hear(air, 2400);
	air_down(air);
	assert_string_equal(air_digits(air), "5");
	for (i = 0; i < air->count; i++)
		if (air->signals[i].type == SIGNAL_OVER_ENDED)
			break;
	assert_int_equal(air->signals[i - 1].type, SIGNAL_TONE);
	air_free(air);
}

static void lost_audio_is_counted_since_the_previous_digit(void **state)
{
	struct air *air = air_open(air_new());

	air_up(air);
	air_quiet(air, 200);
	air_dial(air, "1");
	air_lose(air, 60);
	air_dial(air, "23");
	air_down(air);
	assert_string_equal(air_digits(air), "123");
	assert_int_equal(air_signal(air, SIGNAL_TONE, 0)->tone.tone.lost_ms, 0);
	assert_int_equal(air_signal(air, SIGNAL_TONE, 1)->tone.tone.lost_ms,
			 60);
	assert_int_equal(air_signal(air, SIGNAL_TONE, 2)->tone.tone.lost_ms, 0);
	assert_int_equal(air_signal(air, SIGNAL_OVER_ENDED, 0)->over.lost_ms,
			 60);
	assert_int_equal(air_counter(air, "frames_lost"), 3);
	air_free(air);
}

static void digits_past_the_most_are_counted_and_not_told(void **state)
{
	struct air *air = air_open(air_new());
	int i;

	air_up(air);
	for (i = 0; i < 7; i++)
		air_dial(air, "0123456789");
	air_down(air);
	assert_int_equal(air_signals(air, SIGNAL_TONE), OVER_TONES_MAX);
	assert_int_equal(air_signal(air, SIGNAL_OVER_ENDED, 0)->over.tones, 70);
	assert_int_equal(air_counter(air, "tones_dropped"), 6);
	air_free(air);
}

static void an_over_past_its_limit_jams_until_the_carrier_drops(void **state)
{
	struct air *air = air_open(air_new());
	const struct signal *signal;

	air_up(air);
	air_speak(air, 29900);
	assert_int_equal(air_state(air), CHANNEL_RECEIVING);
	air_speak(air, 200);
	assert_int_equal(air_state(air), CHANNEL_JAMMED);
	signal = air_signal(air, SIGNAL_OVER_ENDED, 0);
	assert_int_equal(signal->over.ended, OVER_LIMIT);
	signal = air_signal(air, SIGNAL_STATE, 2);
	assert_non_null(strstr(signal->state.reason, "30 s"));
	air_quiet(air, 200);
	air_dial(air, "**110#");
	assert_string_equal(air_digits(air), "**110#");
	air_down(air);
	assert_int_equal(air_state(air), CHANNEL_IDLE);
	assert_int_equal(air_signals(air, SIGNAL_OVER_ENDED), 1);
	assert_int_equal(air_counter(air, "jams"), 1);
	air_free(air);
}

static void a_key_held_over_the_limit_is_one_digit(void **state)
{
	struct air *air = air_open(air_new());

	air_up(air);
	air_quiet(air, 29500);
	air_hear(air, (size_t)dtmf_make("5", 1000, 500, -1200, 0, air->pcm,
					AIR_PCM_MAX));
	assert_int_equal(air_state(air), CHANNEL_JAMMED);
	air_down(air);
	assert_string_equal(air_digits(air), "5");
	air_free(air);
}

static void a_broken_frame_is_counted_and_taken_for_lost(void **state)
{
	struct air *air = air_open(air_new());
	static const uint8_t bytes[5000];
	struct gridcall_frame frames[] = {
		{.format = {99, 8000}, .data = bytes, .len = 160},
		{.format = {GRIDCALL_PCMU, 8000}, .data = bytes, .len = 5000},
		{.format = {GRIDCALL_PCMU, 8000}, .data = bytes, .len = 0},
		{.format = {GRIDCALL_OPUS, 48000}, .data = bytes, .len = 1900},
	};
	size_t i;

	air_up(air);
	for (i = 0; i < 4; i++) {
		channel_heard(air->channel, &frames[i], air->now_us);
		air_tick(air);
	}
	air_down(air);
	assert_int_equal(air_counter(air, "frames_bad"), 4);
	assert_int_equal(air_signal(air, SIGNAL_OVER_ENDED, 0)->over.lost_ms,
			 80);
	air_free(air);
}

static void a_failed_radio_is_down_until_it_recovers(void **state)
{
	struct air *air = air_open(air_new());
	const struct signal *signal;

	air_up(air);
	air_speak(air, 500);
	channel_failed(air->channel, "the cable is out", air->now_us);
	assert_int_equal(air_state(air), CHANNEL_DOWN);
	signal = air_signal(air, SIGNAL_STATE, 2);
	assert_string_equal(signal->state.reason, "the cable is out");
	signal = air_signal(air, SIGNAL_OVER_ENDED, 0);
	assert_int_equal(signal->over.ended, OVER_CLOSED);
	channel_failed(air->channel, "still out", air->now_us);
	assert_int_equal(air_signals(air, SIGNAL_STATE), 3);
	channel_recovered(air->channel, air->now_us);
	assert_int_equal(air_state(air), CHANNEL_IDLE);
	/* The signal is still there: its front is not. */
	air_speak(air, 500);
	air_down(air);
	signal = air_signal(air, SIGNAL_OVER_ENDED, 1);
	assert_int_equal(signal->over.front, OVER_CONTINUED);
	assert_int_equal(air_counter(air, "failures"), 1);
	air_free(air);
}

static void nothing_important_is_lost_while_main_does_not_listen(void **state)
{
	struct air *air = air_open_with(air_new(), 2);
	const struct signal *signal;
	int i;

	/* STATE idle, OVER_BEGAN fill the inbox; the rest waits. */
	air_up(air);
	air_quiet(air, 200);
	air_dial(air, "18#");
	air_down(air);
	air_pass(air, 400);
	air_up(air);
	air_speak(air, 200);
	air_down(air);
	for (i = 0; i < 40; i++) {
		air_collect(air);
		air_pass(air, 20);
	}
	assert_string_equal(air_digits(air), "18#");
	assert_int_equal(air_signals(air, SIGNAL_OVER_BEGAN), 1);
	signal = air_signal(air, SIGNAL_OVER_ENDED, 0);
	assert_int_equal(signal->over.tones, 3);
	assert_int_equal(air_state(air), CHANNEL_IDLE);
	assert_int_equal(air_counter(air, "overs_deferred"), 1);
	assert_true(signal > air_signal(air, SIGNAL_TONE, 2));
	air_free(air);
}

static void a_deferred_over_begins_when_main_listens_again(void **state)
{
	struct air *air = air_open_with(air_new(), 1);

	air_up(air);
	air_speak(air, 200);
	air_down(air);
	air_pass(air, 400);
	air_up(air);
	air_speak(air, 200);
	while (air_collect(air), air_signals(air, SIGNAL_OVER_BEGAN) < 2)
		air_speak(air, 20);
	assert_int_equal(air_signal(air, SIGNAL_OVER_BEGAN, 1)->over.front,
			 OVER_CONTINUED);
	air_free(air);
}

static void a_drivers_log_is_limited_and_counted(void **state)
{
	struct air *air = air_open(air_new());
	int i;

	for (i = 0; i < 100; i++)
		channel_log(air->channel, GRIDCALL_NOTICE, "hum", air->now_us);
	assert_int_equal(air_signals(air, SIGNAL_LOG), 8);
	assert_int_equal(air_counter(air, "logs_dropped"), 92);
	air_pass(air, 10000);
	channel_log(air->channel, GRIDCALL_NOTICE, "hum", air->now_us);
	assert_int_equal(air_signals(air, SIGNAL_LOG), 9);
	air_free(air);
}

static void closing_ends_the_over_first(void **state)
{
	struct air *air = air_open(air_new());

	air_up(air);
	air_speak(air, 500);
	channel_close(air->channel, air->now_us);
	assert_int_equal(air_signal(air, SIGNAL_OVER_ENDED, 0)->over.ended,
			 OVER_CLOSED);
	assert_int_equal(air_state(air), CHANNEL_DOWN);
	air_free(air);
}

static void no_two_overs_have_one_name(void **state)
{
	struct air *air = air_open(air_new());
	int64_t last = 0;
	const struct signal *signal;
	size_t i;

	for (i = 0; i < 50; i++) {
		air_up(air);
		air_down(air);
	}
	for (i = 0; (signal = air_signal(air, SIGNAL_OVER_BEGAN, i)); i++) {
		assert_true(signal->over.began_utc_us > last);
		last = signal->over.began_utc_us;
	}
	assert_int_equal(i, 50);
	air_free(air);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_over_lasts_from_carrier_to_carrier),
		cmocka_unit_test(
			a_key_press_without_audio_lasts_as_long_as_its_carrier),
		cmocka_unit_test(every_digit_is_told_with_its_times),
		cmocka_unit_test(
			a_tone_cut_by_the_carrier_is_told_before_the_end),
		cmocka_unit_test(
			lost_audio_is_counted_since_the_previous_digit),
		cmocka_unit_test(digits_past_the_most_are_counted_and_not_told),
		cmocka_unit_test(
			an_over_past_its_limit_jams_until_the_carrier_drops),
		cmocka_unit_test(a_key_held_over_the_limit_is_one_digit),
		cmocka_unit_test(a_broken_frame_is_counted_and_taken_for_lost),
		cmocka_unit_test(a_failed_radio_is_down_until_it_recovers),
		cmocka_unit_test(
			nothing_important_is_lost_while_main_does_not_listen),
		cmocka_unit_test(
			a_deferred_over_begins_when_main_listens_again),
		cmocka_unit_test(a_drivers_log_is_limited_and_counted),
		cmocka_unit_test(closing_ends_the_over_first),
		cmocka_unit_test(no_two_overs_have_one_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
