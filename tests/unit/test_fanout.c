/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One voice to channels of every format.
 */
#include "gateway/voice/fanout.h"

#include "codecs/decoder.h"
#include "codecs/encoder.h"
#include "codecs/level.h"
#include "codecs/opus.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NOW_US UINT64_C(5000000)

static const struct gridcall_format formats[] = {
	{GRIDCALL_OPUS, 48000}, {GRIDCALL_PCMA, 8000}, {GRIDCALL_PCMU, 8000},
	{GRIDCALL_L16, 8000},   {GRIDCALL_L16, 16000}, {GRIDCALL_L16, 48000},
	{GRIDCALL_PCMA, 8000},
};
#define CHANNELS (sizeof(formats) / sizeof(formats[0]))

static struct fanout *fanout;
static struct uplink *uplinks[CHANNELS];
static struct encoder *encoder;
static double phase;
static uint8_t packet[ENCODER_BYTES_MAX];
static size_t packet_len;

static int set_up(void **state)
{
	size_t i;

	fanout = fanout_alloc();
	encoder = encoder_alloc(GRIDCALL_OPUS, 48000, 16000);
	for (i = 0; i < CHANNELS; i++) {
		uplinks[i] = uplink_alloc(&formats[i], NOW_US);
		if (fanout_add(fanout, uplinks[i]))
			return -1;
	}
	return fanout && encoder ? 0 : -1;
}

static int tear_down(void **state)
{
	size_t i;

	fanout = fanout_drop(fanout);
	for (i = 0; i < CHANNELS; i++)
		uplinks[i] = uplink_drop(uplinks[i]);
	encoder = encoder_free(encoder);
	return 0;
}

/* The next 20 ms of a tone are spoken. */
static void speak(void)
{
	int16_t pcm[320];
	int len, i;

	for (i = 0; i < 320; i++, phase += 2 * M_PI * 700 / 16000)
		pcm[i] = (int16_t)(8000 * sin(phase));
	len = encoder_put(encoder, pcm, packet);
	assert_true(len > 1);
	packet_len = (size_t)len;
}

static void say(uint32_t number)
{
	fanout_put(fanout, number, packet, packet_len, NOW_US);
}

/* How loud, and how much of the tone, the next frame of a channel is. */
struct sound {
	int32_t mean_mdb;
	uint32_t purity;
	uint32_t hz;
};

static struct sound hear(size_t channel, struct decoder *decoder)
{
	int16_t pcm[DECODER_SAMPLES];
	struct gridcall_frame frame;
	struct sound sound;

	assert_true(uplink_take(uplinks[channel], &frame));
	assert_int_equal(decoder_put(decoder, frame.format.codec,
				     frame.format.rate_hz, frame.data,
				     frame.len, pcm),
			 0);
	sound.mean_mdb = level_mean_mdb(pcm, DECODER_SAMPLES);
	sound.purity = level_tone_purity(pcm, DECODER_SAMPLES, 8000, &sound.hz);
	return sound;
}

static void assert_tone(const struct sound *sound)
{
	assert_in_range(-sound->mean_mdb, 8000, 18000);
	assert_true(sound->purity > 900);
	assert_in_range(sound->hz, 680, 720);
}

static void every_channel_hears_the_same_in_its_own_format(void **state)
{
	struct decoder *decoder = decoder_alloc();
	struct sound sound;
	uint32_t number;
	size_t c;

	for (number = 0; number < 50; number++) {
		speak();
		say(number);
	}
	for (c = 0; c < CHANNELS; c++) {
		assert_int_equal(uplink_waiting(uplinks[c]), 50);
		decoder_reset(decoder);
		for (number = 0; number < 50; number++)
			sound = hear(c, decoder);
		assert_tone(&sound);
		assert_false(uplink_has_ended(uplinks[c]));
	}
	fanout_end(fanout);
	for (c = 0; c < CHANNELS; c++)
		assert_true(uplink_has_ended(uplinks[c]));
	decoder_free(decoder);
}

static void opus_goes_as_it_came(void **state)
{
	struct gridcall_frame frame;
	uint32_t number;

	for (number = 7; number < 20; number++) {
		speak();
		say(number);
		assert_true(uplink_take(uplinks[0], &frame));
		assert_int_equal(frame.len, packet_len);
		assert_memory_equal(frame.data, packet, packet_len);
	}
}

/* Lost with a hole in the numbers, or as an empty packet. */
static void assert_concealed(bool told)
{
	struct decoder *decoder = decoder_alloc();
	struct sound sound;
	uint32_t number;
	size_t c;

	for (number = 0; number < 60; number++) {
		speak();
		if (number % 20 < 18)
			say(number);
		else if (told)
			fanout_put(fanout, number, NULL, 0, NOW_US);
	}
	speak();
	say(number);
	for (c = 0; c < CHANNELS; c++) {
		assert_int_equal(uplink_waiting(uplinks[c]), 61);
		decoder_reset(decoder);
		for (number = 0; number < 61; number++) {
			sound = hear(c, decoder);
			if (number > 5)
				assert_in_range(-sound.mean_mdb, 5000, 60000);
		}
	}
	decoder_free(decoder);
}

static void a_hole_in_the_numbers_is_concealed(void **state)
{
	assert_concealed(false);
}

static void an_empty_packet_is_concealed(void **state)
{
	assert_concealed(true);
}

static void nothing_is_concealed_before_the_first_packet(void **state)
{
	fanout_put(fanout, 3, NULL, 0, NOW_US);
	assert_int_equal(uplink_waiting(uplinks[1]), 0);
	speak();
	say(10);
	assert_int_equal(uplink_waiting(uplinks[1]), 1);
}

static void a_jump_of_the_numbers_is_no_loss(void **state)
{
	speak();
	say(0);
	speak();
	say(FANOUT_GAP_MAX + 2);
	assert_int_equal(uplink_waiting(uplinks[1]), 2);
	speak();
	say(FANOUT_GAP_MAX + 2 + FANOUT_GAP_MAX + 1);
	assert_int_equal(uplink_waiting(uplinks[1]), 3 + FANOUT_GAP_MAX);
}

/* Two frames that could not be cut out of it. */
static void a_packet_that_can_not_be_decoded_is_concealed(void **state)
{
	static const uint8_t broken[] = {0x61, 0x62};

	speak();
	say(0);
	fanout_put(fanout, 1, broken, 2, NOW_US);
	assert_int_equal(uplink_waiting(uplinks[0]), 2);
	assert_int_equal(uplink_waiting(uplinks[1]), 2);
}

/*
 * The packet after a lost one brings it again, a little worse: nearer to what
 * was said than what is made up from the past.
 */
static void repair_data_is_used(void **state)
{
	struct opus_ear *plain = opus_ear_alloc(16000);
	struct opus_ear *repaired = opus_ear_alloc(16000);
	int16_t made[320], repair[320], wanted[320];
	struct opus_ear *whole = opus_ear_alloc(16000);
	uint8_t before[ENCODER_BYTES_MAX];
	double off_made = 0, off_repair = 0;
	size_t before_len;
	int i, n;

	for (n = 0; n < 40; n++) {
		/* Nothing that one could guess: the pitch slides. */
		phase += n * 0.37;
		speak();
		(void)opus_ear_put(whole, packet, packet_len, wanted, 320);
		memcpy(before, packet, packet_len);
		before_len = packet_len;
		phase += 1.1;
		speak();
		(void)opus_ear_put(plain, NULL, 0, made, 320);
		assert_int_equal(opus_ear_repair(repaired, packet, packet_len,
						 repair, 320),
				 0);
		for (i = 0; n > 5 && i < 320; i++) {
			off_made += fabs((double)made[i] - wanted[i]);
			off_repair += fabs((double)repair[i] - wanted[i]);
		}
		(void)opus_ear_put(whole, packet, packet_len, wanted, 320);
		(void)opus_ear_put(plain, packet, packet_len, wanted, 320);
		(void)opus_ear_put(repaired, packet, packet_len, wanted, 320);
	}
	assert_true(before_len > 0);
	assert_true(off_repair < off_made * 0.8);
	opus_ear_free(plain);
	opus_ear_free(repaired);
	opus_ear_free(whole);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(every_channel_hears_the_same_in_its_own_format),
		TEST(opus_goes_as_it_came),
		TEST(a_hole_in_the_numbers_is_concealed),
		TEST(an_empty_packet_is_concealed),
		TEST(nothing_is_concealed_before_the_first_packet),
		TEST(a_jump_of_the_numbers_is_no_loss),
		TEST(a_packet_that_can_not_be_decoded_is_concealed),
		TEST(repair_data_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
