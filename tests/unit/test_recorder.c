/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/recorder.h"

#include "codecs/audiofile.h"
#include "codecs/encoder.h"

#include <ftw.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

/* 2026-11-21 20:12:34.567890 UTC */
#define UTC_US INT64_C(1795291954567890)
#define NAME   "20261121/CH-1/20261121T201234.567890Z"

static char folder[64];
static _Atomic uint64_t room = UINT64_MAX;
static sem_t asked;

/* The disk is not ours: what it says of its room is invented here. */
static uint64_t invented_room(void *data, const char *path)
{
	sem_post(&asked);
	return atomic_load(&room);
}

static int make_folder(void **state)
{
	atomic_store(&room, UINT64_MAX);
	strcpy(folder, "/tmp/test_recorder_XXXXXX");
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

static struct recorder *start(uint32_t pieces)
{
	struct recorder_config config = {
		.folder = folder,
		.reserve = 1000,
		.pieces = pieces,
		.room = invented_room,
	};
	struct gridcall_why why;
	struct recorder *recorder = recorder_alloc(&config, &why);

	assert_non_null(recorder);
	return recorder;
}

static void put(struct tape *tape, uint32_t codec, uint8_t value, int count)
{
	uint8_t data[160];
	struct gridcall_frame frame = {
		.format = {codec, 8000},
		.data = data,
		.len = sizeof(data),
	};

	memset(data, value, sizeof(data));
	for (; count; count--)
		tape_put(tape, &frame);
}

static void lose(struct tape *tape, int count)
{
	struct gridcall_frame frame = {.format = {GRIDCALL_PCMU, 8000}};

	for (; count; count--)
		tape_put(tape, &frame);
}

/* Samples in a recording, -1 when there is none; pcm for free(). */
static long read_file(const char *name, int16_t **pcm)
{
	char path[256];
	char why[160];
	uint32_t rate_hz;
	size_t samples;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (audiofile_read(path, pcm, &samples, &rate_hz, why, sizeof(why)))
		return -1;
	assert_int_equal(rate_hz, 8000);
	return (long)samples;
}

static void an_over_is_one_file_named_by_its_time(void **state)
{
	struct recorder *recorder = start(0);
	struct tape tape;
	int16_t *pcm;

	tape_init(&tape, recorder, 3, "CH-1");
	tape_begin(&tape, UTC_US);
	put(&tape, GRIDCALL_PCMU, 0x10, 50);
	lose(&tape, 5);
	put(&tape, GRIDCALL_PCMU, 0x90, 45);
	tape_end(&tape);
	assert_string_equal(tape.name, NAME ".wav");
	recorder_free(recorder);
	assert_int_equal(read_file(NAME ".wav", &pcm), 100 * 160);
	assert_int_equal(pcm[0], -pcm[55 * 160]);
	assert_int_equal(pcm[52 * 160] / 16, 0);
	free(pcm);
	assert_int_equal(read_file(NAME ".wav.part", &pcm), -1);
}

static void a_change_of_format_starts_a_second_file(void **state)
{
	struct recorder *recorder = start(0);
	struct tape tape;
	int16_t *pcm;

	tape_init(&tape, recorder, 3, "CH-1");
	tape_begin(&tape, UTC_US);
	put(&tape, GRIDCALL_PCMU, 0x10, 10);
	put(&tape, GRIDCALL_PCMA, 0x10, 20);
	tape_end(&tape);
	assert_string_equal(tape.name, NAME ".wav");
	recorder_free(recorder);
	assert_int_equal(read_file(NAME ".wav", &pcm), 10 * 160);
	free(pcm);
	assert_int_equal(read_file(NAME "-2.wav", &pcm), 20 * 160);
	free(pcm);
}

static void opus_goes_into_an_ogg_file(void **state)
{
	struct encoder *encoder = encoder_alloc(GRIDCALL_OPUS, 48000, 8000);
	struct recorder *recorder = start(0);
	static const int16_t pcm[160];
	uint8_t data[ENCODER_BYTES_MAX];
	struct gridcall_frame frame = {{GRIDCALL_OPUS, 48000}, data, 0};
	struct tape tape;
	char path[256], why[160];
	uint32_t rate_hz;
	size_t samples;
	int16_t *out;
	int i;

	tape_init(&tape, recorder, 3, "CH-1");
	tape_begin(&tape, UTC_US);
	for (i = 0; i < 50; i++) {
		frame.len = (uint32_t)encoder_put(encoder, pcm, data);
		tape_put(&tape, &frame);
	}
	tape_end(&tape);
	recorder_free(recorder);
	encoder_free(encoder);
	assert_string_equal(tape.name, NAME ".opus");
	snprintf(path, sizeof(path), "%s/%s", folder, tape.name);
	assert_int_equal(audiofile_read(path, &out, &samples, &rate_hz, why,
					sizeof(why)),
			 0);
	assert_in_range(samples, rate_hz * 98 / 100, rate_hz);
	free(out);
}

static void no_code_of_a_channel_leaves_the_folder(void **state)
{
	static const char *const codes[][2] = {
		{"../../etc", "20261121/_._.._etc/"},
		{"..", "20261121/_./"},
		{"", "20261121/_/"},
		{"北 1", "20261121/____1/"},
	};
	struct tape_piece piece = {.part = 1, .utc_us = UTC_US};
	char name[RECORDER_NAME_MAX];
	size_t i;

	piece.format.codec = GRIDCALL_PCMA;
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		strcpy(piece.code, codes[i][0]);
		tape_name(&piece, name);
		assert_memory_equal(name, codes[i][1], strlen(codes[i][1]));
	}
}

static void the_date_is_right_on_every_day(void **state)
{
	struct tape_piece piece = {.part = 1, .code = "X"};
	char name[RECORDER_NAME_MAX];
	char expected[9];
	struct tm tm;
	time_t day;

	for (day = 0; day < 60000; day++) {
		time_t time = day * 86400 + 86399;

		piece.utc_us = (int64_t)time * 1000000 + 999999;
		tape_name(&piece, name);
		gmtime_r(&time, &tm);
		strftime(expected, sizeof(expected), "%Y%m%d", &tm);
		assert_memory_equal(name, expected, 8);
	}
	assert_non_null(strstr(name, "T235959.999999Z"));
}

static void a_full_disk_stops_and_room_resumes(void **state)
{
	struct recorder *recorder;
	struct voice_recorder_stats stats;
	struct tape tape;
	int16_t *pcm;

	atomic_store(&room, 999);
	recorder = start(0);
	tape_init(&tape, recorder, 3, "CH-1");
	tape_begin(&tape, UTC_US);
	put(&tape, GRIDCALL_PCMU, 0x10, 10);
	tape_end(&tape);
	assert_string_equal(tape.name, "");
	recorder_stats(recorder, &stats);
	assert_true(stats.stopped);
	assert_int_equal(stats.refused, 1);
	atomic_store(&room, 1000);
	for (; stats.stopped; sem_wait(&asked))
		recorder_stats(recorder, &stats);
	tape_begin(&tape, UTC_US + 1);
	put(&tape, GRIDCALL_PCMU, 0x10, 10);
	tape_end(&tape);
	assert_string_not_equal(tape.name, "");
	recorder_free(recorder);
	assert_int_equal(read_file(tape.name, &pcm), 1600);
	free(pcm);
}

/* A disk that stalls when it is told to, until it is let go. */
static _Atomic bool stalling;
static sem_t stalled, let_go;

static uint64_t stalled_room(void *data, const char *path)
{
	if (atomic_exchange(&stalling, false)) {
		sem_post(&stalled);
		sem_wait(&let_go);
	}
	return UINT64_MAX;
}

static void a_stalled_disk_loses_frames_but_no_time(void **state)
{
	struct recorder_config config = {
		.folder = folder,
		.pieces = 2,
		.room = stalled_room,
	};
	struct voice_recorder_stats stats;
	struct gridcall_why why;
	struct recorder *recorder = recorder_alloc(&config, &why);
	struct tape tape;
	int16_t *pcm;

	tape_init(&tape, recorder, 3, "CH-1");
	tape_begin(&tape, UTC_US);
	atomic_store(&stalling, true);
	sem_wait(&stalled);
	put(&tape, GRIDCALL_PCMU, 0x10, 100);
	recorder_stats(recorder, &stats);
	assert_in_range(stats.lost, 60, 99);
	assert_int_equal(tape.lost, stats.lost);
	tape_end(&tape);
	assert_true(tape.owing);
	sem_post(&let_go);
	for (; tape.owing; sched_yield())
		tape_retry(&tape);
	recorder_free(recorder);
	assert_int_equal(read_file(NAME ".wav", &pcm), 100 * 160);
	free(pcm);
}

static void a_folder_that_can_not_be_made_is_refused(void **state)
{
	struct recorder_config config = {.folder = "/proc/no/such"};
	struct gridcall_why why = {""};

	assert_null(recorder_alloc(&config, &why));
	assert_non_null(strstr(why.text, "/proc/no/such"));
}

static void what_can_not_be_written_is_counted_and_said(void **state)
{
	struct inbox *signals = inbox_alloc(8, sizeof(struct signal));
	struct recorder_config config = {.folder = folder, .signals = signals};
	struct recorder *recorder;
	struct gridcall_why why;
	struct signal signal;
	struct tape tape;
	char path[128];
	FILE *file;

	/* A file where the day's folder should be. */
	snprintf(path, sizeof(path), "%s/20261121", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	recorder = recorder_alloc(&config, &why);
	tape_init(&tape, recorder, 3, "CH-1");
	tape_begin(&tape, UTC_US);
	put(&tape, GRIDCALL_PCMU, 0x10, 100);
	tape_end(&tape);
	recorder_free(recorder);
	assert_int_equal(inbox_take(signals, &signal), 0);
	assert_int_equal(signal.type, SIGNAL_LOG);
	assert_int_equal(signal.channel, 3);
	assert_non_null(strstr(signal.log.text, folder));
	inbox_free(signals);
}

int main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		TEST(an_over_is_one_file_named_by_its_time),
		TEST(a_change_of_format_starts_a_second_file),
		TEST(opus_goes_into_an_ogg_file),
		TEST(no_code_of_a_channel_leaves_the_folder),
		TEST(the_date_is_right_on_every_day),
		TEST(a_full_disk_stops_and_room_resumes),
		TEST(a_stalled_disk_loses_frames_but_no_time),
		TEST(a_folder_that_can_not_be_made_is_refused),
		TEST(what_can_not_be_written_is_counted_and_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
