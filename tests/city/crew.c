/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * crew.c - plans made by ear, carried out by the clock
 *
 * Each guard has at most one plan: idle, then planned (due at a time), keyed,
 * perhaps planned again for a second over, idle.  Draws depend on how often a
 * guard was asked, never on the clock.
 */
#include "tests/city/crew.h"
#include "codecs/audiofile.h"
#include "codecs/resampler.h"
#include "tests/city/air.h"
#include "tests/city/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An over of the gateway as long as this begins a roll-call anew. */
#define ANNOUNCEMENT_MS 3000
/* A guard who still keyed so shortly before its end has missed the cue. */
#define MISSED_US 400000
#define KEYED_MAX 16

enum state { STATE_IDLE, STATE_PLANNED, STATE_KEYED };

struct member {
	struct guard guard;
	int16_t *speech;
	enum state state;
	bool chained;  /* planned without a cue */
	bool stays;    /* planned for a time, whoever is called meanwhile */
	bool waits;    /* due, but something is heard */
	bool pressed;  /* the key is down, its carrier not up yet */
	bool answered; /* in this roll-call */
	bool alarmed;
	uint64_t due_us;
	uint64_t asked_us;
	uint64_t keyed_us;
	uint64_t unkeyed_us;
	uint32_t delays; /* draws of further waiting */
	uint32_t strength;
	struct utterance utterance;
	size_t over;
	size_t at; /* sample of the over */
};

struct crew {
	const struct people *people;
	const struct place *place;
	struct settings settings;
	struct diary *diary;
	struct air air;
	struct member *members; /* in the order of the list on the wall */
	size_t count;
	struct member *last; /* who spoke last */
	bool gateway_keyed;
	bool running;
	bool done;
	bool was_up;       /* the repeater's carrier, a frame ago */
	uint64_t began_us; /* first sound of the gateway; 0: not yet */
};

/* ---------------------------------------------------------------- making - */

static int load_speech(struct member *member, char *why, size_t why_size)
{
	const char *path = member->guard.behaviour.speech;
	char reason[160] = "";
	int16_t *pcm;
	size_t samples;
	uint32_t rate_hz;
	int rc;

	if (!*path)
		return 0;
	rc = audiofile_read(path, &pcm, &samples, &rate_hz, reason,
			    sizeof(reason));
	if (!rc) {
		rc = resample_all(pcm, samples, rate_hz, SOUND_RATE_HZ,
				  &member->speech,
				  &member->guard.speech_samples);
		free(pcm);
	}
	member->guard.speech = member->speech;
	if (rc)
		snprintf(why, why_size, "speech of '%s', '%s': %s",
			 member->guard.person->code, path,
			 *reason ? reason : strerror(-rc));
	return rc;
}

static int add_guards(struct crew *crew, const struct crew_config *config,
		      const struct person *person, char *why, size_t why_size)
{
	struct behaviour behaviour;
	int32_t i;
	int rc = 0;

	scenario_behaviour(config->scenario, person->code, config->seed,
			   &behaviour);
	for (i = 0; !rc && i < behaviour.guards; i++) {
		struct member *members = realloc(
			crew->members, (crew->count + 1) * sizeof(*members));
		struct member *member;

		if (!members) {
			snprintf(why, why_size, "out of memory");
			return -1;
		}
		crew->members = members;
		member = &members[crew->count++];
		memset(member, 0, sizeof(*member));
		member->guard.person = person;
		member->guard.people = config->people;
		member->guard.behaviour = behaviour;
		member->guard.settings = &crew->settings;
		member->guard.number = (uint32_t)i;
		member->guard.dice =
			dice_of(config->seed, person->code, (uint32_t)i);
		member->strength = (uint32_t)dice_throw(&member->guard.dice,
							"strength", 0);
		rc = load_speech(member, why, why_size);
	}
	return rc;
}

struct crew *crew_alloc(const struct crew_config *config, char *why,
			size_t why_size)
{
	struct crew *crew = calloc(1, sizeof(*crew));
	size_t i;

	if (!crew) {
		snprintf(why, why_size, "out of memory");
		return NULL;
	}
	crew->people = config->people;
	crew->place = config->place;
	crew->diary = config->diary;
	scenario_settings(config->scenario, config->place->code,
			  &crew->settings);
	air_init(&crew->air, crew->place, &crew->settings, config->seed);
	for (i = 0; i < config->people->person_count; i++) {
		const struct person *person = &config->people->persons[i];

		if (strcmp(person->channel, config->place->code))
			continue;
		if (add_guards(crew, config, person, why, why_size))
			return crew_free(crew);
	}
	return crew;
}

struct crew *crew_free(struct crew *crew)
{
	size_t i;

	if (!crew)
		return NULL;
	for (i = 0; i < crew->count; i++) {
		utterance_fini(&crew->members[i].utterance);
		free(crew->members[i].speech);
	}
	free(crew->members);
	air_fini(&crew->air);
	free(crew);
	return NULL;
}

const struct settings *crew_settings(const struct crew *crew)
{
	return &crew->settings;
}

/* -------------------------------------------------------------- planning - */

static void tell(struct crew *crew, const struct member *member,
		 const char *what, uint64_t at_us)
{
	struct diary_line line = {.at_us = at_us,
				  .channel = crew->place->code,
				  .what = what,
				  .unit = member->guard.person->code,
				  .guard = member->guard.number};

	diary_write(crew->diary, &line);
}

static void tell_over(struct crew *crew, const struct member *member,
		      uint64_t now_us)
{
	uint64_t began_us = member->keyed_us;
	struct diary_line line = {
		.at_us = began_us,
		.channel = crew->place->code,
		.what = "over",
		.unit = member->guard.person->code,
		.guard = member->guard.number,
		.answer = member->utterance.text[member->over],
		.over_ms = (uint32_t)((now_us - began_us) / 1000),
		.reaction_ms = (uint32_t)((began_us - member->asked_us) / 1000),
	};

	crew->diary->overs++;
	diary_write(crew->diary, &line);
}

static void forget(struct member *member)
{
	utterance_fini(&member->utterance);
	member->state = STATE_IDLE;
	member->chained = false;
	member->stays = false;
	member->waits = false;
	member->pressed = false;
}

static uint32_t reaction_ms(const struct crew *crew,
			    const struct member *member)
{
	return (uint32_t)dice_between(&member->guard.dice, "reaction",
				      member->guard.turns,
				      crew->settings.reaction_low_ms,
				      crew->settings.reaction_high_ms);
}

/* Have a guard speak after_ms from at_us; a former plan is dropped. */
static void plan(struct crew *crew, struct member *member,
		 enum occasion occasion, uint64_t at_us, uint32_t after_ms)
{
	if (member->state == STATE_KEYED)
		return;
	forget(member);
	if (occasion == OCCASION_TURN)
		member->guard.turns++;
	if (guard_say(&member->guard, occasion, &member->utterance) ||
	    !member->utterance.count) {
		crew->diary->silent++;
		tell(crew, member, "silent", at_us);
		return;
	}
	member->state = STATE_PLANNED;
	member->over = 0;
	member->asked_us = at_us;
	member->due_us = at_us + after_ms * 1000ull;
	member->stays = occasion == OCCASION_ALARM;
}

static bool missed(const struct member *member, uint64_t end_us)
{
	return member->state == STATE_KEYED ||
	       (member->unkeyed_us && member->unkeyed_us + MISSED_US > end_us);
}

/* It is a unit's turn: by its cue, or by the list. */
static void ask(struct crew *crew, const struct person *person, bool chained,
		uint64_t at_us)
{
	uint32_t first_ms = 0;
	size_t i;

	for (i = 0; i < crew->count; i++) {
		struct member *member = &crew->members[i];
		const struct behaviour *behaviour = &member->guard.behaviour;
		bool own = member->guard.person == person;
		uint32_t after_ms = reaction_ms(crew, member);

		if (own && !member->guard.number)
			first_ms = after_ms;
		if (!own || missed(member, at_us) || *behaviour->others_turn)
			continue;
		if (chained && behaviour->late_s)
			continue;
		if (behaviour->late_s)
			after_ms = (uint32_t)behaviour->late_s * 1000;
		plan(crew, member, OCCASION_TURN, at_us, after_ms);
		member->chained = chained;
		member->stays |= behaviour->late_s > 0;
	}
	for (i = 0; i < crew->count; i++) {
		struct member *member = &crew->members[i];
		const struct behaviour *behaviour = &member->guard.behaviour;
		bool with = !strcmp(behaviour->together, person->code);

		if ((with || !strcmp(behaviour->others_turn, person->code)) &&
		    !missed(member, at_us) && !member->answered) {
			uint32_t after_ms =
				with ? first_ms : reaction_ms(crew, member);

			plan(crew, member, OCCASION_TURN, at_us, after_ms);
			member->chained = chained;
		}
	}
}

/* Somebody else is asked, or all is over: who has not spoken yet will not. */
static void give_up(struct crew *crew, bool chained_only)
{
	size_t i;

	for (i = 0; i < crew->count; i++) {
		struct member *member = &crew->members[i];

		if (member->state == STATE_PLANNED && !member->stays &&
		    (member->chained || !chained_only))
			forget(member);
	}
}

static bool has_answered(const struct crew *crew, const struct person *person)
{
	size_t i;

	for (i = 0; i < crew->count; i++)
		if (crew->members[i].guard.person == person &&
		    crew->members[i].answered)
			return true;
	return false;
}

/* The first on the list who has not answered, from a place on. */
static void ask_next(struct crew *crew, size_t from, uint64_t at_us)
{
	if (!crew->place->repeater || !crew->settings.chain || !crew->running)
		return;
	for (; from < crew->count; from++)
		if (!has_answered(crew, crew->members[from].guard.person)) {
			ask(crew, crew->members[from].guard.person, true,
			    at_us);
			return;
		}
}

/* ------------------------------------------------------------- the gateway */

void crew_gateway_keyed(struct crew *crew, uint64_t now_us)
{
	size_t i;

	crew->gateway_keyed = true;
	give_up(crew, true);
	if (crew->began_us)
		return;
	crew->began_us = now_us;
	for (i = 0; i < crew->count; i++) {
		struct member *member = &crew->members[i];
		int32_t at_s = member->guard.behaviour.alarm_at_s;

		if (at_s != SCENARIO_UNSET)
			plan(crew, member, OCCASION_ALARM, now_us,
			     (uint32_t)at_s * 1000);
	}
}

static void begin_again(struct crew *crew, uint64_t end_us)
{
	size_t i;

	for (i = 0; i < crew->count; i++)
		crew->members[i].answered = false;
	crew->running = true;
	crew->done = false;
	ask_next(crew, 0, end_us);
}

void crew_gateway_unkeyed(struct crew *crew, enum cue cue,
			  const struct person *person, uint32_t length_ms,
			  uint64_t end_us)
{
	crew->gateway_keyed = false;
	air_after_gateway(&crew->air);
	switch (cue) {
	case CUE_UNIT:
		give_up(crew, false);
		crew->running = true;
		crew->done = false;
		ask(crew, person, false, end_us);
		break;
	case CUE_REPEAT:
		if (crew->last && !missed(crew->last, end_us))
			plan(crew, crew->last, OCCASION_REPEAT, end_us,
			     reaction_ms(crew, crew->last));
		break;
	case CUE_DONE:
		give_up(crew, false);
		crew->running = false;
		crew->done = true;
		break;
	case CUE_NOTICE:
		break;
	case CUE_OTHER:
		if (!crew->running || length_ms >= ANNOUNCEMENT_MS)
			begin_again(crew, end_us);
		break;
	}
}

/* -------------------------------------------------------------- the clock  */

/* What this guard hears before keying. */
static bool hears(const struct crew *crew)
{
	if (crew->gateway_keyed)
		return true;
	if (!crew->place->repeater)
		return false;
	return crew->settings.breaks_hang ? crew->air.keyed
					  : air_is_up(&crew->air);
}

/* The key goes down when it is due and quiet; its carrier follows. */
static void press(struct crew *crew, struct member *member, bool busy,
		  uint64_t now_us)
{
	if (member->pressed) {
		if (now_us < member->due_us)
			return;
		member->state = STATE_KEYED;
		member->pressed = false;
		member->keyed_us = now_us;
		member->at = 0;
		return;
	}
	if (member->waits && !busy) {
		member->waits = false;
		member->due_us = now_us + (uint64_t)dice_between(
						  &member->guard.dice, "again",
						  member->delays++, 200, 700) *
						  1000;
	}
	if (now_us < member->due_us || member->waits)
		return;
	if (busy) {
		member->waits = true;
		crew->diary->waits++;
		tell(crew, member, "waits", now_us);
		return;
	}
	member->pressed = true;
	member->due_us += (uint64_t)crew->settings.key_up_ms * 1000;
	if (member->due_us < now_us)
		member->due_us = now_us;
}

static void let_go(struct crew *crew, struct member *member, uint64_t now_us)
{
	struct utterance *utterance = &member->utterance;

	tell_over(crew, member, now_us);
	member->unkeyed_us = now_us;
	crew->last = member;
	member->over++;
	if (member->over < utterance->count) {
		member->state = STATE_PLANNED;
		member->stays = true;
		member->due_us = now_us + utterance->gap_ms * 1000ull;
		return;
	}
	member->answered = utterance->whole;
	forget(member);
}

/* The next 20 ms of a handheld; false when it has let go of the key. */
static bool speak(struct member *member, uint64_t now_us, struct wave *wave)
{
	const struct utterance *utterance = &member->utterance;
	const struct sound *sound = &utterance->overs[member->over];
	size_t left = sound->samples - member->at;
	bool last = member->over + 1 == utterance->count;

	if (utterance->endless && last) {
		if (utterance->endless_ms &&
		    now_us >=
			    member->keyed_us + utterance->endless_ms * 1000ull)
			return false;
		if (left < SOUND_FRAME) {
			member->at = 0;
			left = sound->samples;
		}
	}
	if (!left)
		return false;
	if (left > SOUND_FRAME)
		left = SOUND_FRAME;
	memset(wave->pcm, 0, sizeof(wave->pcm));
	memcpy(wave->pcm, sound->pcm + member->at, left * sizeof(*wave->pcm));
	wave->strength = member->strength;
	member->at += left;
	return true;
}

/* On a repeater all hear that its carrier has dropped. */
static void listen(struct crew *crew, uint64_t now_us)
{
	bool up = air_is_up(&crew->air);
	size_t i;

	if (crew->was_up && !up && !crew->gateway_keyed && crew->last &&
	    crew->last->answered) {
		for (i = 0; i < crew->count; i++)
			if (crew->members[i].state != STATE_IDLE)
				break;
		if (i == crew->count)
			ask_next(crew, (size_t)(crew->last - crew->members) + 1,
				 now_us);
	}
	crew->was_up = up;
}

bool crew_frame(struct crew *crew, uint64_t now_us, int16_t pcm[SOUND_FRAME])
{
	struct wave waves[KEYED_MAX];
	bool busy = hears(crew), carrier;
	size_t count = 0, i;

	for (i = 0; i < crew->count; i++)
		if (crew->members[i].state == STATE_PLANNED)
			press(crew, &crew->members[i], busy, now_us);
	for (i = 0; i < crew->count; i++) {
		struct member *member = &crew->members[i];

		if (member->state != STATE_KEYED || count == KEYED_MAX)
			continue;
		if (speak(member, now_us, &waves[count]))
			count++;
		else
			let_go(crew, member, now_us);
	}
	carrier = air_frame(&crew->air, waves, count, pcm);
	listen(crew, now_us);
	return carrier;
}

size_t crew_guards(const struct crew *crew)
{
	return crew->count;
}

size_t crew_busy(const struct crew *crew)
{
	size_t i, busy = 0;

	for (i = 0; i < crew->count; i++)
		if (crew->members[i].state != STATE_IDLE)
			busy++;
	return busy;
}

bool crew_is_done(const struct crew *crew)
{
	return crew->done;
}
