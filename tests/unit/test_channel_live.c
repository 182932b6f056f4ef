/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When a channel keys for live voice, and that it always unkeys.
 */
#include "tests/unit/air.h"

/* A talk that was asked for; what was said fills its frames. */
struct talk {
	struct air *air;
	struct playlist list;
	uint8_t said;
};

static struct talk *talk_open(struct air *air)
{
	static struct talk talk;

	talk = (struct talk){.air = air, .said = 1};
	talk.list.uplink = uplink_alloc(&air->format, air->now_us);
	assert_non_null(talk.list.uplink);
	channel_play(air->channel, &talk.list, 5, air->now_us);
	return &talk;
}

static void talk_close(struct talk *talk)
{
	uplink_drop(talk->list.uplink);
	air_free(talk->air);
}

/* One packet, and 20 ms later. */
static void say_one(struct talk *talk)
{
	uint8_t data[160];

	memset(data, talk->said, sizeof(data));
	talk->said = talk->said % 100 + 1;
	(void)uplink_put(talk->list.uplink, data, 160, talk->air->now_us);
	air_tick(talk->air);
}

static void say(struct talk *talk, uint32_t ms)
{
	for (; ms >= 20; ms -= 20)
		say_one(talk);
}

static enum play_end ended(struct talk *talk)
{
	assert_int_equal(air_signals(talk->air, SIGNAL_PLAY_ENDED), 1);
	assert_false(talk->air->keyed);
	return air_signal(talk->air, SIGNAL_PLAY_ENDED, 0)->play.end;
}

static void it_keys_at_the_first_word_and_says_all(void **state)
{
	struct talk *talk = talk_open(air_open(air_new()));
	struct air *air = talk->air;

	air_pass(air, 200);
	assert_false(air->keyed);
	assert_false(uplink_is_keyed(talk->list.uplink));
	say_one(talk);
	assert_true(air->keyed);
	assert_true(uplink_is_keyed(talk->list.uplink));
	say(talk, 980);
	uplink_end(talk->list.uplink);
	air_pass(air, 1000);
	assert_int_equal(ended(talk), PLAY_DONE);
	assert_int_equal(air->audible, 50);
	assert_int_equal(air->sent, 65); /* 300 ms of lead */
	assert_int_equal(air->keyings, 1);
	assert_int_equal(uplink_sent_ms(talk->list.uplink), 1000);
	assert_int_equal(air_signal(air, SIGNAL_PLAY_BEGAN, 0)->at_us,
			 air->keyed_us + 300000);
	talk_close(talk);
}

static void a_reserve_gathers_where_there_is_no_lead(void **state)
{
	struct air *air = air_new();
	struct talk *talk;

	air->config.lead_ms = 0;
	talk = talk_open(air_open(air));
	say(talk, 400);
	air_pass(air, 60); /* three come late */
	say(talk, 20);
	say_one(talk);
	say_one(talk);
	say_one(talk);
	uplink_end(talk->list.uplink);
	air_pass(air, 1000);
	assert_int_equal(ended(talk), PLAY_DONE);
	assert_int_equal(air->audible, 24);
	/* 100 ms of silence before, none between. */
	assert_int_equal(air->sent, 29);
	talk_close(talk);
}

static void it_unkeys_within_half_a_second_of_the_last_packet(void **state)
{
	struct talk *talk = talk_open(air_open(air_new()));
	uint64_t last_us;

	say(talk, 1000);
	last_us = talk->air->now_us - 20000;
	air_pass(talk->air, 2000);
	assert_int_equal(ended(talk), PLAY_SILENT);
	assert_true(talk->air->unkeyed_us - last_us <= 500000);
	assert_int_equal(talk->air->keyings, 1);
	talk_close(talk);
}

static void a_short_silence_does_not_unkey(void **state)
{
	struct talk *talk = talk_open(air_open(air_new()));

	say(talk, 600);
	air_pass(talk->air, 400);
	assert_true(talk->air->keyed);
	say(talk, 600);
	assert_true(talk->air->keyed);
	assert_int_equal(talk->air->keyings, 1);
	uplink_end(talk->list.uplink);
	air_pass(talk->air, 1000);
	assert_int_equal(ended(talk), PLAY_DONE);
	talk_close(talk);
}

static void who_says_nothing_keys_nothing(void **state)
{
	struct talk *talk = talk_open(air_open(air_new()));

	air_pass(talk->air, 600);
	assert_int_equal(ended(talk), PLAY_SILENT);
	assert_int_equal(talk->air->keyings, 0);
	talk_close(talk);
}

static void it_never_keys_over_a_signal_and_goes_on_from_now(void **state)
{
	struct talk *talk = talk_open(air_open(air_new()));
	struct air *air = talk->air;
	uint32_t before;
	int i;

	air_up(air);
	for (i = 0; i < 100; i++) {
		air_speak(air, 20);
		talk->said = 50; /* long past when the channel is free */
		(void)uplink_put(talk->list.uplink, (const uint8_t *)"2", 1,
				 air->now_us);
		assert_false(air->keyed);
	}
	air_down(air);
	air_pass(air, 20);
	say(talk, 1000);
	assert_true(air->keyed);
	before = uplink_waiting(talk->list.uplink);
	assert_in_range(before, 10, 20); /* the lead's */
	uplink_end(talk->list.uplink);
	air_pass(air, 1000);
	assert_int_equal(ended(talk), PLAY_DONE);
	/* The guard's 400 ms and all before it were not said. */
	assert_in_range(uplink_sent_ms(talk->list.uplink), 600, 720);
	talk_close(talk);
}

static void what_ends_before_the_channel_is_free_is_not_said_late(void **state)
{
	struct talk *talk = talk_open(air_open(air_new()));
	struct air *air = talk->air;

	air_up(air);
	say(talk, 500);
	uplink_end(talk->list.uplink);
	air_pass(air, 20);
	assert_int_equal(ended(talk), PLAY_JAMMED);
	air_down(air);
	air_pass(air, 2000);
	assert_int_equal(air->keyings, 0);
	talk_close(talk);
}

static void a_burst_is_cut_to_what_is_new(void **state)
{
	struct talk *talk = talk_open(air_open(air_new()));
	struct air *air = talk->air;
	int i;

	say(talk, 600);
	for (i = 0; i < 100; i++)
		(void)uplink_put(talk->list.uplink, (const uint8_t *)"2", 1,
				 air->now_us);
	air_tick(air);
	assert_in_range(uplink_waiting(talk->list.uplink), 10, 30);
	assert_int_equal(air->most_in_tick, 1);
	talk_close(talk);
}

static void the_time_out_unkeys_and_stays_unkeyed(void **state)
{
	struct air *air = air_new();
	struct talk *talk;

	air->config.tx_limit_s = 2;
	talk = talk_open(air_open(air));
	say(talk, 4000);
	assert_int_equal(ended(talk), PLAY_TIMEOUT);
	assert_true(air->unkeyed_us - air->keyed_us <= 2020000);
	assert_int_equal(air->keyings, 1);
	talk_close(talk);
}

static void a_fault_unkeys_at_once(void **state)
{
	struct talk *talk = talk_open(air_open(air_new()));

	say(talk, 1000);
	channel_failed(talk->air->channel, "gone", talk->air->now_us);
	assert_int_equal(ended(talk), PLAY_FAILED);
	talk_close(talk);
}

static void halting_unkeys_at_once(void **state)
{
	struct talk *talk = talk_open(air_open(air_new()));

	say(talk, 1000);
	channel_halt(talk->air->channel, 5, talk->air->now_us);
	assert_int_equal(ended(talk), PLAY_HALTED);
	talk_close(talk);
}

static void closing_unkeys(void **state)
{
	struct talk *talk = talk_open(air_open(air_new()));

	say(talk, 1000);
	channel_close(talk->air->channel, talk->air->now_us);
	assert_int_equal(ended(talk), PLAY_FAILED);
	talk_close(talk);
}

static void a_driver_that_does_not_key_ends_it(void **state)
{
	struct talk *talk = talk_open(air_open(air_new()));

	talk->air->key_rc = -EIO;
	say_one(talk);
	assert_int_equal(ended(talk), PLAY_FAILED);
	talk_close(talk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_keys_at_the_first_word_and_says_all),
		cmocka_unit_test(a_reserve_gathers_where_there_is_no_lead),
		cmocka_unit_test(
			it_unkeys_within_half_a_second_of_the_last_packet),
		cmocka_unit_test(a_short_silence_does_not_unkey),
		cmocka_unit_test(who_says_nothing_keys_nothing),
		cmocka_unit_test(
			it_never_keys_over_a_signal_and_goes_on_from_now),
		cmocka_unit_test(
			what_ends_before_the_channel_is_free_is_not_said_late),
		cmocka_unit_test(a_burst_is_cut_to_what_is_new),
		cmocka_unit_test(the_time_out_unkeys_and_stays_unkeyed),
		cmocka_unit_test(a_fault_unkeys_at_once),
		cmocka_unit_test(halting_unkeys_at_once),
		cmocka_unit_test(closing_unkeys),
		cmocka_unit_test(a_driver_that_does_not_key_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
