/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/rtp/settings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define ADDRESSES                                                              \
	{"local", "0.0.0.0:5004"},                                             \
	{                                                                      \
		"remote", "192.0.2.1:5004"                                     \
	}

static struct settings settings;
static struct gridcall_why why;

static int reads(const struct gridcall_option *options)
{
	memset(&why, 0, sizeof(why));
	memset(&settings, 0xee, sizeof(settings));
	return settings_read(&settings, options, &why);
}

static void needs_no_more_than_two_addresses(void **state)
{
	const struct gridcall_option options[] = {ADDRESSES, {NULL, NULL}};

	assert_int_equal(reads(options), 0);
	assert_int_equal(settings.transmit.codec, GRIDCALL_PCMA);
	assert_int_equal(settings.transmit.rate_hz, 8000);
	assert_int_equal(settings.payload_type, 8);
	assert_int_equal(settings.gap_ms, 100);
	assert_int_equal(settings.jitter_ms, 40);
	assert_int_equal(settings.ttl, 0);
	assert_false(settings.is_strict);
	assert_int_equal(settings.accept[0].codec, GRIDCALL_PCMU);
	assert_int_equal(settings.accept[8].codec, GRIDCALL_PCMA);
	assert_int_equal(settings.accept[111].codec, GRIDCALL_OPUS);
	assert_int_equal(settings.accept[97].codec, 0);
}

static void takes_every_option(void **state)
{
	const struct gridcall_option options[] = {
		{"local", "[::1]:5004"},
		{"remote", "[2001:db8::1]:65535"},
		{"strict", "yes"},
		{"codec", "l16"},
		{"rate", "48000"},
		{"pt", "127"},
		{"accept", "96:opus/48000,97:l16/16000,98:pcma/8000"},
		{"gap_ms", "2000"},
		{"jitter_ms", "0"},
		{"ttl", "1"},
		{NULL, NULL},
	};

	assert_int_equal(reads(options), 0);
	assert_int_equal(address_port(&settings.remote), 65535);
	assert_true(settings.is_strict);
	assert_int_equal(settings.transmit.rate_hz, 48000);
	assert_int_equal(settings.payload_type, 127);
	/* what we send, we also understand */
	assert_int_equal(settings.accept[127].codec, GRIDCALL_L16);
	assert_int_equal(settings.accept[127].rate_hz, 48000);
	assert_int_equal(settings.accept[96].codec, GRIDCALL_OPUS);
	assert_int_equal(settings.accept[97].rate_hz, 16000);
	assert_int_equal(settings.accept[98].codec, GRIDCALL_PCMA);
	assert_int_equal(settings.packet_bytes, 48 * 60 * 2);
}

static void chooses_the_usual_payload_type(void **state)
{
	static const struct {
		const char *codec;
		int type;
	} rows[] = {{"pcmu", 0}, {"pcma", 8}, {"l16", 97}, {"opus", 111}};
	size_t i;

	for (i = 0; i < 4; i++) {
		const struct gridcall_option options[] = {
			ADDRESSES, {"codec", rows[i].codec}, {NULL, NULL}};

		assert_int_equal(reads(options), 0);
		assert_int_equal(settings.payload_type, rows[i].type);
	}
}

static void refused(const char *key, const char *value, const char *sentence)
{
	const struct gridcall_option options[] = {
		ADDRESSES, {key, value}, {NULL, NULL}};

	assert_int_equal(reads(options), -EINVAL);
	if (!strstr(why.text, sentence))
		fail_msg("%s=%s: %s", key, value, why.text);
}

static void says_what_is_wrong_with_an_option(void **state)
{
	refused("gap", "1", "'gap' is no option of rtp; it knows local");
	refused("local", "0.0.0.0:1", "local is given twice");
	refused("strict", "maybe", "strict='maybe' is not yes or no");
	refused("codec", "PCMA", "is not pcma, pcmu, l16 or opus");
	refused("rate", "44100", "is not 8000, 16000 or 48000");
	refused("rate", "8000", "rate= goes with codec=l16 only");
	refused("pt", "128", "is not a number from 0 to 127");
	refused("pt", "", "is not a number from 0 to 127");
	refused("pt", "8 ", "is not a number");
	refused("pt", "-1", "is not a number");
	refused("pt", "99999999999", "is not a number");
	refused("pt", "0", "payload type 0 is always pcmu");
	refused("pt", "13", "payload type 13 is comfort noise");
	refused("pt", "72", "can't be told from RTCP");
	refused("gap_ms", "19", "is not a number from 20 to 2000");
	refused("jitter_ms", "201", "is not a number from 0 to 200");
	refused("ttl", "0", "is not a number from 1 to 255");
}

static void says_what_is_wrong_in_a_list(void **state)
{
	static const char *const wrong[] = {
		"",
		",",
		"96",
		"96:opus",
		"96:opus/8000",
		"96:pcma/16000",
		"128:opus/48000",
		"96:opus/48000,",
		"x:opus/48000",
		"96:gsm/8000",
		"96:opus/48000;97:l16/8000",
		"96:opus/480000000000000000000000000000",
	};
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused("accept", wrong[i], "is not TYPE:CODEC/RATE");
	refused("accept", "8:pcmu/8000", "payload type 8 is always pcma");
	refused("accept", "13:l16/8000", "is comfort noise");
}

static void says_what_is_wrong_with_addresses(void **state)
{
	static const struct {
		const char *local;
		const char *remote;
		const char *sentence;
	} rows[] = {
		{NULL, "192.0.2.1:5", "local= is missing"},
		{"0.0.0.0:5", NULL, "remote= is missing"},
		{"0.0.0.0", "192.0.2.1:5", "local='0.0.0.0' is not IP:PORT"},
		{"0.0.0.0:5", "[::1]:5", "both be IPv4 or both IPv6"},
		{"0.0.0.0:5", "0.0.0.0:5", "not the address of one machine"},
		{"0.0.0.0:5", "239.1.1.1:5", "rtp is unicast"},
		{"[::]:5", "[ff02::1]:5", "rtp is unicast"},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct gridcall_option options[3] = {{NULL, NULL}};
		size_t count = 0;

		if (rows[i].local)
			options[count++] = (struct gridcall_option){
				"local", rows[i].local};
		if (rows[i].remote)
			options[count++] = (struct gridcall_option){
				"remote", rows[i].remote};
		assert_int_equal(reads(options), -EINVAL);
		if (!strstr(why.text, rows[i].sentence))
			fail_msg("row %zu: %s", i, why.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(needs_no_more_than_two_addresses),
		cmocka_unit_test(takes_every_option),
		cmocka_unit_test(chooses_the_usual_payload_type),
		cmocka_unit_test(says_what_is_wrong_with_an_option),
		cmocka_unit_test(says_what_is_wrong_in_a_list),
		cmocka_unit_test(says_what_is_wrong_with_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
