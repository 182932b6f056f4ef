/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Z85 against the vectors of RFC 32 and of ZeroMQ's own CURVE tests.
 */
#include "proto/z85.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <zmq.h>

static const struct {
	const char *text;
	uint8_t data[Z85_KEY_BYTES];
	size_t len;
} vectors[] = {
	{"", {0}, 0},
	{"HelloWorld", {0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B}, 8},
	{"00000", {0, 0, 0, 0}, 4},
	{"%nSc0", {0xff, 0xff, 0xff, 0xff}, 4},
	/* The test key pair of RFC 32: public, then secret. */
	{"JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6",
	 {0x8E, 0x0B, 0xDD, 0x69, 0x76, 0x28, 0xB9, 0x1D, 0x8F, 0x24, 0x55,
	  0x87, 0xEE, 0x95, 0xC5, 0xB0, 0x4D, 0x48, 0x96, 0x3F, 0x79, 0x25,
	  0x98, 0x77, 0xB4, 0x9C, 0xD9, 0x06, 0x3A, 0xEA, 0xD3, 0xB7},
	 32},
	{"D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
	 {0x7B, 0xB8, 0x64, 0xB4, 0x89, 0xAF, 0xA3, 0x67, 0x1F, 0xBE, 0x69,
	  0x10, 0x1F, 0x94, 0xB3, 0x89, 0x72, 0xF2, 0x48, 0x16, 0xDF, 0xB0,
	  0x1B, 0x51, 0x65, 0x6B, 0x3F, 0xEC, 0x8D, 0xFD, 0x08, 0x88},
	 32},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void bytes_become_the_characters_of_the_rfc(void **state)
{
	char text[Z85_KEY_CHARS + 1];
	size_t i;

	for (i = 0; i < COUNT(vectors); i++) {
		assert_int_equal(
			z85_encode(text, vectors[i].data, vectors[i].len), 0);
		assert_string_equal(text, vectors[i].text);
	}
}

static void characters_become_the_bytes_of_the_rfc(void **state)
{
	uint8_t data[Z85_KEY_BYTES];
	size_t i;

	for (i = 0; i < COUNT(vectors); i++) {
		assert_int_equal(z85_decode(data, vectors[i].text,
					    strlen(vectors[i].text)),
				 0);
		assert_memory_equal(data, vectors[i].data, vectors[i].len);
	}
}

static void it_writes_what_zeromq_writes(void **state)
{
	char ours[Z85_KEY_CHARS + 1], theirs[Z85_KEY_CHARS + 1];
	uint8_t data[Z85_KEY_BYTES], back[Z85_KEY_BYTES];
	uint32_t seed = 1;
	int round;
	size_t i;

	for (round = 0; round < 1000; round++) {
		for (i = 0; i < sizeof(data); i++) {
			seed = seed * 1664525 + 1013904223;
			data[i] = (uint8_t)(seed >> 24);
		}
		assert_int_equal(z85_encode(ours, data, sizeof(data)), 0);
		assert_non_null(zmq_z85_encode(theirs, data, sizeof(data)));
		assert_string_equal(ours, theirs);
		assert_int_equal(z85_decode(back, theirs, Z85_KEY_CHARS), 0);
		assert_memory_equal(back, data, sizeof(data));
	}
}

static void bytes_that_are_no_multiple_of_four_are_refused(void **state)
{
	static const uint8_t data[8];
	char text[16] = "untouched";
	size_t len;

	for (len = 1; len < 8; len++)
		if (len != 4)
			assert_int_equal(z85_encode(text, data, len), -EINVAL);
	assert_string_equal(text, "untouched");
}

static void characters_that_are_no_z85_are_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} wrong[] = {
		{"Hell", 4},
		{"HelloW", 6},
		{"Hell ", 5},
		{"Hell\"", 5},
		{"Hell\\", 5},
		{"Hell'", 5},
		{"Hell,", 5},
		{"Hell;", 5},
		{"Hell_", 5},
		{"Hell`", 5},
		{"Hell|", 5},
		{"Hell~", 5},
		{"Hell\x7f", 5},
		{"Hell\xc3", 5},
		{"Hell\n", 5},
		{"Hel\0o", 5},
		{"HelloWorl\0", 10},
		/* One more than four bytes hold, and the most there can be. */
		{"%nSc1", 5},
		{"#####", 5},
	};
	uint8_t data[8];
	size_t i;

	for (i = 0; i < COUNT(wrong); i++)
		assert_int_equal(z85_decode(data, wrong[i].text, wrong[i].len),
				 -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_become_the_characters_of_the_rfc),
		cmocka_unit_test(characters_become_the_bytes_of_the_rfc),
		cmocka_unit_test(it_writes_what_zeromq_writes),
		cmocka_unit_test(
			bytes_that_are_no_multiple_of_four_are_refused),
		cmocka_unit_test(characters_that_are_no_z85_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
