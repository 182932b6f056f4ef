/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * crew.h - all guards of one channel: who speaks when
 *
 * Guards act on what they hear: their unit's cue, the word to repeat, the end.
 * On a simplex channel they hear the gateway alone; on a repeater each other
 * too, and then the next on the list answers after the one before, unless the
 * gateway says something.  Nobody keys over what they hear, and who keys hears
 * nothing.
 *
 * Units:   now_us is any clock that only grows; crew_frame() is called each
 *          20 ms of it.
 * Memory:  malloc; crew_free() gives it back.  People, scenario and diary must
 *          outlive the crew.
 * Threads: one.
 */
#pragma once

#include "tests/city/diary.h"
#include "tests/city/people.h"
#include "tests/city/scenario.h"
#include "tests/city/sound.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crew;

/* What an over of the gateway was to the guards. */
enum cue {
	CUE_OTHER,  /* none of the below: an announcement, an officer */
	CUE_NOTICE, /* a receipt that asks nothing of anybody */
	CUE_UNIT,
	CUE_REPEAT,
	CUE_DONE,
};

struct crew_config {
	const struct people *people;
	const struct place *place;
	const struct scenario *scenario;
	uint64_t seed;
	struct diary *diary;
};

/* NULL and a sentence: a file of speech can't be read, memory is out. */
struct crew *crew_alloc(const struct crew_config *config, char *why,
			size_t why_size);
struct crew *crew_free(struct crew *crew);

const struct settings *crew_settings(const struct crew *crew);

/* The gateway began to send. */
void crew_gateway_keyed(struct crew *crew, uint64_t now_us);

/* Its over, length_ms long, has ended at end_us; person is of CUE_UNIT. */
void crew_gateway_unkeyed(struct crew *crew, enum cue cue,
			  const struct person *person, uint32_t length_ms,
			  uint64_t end_us);

/* The next 20 ms as the base receives them; false: no carrier. */
bool crew_frame(struct crew *crew, uint64_t now_us, int16_t pcm[SOUND_FRAME]);

size_t crew_guards(const struct crew *crew);

/* Guards that key, and those that are about to. */
size_t crew_busy(const struct crew *crew);

/* Whether the end of the roll-call was heard. */
bool crew_is_done(const struct crew *crew);
