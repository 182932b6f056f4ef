/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * people.h - who stands where with a handheld: units.csv and channels.csv
 *
 * Reads the same two files as the gateway, but only the columns that a guard
 * with a handheld knows, with a reader of its own.
 *
 * Memory:  malloc; people_fini() gives all back, after failure too.
 * Threads: one.
 * Errors:  0 or -EINVAL, -ENOMEM, errno of reading, and one sentence in why.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEOPLE_CODE_MAX 64

struct person { /* a unit: one or more guards */
	char code[PEOPLE_CODE_MAX];
	char name[128];
	char channel[PEOPLE_CODE_MAX];
	char number[8];
	char radio_id[16]; /* the first; "" none */
	uint32_t strength;
};

struct place { /* a channel */
	char code[PEOPLE_CODE_MAX];
	char local[64];  /* the gateway's address: we send there */
	char remote[64]; /* ours */
	char codec[8];
	uint32_t rate_hz;
	uint32_t payload; /* RTP payload type; 0: by codec */
	bool repeater;
	uint32_t hang_ms;
	uint32_t tail_ms;
};

struct people {
	struct person *persons; /* by channel, then by number */
	size_t person_count;
	struct place *places; /* in the order of the file */
	size_t place_count;
};

/* Two texts, for tests; the names are for sentences. */
int people_parse(struct people *people, const char *units, const char *channels,
		 char *why, size_t why_size);
int people_read(struct people *people, const char *units_path,
		const char *channels_path, char *why, size_t why_size);
void people_fini(struct people *people);

/* A whole file as text, for free(); NULL and a sentence. */
char *people_file(const char *path, char *why, size_t why_size);
