/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/prompts.h"
#include "codecs/audiofile.h"
#include "gateway/call/shelf.h"
#include "gateway/clock.h"
#include "gateway/log.h"

#include <dirent.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <talloc.h>

/* Measured in one job; other work for the job thread comes between. */
#define MEASURE_AT_ONCE 200
/* Not looked for changes more often than this. */
#define REFRESH_US 2000000

struct prompt_index {
	size_t count;
	size_t room;
	size_t unmeasured;
	struct prompt *items; /* by name */
};

struct prompts {
	struct calls_config config;
	struct shelf *shelf;
	const char *folder; /* with the language; NULL: none */
	const char *kept;
	struct prompt_index *index;
	struct survey *survey; /* under way */
	uint64_t surveyed_us;
};

/* A look at the folders on the job thread. */
struct survey {
	struct prompts *prompts; /* NULL: gone */
	char *folder;
	char *kept;
	const struct prompt_index *before; /* read only */
	struct prompt_index *after;
};

/* ------------------------------------------------------------------ index --
 */

static int compare(const void *a, const void *b)
{
	const struct prompt *one = a;
	const struct prompt *other = b;

	return strcmp(one->name, other->name);
}

static struct prompt *index_find(const struct prompt_index *index,
				 const char *name)
{
	struct prompt key = {.name = (char *)name};

	if (!index || !index->count)
		return NULL;
	return bsearch(&key, index->items, index->count, sizeof(key), compare);
}

static struct prompt_index *index_free(struct prompt_index *index)
{
	size_t i;

	if (!index)
		return NULL;
	for (i = 0; i < index->count; i++) {
		free(index->items[i].name);
		free(index->items[i].path);
	}
	free(index->items);
	free(index);
	return NULL;
}

static struct prompt *index_room(struct prompt_index *index)
{
	struct prompt *items;
	size_t room;

	if (index->count == index->room) {
		room = index->room ? 2 * index->room : 64;
		items = realloc(index->items, room * sizeof(*items));
		if (!items)
			return NULL;
		index->items = items;
		index->room = room;
	}
	return &index->items[index->count];
}

/* Length of the name without a suffix that we can read; 0: another file. */
static size_t stem_len(const char *file)
{
	const char *dot = strrchr(file, '.');

	if (!dot || dot == file)
		return 0;
	if (strcmp(dot, ".wav") && strcmp(dot, ".opus"))
		return 0;
	return (size_t)(dot - file);
}

static void add_file(struct prompt_index *index, const char *folder,
		     const char *prefix, const char *file)
{
	struct prompt *prompt = index_room(index);
	struct stat status;
	char *path = NULL;
	char *name = NULL;

	if (!prompt || !stem_len(file))
		return;
	if (asprintf(&path, "%s/%s", folder, file) < 0)
		return;
	if (stat(path, &status) < 0 || !S_ISREG(status.st_mode) ||
	    asprintf(&name, "%s%.*s", prefix, (int)stem_len(file), file) < 0) {
		free(path);
		return;
	}
	*prompt = (struct prompt){
		.name = name, .path = path, .size = status.st_size};
	prompt->modified_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 +
			      status.st_mtim.tv_nsec;
	index->count++;
}

static void add_folder(struct prompt_index *index, const char *folder,
		       const char *below, const char *prefix)
{
	struct dirent *entry;
	char *path = NULL;
	DIR *dir;

	if (!folder || asprintf(&path, "%s%s", folder, below) < 0)
		return;
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		add_file(index, path, prefix, entry->d_name);
	if (dir)
		closedir(dir);
	free(path);
}

/* Of two files that differ in suffix only, the first stays. */
static void drop_doubles(struct prompt_index *index)
{
	size_t kept = 0;
	size_t i;

	for (i = 0; i < index->count; i++) {
		if (kept && !strcmp(index->items[kept - 1].name,
				    index->items[i].name)) {
			free(index->items[i].name);
			free(index->items[i].path);
			continue;
		}
		index->items[kept++] = index->items[i];
	}
	index->count = kept;
}

static struct prompt_index *index_make(const char *folder, const char *kept)
{
	struct prompt_index *index = calloc(1, sizeof(*index));

	if (!index)
		return NULL;
	add_folder(index, folder, "", "");
	add_folder(index, folder, "/digits", "digits/");
	add_folder(index, folder, "/units", "units/");
	add_folder(index, kept, "", "kept/");
	if (index->count)
		qsort(index->items, index->count, sizeof(*index->items),
		      compare);
	drop_doubles(index);
	index->unmeasured = index->count;
	return index;
}

/* ---------------------------------------------------------------- measure --
 */

static void measure(struct prompt *prompt)
{
	int16_t *pcm = NULL;
	size_t samples = 0;
	uint32_t rate_hz = 0;

	prompt->is_measured = true;
	if (audiofile_read(prompt->path, &pcm, &samples, &rate_hz, prompt->why,
			   sizeof(prompt->why)) < 0) {
		if (!prompt->why[0])
			snprintf(prompt->why, sizeof(prompt->why),
				 "can't be read");
		return;
	}
	prompt->length_ms =
		(uint32_t)((samples * 1000 + rate_hz - 1) / rate_hz);
	free(pcm);
}

static bool take_over(struct prompt *prompt, const struct prompt_index *before)
{
	const struct prompt *old = index_find(before, prompt->name);

	if (!old || !old->is_measured || strcmp(old->path, prompt->path) ||
	    old->modified_ns != prompt->modified_ns ||
	    old->size != prompt->size)
		return false;
	prompt->is_measured = true;
	prompt->length_ms = old->length_ms;
	memcpy(prompt->why, old->why, sizeof(prompt->why));
	return true;
}

/* Fixed prompts and announcements come first: a plan can't do without. */
static void measure_some(struct prompt_index *index, bool of_units,
			 size_t *left)
{
	size_t i;

	for (i = 0; i < index->count && *left; i++) {
		struct prompt *prompt = &index->items[i];

		if (prompt->is_measured ||
		    of_units != !strncmp(prompt->name, "units/", 6))
			continue;
		measure(prompt);
		index->unmeasured--;
		(*left)--;
	}
}

static void survey_work(void *arg)
{
	struct survey *survey = arg;
	size_t left = MEASURE_AT_ONCE;
	size_t i;

	survey->after = index_make(survey->folder, survey->kept);
	if (!survey->after)
		return;
	for (i = 0; i < survey->after->count; i++)
		if (take_over(&survey->after->items[i], survey->before))
			survey->after->unmeasured--;
	measure_some(survey->after, false, &left);
	measure_some(survey->after, true, &left);
}

static struct survey *survey_free(struct survey *survey)
{
	free(survey->folder);
	free(survey->kept);
	free(survey);
	return NULL;
}

static void forget_changed(struct prompts *prompts,
			   const struct prompt_index *after)
{
	const struct prompt *before;
	size_t i;

	for (i = 0; i < after->count; i++) {
		before = index_find(prompts->index, after->items[i].name);
		if (before &&
		    (before->modified_ns != after->items[i].modified_ns ||
		     before->size != after->items[i].size))
			shelf_forget(prompts->shelf, before->path);
	}
}

static void survey_start(struct prompts *prompts);

static void survey_done(void *arg)
{
	struct survey *survey = arg;
	struct prompts *prompts = survey->prompts;
	struct prompt_index *after = survey->after;

	if (!prompts) {
		/* The set went while we looked: its index was left to us. */
		index_free((struct prompt_index *)survey->before);
		index_free(after);
		survey_free(survey);
		return;
	}
	prompts->survey = survey_free(survey);
	prompts->surveyed_us = clock_now_us();
	if (!after)
		return;
	forget_changed(prompts, after);
	index_free(prompts->index);
	prompts->index = after;
	if (after->unmeasured)
		survey_start(prompts);
}

static void survey_start(struct prompts *prompts)
{
	struct survey *survey;

	if (prompts->survey)
		return;
	survey = calloc(1, sizeof(*survey));
	if (!survey)
		return;
	survey->prompts = prompts;
	survey->folder = prompts->folder ? strdup(prompts->folder) : NULL;
	survey->kept = prompts->kept ? strdup(prompts->kept) : NULL;
	survey->before = prompts->index;
	prompts->survey = survey;
	prompts->config.job(prompts->config.data, survey_work, survey_done,
			    survey);
}

/* ----------------------------------------------------------------- public --
 */

struct prompts *prompts_alloc(void *ctx, const struct calls_config *config,
			      struct shelf *shelf)
{
	struct prompts *prompts = talloc_zero(ctx, struct prompts);

	OSMO_ASSERT(prompts);
	prompts->config = *config;
	prompts->shelf = shelf;
	return prompts;
}

struct prompts *prompts_free(struct prompts *prompts)
{
	if (!prompts)
		return NULL;
	if (prompts->survey)
		prompts->survey->prompts = NULL;
	else
		index_free(prompts->index);
	talloc_free(prompts);
	return NULL;
}

void prompts_open(struct prompts *prompts,
		  const struct calls_settings *settings)
{
	if (settings->prompts && settings->prompts[0])
		prompts->folder = talloc_asprintf(
			prompts, "%s/%s", settings->prompts,
			settings->language ? settings->language : "zh");
	if (settings->announcements && settings->announcements[0])
		prompts->kept = settings->announcements;
	prompts->index = index_make(prompts->folder, prompts->kept);
	survey_start(prompts);
}

void prompts_refresh(struct prompts *prompts)
{
	if (clock_now_us() - prompts->surveyed_us > REFRESH_US)
		survey_start(prompts);
}

const struct prompt *prompts_find(const struct prompts *prompts,
				  const char *name)
{
	return index_find(prompts->index, name);
}

const struct prompt *prompts_announcement(const struct prompts *prompts,
					  const char *name)
{
	const struct prompt *prompt;
	char key[256];

	if (!name[0])
		return prompts_find(prompts, "announce");
	snprintf(key, sizeof(key), "kept/%s", name);
	prompt = prompts_find(prompts, key);
	if (prompt || strchr(name, '/'))
		return prompt;
	return prompts_find(prompts, name);
}

const char *prompts_folder(const struct prompts *prompts)
{
	return prompts->folder ? prompts->folder : "the folder of prompts";
}

size_t prompts_cue(const struct prompts *prompts, const char *unit,
		   const char *number, const struct prompt **cue, size_t max)
{
	char key[256];
	size_t count = 0;

	snprintf(key, sizeof(key), "units/%s", unit);
	cue[0] = prompts_find(prompts, key);
	if (cue[0] && !cue[0]->why[0])
		return 1;
	for (; *number && count < max; number++) {
		snprintf(key, sizeof(key), "digits/%c", *number);
		cue[count] = prompts_find(prompts, key);
		if (!cue[count] || cue[count]->why[0])
			return 0; /* half a number would call another unit */
		count++;
	}
	return count;
}

bool prompts_are_measured(const struct prompts *prompts)
{
	return prompts->index && !prompts->index->unmeasured;
}
