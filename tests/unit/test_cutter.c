/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/rtp/cutter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const struct gridcall_format pcmu = {GRIDCALL_PCMU, 8000};
static const struct gridcall_format l16 = {GRIDCALL_L16, 16000};
static const struct gridcall_format opus = {GRIDCALL_OPUS, 48000};

static struct cutter cutter;
static struct gridcall_frame frame;

/* Bytes that count up, so that none can be swapped or left out. */
static void feed(const struct gridcall_format *format, uint32_t len,
		 uint32_t samples, uint32_t missing)
{
	static uint8_t data[4000];
	struct cutter_payload payload = {*format, data, len, samples};
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	assert_true(cutter_is_hungry(&cutter));
	cutter_feed(&cutter, &payload, missing);
}

static void cuts_a_long_payload_into_frames(void **state)
{
	uint32_t i;

	cutter_reset(&cutter);
	feed(&pcmu, 480, 480, 0);
	for (i = 0; i < 480; i++) {
		if (i % 160 == 0) {
			assert_true(cutter_fill(&cutter));
			cutter_take(&cutter, &frame);
			assert_int_equal(frame.len, 160);
		}
		assert_int_equal(frame.data[i % 160], (uint8_t)i);
	}
	assert_false(cutter_fill(&cutter));
	assert_false(cutter_has_begun(&cutter));
}

static void joins_short_payloads_to_a_frame(void **state)
{
	cutter_reset(&cutter);
	feed(&l16, 320, 160, 0);
	assert_false(cutter_fill(&cutter));
	assert_true(cutter_has_begun(&cutter));
	feed(&l16, 320, 160, 0);
	assert_true(cutter_fill(&cutter));
	cutter_take(&cutter, &frame);
	assert_int_equal(frame.len, 640);
	assert_int_equal(frame.data[319], (uint8_t)319);
	assert_int_equal(frame.data[320], 0);
	assert_int_equal(frame.data[639], (uint8_t)319);
}

static void tells_a_frame_with_a_hole_as_lost(void **state)
{
	cutter_reset(&cutter);
	feed(&pcmu, 80, 80, 0);
	assert_false(cutter_fill(&cutter));
	feed(&pcmu, 240, 240, 160);
	assert_true(cutter_fill(&cutter)); /* 10 ms here, 10 missing */
	cutter_take(&cutter, &frame);
	assert_null(frame.data);
	assert_int_equal(frame.len, 0);
	assert_int_equal(frame.format.codec, GRIDCALL_PCMU);
	assert_true(cutter_fill(&cutter)); /* 10 missing, 10 here */
	cutter_take(&cutter, &frame);
	assert_null(frame.data);
	assert_true(cutter_fill(&cutter));
	cutter_take(&cutter, &frame);
	assert_int_equal(frame.data[0], 80);
	assert_int_equal(frame.data[159], 239);
}

static void pads_with_the_silence_of_its_codec(void **state)
{
	cutter_reset(&cutter);
	feed(&pcmu, 159, 159, 0);
	assert_false(cutter_fill(&cutter));
	cutter_pad(&cutter);
	cutter_take(&cutter, &frame);
	assert_int_equal(frame.len, 160);
	assert_int_equal(frame.data[158], 158);
	assert_int_equal(frame.data[159], 0xff);
}

static void passes_an_opus_packet_on_whole(void **state)
{
	cutter_reset(&cutter);
	feed(&opus, 1275, 960, 1920);
	assert_true(cutter_fill(&cutter));
	cutter_take(&cutter, &frame);
	assert_null(frame.data);
	assert_true(cutter_fill(&cutter));
	cutter_take(&cutter, &frame);
	assert_null(frame.data);
	assert_true(cutter_fill(&cutter));
	cutter_take(&cutter, &frame);
	assert_int_equal(frame.len, 1275);
	assert_int_equal(frame.data[1274], (uint8_t)1274);
	assert_false(cutter_fill(&cutter));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_a_long_payload_into_frames),
		cmocka_unit_test(joins_short_payloads_to_a_frame),
		cmocka_unit_test(tells_a_frame_with_a_hole_as_lost),
		cmocka_unit_test(pads_with_the_silence_of_its_codec),
		cmocka_unit_test(passes_an_opus_packet_on_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
