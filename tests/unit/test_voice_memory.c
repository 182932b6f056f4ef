/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * After a channel is open, hearing, recording and sending allocate nothing.
 *
 * The allocator of this program is replaced by one that counts what a thread
 * asks for while it forbids itself to.  Sanitizers have allocators of their
 * own, so their builds run the same minute without counting.
 */
#include "tests/unit/air.h"

#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

/* Volatile: the compiler knows malloc() and believes it changes no variable. */
static __thread volatile bool forbidden;
static __thread volatile uint64_t allocations;

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

GRIDCALL_EXPORT void *malloc(size_t size)
{
	allocations += forbidden;
	return __libc_malloc(size);
}

GRIDCALL_EXPORT void *calloc(size_t count, size_t size)
{
	allocations += forbidden;
	return __libc_calloc(count, size);
}

GRIDCALL_EXPORT void *realloc(void *memory, size_t size)
{
	allocations += forbidden;
	return __libc_realloc(memory, size);
}
#define COUNTS 1
#else
#define COUNTS 0
#endif

static char folder[64];

static int make_folder(void **state)
{
	strcpy(folder, "/tmp/test_voice_memory_XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int flag,
		      struct FTW *ftw)
{
	return remove(path);
}

static int remove_folder(void **state)
{
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* 20 ms of a made tone in a format, heard over and over. */
static void hear_packets(struct air *air, const struct gridcall_frame *frame,
			 uint32_t ms)
{
	for (; ms >= 20; ms -= 20) {
		channel_heard(air->channel, frame, air->now_us);
		air_tick(air);
	}
}

static void send(struct air *air, const struct playlist *list, uint32_t ticket)
{
	channel_play(air->channel, list, ticket, air->now_us);
	air_pass(air, 2000);
}

/* A second of live voice, and the silence that ends it. */
static void talk(struct air *air, const struct playlist *list, uint32_t ticket)
{
	uint32_t i;

	channel_play(air->channel, list, ticket, air->now_us);
	for (i = 0; i < 50; i++) {
		(void)uplink_put(list->uplink, (const uint8_t *)"2", 1,
				 air->now_us);
		air_tick(air);
	}
	air_pass(air, 1000);
}

/* A minute in the life of a channel. */
static void live(struct air *air, const struct playlist *list,
		 const struct playlist *said,
		 const struct gridcall_frame *others, size_t count)
{
	uint32_t ticket = 0;
	size_t i;

	while (air->now_us < UINT64_C(1060000000)) {
		air_up(air);
		air_quiet(air, 300);
		air_dial(air, "*07*18#");
		air_lose(air, 60);
		air_speak(air, 1000);
		for (i = 0; i < count; i++)
			hear_packets(air, &others[i], 500);
		air_beep(air, 200);
		air_quiet(air, 1000);
		air_speak(air, 1000);
		air_down(air);
		air_pass(air, 500);
		talk(air, said, ++ticket);
		send(air, list, ++ticket);
		channel_halt(air->channel, ticket, air->now_us);
		channel_failed(air->channel, "gone", air->now_us);
		channel_recovered(air->channel, air->now_us);
		channel_log(air->channel, GRIDCALL_INFO, "back", air->now_us);
		air_collect(air);
	}
}

static void live_without_allocating(struct air *air)
{
	struct recorder_config config = {.folder = folder};
	struct gridcall_frame others[3] = {
		{.format = {GRIDCALL_OPUS, 48000}},
		{.format = {GRIDCALL_L16, 48000}},
		{.format = {GRIDCALL_PCMA, 8000}},
	};
	struct playlist list = {.count = 1, .wait_ms = 1000};
	struct playlist said = {
		.uplink = uplink_alloc(&air->format, air->now_us)};
	struct clip *clips[3];
	struct gridcall_why why;
	size_t i;

	air->recorder = recorder_alloc(&config, &why);
	air->monitor = monitor_alloc(&why);
	monitor_listen(air->monitor, 7, true);
	air_open(air);
	list.clips[0] = air_clip(air, 500);
	for (i = 0; i < 3; i++) {
		clips[i] = clip_encode(air->pcm, 160, 8000, &others[i].format,
				       1, &why);
		assert_non_null(clips[i]);
		(void)clip_frame(clips[i], &others[i].format, 0, &others[i]);
	}
	/* The thread of who listens allocates, and is not counted. */
	allocations = 0;
	forbidden = true;
	live(air, &list, &said, others, 3);
	forbidden = false;
	assert_int_equal(allocations, 0);
	assert_true(air_signals(air, SIGNAL_OVER_ENDED) >= 5);
	assert_true(air_signals(air, SIGNAL_PLAY_ENDED) >= 5);
	assert_true(air_signals(air, SIGNAL_TONE) >= 35);
	for (i = 0; i < 3; i++)
		clip_drop(clips[i]);
	clip_drop(list.clips[0]);
	assert_true(uplink_sent_ms(said.uplink) >= 4000);
	uplink_drop(said.uplink);
	/* It was given something to do. */
	while (!monitor_progress(air->monitor))
		sched_yield();
	recorder_free(air->recorder);
	monitor_free(air->monitor);
	air_free(air);
}

static void the_counting_allocator_counts(void **state)
{
	void *volatile memory;

	allocations = 0;
	forbidden = true;
	memory = malloc(10);
	forbidden = false;
	free(memory);
	assert_int_equal(allocations, COUNTS);
}

static void a_minute_on_a_simplex_channel_allocates_nothing(void **state)
{
	live_without_allocating(air_new());
}

static void a_minute_on_a_repeater_allocates_nothing(void **state)
{
	struct air *air = air_new();

	air->config.repeater = true;
	air->config.hang_ms = 500;
	live_without_allocating(air);
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_counting_allocator_counts),
		TEST(a_minute_on_a_simplex_channel_allocates_nothing),
		TEST(a_minute_on_a_repeater_allocates_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
