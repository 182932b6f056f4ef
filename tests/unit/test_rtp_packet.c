/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/rtp/rtp_packet.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define HEAD 0x80, 0x08, 0x12, 0x34, 1, 2, 3, 4, 0xaa, 0xbb, 0xcc, 0xdd

#define PARSE(packet, ...)                                                     \
	rtp_packet_parse(packet, (const uint8_t[]){__VA_ARGS__},               \
			 sizeof((const uint8_t[]){__VA_ARGS__}))

static void reads_every_field(void **state)
{
	struct rtp_packet packet;

	assert_int_equal(PARSE(&packet, HEAD, 0x55), 0);
	assert_false(packet.marker);
	assert_int_equal(packet.payload_type, 8);
	assert_int_equal(packet.seq, 0x1234);
	assert_int_equal(packet.timestamp, 0x01020304);
	assert_int_equal(packet.ssrc, 0xaabbccdd);
	assert_int_equal(packet.len, 1);
	assert_int_equal(packet.payload[0], 0x55);
}

static void refuses_what_is_too_short_or_another_version(void **state)
{
	const uint8_t head[] = {HEAD};
	struct rtp_packet packet;
	size_t len;

	for (len = 0; len < sizeof(head); len++)
		assert_int_equal(rtp_packet_parse(&packet, head, len),
				 -EBADMSG);
	assert_int_equal(rtp_packet_parse(&packet, head, len), 0);
	assert_int_equal(packet.len, 0);
	assert_int_equal(PARSE(&packet, 0x40, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
			 -EBADMSG);
}

static void steps_over_sources_and_extension(void **state)
{
	struct rtp_packet packet;

	assert_int_equal(PARSE(&packet, 0x92, 0x88, 0, 1, 0, 0, 0, 0, 0, 0, 0,
			       0, 1, 1, 1, 1, 2, 2, 2, 2, 0xbe, 0xde, 0, 1, 9,
			       9, 9, 9, 0x77),
			 0);
	assert_true(packet.marker);
	assert_int_equal(packet.len, 1);
	assert_int_equal(packet.payload[0], 0x77);
}

static void refuses_sources_and_extension_past_the_end(void **state)
{
	struct rtp_packet packet;

	/* two sources stated, one there */
	assert_int_equal(PARSE(&packet, 0x82, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
			       1, 1, 1, 1),
			 -EBADMSG);
	/* no room for the extension's head */
	assert_int_equal(
		PARSE(&packet, 0x90, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
		-EBADMSG);
	/* 65535 words of extension */
	assert_int_equal(PARSE(&packet, 0x90, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
			       0, 0, 0xff, 0xff),
			 -EBADMSG);
}

static void takes_padding_off(void **state)
{
	struct rtp_packet packet;

	assert_int_equal(PARSE(&packet, 0xa0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
			       0x11, 0x22, 0, 0, 3),
			 0);
	assert_int_equal(packet.len, 2);
	/* nothing but padding */
	assert_int_equal(
		PARSE(&packet, 0xa0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2), 0);
	assert_int_equal(packet.len, 0);
}

static void refuses_padding_of_none_or_too_much(void **state)
{
	struct rtp_packet packet;

	assert_int_equal(
		PARSE(&packet, 0xa0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0),
		-EBADMSG);
	assert_int_equal(
		PARSE(&packet, 0xa0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 3),
		-EBADMSG);
	/* padded, but the last byte is the header's own */
	assert_int_equal(PARSE(&packet, 0xa0, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1),
			 -EBADMSG);
}

static void builds_what_it_reads(void **state)
{
	const uint8_t voice[] = {1, 2, 3};
	const struct rtp_packet packet = {
		.marker = true,
		.payload_type = 111,
		.seq = 65535,
		.timestamp = 0xfedcba98,
		.ssrc = 0x12345678,
		.payload = voice,
		.len = sizeof(voice),
	};
	struct rtp_packet again;
	uint8_t data[15];

	assert_int_equal(rtp_packet_build(&packet, data, 14), -EMSGSIZE);
	assert_int_equal(rtp_packet_build(&packet, data, 11), -EMSGSIZE);
	assert_int_equal(rtp_packet_build(&packet, data, 15), 15);
	assert_int_equal(rtp_packet_parse(&again, data, 15), 0);
	assert_true(again.marker);
	assert_int_equal(again.payload_type, 111);
	assert_int_equal(again.seq, 65535);
	assert_int_equal(again.timestamp, 0xfedcba98);
	assert_int_equal(again.ssrc, 0x12345678);
	assert_int_equal(again.len, 3);
	assert_memory_equal(again.payload, voice, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_field),
		cmocka_unit_test(refuses_what_is_too_short_or_another_version),
		cmocka_unit_test(steps_over_sources_and_extension),
		cmocka_unit_test(refuses_sources_and_extension_past_the_end),
		cmocka_unit_test(takes_padding_off),
		cmocka_unit_test(refuses_padding_of_none_or_too_much),
		cmocka_unit_test(builds_what_it_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
