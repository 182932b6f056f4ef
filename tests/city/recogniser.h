/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * recogniser.h - which of the known recordings sound in what is heard
 *
 * A guard knows how their unit's name sounds when the gateway says it.  The
 * book holds these recordings as pictures of loudness in bands over time; an
 * ear slides them over what it hears and keeps where they fit, whatever the
 * level, the noise, or what is said before.  It knows nothing of words.
 *
 * Units:   8 kHz; pictures have a line each 20 ms; scores are -1 to 1.
 * Memory:  malloc in the _alloc and _add calls only; a book outlives its ears.
 * Threads: a finished book may be read by any; an ear belongs to one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EAR_HEARD_MAX 16

struct book;
struct ear;

struct book *book_alloc(void);
struct book *book_free(struct book *book);

/*
 * Add a recording; what is silent around it is left away, and what is longer
 * than 8 s.  Returns its number, 0 and up, or -EINVAL when it holds no sound,
 * -ENOMEM.  name is copied.
 */
int book_add(struct book *book, const char *name, const int16_t *pcm,
	     size_t samples);
const char *book_name(const struct book *book, int number);

/* An ear for some recordings of a book: those a channel's guards know. */
struct ear *ear_alloc(const struct book *book, const int *numbers,
		      size_t count);
struct ear *ear_free(struct ear *ear);

/* What was heard in an over, in order of time. */
struct heard {
	size_t count;
	int numbers[EAR_HEARD_MAX];
	float scores[EAR_HEARD_MAX];
	uint32_t begin_ms[EAR_HEARD_MAX];
	uint32_t end_ms[EAR_HEARD_MAX];
	uint32_t length_ms; /* to the last sound of the over */
};

/* Any number of samples; takes microseconds per recording and 20 ms. */
void ear_put(struct ear *ear, const int16_t *pcm, size_t samples);

/* The over has ended.  The ear is ready for the next one. */
void ear_end(struct ear *ear, struct heard *heard);
