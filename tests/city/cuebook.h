/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cuebook.h - the gateway's recordings, and what each asks of the guards
 *
 * <prompts>/<language>/units/<code>.wav are the units' names, digits/N.wav the
 * digits for units without a recording of their own, repeat.wav and done.wav
 * what their names say.  Other recordings there are known and ask for nothing.
 *
 * Memory:  malloc; people must outlive the book.
 * Threads: one.
 */
#pragma once

#include "tests/city/crew.h"
#include "tests/city/people.h"
#include "tests/city/recogniser.h"

#include <stddef.h>

struct cuebook;

/* NULL and a sentence; that a unit has no recording is no failure. */
struct cuebook *cuebook_load(const char *prompts, const char *language,
			     const struct people *people, char *why,
			     size_t why_size);
struct cuebook *cuebook_free(struct cuebook *book);

/* The recordings that the guards of a channel can meet. */
struct ear *cuebook_ear(const struct cuebook *book, const struct place *place);

/* What an over asked. */
struct meaning {
	enum cue cue;
	const struct person *person; /* of CUE_UNIT */
	const char *name;            /* of the recording; NULL: none known */
	double score;
};

struct meaning cuebook_meaning(const struct cuebook *book,
			       const struct place *place,
			       const struct heard *heard);
