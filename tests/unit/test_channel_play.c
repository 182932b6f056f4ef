/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When a channel keys, and that it always unkeys.
 */
#include "tests/unit/air.h"

/* One clip of ms, to be sent when the channel is free within 10 s. */
static void play(struct air *air, struct playlist *list, uint32_t ms)
{
	memset(list, 0, sizeof(*list));
	list->clips[0] = air_clip(air, ms);
	list->count = 1;
	list->wait_ms = 10000;
	channel_play(air->channel, list, 5, air->now_us);
}

static void end(struct air *air, struct playlist *list)
{
	uint32_t i;

	for (i = 0; i < list->count; i++)
		clip_drop(list->clips[i]);
	air_free(air);
}

static void lead_clips_and_gaps_go_out_and_the_key_is_let_go(void **state)
{
	struct air *air = air_open(air_new());
	const struct signal *signal;
	struct playlist list;

	play(air, &list, 1000);
	list.clips[1] = air_clip(air, 510);
	list.gap_ms[1] = 200;
	list.count = 2;
	air_pass(air, 20);
	assert_true(air->keyed);
	assert_int_equal(air_state(air), CHANNEL_TRANSMITTING);
	air_pass(air, 5000);
	assert_false(air->keyed);
	assert_int_equal(air_state(air), CHANNEL_IDLE);
	/* 300 lead, 1000, 200 gap, 520 */
	assert_int_equal(air->sent, 2020 / 20);
	assert_int_equal(air->unkeyed_us - air->keyed_us, 2020000);
	signal = air_signal(air, SIGNAL_PLAY_BEGAN, 0);
	assert_int_equal(signal->at_us, air->keyed_us + 300000);
	assert_int_equal(signal->play.ticket, 5);
	signal = air_signal(air, SIGNAL_PLAY_ENDED, 0);
	assert_int_equal(signal->play.end, PLAY_DONE);
	assert_int_equal(signal->play.air_ms, 2020);
	assert_int_equal(air_signals(air, SIGNAL_PLAY_ENDED), 1);
	assert_int_equal(air_counter(air, "frames_sent"), 101);
	assert_int_equal(air_counter(air, "keyings"), 1);
	assert_int_equal(air->most_in_tick, 1);
	end(air, &list);
}

static void it_never_keys_over_a_signal(void **state)
{
	struct air *air = air_open(air_new());
	struct playlist list;

	air_up(air);
	air_speak(air, 100);
	play(air, &list, 1000);
	air_speak(air, 5000);
	assert_int_equal(air->keyings, 0);
	air_down(air);
	air_pass(air, 380);
	assert_int_equal(air->keyings, 0);
	air_pass(air, 20);
	/* 200 ms guard and 200 ms tail after the carrier */
	assert_int_equal(air->keyings, 1);
	end(air, &list);
}

static void it_gives_up_when_the_channel_stays_busy(void **state)
{
	struct air *air = air_open(air_new());
	struct playlist list;

	air_up(air);
	play(air, &list, 1000);
	list.wait_ms = 3000;
	air_speak(air, 2980);
	assert_int_equal(air_signals(air, SIGNAL_PLAY_ENDED), 0);
	air_speak(air, 20);
	assert_int_equal(air_signal(air, SIGNAL_PLAY_ENDED, 0)->play.end,
			 PLAY_JAMMED);
	air_down(air);
	air_pass(air, 2000);
	assert_int_equal(air->keyings, 0);
	end(air, &list);
}

static void an_emergency_keys_over_a_signal(void **state)
{
	struct air *air = air_open(air_new());
	struct playlist list;

	air_up(air);
	air_speak(air, 1000);
	play(air, &list, 1000);
	list.force = true;
	air_speak(air, 40);
	assert_true(air->keyed);
	assert_int_equal(air_signal(air, SIGNAL_OVER_ENDED, 0)->over.ended,
			 OVER_TAKEN);
	air_speak(air, 3000);
	/* Still talking when we stopped: what we hear has no front. */
	assert_int_equal(air_signal(air, SIGNAL_OVER_BEGAN, 1)->over.front,
			 OVER_AFTER_TX);
	end(air, &list);
}

static void its_own_tail_is_no_over(void **state)
{
	struct air *air = air_open(air_new());
	struct playlist list;

	play(air, &list, 200);
	air_pass(air, 520);
	assert_false(air->keyed);
	air_up(air);
	air_speak(air, 100);
	air_down(air);
	air_pass(air, 1000);
	assert_int_equal(air_signals(air, SIGNAL_OVER_BEGAN), 0);
	end(air, &list);
}

static void a_carrier_that_outlives_the_tail_is_an_over(void **state)
{
	struct air *air = air_open(air_new());
	struct playlist list;

	play(air, &list, 200);
	air_pass(air, 520);
	assert_false(air->keyed);
	air_up(air);
	air_speak(air, 600);
	air_down(air);
	assert_int_equal(air_signal(air, SIGNAL_OVER_BEGAN, 0)->over.front,
			 OVER_AFTER_TX);
	assert_in_range(air_signal(air, SIGNAL_OVER_ENDED, 0)->over.length_ms,
			380, 440);
	end(air, &list);
}

static void a_signal_while_sending_is_counted_and_not_an_over(void **state)
{
	struct air *air = air_open(air_new());
	struct playlist list;

	play(air, &list, 3000);
	air_pass(air, 500);
	air_up(air);
	air_dial(air, "110");
	air_down(air);
	assert_true(air->keyed);
	assert_int_equal(air_signals(air, SIGNAL_OVER_BEGAN), 0);
	assert_int_equal(air_signals(air, SIGNAL_TONE), 0);
	assert_int_equal(air_counter(air, "heard_while_sending"), 1);
	end(air, &list);
}

static void the_time_out_always_unkeys(void **state)
{
	struct air *air = air_new();
	struct playlist list;

	air->config.tx_limit_s = 3;
	air_open(air);
	/* Main refuses this; a slow clock makes the same of a shorter one. */
	play(air, &list, 5000);
	air_pass(air, 3000);
	assert_true(air->keyed);
	air_pass(air, 20);
	assert_false(air->keyed);
	assert_int_equal(air->unkeyed_us - air->keyed_us, 3000000);
	assert_int_equal(air_signal(air, SIGNAL_PLAY_ENDED, 0)->play.end,
			 PLAY_TIMEOUT);
	assert_int_equal(air_counter(air, "timeouts"), 1);
	end(air, &list);
}

static void a_playlist_as_long_as_the_time_out_is_sent_whole(void **state)
{
	struct air *air = air_new();
	struct playlist list;

	air->config.tx_limit_s = 3;
	air_open(air);
	play(air, &list, 2700);
	air_pass(air, 4000);
	assert_int_equal(air->sent, 150);
	assert_int_equal(air_signal(air, SIGNAL_PLAY_ENDED, 0)->play.end,
			 PLAY_DONE);
	end(air, &list);
}

static void halting_unkeys_at_once(void **state)
{
	struct air *air = air_open(air_new());
	struct playlist list;

	play(air, &list, 5000);
	air_pass(air, 1000);
	channel_halt(air->channel, 4, air->now_us);
	assert_true(air->keyed);
	channel_halt(air->channel, 5, air->now_us);
	assert_false(air->keyed);
	assert_int_equal(air_signal(air, SIGNAL_PLAY_ENDED, 0)->play.end,
			 PLAY_HALTED);
	assert_int_equal(air_state(air), CHANNEL_IDLE);
	end(air, &list);
}

static void a_playlist_that_waits_can_be_taken_back(void **state)
{
	struct air *air = air_open(air_new());
	struct playlist list;

	air_up(air);
	play(air, &list, 1000);
	air_pass(air, 100);
	channel_halt(air->channel, 5, air->now_us);
	assert_int_equal(air_signal(air, SIGNAL_PLAY_ENDED, 0)->play.end,
			 PLAY_HALTED);
	air_down(air);
	air_pass(air, 2000);
	assert_int_equal(air->keyings, 0);
	end(air, &list);
}

static void a_failed_radio_is_unkeyed(void **state)
{
	struct air *air = air_open(air_new());
	struct playlist list;

	play(air, &list, 5000);
	air_pass(air, 1000);
	channel_failed(air->channel, "too hot", air->now_us);
	assert_false(air->keyed);
	assert_int_equal(air_signal(air, SIGNAL_PLAY_ENDED, 0)->play.end,
			 PLAY_FAILED);
	assert_int_equal(air_state(air), CHANNEL_DOWN);
	/* And what is asked for while it is down fails. */
	channel_play(air->channel, &list, 6, air->now_us);
	air_pass(air, 20);
	assert_int_equal(air_signal(air, SIGNAL_PLAY_ENDED, 1)->play.ticket, 6);
	assert_int_equal(air->keyings, 1);
	end(air, &list);
}

static void closing_unkeys_and_tells_the_end(void **state)
{
	struct air *air = air_open(air_new());
	struct playlist list;

	play(air, &list, 5000);
	air_pass(air, 1000);
	channel_close(air->channel, air->now_us);
	assert_false(air->keyed);
	assert_int_equal(air_signal(air, SIGNAL_PLAY_ENDED, 0)->play.end,
			 PLAY_FAILED);
	end(air, &list);
}

static void a_driver_that_refuses_to_key_fails_the_play(void **state)
{
	struct air *air = air_open(air_new());
	struct playlist list;

	air->key_rc = -EIO;
	play(air, &list, 1000);
	air_pass(air, 40);
	assert_int_equal(air_signal(air, SIGNAL_PLAY_ENDED, 0)->play.end,
			 PLAY_FAILED);
	assert_int_equal(air_counter(air, "keyings_refused"), 1);
	assert_int_equal(air_state(air), CHANNEL_IDLE);
	end(air, &list);
}

static void a_frame_that_the_driver_refuses_is_dropped_and_counted(void **state)
{
	struct air *air = air_open(air_new());
	struct playlist list;

	play(air, &list, 1000);
	air_pass(air, 500);
	air->send_rc = -EAGAIN;
	air_pass(air, 200);
	air->send_rc = 0;
	air_pass(air, 2000);
	assert_int_equal(air_counter(air, "send_refused"), 10);
	assert_int_equal(air->sent, 55);
	assert_int_equal(air->unkeyed_us - air->keyed_us, 1300000);
	end(air, &list);
}

static void late_ticks_never_make_a_burst(void **state)
{
	struct air *air = air_open(air_new());
	struct playlist list;
	uint32_t i;

	play(air, &list, 3000);
	air_pass(air, 1000);
	air->now_us += 40000; /* caught up, two at a time */
	air_pass(air, 100);
	assert_int_equal(air->most_in_tick, 2);
	assert_int_equal(air->sent, (1000 + 40 + 100) / 20);
	air->now_us += 700000; /* gone */
	air_pass(air, 4000);
	assert_int_equal(air->most_in_tick, 2);
	assert_int_equal(air->sent, 3300 / 20);
	assert_in_range(air->unkeyed_us - air->keyed_us, 3900000, 4000000);
	/* Ticks that come early and late in turn send one frame each. */
	air->most_in_tick = 0;
	list.wait_ms = 0;
	channel_play(air->channel, &list, 6, air->now_us);
	for (i = 0; i < 100; i++) {
		air_tick(air);
		air->now_us += i % 2 ? 7000 : -7000;
	}
	assert_int_equal(air->most_in_tick, 1);
	end(air, &list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			lead_clips_and_gaps_go_out_and_the_key_is_let_go),
		cmocka_unit_test(it_never_keys_over_a_signal),
		cmocka_unit_test(it_gives_up_when_the_channel_stays_busy),
		cmocka_unit_test(an_emergency_keys_over_a_signal),
		cmocka_unit_test(its_own_tail_is_no_over),
		cmocka_unit_test(a_carrier_that_outlives_the_tail_is_an_over),
		cmocka_unit_test(
			a_signal_while_sending_is_counted_and_not_an_over),
		cmocka_unit_test(the_time_out_always_unkeys),
		cmocka_unit_test(
			a_playlist_as_long_as_the_time_out_is_sent_whole),
		cmocka_unit_test(halting_unkeys_at_once),
		cmocka_unit_test(a_playlist_that_waits_can_be_taken_back),
		cmocka_unit_test(a_failed_radio_is_unkeyed),
		cmocka_unit_test(closing_unkeys_and_tells_the_end),
		cmocka_unit_test(a_driver_that_refuses_to_key_fails_the_play),
		cmocka_unit_test(
			a_frame_that_the_driver_refuses_is_dropped_and_counted),
		cmocka_unit_test(late_ticks_never_make_a_burst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
