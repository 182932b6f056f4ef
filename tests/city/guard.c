/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * guard.c - the keys first, then the fingers, then the radio's own noises
 */
#include "tests/city/guard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_TONE_MS 60 /* an automatic ID is dialled by a machine */

/* How this guard dials this time. */
struct fingers {
	int32_t tone_ms;
	int32_t gap_ms;
	int32_t level_db;
	int32_t twist_db;
	int32_t noise_db;
	int32_t lead_ms;
	int32_t trail_ms;
};

static int32_t draw(const struct guard *guard, const char *what, int32_t low,
		    int32_t high)
{
	return dice_between(&guard->dice, what, guard->said, low, high);
}

static int32_t or_else(int32_t value, int32_t other)
{
	return value == SCENARIO_UNSET ? other : value;
}

/* A person is regular within a tenth or so; hands differ far more. */
static void fingers_of(const struct guard *guard, struct fingers *fingers)
{
	const struct behaviour *behaviour = &guard->behaviour;
	const struct settings *settings = guard->settings;
	int32_t twist = settings->twist_db;

	fingers->tone_ms = draw(guard, "tone", 110, 240);
	fingers->gap_ms = draw(guard, "gap", 100, 260);
	if (behaviour->slow) {
		fingers->tone_ms = draw(guard, "tone", 400, 600);
		fingers->gap_ms = draw(guard, "gap", 700, 1700);
	} else if (behaviour->fast) {
		fingers->tone_ms = draw(guard, "tone", 60, 80);
		fingers->gap_ms = draw(guard, "gap", 60, 80);
	}
	fingers->tone_ms = or_else(behaviour->tone_ms, fingers->tone_ms);
	fingers->gap_ms = or_else(behaviour->gap_ms, fingers->gap_ms);
	fingers->level_db =
		or_else(behaviour->level_db,
			settings->level_db + draw(guard, "level", -3, 3));
	fingers->twist_db = or_else(behaviour->twist_db,
				    draw(guard, "twist", -twist, twist));
	fingers->noise_db = or_else(behaviour->noise_db, settings->noise_db);
	fingers->lead_ms = draw(guard, "lead", 250, 600);
	fingers->trail_ms = draw(guard, "trail", 120, 350);
	if (behaviour->fast)
		fingers->lead_ms = draw(guard, "lead", 120, 200);
}

/* ----------------------------------------------------------- the keys ---- */

/* The guard's count, of the digits that the channel wants. */
static void count_of(const struct guard *guard, char *text, size_t size)
{
	char list[sizeof(guard->behaviour.count)], *rest = list, *item, *last;
	uint32_t number = 0, limit = 1;
	int32_t i;

	for (i = 0; i < guard->settings->count_width; i++)
		limit *= 10;
	memcpy(list, guard->behaviour.count, sizeof(list));
	last = strsep(&rest, ",");
	for (i = 0; i < (int32_t)guard->number && rest; i++) {
		item = strsep(&rest, ",");
		last = item;
	}
	if (*last) { /* as written, so that a scenario may dial nonsense */
		snprintf(text, size, "%s", last);
		return;
	}
	number = guard->person->strength;
	if (!number)
		number = 2 +
			 (uint32_t)(dice_throw(&guard->dice, "count", 0) % 18);
	snprintf(text, size, "%0*u", guard->settings->count_width,
		 number % limit);
}

/* A number of the same width that none of the channel's units has. */
static void nobody(const struct guard *guard, char *text, size_t size)
{
	const struct people *people = guard->people;
	int width = (int)strlen(guard->person->number);
	int number = 99;
	size_t i;

	for (; number > 0; number--) {
		snprintf(text, size, "%0*d", width, number);
		for (i = 0; i < people->person_count; i++)
			if (!strcmp(people->persons[i].channel,
				    guard->person->channel) &&
			    !strcmp(people->persons[i].number, text))
				break;
		if (i == people->person_count)
			return;
	}
}

/* Something that is no answer, as hasty fingers make it. */
static void wrong(const struct guard *guard, const char *count, char *text,
		  size_t size)
{
	switch (draw(guard, "wrong", 0, 3)) {
	case 0:
		snprintf(text, size, "%c#", *count);
		break;
	case 1:
		snprintf(text, size, "%s%c#", count, *count);
		break;
	case 2:
		snprintf(text, size, "*%s#", count);
		break;
	default:
		snprintf(text, size, "%s*#", count);
		break;
	}
}

static void answer(const struct guard *guard, bool right, char *text,
		   size_t size)
{
	const struct behaviour *behaviour = &guard->behaviour;
	char count[32], name[16] = "", situation[8] = "";

	count_of(guard, count, sizeof(count));
	if (!right && (behaviour->wrong_digits || behaviour->always_wrong)) {
		wrong(guard, count, text, size);
		return;
	}
	if (!right && behaviour->unknown_number) {
		char number[8] = "";

		nobody(guard, number, sizeof(number));
		snprintf(name, sizeof(name), "*%s*", number);
	} else if (behaviour->named || *behaviour->others_turn ||
		   behaviour->unknown_number) {
		snprintf(name, sizeof(name), "*%s*", guard->person->number);
	}
	if (*behaviour->situation)
		snprintf(situation, sizeof(situation), "*%s",
			 behaviour->situation);
	if (!right && behaviour->corrected)
		snprintf(text, size, "%s%02d#%s%s%s#", name,
			 draw(guard, "slip", 1, 99), name, count, situation);
	else
		snprintf(text, size, "%s%s%s%s", name, count, situation,
			 !right && behaviour->no_end ? "" : "#");
}

static bool is_alarm(const struct guard *guard, enum occasion occasion)
{
	return occasion == OCCASION_ALARM ||
	       (*guard->behaviour.alarm && guard->turns <= 1 &&
		guard->behaviour.alarm_at_s == SCENARIO_UNSET);
}

static void keys_of(const struct guard *guard, enum occasion occasion,
		    char *text, size_t size)
{
	const struct behaviour *behaviour = &guard->behaviour;
	bool right = occasion == OCCASION_REPEAT || guard->turns > 1;

	if (is_alarm(guard, occasion))
		snprintf(text, size, "**%s#",
			 *behaviour->alarm ? behaviour->alarm : "110");
	else if (*behaviour->dial && !right)
		snprintf(text, size, "%s", behaviour->dial);
	else
		answer(guard, right && !behaviour->always_wrong, text, size);
}

/* ---------------------------------------------------------- the sounds --- */

static void begin(const struct guard *guard, const struct fingers *fingers,
		  struct sound *sound)
{
	const char *id = guard->behaviour.ptt_id;

	if (!*id && guard->settings->ptt_id)
		id = guard->person->radio_id;
	sound_init(sound, dice_throw(&guard->dice, "noise", guard->said));
	sound_noise(sound, (uint32_t)guard->settings->burst_ms,
		    guard->settings->burst_db);
	if (*id)
		sound_silence(sound, 100);
	for (; *id; id++) {
		sound_key(sound, *id, ID_TONE_MS, fingers->level_db, 0);
		sound_silence(sound, ID_TONE_MS);
	}
	sound_silence(sound, (uint32_t)fingers->lead_ms);
}

static void end(const struct fingers *fingers, struct sound *sound)
{
	sound_silence(sound, (uint32_t)fingers->trail_ms);
	sound_background(sound, fingers->noise_db);
}

/* Keys from first to last of a text; index goes on over two overs. */
static void dial(const struct guard *guard, const struct fingers *fingers,
		 const char *keys, uint32_t index, struct sound *sound)
{
	uint32_t i;

	for (i = 0; keys[i]; i++) {
		uint32_t turn = guard->said * 64 + index + i;
		int32_t gap = dice_between(&guard->dice, "jitter", turn,
					   fingers->gap_ms * 9 / 10,
					   fingers->gap_ms * 11 / 10);
		int32_t tone = dice_between(&guard->dice, "press", turn,
					    fingers->tone_ms * 9 / 10,
					    fingers->tone_ms * 11 / 10);

		if (fingers->tone_ms < 100) /* never below what was asked */
			tone = fingers->tone_ms;
		if (guard->behaviour.hesitates && index + i == 1)
			gap *= 3;
		sound_key(sound, keys[i], (uint32_t)tone, fingers->level_db,
			  fingers->twist_db);
		if (keys[i + 1])
			sound_silence(sound, (uint32_t)gap);
	}
}

static void front_cut(const struct fingers *fingers, const struct guard *guard,
		      struct sound *sound)
{
	uint32_t ms = (uint32_t)(guard->settings->burst_ms + fingers->lead_ms +
				 fingers->tone_ms / 2);

	sound_cut(sound, (size_t)ms * SOUND_RATE_HZ / 1000);
}

/* Whether who hears it takes it for an answer, and the next may go on. */
static bool is_whole(const struct guard *guard, enum occasion occasion)
{
	const struct behaviour *behaviour = &guard->behaviour;
	char count[32];

	count_of(guard, count, sizeof(count));
	if (is_alarm(guard, occasion) || behaviour->always_wrong ||
	    strlen(count) != (size_t)guard->settings->count_width)
		return false;
	if (occasion == OCCASION_REPEAT || guard->turns > 1)
		return true;
	return !behaviour->wrong_digits && !behaviour->unknown_number &&
	       !behaviour->no_end && !behaviour->front_cut &&
	       !behaviour->hesitates && !behaviour->let_go && !*behaviour->dial;
}

static void say_keys(const struct guard *guard, const struct fingers *fingers,
		     enum occasion occasion, struct utterance *utterance)
{
	char keys[128];
	size_t split = 0, i;

	keys_of(guard, occasion, keys, sizeof(keys));
	if (guard->behaviour.let_go && occasion == OCCASION_TURN &&
	    guard->turns <= 1)
		split = strlen(keys) / 2;
	utterance->count = split ? 2 : 1;
	utterance->gap_ms = (uint32_t)draw(guard, "between", 600, 2200);
	utterance->whole = is_whole(guard, occasion);
	for (i = 0; i < utterance->count; i++) {
		struct sound *sound = &utterance->overs[i];
		char *text = utterance->text[i];

		snprintf(text, sizeof(utterance->text[i]), "%.*s",
			 split && !i ? (int)split : 63,
			 i ? keys + split : keys);
		begin(guard, fingers, sound);
		dial(guard, fingers, text, i ? (uint32_t)split : 0, sound);
		if (guard->behaviour.front_cut && !i &&
		    occasion != OCCASION_REPEAT && guard->turns <= 1)
			front_cut(fingers, guard, sound);
		end(fingers, sound);
	}
}

static void say_clicks(const struct guard *guard, const struct fingers *fingers,
		       struct utterance *utterance)
{
	size_t i;

	utterance->count = 2;
	utterance->gap_ms = (uint32_t)draw(guard, "between", 250, 500);
	for (i = 0; i < 2; i++) {
		struct sound *sound = &utterance->overs[i];

		snprintf(utterance->text[i], sizeof(utterance->text[i]),
			 "(click)");
		sound_init(sound, dice_throw(&guard->dice, "noise",
					     guard->said + (uint32_t)i));
		sound_silence(sound, 180);
		sound_background(sound, fingers->noise_db);
	}
}

static void say_words(const struct guard *guard, const struct fingers *fingers,
		      struct utterance *utterance)
{
	struct sound *sound = &utterance->overs[0];

	utterance->count = 1;
	snprintf(utterance->text[0], sizeof(utterance->text[0]), "(speech)");
	begin(guard, fingers, sound);
	sound_pcm(sound, guard->speech, guard->speech_samples);
	end(fingers, sound);
}

static void say_nothing_for_ever(const struct guard *guard,
				 const struct fingers *fingers,
				 struct utterance *utterance)
{
	struct sound *sound = &utterance->overs[0];

	utterance->count = 1;
	utterance->endless = true;
	utterance->endless_ms = (uint32_t)guard->behaviour.stuck_s * 1000;
	snprintf(utterance->text[0], sizeof(utterance->text[0]), "(stuck)");
	sound_init(sound, dice_throw(&guard->dice, "noise", guard->said));
	sound_silence(sound, 1000);
	sound_background(sound, fingers->noise_db);
}

/* The same over again, as a second over. */
static void say_again(const struct guard *guard, struct utterance *utterance)
{
	struct sound *sound = &utterance->overs[1];

	sound_init(sound, 1);
	sound_pcm(sound, utterance->overs[0].pcm, utterance->overs[0].samples);
	sound->failed |= utterance->overs[0].failed;
	memcpy(utterance->text[1], utterance->text[0],
	       sizeof(utterance->text[1]));
	utterance->count = 2;
	utterance->gap_ms = (uint32_t)draw(guard, "between", 1200, 2500);
}

static bool is_silent(const struct guard *guard, enum occasion occasion)
{
	if (occasion != OCCASION_TURN)
		return false;
	return guard->behaviour.silent ||
	       (guard->behaviour.silent_first_round && guard->turns <= 1);
}

int guard_say(struct guard *guard, enum occasion occasion,
	      struct utterance *utterance)
{
	const struct behaviour *behaviour = &guard->behaviour;
	struct fingers fingers;
	bool failed = false;
	size_t i;

	memset(utterance, 0, sizeof(*utterance));
	if (is_silent(guard, occasion))
		return 0;
	fingers_of(guard, &fingers);
	if (occasion == OCCASION_TURN && behaviour->stuck && guard->turns <= 1)
		say_nothing_for_ever(guard, &fingers, utterance);
	else if (occasion != OCCASION_ALARM && *behaviour->speech)
		say_words(guard, &fingers, utterance);
	else if (occasion != OCCASION_ALARM && behaviour->click)
		say_clicks(guard, &fingers, utterance);
	else
		say_keys(guard, &fingers, occasion, utterance);
	if (behaviour->twice && utterance->count == 1 &&
	    occasion == OCCASION_TURN && !utterance->endless)
		say_again(guard, utterance);
	guard->said++;
	for (i = 0; i < utterance->count; i++)
		failed |= utterance->overs[i].failed;
	if (!failed)
		return 0;
	utterance_fini(utterance);
	return -ENOMEM;
}

void utterance_fini(struct utterance *utterance)
{
	size_t i;

	for (i = 0; i < UTTERANCE_OVERS; i++)
		sound_fini(&utterance->overs[i]);
	memset(utterance, 0, sizeof(*utterance));
}
