/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/directory.h"

#include "gateway/record/directory_builder.h"
#include "gateway/record/directory_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <talloc.h>
#include <cmocka.h>

static void an_empty_directory_finds_nothing(void **state)
{
	struct directory *directory = directory_alloc(NULL);

	assert_int_equal(directory_unit_count(directory), 0);
	assert_int_equal(directory_channel_count(directory), 0);
	assert_null(directory_find_unit(directory, "x"));
	assert_null(directory_find_channel(directory, "x"));
	assert_null(directory_find_number(directory, "x", "07"));
	assert_null(directory_find_radio(directory, "x", "1234"));
	talloc_free(directory);
}

#define MANY 100000
#define EACH 40 /* units a channel */

static void add_unit(struct directory_builder *builder, int i)
{
	char code[16], channel[16], number[8], radio[16];
	char *radios[] = {radio, NULL};
	struct unit unit = {
		.code = code,
		.channel = channel,
		.number = number,
		.radio_ids = radios,
	};

	snprintf(code, sizeof(code), "U%06d", i);
	snprintf(channel, sizeof(channel), "C%d", i / EACH);
	snprintf(number, sizeof(number), "%02d", i % EACH);
	snprintf(radio, sizeof(radio), "%d", 1000 + i % EACH);
	directory_builder_unit(builder, &unit);
}

static void a_hundred_thousand_units_are_found_each_way(void **state)
{
	struct directory_builder *builder = directory_builder_alloc(NULL);
	struct directory *directory;
	const struct unit *unit;
	int i;

	/* In an order that is not theirs: 7919 and 100000 share no factor. */
	for (i = 0; i < MANY; i++)
		add_unit(builder, (int)((i * 7919ll) % MANY));
	directory = directory_builder_finish(builder);
	assert_int_equal(directory_unit_count(directory), MANY);
	for (i = 0; i < MANY; i++) {
		unit = directory_unit(directory, (size_t)i);
		assert_ptr_equal(directory_find_unit(directory, unit->code),
				 unit);
		assert_ptr_equal(directory_find_number(directory, unit->channel,
						       unit->number),
				 unit);
		assert_ptr_equal(directory_find_radio(directory, unit->channel,
						      unit->radio_ids[0]),
				 unit);
		if (i)
			assert_true(
				strcmp(directory_unit(directory, (size_t)i - 1)
					       ->code,
				       unit->code) < 0);
	}
	assert_null(directory_find_number(directory, "C0", "99"));
	talloc_free(directory);
}

static void a_unit_without_number_is_not_found_by_one(void **state)
{
	struct directory_builder *builder = directory_builder_alloc(NULL);
	struct unit unit = {.code = "A", .channel = "C"};
	struct directory *directory;

	directory_builder_unit(builder, &unit);
	directory = directory_builder_finish(builder);
	assert_null(directory_find_number(directory, "C", ""));
	assert_string_equal(directory_find_unit(directory, "A")->name, "");
	assert_null(directory_find_unit(directory, "A")->tags[0]);
	talloc_free(directory);
}

static void rows_are_copied(void **state)
{
	struct directory_builder *builder = directory_builder_alloc(NULL);
	char name[] = "正佳广场";
	char code[] = "CH1";
	char *tags[] = {name, NULL};
	struct unit unit = {.code = "A", .name = name, .tags = tags};
	struct channel_entry channel = {.code = code, .lead_ms = 300};
	struct directory *directory;

	directory_builder_unit(builder, &unit);
	directory_builder_channel(builder, &channel);
	memset(name, 'x', sizeof(name) - 1);
	memset(code, 'x', sizeof(code) - 1);
	directory = directory_builder_finish(builder);
	assert_string_equal(directory_unit(directory, 0)->name, "正佳广场");
	assert_string_equal(directory_unit(directory, 0)->tags[0], "正佳广场");
	assert_int_equal(directory_find_channel(directory, "CH1")->lead_ms,
			 300);
	talloc_free(directory);
}

static void a_unit_survives_its_message(void **state)
{
	char *list[] = {(char *)"keypad", (char *)"speech", NULL};
	char *none[] = {NULL};
	struct unit unit = {
		"A",
		"b",
		"c",
		none,
		"GZ:A",
		"440106",
		"440106530000",
		"07",
		"z",
		"C",
		"07",
		list,
		list,
		18,
		"d",
		"p",
		"1",
		"2",
		"GCJ02",
		none,
		list,
		123456789,
		"holiday",
	};
	struct unit back;
	Gridcall__V1__Unit message;
	void *ctx = talloc_new(NULL);

	unit_to_message(&unit, &message);
	assert_int_equal(message.n_answers_by, 2);
	assert_int_equal(message.n_aliases, 0);
	unit_from_message(&back, ctx, &message);
	assert_string_equal(back.station, "440106530000");
	assert_string_equal(back.grid, "07");
	assert_string_equal(back.crs, "GCJ02");
	assert_string_equal(back.answers_by[1], "speech");
	assert_null(back.answers_by[2]);
	assert_null(back.cameras[0]);
	assert_string_equal(back.tags[0], "keypad");
	assert_int_equal(back.strength, 18);
	assert_int_equal(back.excused_until_us, 123456789);
	assert_string_equal(back.excused_reason, "holiday");
	talloc_free(ctx);
}

static void a_channel_survives_its_message(void **state)
{
	char *grids[] = {(char *)"440106.1.07", NULL};
	struct channel_entry channel = {
		"C", "n", "440106.1.07", grids, "rtp", "a", true, 1, 2, 3,
		4,   5,   "dtmf"};
	struct channel_entry back;
	Gridcall__V1__Channel message;
	void *ctx = talloc_new(NULL);

	channel_to_message(&channel, &message);
	assert_string_equal(message.kind, "repeater");
	channel_from_message(&back, ctx, &message);
	assert_true(back.repeater);
	assert_string_equal(back.grids[0], "440106.1.07");
	assert_int_equal(back.lead_ms, 1);
	assert_int_equal(back.hang_ms, 2);
	assert_int_equal(back.tail_ms, 3);
	assert_int_equal(back.tx_limit_s, 4);
	assert_int_equal(back.over_limit_s, 5);
	assert_string_equal(back.signalling, "dtmf");
	talloc_free(ctx);
}

static void damaged_bytes_are_refused(void **state)
{
	struct directory_builder *builder = directory_builder_alloc(NULL);
	const uint8_t bytes[] = {0x0a, 0xff};

	assert_int_not_equal(directory_builder_unit_bytes(builder, bytes, 2),
			     0);
	assert_int_not_equal(directory_builder_channel_bytes(builder, bytes, 2),
			     0);
	talloc_free(builder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_directory_finds_nothing),
		cmocka_unit_test(a_hundred_thousand_units_are_found_each_way),
		cmocka_unit_test(a_unit_without_number_is_not_found_by_one),
		cmocka_unit_test(rows_are_copied),
		cmocka_unit_test(a_unit_survives_its_message),
		cmocka_unit_test(a_channel_survives_its_message),
		cmocka_unit_test(damaged_bytes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
