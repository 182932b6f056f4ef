/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "proto/topic.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int parse(const char *text)
{
	struct topic topic;

	return topic_parse(&topic, text, strlen(text));
}

static bool prefix(const char *text)
{
	return topic_prefix_is_valid(text, strlen(text));
}

static void builds_the_topic_of_the_contract(void **state)
{
	struct topic topic = {.kind = TOPIC_REPLY,
			      .district = "440106",
			      .station = "440106530000",
			      .grid = "07"};
	char text[TOPIC_MAX];

	assert_int_equal(topic_build(text, &topic), 0);
	assert_string_equal(text, "gc1.440106.440106530000.07.reply");
}

static void builds_the_status_of_a_gateway(void **state)
{
	struct topic topic = {.kind = TOPIC_STATUS, .gateway = "GZ01"};
	char text[TOPIC_MAX];

	assert_int_equal(topic_build(text, &topic), 0);
	assert_string_equal(text, "gc1.gateway.GZ01.status");
}

static void gives_back_every_legal_topic(void **state)
{
	static const char *const legal[] = {
		"gc1.440106.440106530000.07.call",
		"gc1.440106.440106530000.07.reply",
		"gc1.440106.440106530000.07.over",
		"gc1.440106.440106530000.07.alarm",
		"gc1.440106.440106530000.07.unit",
		"gc1.440106.440106530000.07.notice",
		"gc1.440106.440106530000.07.channel",
		"gc1.440106.440106530000.07.voice",
		"gc1.000000.A.0.call",
		"gc1.999999.ZZZZZZZZZZZZ.ZZZZZZZZ.channel",
		"gc1.gateway.0.status",
		"gc1.gateway.ABCDEFGHIJ12.status",
	};
	struct topic topic;
	char text[TOPIC_MAX];
	size_t i;

	for (i = 0; i < COUNT(legal); i++) {
		assert_int_equal(
			topic_parse(&topic, legal[i], strlen(legal[i])), 0);
		assert_int_equal(topic_build(text, &topic), 0);
		assert_string_equal(text, legal[i]);
	}
}

static void refuses_what_breaks_a_rule(void **state)
{
	static const char *const illegal[] = {
		"",
		".",
		"....",
		"gc1",
		"gc1.",
		"gc2.440106.1.07.reply",
		"GC1.440106.1.07.reply",
		"gc1.44010.1.07.reply",
		"gc1.4401066.1.07.reply",
		"gc1.44010A.1.07.reply",
		"gc1.440106..07.reply",
		"gc1.440106.4401065300001.07.reply",
		"gc1.440106.a.07.reply",
		"gc1.440106.1..reply",
		"gc1.440106.1.123456789.reply",
		"gc1.440106.1.0-7.reply",
		"gc1.440106.1.07.",
		"gc1.440106.1.07.Reply",
		"gc1.440106.1.07.replies",
		"gc1.440106.1.07.repl",
		"gc1.440106.1.07.reply.",
		"gc1.440106.1.07.reply.x",
		"gc1.440106.1.07.status",
		"gc1.440106.1.reply",
		"gc1.440106.1.status",
		"gc1.gateway..status",
		"gc1.gateway.GZ01",
		"gc1.gateway.GZ01.call",
		"gc1.gateway.ABCDEFGHIJ123.status",
		"gc1.gateway.gz.status",
		"gc1.gateway.1.07.reply",
		"gc1.gateway.1.07.status",
		"x.gc1.440106.1.07.reply",
	};
	size_t i;

	for (i = 0; i < COUNT(illegal); i++)
		assert_int_equal(parse(illegal[i]), -EINVAL);
}

static void refuses_a_nul_inside(void **state)
{
	static const char text[] = "gc1.440106.1\0.07.reply";
	struct topic topic;

	assert_int_equal(topic_parse(&topic, text, sizeof(text) - 1), -EINVAL);
}

static void leaves_the_result_alone_when_it_refuses(void **state)
{
	struct topic wrong = {.kind = TOPIC_REPLY, .district = "4401"};
	struct topic topic = {.grid = "same"};
	char text[TOPIC_MAX] = "same";

	assert_int_equal(topic_build(text, &wrong), -EINVAL);
	assert_string_equal(text, "same");
	assert_int_equal(topic_parse(&topic, "gc1", 3), -EINVAL);
	assert_string_equal(topic.grid, "same");
}

static void refuses_to_build_an_area_with_a_gateway(void **state)
{
	struct topic both = {.kind = TOPIC_REPLY,
			     .district = "440106",
			     .station = "1",
			     .grid = "1",
			     .gateway = "GZ01"};
	char text[TOPIC_MAX];

	assert_int_equal(topic_build(text, &both), -EINVAL);
	both.kind = TOPIC_STATUS;
	assert_int_equal(topic_build(text, &both), -EINVAL);
	both.kind = (enum topic_kind)99;
	assert_int_equal(topic_build(text, &both), -EINVAL);
}

static void builds_from_an_area(void **state)
{
	char text[TOPIC_MAX];

	assert_int_equal(
		topic_in_area(text, "440106.440106530000.07", TOPIC_OVER), 0);
	assert_string_equal(text, "gc1.440106.440106530000.07.over");
	assert_int_equal(topic_in_area(text, "440106.1", TOPIC_OVER), -EINVAL);
	assert_int_equal(topic_in_area(text, "440106.1.", TOPIC_OVER), -EINVAL);
	assert_int_equal(topic_in_area(text, "440106.1.2.3", TOPIC_OVER),
			 -EINVAL);
	assert_int_equal(topic_in_area(text, "440106.1.2", TOPIC_STATUS),
			 -EINVAL);
	assert_int_equal(topic_in_area(text, "", TOPIC_OVER), -EINVAL);
}

static void knows_a_prefix_of_a_whole_area(void **state)
{
	assert_true(prefix(""));
	assert_true(prefix("gc1."));
	assert_true(prefix("gc1.440106."));
	assert_true(prefix("gc1.440106.440106530000."));
	assert_true(prefix("gc1.440106.440106530000.07."));
	assert_true(prefix("gc1.440106.440106530000.07.reply"));
	assert_true(prefix("gc1.gateway."));
	assert_true(prefix("gc1.gateway.GZ01."));
	assert_true(prefix("gc1.gateway.GZ01.status"));
}

static void refuses_a_prefix_that_cuts_a_word(void **state)
{
	assert_false(prefix("g"));
	assert_false(prefix("gc1"));
	assert_false(prefix("."));
	assert_false(prefix("gc1.44"));
	assert_false(prefix("gc1.44."));
	assert_false(prefix("gc1.."));
	assert_false(prefix("gc1.440106"));
	assert_false(prefix("gc1.440106.1.07"));
	assert_false(prefix("gc1.440106.1.07.rep"));
	assert_false(prefix("gc1.440106.1.07.reply."));
	assert_false(prefix("gc1.gateway.GZ01.status."));
	assert_false(prefix("gc1.gateway.GZ01.x."));
	assert_false(prefix("gc1.gate"));
}

static void keeps_a_prefix_within_its_jurisdiction(void **state)
{
	assert_true(topic_prefix_is_within("gc1.440106.1.", ""));
	assert_true(topic_prefix_is_within("", ""));
	assert_true(topic_prefix_is_within("gc1.440106.1.", "gc1.440106."));
	assert_true(topic_prefix_is_within("gc1.440106.", "gc1.440106."));
	assert_false(topic_prefix_is_within("gc1.", "gc1.440106."));
	assert_false(topic_prefix_is_within("", "gc1.440106."));
	assert_false(topic_prefix_is_within("gc1.440105.1.", "gc1.440106."));
	/* A neighbour whose code begins alike. */
	assert_false(topic_prefix_is_within("gc1.440106.12.", "gc1.440106.1."));
	/* A jurisdiction that is no area holds nobody. */
	assert_false(topic_prefix_is_within("gc1.440106.12.", "gc1.440106.1"));
}

static void has_no_kind_that_starts_another(void **state)
{
	int a, b;

	for (a = TOPIC_CALL; a <= TOPIC_STATUS; a++)
		for (b = TOPIC_CALL; b <= TOPIC_STATUS; b++)
			assert_true(a == b ||
				    strncmp(topic_kind_name(a),
					    topic_kind_name(b),
					    strlen(topic_kind_name(a))));
}

static void tells_durable_from_volatile(void **state)
{
	assert_true(topic_kind_is_durable(TOPIC_CALL));
	assert_true(topic_kind_is_durable(TOPIC_NOTICE));
	assert_false(topic_kind_is_durable(TOPIC_CHANNEL));
	assert_false(topic_kind_is_durable(TOPIC_VOICE));
	assert_false(topic_kind_is_durable(TOPIC_STATUS));
	assert_false(topic_kind_is_durable((enum topic_kind)99));
	assert_string_equal(topic_kind_name((enum topic_kind)99), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_the_topic_of_the_contract),
		cmocka_unit_test(builds_the_status_of_a_gateway),
		cmocka_unit_test(gives_back_every_legal_topic),
		cmocka_unit_test(refuses_what_breaks_a_rule),
		cmocka_unit_test(refuses_a_nul_inside),
		cmocka_unit_test(leaves_the_result_alone_when_it_refuses),
		cmocka_unit_test(refuses_to_build_an_area_with_a_gateway),
		cmocka_unit_test(builds_from_an_area),
		cmocka_unit_test(knows_a_prefix_of_a_whole_area),
		cmocka_unit_test(refuses_a_prefix_that_cuts_a_word),
		cmocka_unit_test(keeps_a_prefix_within_its_jurisdiction),
		cmocka_unit_test(has_no_kind_that_starts_another),
		cmocka_unit_test(tells_durable_from_volatile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
