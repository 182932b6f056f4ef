/* SPDX-License-Identifier: MIT */
#include "proto/prefixes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MANY 1700

static bool one_by_one(const char *const *list, size_t count, const char *topic)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strncmp(topic, list[i], strlen(list[i])))
			return true;
	return false;
}

static void nothing_is_in_no_prefixes(void **state)
{
	struct prefixes prefixes;

	assert_int_equal(prefixes_make(&prefixes, NULL, 0), 0);
	assert_false(prefixes_hold(&prefixes, "gc1.440106.1.07.call"));
	prefixes_clear(&prefixes);
	prefixes_clear(&prefixes);
}

static void everything_is_in_the_empty_one(void **state)
{
	static const char *const list[] = {"gc1.440106.", "", "gc1."};
	struct prefixes prefixes;

	assert_int_equal(prefixes_make(&prefixes, list, 3), 0);
	assert_int_equal(prefixes.count, 1);
	assert_true(prefixes_hold(&prefixes, "gc1.440106.1.07.call"));
	assert_true(prefixes_hold(&prefixes, ""));
	prefixes_clear(&prefixes);
}

static void a_prefix_in_another_is_left_out(void **state)
{
	static const char *const list[] = {
		"gc1.440106.2.08.", "gc1.440106.1.07.call", "gc1.440103.",
		"gc1.440106.1.07.", "gc1.440106.1.07.",     "gc1.440103.1.",
	};
	struct prefixes prefixes;

	assert_int_equal(prefixes_make(&prefixes, list, 6), 0);
	assert_int_equal(prefixes.count, 3);
	assert_string_equal(prefixes.list[0], "gc1.440103.");
	assert_string_equal(prefixes.list[1], "gc1.440106.1.07.");
	assert_string_equal(prefixes.list[2], "gc1.440106.2.08.");
	prefixes_clear(&prefixes);
}

static void a_grid_is_not_in_its_shorter_or_longer_neighbour(void **state)
{
	static const char *const list[] = {"gc1.440106.1.0.",
					   "gc1.440106.1.070."};
	struct prefixes prefixes;

	assert_int_equal(prefixes_make(&prefixes, list, 2), 0);
	assert_false(prefixes_hold(&prefixes, "gc1.440106.1.07.call"));
	assert_true(prefixes_hold(&prefixes, "gc1.440106.1.070.call"));
	assert_true(prefixes_hold(&prefixes, "gc1.440106.1.0.call"));
	prefixes_clear(&prefixes);
}

/* Words so short that they often are prefixes of one another. */
static void make_word(char *word)
{
	int len = rand() % 6;

	while (len--)
		*word++ = (char)('a' + rand() % 3);
	*word = '\0';
}

static void it_finds_what_a_look_at_each_finds(void **state)
{
	static char words[MANY][8];
	const char *list[MANY];
	struct prefixes prefixes;
	char topic[8];
	int round, i, count;

	srand(1);
	for (round = 0; round < 300; round++) {
		count = rand() % (round % 10 ? 12 : MANY);
		for (i = 0; i < count; i++) {
			make_word(words[i]);
			list[i] = words[i];
		}
		assert_int_equal(prefixes_make(&prefixes, list, (size_t)count),
				 0);
		for (i = 0; i < 100; i++) {
			make_word(topic);
			assert_int_equal(
				prefixes_hold(&prefixes, topic),
				one_by_one(list, (size_t)count, topic));
		}
		prefixes_clear(&prefixes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_in_no_prefixes),
		cmocka_unit_test(everything_is_in_the_empty_one),
		cmocka_unit_test(a_prefix_in_another_is_left_out),
		cmocka_unit_test(
			a_grid_is_not_in_its_shorter_or_longer_neighbour),
		cmocka_unit_test(it_finds_what_a_look_at_each_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
