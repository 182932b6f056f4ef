/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test_driver.c - whether every driver that was built keeps plugin.h
 *
 * A driver that needs options to open has a row in examples; one without a row
 * fails.
 */
#include "gateway/plugin.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <talloc.h>

#include "tests/conform/build_folder.h"
#include "tests/conform/drive.h"
#include "tests/conform/own_address.h"

#define COUNTERS_MAX 64
#define TIMES        200

/*
 * What each driver must be given to open, twice at once.  A value's @ stands
 * for an address that no other test has.
 */
static struct example {
	const char *driver;
	struct gridcall_option first[8];
	struct gridcall_option second[8];
	struct gridcall_option wrong[8]; /* a value that can't be meant */
} examples[] = {
	{
		"rtp",
		{{"local", "@:47010"}, {"remote", "@:47011"}},
		{{"local", "@:47012"},
		 {"remote", "@:47013"},
		 {"codec", "opus"}},
		{{"local", "@"}, {"remote", "@:47011"}},
	},
};

#define EXAMPLES (sizeof(examples) / sizeof(examples[0]))

static struct plugin_list *list;

static const struct example *example_of(const struct gridcall_driver *driver)
{
	size_t i;

	for (i = 0; i < EXAMPLES; i++)
		if (!strcmp(examples[i].driver, driver->head.name))
			return &examples[i];
	fail_msg("driver '%s' has no row in examples of %s: add what it must "
		 "be given to open",
		 driver->head.name, __FILE__);
	return NULL;
}

/* The drivers one after the other; the example of each comes along. */
static const struct gridcall_driver *next_driver(struct plugin **plugin,
						 const struct example **example)
{
	const struct gridcall_driver *driver = NULL;

	while (!driver) {
		*plugin = plugin_next(list, *plugin);
		if (!*plugin)
			return NULL;
		driver = plugin_driver(*plugin);
	}
	*example = example_of(driver);
	return driver;
}

#define EACH_DRIVER(driver, example)                                           \
	const struct gridcall_driver *driver;                                  \
	const struct example *example = NULL;                                  \
	struct plugin *plugin_ = NULL;                                         \
                                                                               \
	while ((driver = next_driver(&plugin_, &example)))

static void opened(struct gridcall_radio *radio,
		   const struct gridcall_driver *driver,
		   const struct gridcall_option *options)
{
	if (host_open(radio, driver, options))
		fail_msg("'%s' does not open: %s", driver->head.name,
			 radio->why.text);
	assert_non_null(radio->state);
}

static void closed(struct gridcall_radio *radio)
{
	host_close(radio);
	assert_int_equal(radio->broken_rules, 0);
}

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* A frame in the format that open() gave; silence. */
static int send_frame(struct gridcall_radio *radio)
{
	static const uint8_t opus[] = {0x08, 0xff, 0xfe};
	uint8_t data[GRIDCALL_FRAME_BYTES_MAX] = {0};
	struct gridcall_frame frame = {.format = radio->transmit, .data = data};

	frame.len = radio->transmit.rate_hz / 1000 * GRIDCALL_FRAME_MS;
	if (radio->transmit.codec == GRIDCALL_L16)
		frame.len *= 2;
	if (radio->transmit.codec == GRIDCALL_OPUS) {
		frame.data = opus;
		frame.len = sizeof(opus);
	}
	return radio->driver->send(radio->state, &frame, radio->now_us);
}

/* ---- opening ---- */

static void there_are_drivers_to_look_at(void **state)
{
	int count = 0;

	EACH_DRIVER(driver, example) count++;
	assert_true(count > 0);
}

static void states_a_format_that_can_be_made(void **state)
{
	struct gridcall_radio radio;

	EACH_DRIVER(driver, example)
	{
		opened(&radio, driver, example->first);
		assert_in_range(radio.transmit.codec, GRIDCALL_PCMA,
				GRIDCALL_OPUS);
		assert_true(radio.transmit.rate_hz == 8000 ||
			    radio.transmit.rate_hz == 16000 ||
			    radio.transmit.rate_hz == 48000);
		closed(&radio);
	}
}

static void refuses_with_a_sentence(const struct gridcall_driver *driver,
				    const struct gridcall_option *options)
{
	struct gridcall_radio radio;
	int before = descriptors();

	assert_int_equal(host_open(&radio, driver, options), -EINVAL);
	assert_null(radio.state);
	/* a sentence: some words, and in bounds */
	assert_non_null(memchr(radio.why.text, '\0', sizeof(radio.why.text)));
	assert_non_null(strchr(radio.why.text, ' '));
	assert_int_equal(descriptors(), before);
}

static void refuses_options_that_can_not_be_meant(void **state)
{
	struct gridcall_option options[9];
	size_t i;

	EACH_DRIVER(driver, example)
	{
		refuses_with_a_sentence(driver, example->wrong);
		/* an unknown one behind those that would do */
		memset(options, 0, sizeof(options));
		for (i = 0; example->first[i].key; i++)
			options[i] = example->first[i];
		options[i].key = "no_such_option";
		options[i].value = "1";
		refuses_with_a_sentence(driver, options);
	}
}

static void keeps_options_only_during_the_call(void **state)
{
	char keys[8][64], values[8][128];
	struct gridcall_option options[8];
	struct gridcall_radio radio;
	size_t i;

	EACH_DRIVER(driver, example)
	{
		memset(options, 0, sizeof(options));
		for (i = 0; i < 7 && example->first[i].key; i++) {
			snprintf(keys[i], 64, "%s", example->first[i].key);
			snprintf(values[i], 128, "%s", example->first[i].value);
			options[i].key = keys[i];
			options[i].value = values[i];
		}
		opened(&radio, driver, options);
		memset(keys, 'x', sizeof(keys));
		memset(values, 'x', sizeof(values));
		host_tick(&radio);
		closed(&radio);
	}
}

static void opens_and_closes_many_times_without_a_trace(void **state)
{
	struct gridcall_radio radio;
	int before = descriptors();
	int i;

	EACH_DRIVER(driver, example)
	{
		for (i = 0; i < TIMES; i++) {
			opened(&radio, driver, example->first);
			host_tick(&radio);
			closed(&radio);
		}
		assert_int_equal(descriptors(), before);
	}
}

static void is_open_twice_at_once(void **state)
{
	struct gridcall_radio first, second;

	EACH_DRIVER(driver, example)
	{
		opened(&first, driver, example->first);
		opened(&second, driver, example->second);
		assert_ptr_not_equal(first.state, second.state);
		assert_int_equal(driver->key(second.state, 1, 1000000), 0);
		assert_true(send_frame(&first) < 0);
		assert_int_equal(send_frame(&second), 0);
		closed(&first);
		assert_int_equal(send_frame(&second), 0);
		closed(&second);
	}
}

/* ---- sending ---- */

static void sends_only_while_keyed(void **state)
{
	struct gridcall_radio radio;

	EACH_DRIVER(driver, example)
	{
		opened(&radio, driver, example->first);
		assert_true(send_frame(&radio) < 0);
		assert_int_equal(driver->key(radio.state, 1, radio.now_us), 0);
		assert_int_equal(send_frame(&radio), 0);
		/* keying twice is keying once */
		assert_int_equal(driver->key(radio.state, 1, radio.now_us), 0);
		host_tick(&radio);
		assert_int_equal(send_frame(&radio), 0);
		assert_int_equal(driver->key(radio.state, 0, radio.now_us), 0);
		assert_true(send_frame(&radio) < 0);
		closed(&radio);
	}
}

static void unkeys_always(void **state)
{
	struct gridcall_radio radio;
	int i;

	EACH_DRIVER(driver, example)
	{
		opened(&radio, driver, example->first);
		for (i = 0; i < 3; i++)
			assert_int_equal(
				driver->key(radio.state, 0, radio.now_us), 0);
		assert_int_equal(driver->key(radio.state, 1, radio.now_us), 0);
		for (i = 0; i < 3; i++)
			assert_int_equal(driver->key(radio.state, 0, 0), 0);
		closed(&radio);
	}
}

static void refuses_frames_of_another_format(void **state)
{
	uint8_t data[GRIDCALL_FRAME_BYTES_MAX + 1] = {0};
	struct gridcall_frame frame = {.data = data};
	struct gridcall_radio radio;

	EACH_DRIVER(driver, example)
	{
		opened(&radio, driver, example->first);
		assert_int_equal(driver->key(radio.state, 1, radio.now_us), 0);
		frame.format = radio.transmit;
		frame.len = 0;
		assert_true(driver->send(radio.state, &frame, 0) < 0);
		frame.len = sizeof(data);
		assert_true(driver->send(radio.state, &frame, 0) < 0);
		frame.len = 160;
		frame.format.codec = 99;
		assert_true(driver->send(radio.state, &frame, 0) < 0);
		closed(&radio);
	}
}

static void closes_while_keyed(void **state)
{
	struct gridcall_radio radio;

	EACH_DRIVER(driver, example)
	{
		opened(&radio, driver, example->first);
		assert_int_equal(driver->key(radio.state, 1, radio.now_us), 0);
		assert_int_equal(send_frame(&radio), 0);
		closed(&radio);
		/* it is free to be opened again, and then is not keyed */
		opened(&radio, driver, example->first);
		assert_true(send_frame(&radio) < 0);
		closed(&radio);
	}
}

/* ---- time and counters ---- */

static void stands_a_clock_that_jumps(void **state)
{
	static const uint64_t times[] = {
		0,          1, 20000,   20000, 3600000000ull, 3599000000ull,
		UINT64_MAX, 0, 1000000,
	};
	struct gridcall_radio radio;
	size_t i;

	EACH_DRIVER(driver, example)
	{
		opened(&radio, driver, example->first);
		assert_int_equal(driver->key(radio.state, 1, 0), 0);
		for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
			radio.now_us = times[i];
			driver->tick(radio.state, radio.now_us);
			assert_int_equal(send_frame(&radio), 0);
			(void)host_poll(&radio, 0);
		}
		assert_int_equal(driver->key(radio.state, 0, 0), 0);
		assert_int_equal(radio.keyed, 0);
		closed(&radio);
	}
}

static void checks_counter(const struct gridcall_counter *counter)
{
	size_t i;

	assert_true(islower((unsigned char)counter->name[0]));
	for (i = 0; counter->name[i]; i++)
		assert_true(islower((unsigned char)counter->name[i]) ||
			    isdigit((unsigned char)counter->name[i]) ||
			    counter->name[i] == '_');
	assert_true(isupper((unsigned char)counter->summary[0]));
	assert_int_equal(counter->summary[strlen(counter->summary) - 1], '.');
	assert_non_null(strchr(counter->summary, ' '));
}

static void counts_under_names_that_stay(void **state)
{
	struct gridcall_counter before[COUNTERS_MAX], after[COUNTERS_MAX];
	struct gridcall_radio radio;
	size_t count, i, j;

	EACH_DRIVER(driver, example)
	{
		opened(&radio, driver, example->first);
		count = driver->counters(radio.state, before, COUNTERS_MAX);
		assert_in_range(count, 1, COUNTERS_MAX);
		assert_int_equal(driver->key(radio.state, 1, radio.now_us), 0);
		for (i = 0; i < 10; i++) {
			assert_int_equal(send_frame(&radio), 0);
			host_tick(&radio);
		}
		assert_int_equal(
			driver->counters(radio.state, after, COUNTERS_MAX),
			count);
		for (i = 0; i < count; i++) {
			checks_counter(&before[i]);
			assert_string_equal(before[i].name, after[i].name);
			assert_true(after[i].value >= before[i].value);
			for (j = 0; j < i; j++)
				assert_string_not_equal(before[i].name,
							before[j].name);
		}
		closed(&radio);
	}
}

static void copies_no_more_counters_than_there_is_room(void **state)
{
	struct gridcall_counter counters[2];
	struct gridcall_radio radio;
	size_t count;

	EACH_DRIVER(driver, example)
	{
		opened(&radio, driver, example->first);
		memset(counters, 0x5a, sizeof(counters));
		count = driver->counters(radio.state, NULL, 0);
		assert_int_equal(driver->counters(radio.state, counters, 1),
				 count);
		assert_true((uintptr_t)counters[1].name ==
			    (uintptr_t)0x5a5a5a5a5a5a5a5aull);
		closed(&radio);
	}
}

struct reader {
	struct gridcall_radio *radio;
	atomic_bool is_done;
};

static void *read_counters(void *arg)
{
	struct gridcall_counter counters[COUNTERS_MAX];
	struct reader *reader = arg;

	do {
		(void)reader->radio->driver->counters(reader->radio->state,
						      counters, COUNTERS_MAX);
	} while (!atomic_load(&reader->is_done));
	return NULL;
}

/* What can go wrong here is seen in BUILD=tsan. */
static void counts_while_another_thread_reads(void **state)
{
	struct gridcall_radio radio;
	int i;

	EACH_DRIVER(driver, example)
	{
		struct reader reader = {.radio = &radio};
		pthread_t thread;

		opened(&radio, driver, example->first);
		assert_int_equal(driver->key(radio.state, 1, radio.now_us), 0);
		assert_int_equal(
			pthread_create(&thread, NULL, read_counters, &reader),
			0);
		for (i = 0; i < TIMES; i++) {
			assert_int_equal(send_frame(&radio), 0);
			(void)host_poll(&radio, 0);
			host_tick(&radio);
		}
		atomic_store(&reader.is_done, true);
		pthread_join(thread, NULL);
		closed(&radio);
	}
}

static void put_address(struct gridcall_option *options)
{
	for (; options->key; options++)
		if (options->value[0] == '@')
			options->value =
				talloc_asprintf(list, "%s%s", own_address(),
						options->value + 1);
}

/* Load every plugin of the build; one that does not load fails the suite. */
static int load_all(void **state)
{
	struct gridcall_why why = {{0}};
	char path[1024];
	struct dirent *entry;
	DIR *dir;
	size_t i;

	list = plugin_list_alloc(NULL);
	for (i = 0; i < EXAMPLES; i++) {
		put_address(examples[i].first);
		put_address(examples[i].second);
		put_address(examples[i].wrong);
	}
	snprintf(path, sizeof(path), "%s/plugins", build_folder());
	dir = opendir(path);
	if (!dir) {
		fprintf(stderr, "%s: %s; is GRIDCALL_BUILD right?\n", path,
			strerror(errno));
		return -1;
	}
	while ((entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".so"))
			continue;
		snprintf(path, sizeof(path), "%s/plugins/%s", build_folder(),
			 entry->d_name);
		if (!plugin_load(list, path, &why)) {
			fprintf(stderr, "%s\n", why.text);
			return -1;
		}
	}
	return closedir(dir);
}

static int unload_all(void **state)
{
	list = plugin_list_free(list);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_are_drivers_to_look_at),
		cmocka_unit_test(states_a_format_that_can_be_made),
		cmocka_unit_test(refuses_options_that_can_not_be_meant),
		cmocka_unit_test(keeps_options_only_during_the_call),
		cmocka_unit_test(opens_and_closes_many_times_without_a_trace),
		cmocka_unit_test(is_open_twice_at_once),
		cmocka_unit_test(sends_only_while_keyed),
		cmocka_unit_test(unkeys_always),
		cmocka_unit_test(refuses_frames_of_another_format),
		cmocka_unit_test(closes_while_keyed),
		cmocka_unit_test(stands_a_clock_that_jumps),
		cmocka_unit_test(counts_under_names_that_stay),
		cmocka_unit_test(copies_no_more_counters_than_there_is_room),
		cmocka_unit_test(counts_while_another_thread_reads),
	};

	return cmocka_run_group_tests(tests, load_all, unload_all);
}
