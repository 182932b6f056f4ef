/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * keys.h - what a person keyed in an over, without the radio's automatic ID
 *
 * An ID (PTT-ID at key-up or release) is told from keys by its format and by
 * machine timing: tones and pauses of one length each, within the detector's
 * grid.  Only answer.c uses this.
 *
 * Memory:  caller's; nothing is allocated.
 * Threads: any.
 */
#pragma once

#include "gateway/call/answer.h"

struct keys {
	const struct tone *tones;
	size_t count;
	enum over_front front;
	bool id_before;    /* an ID came whole before them: no front is cut */
	uint32_t since_ms; /* the end of that ID, else 0 */
};

/* Which ends of an over are an ID. */
struct keys_ids {
	bool front;
	bool back;
};

/* Silence between a tone and the next one, which must exist. */
uint32_t keys_pause_after(const struct tone *tone);

/* The digits as a string; digits holds count + 1. */
void keys_copy(const struct tone *tones, size_t count, char *digits);

/* Whether a machine sent these tones; *pause_ms is its longest pause then. */
bool keys_are_by_machine(const struct tone *tones, size_t count,
			 uint32_t *pause_ms);

struct keys_ids keys_find_ids(const struct answer_format *format,
			      const struct tone *tones, size_t count);

/*
 * The same, but two IDs that differ are not one radio: then only the first is
 * one, and the other, being no answer, makes the over HEARD.
 */
struct keys_ids keys_agreed_ids(const struct answer_format *format,
				const struct keys *keys);

/* Split off what was found; radio_id (of struct answer) is filled. */
void keys_split_id(const struct answer_format *format, struct keys_ids ids,
		   struct keys *keys, char *radio_id);
