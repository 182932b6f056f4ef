/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codecs/g711.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int16_t alaw(uint8_t code)
{
	int16_t sample;

	g711_alaw_decode(&code, 1, &sample);
	return sample;
}

static int16_t ulaw(uint8_t code)
{
	int16_t sample;

	g711_ulaw_decode(&code, 1, &sample);
	return sample;
}

static uint8_t to_alaw(int sample)
{
	int16_t pcm = (int16_t)sample;
	uint8_t code;

	g711_alaw_encode(&pcm, 1, &code);
	return code;
}

static uint8_t to_ulaw(int sample)
{
	int16_t pcm = (int16_t)sample;
	uint8_t code;

	g711_ulaw_encode(&pcm, 1, &code);
	return code;
}

/* G.711 table 1a: decoder outputs of 13 bits at the ends of its segments. */
static void alaw_has_the_values_of_table_1a(void **state)
{
	static const struct {
		uint8_t code; /* before its even bits are inverted */
		int value;
	} table[] = {
		{0xff, 4032}, {0xf0, 2112},  {0xef, 2016}, {0xe0, 1056},
		{0xdf, 1008}, {0xd0, 528},   {0xcf, 504},  {0xc0, 264},
		{0xbf, 252},  {0xb0, 132},   {0xaf, 126},  {0xa0, 66},
		{0x9f, 63},   {0x90, 33},    {0x8f, 31},   {0x80, 1},
		{0x00, -1},   {0x7f, -4032},
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(alaw(table[i].code ^ 0x55),
				 table[i].value * 8);
}

/* G.711 table 2a: decoder outputs of 14 bits at the ends of its segments. */
static void ulaw_has_the_values_of_table_2a(void **state)
{
	static const struct {
		uint8_t code;
		int value;
	} table[] = {
		{0x80, 8031}, {0x8f, 4191}, {0x90, 3999},  {0x9f, 2079},
		{0xa0, 1983}, {0xaf, 1023}, {0xb0, 975},   {0xbf, 495},
		{0xc0, 471},  {0xcf, 231},  {0xd0, 219},   {0xdf, 99},
		{0xe0, 93},   {0xef, 33},   {0xf0, 30},    {0xfe, 2},
		{0xff, 0},    {0x7f, 0},    {0x00, -8031},
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(ulaw(table[i].code), table[i].value * 4);
}

static void every_code_comes_back(void **state)
{
	int code;

	for (code = 0; code < 256; code++) {
		assert_int_equal(to_alaw(alaw((uint8_t)code)), code);
		/* µ-law has two zeros; the positive one is sent. */
		assert_int_equal(to_ulaw(ulaw((uint8_t)code)),
				 code == 0x7f ? 0xff : code);
	}
}

static void a_louder_sample_never_decodes_quieter(void **state)
{
	int sample;

	for (sample = -32768; sample < 32767; sample++) {
		assert_true(alaw(to_alaw(sample)) <= alaw(to_alaw(sample + 1)));
		assert_true(ulaw(to_ulaw(sample)) <= ulaw(to_ulaw(sample + 1)));
	}
}

/* Tables 1a and 2a: where one code ends and the next begins. */
static void codes_change_at_the_decision_values(void **state)
{
	static const struct {
		int value;
		uint8_t below;
		uint8_t above;
	} a[] =
		{
			{2048, 0xef, 0xf0}, {1024, 0xdf, 0xe0},
			{512, 0xcf, 0xd0},  {256, 0xbf, 0xc0},
			{128, 0xaf, 0xb0},  {64, 0x9f, 0xa0},
			{2, 0x80, 0x81},
		},
	  u[] = {
		  {4063, 0x90, 0x8f}, {2015, 0xa0, 0x9f}, {991, 0xb0, 0xaf},
		  {479, 0xc0, 0xbf},  {223, 0xd0, 0xcf},  {95, 0xe0, 0xdf},
		  {31, 0xf0, 0xef},   {1, 0xff, 0xfe},
	  };
	size_t i;

	for (i = 0; i < sizeof(a) / sizeof(a[0]); i++) {
		assert_int_equal(to_alaw(a[i].value * 8 - 1) ^ 0x55,
				 a[i].below);
		assert_int_equal(to_alaw(a[i].value * 8) ^ 0x55, a[i].above);
	}
	for (i = 0; i < sizeof(u) / sizeof(u[0]); i++) {
		assert_int_equal(to_ulaw(u[i].value * 4 - 1), u[i].below);
		assert_int_equal(to_ulaw(u[i].value * 4), u[i].above);
	}
}

/* G.711 table 5 and 6: these eight codes are 1 kHz at 0 dBm0. */
static void the_milliwatt_is_3_14_dB_below_full_scale(void **state)
{
	static const uint8_t a[8] = {0x34, 0x21, 0x21, 0x34,
				     0xb4, 0xa1, 0xa1, 0xb4};
	static const uint8_t u[8] = {0x1e, 0x0b, 0x0b, 0x1e,
				     0x9e, 0x8b, 0x8b, 0x9e};
	double power_a = 0;
	double power_u = 0;
	int i;

	for (i = 0; i < 8; i++) {
		power_a += pow(alaw(a[i]) / 32768.0, 2) / 4;
		power_u += pow(ulaw(u[i]) / 32768.0, 2) / 4;
	}
	assert_true(fabs(10 * log10(power_a) + 3.14) < 0.05);
	assert_true(fabs(10 * log10(power_u) + 3.17) < 0.05);
}

static void silence_is_silent(void **state)
{
	assert_int_equal(alaw(G711_ALAW_SILENCE), 8);
	assert_int_equal(ulaw(G711_ULAW_SILENCE), 0);
	assert_int_equal(to_alaw(0), G711_ALAW_SILENCE);
	assert_int_equal(to_ulaw(0), G711_ULAW_SILENCE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alaw_has_the_values_of_table_1a),
		cmocka_unit_test(ulaw_has_the_values_of_table_2a),
		cmocka_unit_test(every_code_comes_back),
		cmocka_unit_test(a_louder_sample_never_decodes_quieter),
		cmocka_unit_test(codes_change_at_the_decision_values),
		cmocka_unit_test(the_milliwatt_is_3_14_dB_below_full_scale),
		cmocka_unit_test(silence_is_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
