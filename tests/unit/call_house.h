/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * call_house.h - the directory, recordings and jobs around the engine
 */
#pragma once

#include "codecs/audiofile.h"
#include "gateway/record/directory_builder.h"
#include "tests/unit/call_guards.h"

#include <osmocom/core/select.h>
#include <sys/stat.h>

struct job {
	struct llist_head entry;
	void (*work)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

static inline void queue_job(void *data, void (*work)(void *arg),
			     void (*done)(void *arg), void *arg)
{
	struct bench *bench = data;
	struct job *job = calloc(1, sizeof(*job));

	*job = (struct job){.work = work, .done = done, .arg = arg};
	llist_add_tail(&job->entry, &bench->jobs);
}

static inline void run_jobs(struct bench *bench)
{
	struct job *job;

	while (!llist_empty(&bench->jobs)) {
		job = llist_first_entry(&bench->jobs, struct job, entry);
		llist_del(&job->entry);
		job->work(job->arg);
		job->done(job->arg);
		free(job);
	}
}

/* Turn the loop until the condition holds; alarm() ends a hang. */
#define UNTIL(bench, condition)                                                \
	do {                                                                   \
		alarm(30);                                                     \
		run_jobs(bench);                                               \
		while (!(condition)) {                                         \
			osmo_select_main(0);                                   \
			run_jobs(bench);                                       \
		}                                                              \
		alarm(0);                                                      \
	} while (0)

static inline const struct directory *get_directory(void *data)
{
	return ((struct bench *)data)->directory;
}

static inline int get_slot(void *data, const char *channel)
{
	return strcmp(channel, "CH1") ? -1 : ((struct bench *)data)->slot;
}

static inline const struct channel_entry *get_channel(void *data, uint32_t slot)
{
	struct bench *bench = data;

	if (bench->slot < 0 || slot != (uint32_t)bench->slot)
		return NULL;
	return directory_find_channel(bench->directory, "CH1");
}

static inline void make_directory(struct bench *bench)
{
	struct directory_builder *builder = directory_builder_alloc(bench->ctx);
	struct channel_entry channel = {
		.code = "CH1",
		.name = "one",
		.home = HOME,
		.driver = "invented",
		.address = "",
		.repeater = bench->repeater,
		.tx_limit_s = bench->tx_limit_s ? bench->tx_limit_s : 60,
		.over_limit_s = bench->over_limit_s ? bench->over_limit_s : 60,
		.signalling = "dtmf",
	};
	static char *keypad[] = {(char *)"keypad", NULL};
	char code[16], number[16];
	int i;

	directory_builder_channel(builder, &channel);
	for (i = 1; i <= UNITS; i++) {
		struct unit unit = {
			.code = code,
			.name = "正佳广场",
			.spoken = "正佳广场",
			.category = "GZ:A",
			.district = "440106",
			.station = "440106530000",
			.grid = i == UNITS ? "08" : "07",
			.channel = "CH1",
			.number = number,
			.answers_by = keypad,
			.strength = 18,
			.duty = bench->duty[i - 1],
		};

		if (i == bench->gone)
			continue;
		snprintf(code, sizeof(code), "U%d", i);
		snprintf(number, sizeof(number), "%02d", i);
		directory_builder_unit(builder, &unit);
	}
	bench->directory = directory_builder_finish(builder);
}

static inline void write_prompt(struct bench *bench, const char *name,
				unsigned int frames)
{
	struct audiofile_writer *writer;
	uint8_t silence[320] = {0};
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/zh/%s.wav", bench->prompts, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	writer = audiofile_writer_open(file, AUDIOFILE_L16, 8000);
	while (frames--)
		audiofile_writer_put(writer, silence, sizeof(silence));
	audiofile_writer_close(writer);
	fclose(file);
}

#define REPEAT        3 /* of the names below; told by its length */
#define REPEAT_FRAMES 5
#define CUE_FRAMES    2

static inline void write_prompts(struct bench *bench)
{
	static const char *const names[] = {
		"announce", "lead_exercise", "lead_real", "repeat",
		"done",     "alarm",         "units/U1",  "units/U2",
		"units/U3", "digits/0",      "digits/4"};
	char path[160];
	size_t i;

	mkdir(bench->prompts, 0700);
	snprintf(path, sizeof(path), "%s/zh", bench->prompts);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/zh/units", bench->prompts);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/zh/digits", bench->prompts);
	mkdir(path, 0700);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		write_prompt(bench, names[i],
			     i == REPEAT ? REPEAT_FRAMES : CUE_FRAMES);
}
