/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Live voice between who talks and who transmits.
 */
#include "gateway/voice/uplink.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NOW_US UINT64_C(5000000)

static const struct gridcall_format alaw = {GRIDCALL_PCMA, 8000};
static const struct gridcall_format opus = {GRIDCALL_OPUS, 48000};
static struct uplink *uplink;

static int set_up(void **state)
{
	uplink = uplink_alloc(&alaw, NOW_US);
	return uplink ? 0 : -1;
}

static int tear_down(void **state)
{
	uplink = uplink_drop(uplink);
	return 0;
}

static int put(uint8_t value)
{
	uint8_t data[160];

	memset(data, value, sizeof(data));
	return uplink_put(uplink, data, sizeof(data), NOW_US);
}

static uint8_t take(void)
{
	struct gridcall_frame frame;

	assert_true(uplink_take(uplink, &frame));
	assert_int_equal(frame.format.codec, GRIDCALL_PCMA);
	assert_int_equal(frame.len, 160);
	return frame.data[159];
}

static void what_is_put_comes_out_in_order_and_whole(void **state)
{
	struct gridcall_frame frame;
	int i;

	assert_false(uplink_take(uplink, &frame));
	for (i = 0; i < 1000; i++) {
		assert_int_equal(put((uint8_t)i), 0);
		assert_int_equal(put((uint8_t)(i + 1)), 0);
		assert_int_equal(take(), (uint8_t)i);
		assert_int_equal(take(), (uint8_t)(i + 1));
	}
	assert_int_equal(uplink_sent_ms(uplink), 40000);
	assert_int_equal(uplink_waiting(uplink), 0);
}

static void what_does_not_fit_is_refused(void **state)
{
	static const uint8_t bytes[161];
	int i;

	assert_int_equal(uplink_put(uplink, bytes, 161, NOW_US), -EMSGSIZE);
	assert_int_equal(uplink_put(uplink, bytes, 0, NOW_US), -EMSGSIZE);
	for (i = 0; i < UPLINK_PACKETS; i++)
		assert_int_equal(put((uint8_t)i), 0);
	assert_int_equal(put(0), -ENOSPC);
	assert_int_equal(take(), 0);
	assert_int_equal(put(99), 0);
	uplink_trim(uplink, 1);
	assert_int_equal(take(), 99);
}

static void trimming_keeps_the_newest(void **state)
{
	int i;

	for (i = 0; i < 20; i++)
		(void)put((uint8_t)i);
	uplink_trim(uplink, 30);
	assert_int_equal(uplink_waiting(uplink), 20);
	uplink_trim(uplink, 5);
	assert_int_equal(uplink_waiting(uplink), 5);
	assert_int_equal(take(), 15);
}

static void it_is_silent_half_a_second_after_the_last_packet(void **state)
{
	assert_false(uplink_is_silent(uplink, NOW_US + 479999));
	assert_true(uplink_is_silent(uplink, NOW_US + 480000));
	assert_false(uplink_is_silent(uplink, NOW_US - 1));
	assert_int_equal(
		uplink_put(uplink, (const uint8_t *)"", 1, NOW_US + 400000), 0);
	assert_false(uplink_is_silent(uplink, NOW_US + 800000));
	assert_true(uplink_is_silent(uplink, NOW_US + 880000));
	assert_false(uplink_has_ended(uplink));
	uplink_end(uplink);
	assert_true(uplink_has_ended(uplink));
}

static void only_opus_is_filled_with_a_packet_that_conceals(void **state)
{
	static const uint8_t packet[] = {9 << 3, 1, 2, 3};
	struct gridcall_frame frame;

	(void)put(7);
	(void)take();
	assert_false(uplink_fill(uplink, &frame));
	uplink_drop(uplink);
	uplink = uplink_alloc(&opus, NOW_US);
	assert_false(uplink_fill(uplink, &frame));
	assert_int_equal(uplink_put(uplink, packet, 4, NOW_US), 0);
	assert_true(uplink_take(uplink, &frame));
	assert_true(uplink_fill(uplink, &frame));
	assert_int_equal(frame.len, 1);
	assert_int_equal(frame.data[0], 9 << 3);
}

static void *put_many(void *data)
{
	uint32_t i = 0;

	while (i < 100000)
		if (!put((uint8_t)i))
			i++;
	uplink_end(uplink);
	return NULL;
}

static void two_threads_lose_nothing_of_what_was_taken(void **state)
{
	pthread_t thread;
	uint32_t i;

	assert_int_equal(pthread_create(&thread, NULL, put_many, NULL), 0);
	for (i = 0; i < 100000; i++) {
		while (!uplink_waiting(uplink))
			;
		assert_int_equal(take(), (uint8_t)i);
	}
	pthread_join(thread, NULL);
	assert_true(uplink_has_ended(uplink));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_is_put_comes_out_in_order_and_whole),
		TEST(what_does_not_fit_is_refused),
		TEST(trimming_keeps_the_newest),
		TEST(it_is_silent_half_a_second_after_the_last_packet),
		TEST(only_opus_is_filled_with_a_packet_that_conceals),
		TEST(two_threads_lose_nothing_of_what_was_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
