/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * guard.h - one guard with a handheld: what they say when it is their turn
 *
 * From the unit, its behaviour and the dice comes an utterance: one or two
 * overs, ready to be sent.  Nothing here knows when; that is the crew's.
 *
 * Memory:  utterance_fini() gives back what guard_say() made.
 * Threads: one.
 */
#pragma once

#include "tests/city/dice.h"
#include "tests/city/people.h"
#include "tests/city/scenario.h"
#include "tests/city/sound.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTTERANCE_OVERS 2

/* Why a guard speaks. */
enum occasion {
	OCCASION_TURN,   /* asked, or next on the list */
	OCCASION_REPEAT, /* told to repeat */
	OCCASION_ALARM,  /* of their own accord */
};

struct utterance {
	size_t count; /* of overs; 0: stays silent */
	struct sound overs[UTTERANCE_OVERS];
	char text[UTTERANCE_OVERS][64]; /* keys, or what it is */
	uint32_t gap_ms;                /* between them */
	bool endless;                   /* the last over goes on */
	uint32_t endless_ms;            /* for so long; 0: for ever */
	bool whole; /* sounds like a whole answer to who hears it */
};

struct guard {
	const struct person *person;
	const struct people *people;
	struct behaviour behaviour;
	const struct settings *settings;
	uint32_t number; /* 0 is the unit's first guard */
	struct dice dice;
	const int16_t *speech; /* for behaviour.speech, 8 kHz */
	size_t speech_samples;
	uint32_t turns; /* times that it was asked */
	uint32_t said;  /* utterances made */
};

/* What the guard says now; counts in said.  0 or -ENOMEM. */
int guard_say(struct guard *guard, enum occasion occasion,
	      struct utterance *utterance);

void utterance_fini(struct utterance *utterance);
