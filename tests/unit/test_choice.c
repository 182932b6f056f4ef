/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "proto/choice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define FEEDS 8

static Gridcall__V1__Feed feeds[FEEDS];
static Gridcall__V1__Feed *list[FEEDS];

static Gridcall__V1__WhoamiReply none(void)
{
	Gridcall__V1__WhoamiReply who = GRIDCALL__V1__WHOAMI_REPLY__INIT;

	who.feeds = list;
	return who;
}

static void add(Gridcall__V1__WhoamiReply *who, const char *address,
		const char *area, bool voice)
{
	Gridcall__V1__Feed *feed = &feeds[who->n_feeds];

	gridcall__v1__feed__init(feed);
	feed->address = (char *)address;
	feed->jurisdiction = (char *)area;
	feed->public_key = (char *)(address[0] == 't' ? "key" : "");
	feed->voice = voice;
	list[who->n_feeds++] = feed;
}

static const char *const two[] = {"gc1.440106.", "gc1.440105.1."};

static struct choice_wish wish_of(const char *commands)
{
	return (struct choice_wish){.commands = commands,
				    .has_key = commands[0] == 't',
				    .prefixes = two,
				    .prefix_count = 2};
}

static void takes_one_feed_where_one_will_do(void **state)
{
	struct choice_wish wish = wish_of("tcp://h:1");
	Gridcall__V1__WhoamiReply who = none();
	int chosen[2];

	add(&who, "tcp://*:1", "gc1.440106.", false);
	add(&who, "tcp://*:2", "gc1.440105.", false);
	add(&who, "tcp://*:3", "gc1.", false);
	assert_int_equal(choice_make(&wish, &who, chosen), 0);
	assert_int_equal(chosen[0], 2);
	assert_int_equal(chosen[1], 2);
}

static void takes_several_where_none_carries_all(void **state)
{
	struct choice_wish wish = wish_of("tcp://h:1");
	Gridcall__V1__WhoamiReply who = none();
	int chosen[2];

	add(&who, "tcp://*:1", "gc1.440106.", false);
	add(&who, "tcp://*:2", "gc1.440105.", false);
	add(&who, "tcp://*:3", "gc1.440105.1.", false);
	assert_int_equal(choice_make(&wish, &who, chosen), 0);
	assert_int_equal(chosen[0], 0);
	assert_int_equal(chosen[1], 2);
}

static void tells_what_no_feed_carries(void **state)
{
	struct choice_wish wish = wish_of("tcp://h:1");
	Gridcall__V1__WhoamiReply who = none();
	int chosen[2];

	/* A feed of a part does not carry the whole. */
	add(&who, "tcp://*:1", "gc1.440106.1.", false);
	add(&who, "tcp://*:2", "gc1.440105.", false);
	assert_int_equal(choice_make(&wish, &who, chosen), 1);
	assert_int_equal(chosen[0], -1);
	assert_int_equal(chosen[1], 1);
}

static void takes_no_file_of_another_machine(void **state)
{
	struct choice_wish wish = wish_of("tcp://h:1");
	Gridcall__V1__WhoamiReply who = none();
	int chosen[2];

	add(&who, "ipc:///run/feed", "gc1.", false);
	assert_int_equal(choice_make(&wish, &who, chosen), 2);
}

static void takes_no_feed_that_wants_a_key_without_one(void **state)
{
	struct choice_wish wish = wish_of("ipc:///run/commands");
	Gridcall__V1__WhoamiReply who = none();
	int chosen[2];

	add(&who, "tcp://*:1", "gc1.", false);
	assert_int_equal(choice_make(&wish, &who, chosen), 2);
	add(&who, "ipc:///run/feed", "gc1.", false);
	assert_int_equal(choice_make(&wish, &who, chosen), 0);
	assert_int_equal(chosen[0], 1);
}

static void takes_voice_only_when_it_must_or_wants_to(void **state)
{
	struct choice_wish wish = wish_of("tcp://h:1");
	Gridcall__V1__WhoamiReply who = none();
	int chosen[2];

	add(&who, "tcp://*:1", "gc1.", true);
	assert_int_equal(choice_make(&wish, &who, chosen), 0);
	add(&who, "tcp://*:2", "gc1.440106.", false);
	assert_int_equal(choice_make(&wish, &who, chosen), 0);
	assert_int_equal(chosen[0], 1);
	assert_int_equal(chosen[1], 0);
	wish.voice = true;
	assert_int_equal(choice_make(&wish, &who, chosen), 0);
	assert_int_equal(chosen[0], 0);
}

static void puts_the_host_of_the_commands_where_any_is_told(void **state)
{
	static const char *const rows[][3] = {
		{"tcp://*:7441", "tcp://10.1.2.3:7440", "tcp://10.1.2.3:7441"},
		{"tcp://0.0.0.0:7441", "tcp://host:7440", "tcp://host:7441"},
		{"tcp://[::]:7441", "tcp://[fe80::1]:7440",
		 "tcp://[fe80::1]:7441"},
		{"tcp://*:7441", "ipc:///run/c", "tcp://127.0.0.1:7441"},
		{"tcp://other:7441", "tcp://host:1", "tcp://other:7441"},
		{"ipc:///run/feed", "ipc:///run/c", "ipc:///run/feed"},
	};
	char text[CHOICE_ADDRESS_SIZE];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		choice_address(text, rows[i][0], rows[i][1]);
		assert_string_equal(text, rows[i][2]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_one_feed_where_one_will_do),
		cmocka_unit_test(takes_several_where_none_carries_all),
		cmocka_unit_test(tells_what_no_feed_carries),
		cmocka_unit_test(takes_no_file_of_another_machine),
		cmocka_unit_test(takes_no_feed_that_wants_a_key_without_one),
		cmocka_unit_test(takes_voice_only_when_it_must_or_wants_to),
		cmocka_unit_test(
			puts_the_host_of_the_commands_where_any_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
