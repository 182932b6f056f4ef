/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * diary.h - what each handheld heard and did, a line each
 *
 * Units:   at_us is the crew's clock; offset_us brings it to UTC.
 * Threads: one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct diary {
	FILE *file; /* NULL: keep none */
	bool json;  /* an object a line; else a sentence */
	int64_t offset_us;
	/* what the summary tells */
	uint32_t cues;
	uint32_t overs;
	uint32_t silent;
	uint32_t waits;
	uint32_t unknown; /* overs of the gateway that nobody knew */
};

struct diary_line {
	uint64_t at_us;
	const char *channel;
	const char *what; /* heard, silent, waits, over */
	const char *unit; /* NULL: none */
	uint32_t guard;
	const char *cue;    /* heard: the recording; NULL: none */
	const char *answer; /* over: keys */
	uint32_t over_ms;
	uint32_t reaction_ms; /* from the cue to the key; over only */
	double score;
};

void diary_write(struct diary *diary, const struct diary_line *line);
/* The sockets are bound: whoever waits for the guards may begin. */
void diary_ready(struct diary *diary, uint32_t channels, uint32_t guards);

void diary_summary(struct diary *diary, uint32_t channels, uint32_t done);
