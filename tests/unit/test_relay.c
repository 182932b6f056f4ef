/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What was received becomes Opus that sounds the same.
 */
#include "gateway/voice/relay.h"

#include "codecs/encoder.h"
#include "codecs/level.h"
#include "codecs/opus.h"
#include "tests/unit/sound.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define FRAMES 50

struct bench {
	struct relay *relay;
	struct opus_ear *ear; /* of who listens */
	struct encoder *encoder;
	struct gridcall_format format;
	int16_t pcm[960];
	double phase;
	uint8_t data[ENCODER_BYTES_MAX];
	uint8_t packet[RELAY_BYTES_MAX];
	bool passed;
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	bench->relay = relay_alloc();
	bench->ear = opus_ear_alloc(48000);
	*state = bench;
	return bench->relay && bench->ear ? 0 : -1;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	relay_free(bench->relay);
	opus_ear_free(bench->ear);
	encoder_free(bench->encoder);
	free(bench);
	return 0;
}

static void use(struct bench *bench, uint32_t codec, uint32_t rate_hz)
{
	bench->format = (struct gridcall_format){codec, rate_hz};
	encoder_free(bench->encoder);
	bench->encoder = encoder_alloc(codec, rate_hz, 48000);
	assert_non_null(bench->encoder);
}

/* 20 ms of a tone through the relay; lost: it never came. */
static size_t relay(struct bench *bench, uint32_t hz, bool lost)
{
	struct gridcall_frame frame = {.format = bench->format};
	size_t i;
	int len;

	for (i = 0; i < 960; i++, bench->phase += 2 * M_PI * hz / 48000)
		bench->pcm[i] = (int16_t)(8000 * sin(bench->phase));
	len = encoder_put(bench->encoder, bench->pcm, bench->data);
	assert_true(len > 0);
	if (!lost) {
		frame.data = bench->data;
		frame.len = (uint32_t)len;
	}
	return relay_put(bench->relay, &frame, bench->packet, &bench->passed);
}

/* What a listener hears of the tone, whole frames, the last ones. */
static void assert_sounds(struct bench *bench, uint32_t hz)
{
	int16_t heard[960];
	uint32_t found_hz = 0;
	size_t len;
	int i;

	for (i = 0; i < FRAMES; i++) {
		len = relay(bench, hz, false);
		assert_in_range(len, 10, 1275);
		assert_true(opus_is_plain(bench->packet, len));
		assert_int_equal(opus_ear_put(bench->ear, bench->packet, len,
					      heard, 960),
				 960);
	}
	assert_true(level_tone_purity(heard, 960, 48000, &found_hz) > 800);
	assert_in_range(found_hz, hz - 20, hz + 20);
	assert_in_range(-level_mean_mdb(heard, 960), 9000, 17000);
}

static void every_format_is_heard_as_it_sounded(void **state)
{
	static const struct gridcall_format formats[] = {
		{GRIDCALL_PCMA, 8000}, {GRIDCALL_PCMU, 8000},
		{GRIDCALL_L16, 8000},  {GRIDCALL_L16, 16000},
		{GRIDCALL_L16, 48000},
	};
	struct bench *bench = *state;
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		use(bench, formats[i].codec, formats[i].rate_hz);
		assert_sounds(bench, 1000);
		assert_false(bench->passed);
	}
}

static void wideband_stays_wideband(void **state)
{
	struct bench *bench = *state;

	use(bench, GRIDCALL_L16, 16000);
	assert_sounds(bench, 6000);
}

static void mono_opus_passes_byte_by_byte(void **state)
{
	struct bench *bench = *state;
	size_t len;
	int i;

	use(bench, GRIDCALL_OPUS, 48000);
	for (i = 0; i < FRAMES; i++) {
		len = relay(bench, 700, false);
		assert_true(bench->passed);
		assert_memory_equal(bench->packet, bench->data, len);
	}
}

static void opus_in_stereo_becomes_mono(void **state)
{
	struct bench *bench = *state;
	struct gridcall_frame frame;
	size_t len;

	use(bench, GRIDCALL_OPUS, 48000);
	len = relay(bench, 700, false);
	bench->data[0] |= 4; /* the stereo flag of the table of contents */
	frame = (struct gridcall_frame){bench->format, bench->data,
					(uint32_t)len};
	len = relay_put(bench->relay, &frame, bench->packet, &bench->passed);
	assert_false(bench->passed);
	assert_true(opus_is_plain(bench->packet, len));
}

static void a_lost_frame_is_no_packet_and_is_concealed(void **state)
{
	static const uint32_t codecs[] = {GRIDCALL_PCMA, GRIDCALL_L16,
					  GRIDCALL_OPUS};
	static const uint32_t rates[] = {8000, 16000, 48000};
	struct bench *bench = *state;
	size_t i;

	for (i = 0; i < 3; i++) {
		use(bench, codecs[i], rates[i]);
		assert_int_equal(relay(bench, 500, true), 0);
		assert_sounds(bench, 500);
		assert_int_equal(relay(bench, 500, true), 0);
		assert_int_equal(relay(bench, 500, true), 0);
		assert_sounds(bench, 500);
		relay_reset(bench->relay);
		assert_sounds(bench, 500);
	}
}

static void what_is_no_packet_of_its_codec_is_lost(void **state)
{
	static const uint8_t bytes[300];
	struct gridcall_frame frames[] = {
		{{GRIDCALL_PCMA, 8000}, bytes, 159},
		{{GRIDCALL_L16, 16000}, bytes, 300},
		{{GRIDCALL_OPUS, 48000}, bytes, 0},
		{{99, 8000}, bytes, 160},
	};
	struct bench *bench = *state;
	size_t i;

	for (i = 0; i < 4; i++)
		assert_int_equal(relay_put(bench->relay, &frames[i],
					   bench->packet, &bench->passed),
				 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(every_format_is_heard_as_it_sounded),
		TEST(wideband_stays_wideband),
		TEST(mono_opus_passes_byte_by_byte),
		TEST(opus_in_stereo_becomes_mono),
		TEST(a_lost_frame_is_no_packet_and_is_concealed),
		TEST(what_is_no_packet_of_its_codec_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
