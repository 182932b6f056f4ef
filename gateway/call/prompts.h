/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * prompts.h - which recordings there are, and how long they sound
 *
 * Below the folder "prompts" of the settings, one folder a language:
 *
 *   <language>/announce.wav       the announcement when a call names none
 *   <language>/lead_exercise.wav  before it in an exercise: tone and words
 *   <language>/lead_real.wav      before it when it is real: others
 *   <language>/repeat.wav         请重报, to a unit that was not understood
 *   <language>/done.wav           点名完毕
 *   <language>/alarm.wav          acknowledges an alarm
 *   <language>/digits/0.wav ...   for a unit without a recording of its name
 *   <language>/units/<code>.wav   the cue of a unit: its spoken name
 *
 * Any other name beside announce.wav is an announcement that a call may name;
 * so is what was uploaded (announcement.h).  Ogg Opus files end in .opus.
 * Names are listed at once; lengths are measured on the job thread, and again
 * for files that changed.  A length not measured yet is 0.
 *
 * Memory:  below ctx, and malloc for what the job thread makes.
 * Threads: main only.
 */
#pragma once

#include "gateway/call/calls.h"

struct prompts;
struct shelf;

struct prompt {
	char *name; /* "announce", "units/U1", "digits/0", "kept/<name>" */
	char *path;
	uint32_t length_ms; /* 0: not measured yet, or not to be read */
	bool is_measured;
	int64_t modified_ns;
	int64_t size;
	char why[128]; /* it can't be read; "": it can */
};

struct prompts *prompts_alloc(void *ctx, const struct calls_config *config,
			      struct shelf *shelf);
struct prompts *prompts_free(struct prompts *prompts);

/* List the folders, then measure.  Settings must outlive it. */
void prompts_open(struct prompts *prompts,
		  const struct calls_settings *settings);

/* Look for changes on the job thread, unless it did so a moment ago. */
void prompts_refresh(struct prompts *prompts);

/* NULL when there is none; lasts until the next turn of the loop. */
const struct prompt *prompts_find(const struct prompts *prompts,
				  const char *name);

/* The announcement of that name, uploaded or from the folder; "" default. */
const struct prompt *prompts_announcement(const struct prompts *prompts,
					  const char *name);

/* Where announcements are, for a sentence. */
const char *prompts_folder(const struct prompts *prompts);

/* The clips that cue a unit: its name, else its digits.  0: none. */
size_t prompts_cue(const struct prompts *prompts, const char *unit,
		   const char *number, const struct prompt **cue, size_t max);

/* Whether all files were measured. */
bool prompts_are_measured(const struct prompts *prompts);
