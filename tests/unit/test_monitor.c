/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A channel that is listened to, with the monitor's own thread.
 */
#include "gateway/voice/monitor.h"

#include "codecs/opus.h"
#include "tests/unit/air.h"

#include <poll.h>
#include <unistd.h>

static struct monitor *monitor;
static struct air *air;

static int set_up(void **state)
{
	struct gridcall_why why;

	alarm(60);
	monitor = monitor_alloc(&why);
	air = air_new();
	return monitor && air ? 0 : -1;
}

static int tear_down(void **state)
{
	air_free(air);
	monitor = monitor_free(monitor);
	return 0;
}

static void open_channel(void)
{
	air->monitor = monitor;
	air_open(air);
}

/* The next message; the alarm ends a test that waits in vain. */
static struct voice_heard hear(void)
{
	struct pollfd fd = {.fd = inbox_fd(monitor_outlet(monitor)),
			    .events = POLLIN};
	struct voice_heard heard;

	while (inbox_take(monitor_outlet(monitor), &heard))
		poll(&fd, 1, -1);
	assert_int_equal(heard.slot, 7);
	assert_string_equal(heard.code, "CH-1");
	return heard;
}

struct heard {
	uint32_t packets;
	uint32_t empty;
	uint32_t first;
	int64_t began_utc_us;
	uint32_t longest; /* packets in a message */
};

/* All of one over, its numbers checked. */
static struct heard hear_over(void)
{
	struct voice_heard message = hear();
	struct heard all = {.first = message.number,
			    .began_utc_us = message.began_utc_us};
	uint32_t i;

	for (;; message = hear()) {
		size_t at = 0;

		assert_int_equal(message.number, all.first + all.packets);
		assert_int_equal(message.began_utc_us, all.began_utc_us);
		for (i = 0; i < message.count; i++) {
			all.packets++;
			all.empty += !message.len[i];
			if (message.len[i])
				assert_true(opus_is_plain(message.bytes + at,
							  message.len[i]));
			at += message.len[i];
		}
		if (message.count > all.longest)
			all.longest = message.count;
		assert_int_equal(at, message.used);
		if (message.ended)
			return all;
	}
}

static struct voice_monitor_stats stats(void)
{
	struct voice_monitor_stats stats;

	monitor_stats(monitor, &stats);
	return stats;
}

static void an_over_is_told_from_its_first_frame_to_its_end(void **state)
{
	const struct signal *signal;
	struct heard heard;

	open_channel();
	monitor_listen(monitor, 7, true);
	air_up(air);
	air_speak(air, 1000);
	air_lose(air, 60);
	air_speak(air, 200);
	air_down(air);
	heard = hear_over();
	assert_int_equal(heard.first, 0);
	assert_int_equal(heard.packets, 63);
	assert_int_equal(heard.empty, 3);
	assert_in_range(heard.longest, 1, VOICE_HEARD_MAX);
	signal = air_signal(air, SIGNAL_OVER_ENDED, 0);
	assert_int_equal(signal->over.began_utc_us, heard.began_utc_us);
	assert_int_equal(stats().encoded, 60);
	assert_int_equal(stats().passed, 0);
	assert_int_equal(stats().lost, 0);
	air_pass(air, 500);
	air_up(air);
	air_speak(air, 100);
	air_down(air);
	heard = hear_over();
	assert_int_equal(heard.first, 0);
	assert_int_equal(heard.packets, 5);
}

static void who_comes_late_hears_from_there_on(void **state)
{
	struct heard heard;

	open_channel();
	air_up(air);
	air_speak(air, 400);
	monitor_listen(monitor, 7, true);
	air_speak(air, 100);
	air_down(air);
	heard = hear_over();
	assert_int_equal(heard.first, 20);
	assert_int_equal(heard.packets, 5);
	assert_int_equal(stats().encoded, 5);
}

static void nothing_is_encoded_while_nobody_listens(void **state)
{
	struct voice_heard message;

	open_channel();
	monitor_listen(monitor, 8, true);
	air_up(air);
	air_speak(air, 500);
	air_down(air);
	air_pass(air, 500);
	monitor_listen(monitor, 7, true);
	air_up(air);
	air_speak(air, 100);
	monitor_listen(monitor, 7, false);
	air_speak(air, 100);
	air_down(air);
	/* What follows is the first that is told, and all that was encoded. */
	air_pass(air, 500);
	monitor_listen(monitor, 7, true);
	air_up(air);
	air_speak(air, 60);
	air_down(air);
	do
		message = hear();
	while (!message.ended);
	assert_int_equal(message.number + message.count, 3);
	assert_in_range(stats().encoded, 3, 8);
}

static void a_repeaters_first_syllable_is_heard_too(void **state)
{
	struct heard heard;

	air->config.repeater = true;
	air->config.hang_ms = 1500;
	open_channel();
	monitor_listen(monitor, 7, true);
	air_up(air);
	air_speak(air, 300);
	air_beep(air, 200);
	air_quiet(air, 1000);
	heard = hear_over();
	air_speak(air, 1000);
	air_down(air);
	heard = hear_over();
	assert_in_range(heard.packets, 60, 100); /* with its pre-roll */
	assert_int_equal(heard.longest, VOICE_HEARD_MAX);
}

static void opus_passes_and_is_not_encoded(void **state)
{
	struct gridcall_frame frame = {{GRIDCALL_OPUS, 48000}, NULL, 0};
	uint8_t data[ENCODER_BYTES_MAX];
	struct encoder *encoder = encoder_alloc(GRIDCALL_OPUS, 48000, 8000);
	struct voice_heard message;
	int16_t pcm[160] = {0};

	open_channel();
	monitor_listen(monitor, 7, true);
	air_up(air);
	frame.len = (uint32_t)encoder_put(encoder, pcm, data);
	frame.data = data;
	channel_heard(air->channel, &frame, air->now_us);
	message = hear();
	assert_int_equal(message.count, 1);
	assert_int_equal(message.len[0], frame.len);
	assert_memory_equal(message.bytes, data, frame.len);
	assert_int_equal(stats().passed, 1);
	assert_int_equal(stats().encoded, 0);
	encoder_free(encoder);
}

/* More than the inbox holds, in a moment. */
static void too_much_at_once_is_lost_counted_and_told(void **state)
{
	static const uint8_t bytes[160];
	struct gridcall_frame frame = {{GRIDCALL_PCMU, 8000}, bytes, 160};
	struct pollfd fd = {.fd = inbox_fd(monitor_outlet(monitor)),
			    .events = POLLIN};
	struct voice_heard message;
	struct tap tap;

	tap_init(&tap, monitor, 7, "CH-1");
	tap_begin(&tap, 1);
	monitor_listen(monitor, 7, true);
	while (!stats().lost)
		tap_put(&tap, &frame);
	/* When it has caught up, numbers are still those of the frames. */
	do {
		while (poll(&fd, 1, 100) > 0)
			(void)hear();
		tap_put(&tap, &frame);
		message = hear();
	} while (message.number + message.count != tap.number);
	open_channel();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_over_is_told_from_its_first_frame_to_its_end),
		TEST(who_comes_late_hears_from_there_on),
		TEST(nothing_is_encoded_while_nobody_listens),
		TEST(a_repeaters_first_syllable_is_heard_too),
		TEST(opus_passes_and_is_not_encoded),
		TEST(too_much_at_once_is_lost_counted_and_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
