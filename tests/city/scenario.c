/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * scenario.c - tables of words, and a file of key = value lines
 */
#include "tests/city/scenario.h"
#include "tests/city/dice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line {
	char section[16];
	char name[PEOPLE_CODE_MAX]; /* of the channel, or of the unit */
	char key[32];
	char value[512];
};

enum type { FLAG, NUMBER, TEXT, SECONDS_OR_FLAG };

struct word {
	const char *name;
	enum type type;
	size_t offset;
	int32_t low; /* of a number; the size of a text */
	int32_t high;
};

#define AT(field) offsetof(struct behaviour, field)
#define FLAG_OF(field)                                                         \
	{                                                                      \
#field, FLAG, AT(field), 0, 0                                  \
	}
#define NUMBER_OF(n, field, l, h)                                              \
	{                                                                      \
		n, NUMBER, AT(field), l, h                                     \
	}
#define TEXT_OF(field)                                                         \
	{                                                                      \
#field, TEXT, AT(field),                                       \
			sizeof(((struct behaviour *)0)->field), 0              \
	}

static const struct word unit_words[] = {
	FLAG_OF(silent),
	FLAG_OF(silent_first_round),
	FLAG_OF(wrong_digits),
	FLAG_OF(always_wrong),
	FLAG_OF(named),
	FLAG_OF(let_go),
	FLAG_OF(slow),
	FLAG_OF(fast),
	FLAG_OF(hesitates),
	FLAG_OF(twice),
	FLAG_OF(corrected),
	FLAG_OF(unknown_number),
	FLAG_OF(front_cut),
	FLAG_OF(no_end),
	FLAG_OF(click),
	{"stuck", SECONDS_OR_FLAG, AT(stuck_s), 1, 86400},
	NUMBER_OF("late", late_s, 0, 86400),
	NUMBER_OF("guards", guards, 1, 9),
	NUMBER_OF("tone_ms", tone_ms, 20, 2000),
	NUMBER_OF("gap_ms", gap_ms, 20, 5000),
	NUMBER_OF("level_db", level_db, -60, 0),
	NUMBER_OF("twist_db", twist_db, -20, 20),
	NUMBER_OF("noise_db", noise_db, -90, 0),
	NUMBER_OF("alarm_at", alarm_at_s, 0, 86400),
	TEXT_OF(count),
	TEXT_OF(situation),
	TEXT_OF(alarm),
	TEXT_OF(dial),
	TEXT_OF(speech),
	TEXT_OF(ptt_id),
	TEXT_OF(others_turn),
	TEXT_OF(together),
	{NULL, FLAG, 0, 0, 0},
};

#undef AT
#undef TEXT_OF
#define AT(field) offsetof(struct settings, field)
#define SETTING(field, type, l, h)                                             \
	{                                                                      \
#field, type, AT(field), l, h                                  \
	}

static const struct word settings_words[] = {
	SETTING(key_up_ms, NUMBER, 0, 2000),
	SETTING(burst_ms, NUMBER, 0, 1000),
	SETTING(burst_db, NUMBER, -60, 0),
	SETTING(noise_db, NUMBER, -90, 0),
	SETTING(level_db, NUMBER, -60, 0),
	SETTING(twist_db, NUMBER, 0, 12),
	SETTING(count_width, NUMBER, 1, 4),
	SETTING(courtesy_hz, NUMBER, 0, 3400),
	SETTING(courtesy_ms, NUMBER, 0, 1000),
	SETTING(ssrc_per_radio, FLAG, 0, 0),
	SETTING(chain, FLAG, 0, 0),
	SETTING(breaks_hang, FLAG, 0, 0),
	SETTING(hang_after_gateway, FLAG, 0, 0),
	SETTING(ptt_id, FLAG, 0, 0),
	SETTING(codec, TEXT, 8, 0),
	SETTING(payload, NUMBER, 0, 127),
	{"capture", FLAG, AT(capture), 0, 0},
	{NULL, FLAG, 0, 0, 0},
};

static int complain(char *why, size_t why_size, const char *what,
		    const char *which)
{
	snprintf(why, why_size,
		 "%.64s '%.96s'; gridcall-city --help lists them all", what,
		 which);
	return -EINVAL;
}

static bool number(const char *text, int32_t low, int32_t high, int32_t *value)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (!*text || *end || n < low || n > high)
		return false;
	*value = (int32_t)n;
	return true;
}

static bool is_yes(const char *value, bool *yes)
{
	*yes = !*value || !strcmp(value, "yes");
	return *yes || !strcmp(value, "no");
}

/* Set one field of a structure by its word. */
static int set(const struct word *words, void *base, const char *key,
	       const char *value, char *why, size_t why_size)
{
	char *field;
	bool good = true;

	while (words->name && strcmp(words->name, key))
		words++;
	if (!words->name)
		return complain(why, why_size, "unknown word", key);
	field = (char *)base + words->offset;
	if (words->type == FLAG)
		good = is_yes(value, (bool *)field);
	else if (words->type == SECONDS_OR_FLAG && !*value)
		*(int32_t *)field = 0;
	else if (words->type == TEXT && strlen(value) < (size_t)words->low)
		memcpy(field, value, strlen(value) + 1);
	else if (words->type == TEXT)
		good = false;
	else
		good = number(value, words->low, words->high, (int32_t *)field);
	if (!good)
		return complain(why, why_size, "a value that can't be in", key);
	return 0;
}

/* ------------------------------------------------------------ behaviour -- */

static void no_behaviour(struct behaviour *behaviour)
{
	memset(behaviour, 0, sizeof(*behaviour));
	behaviour->guards = 1;
	behaviour->stuck_s = SCENARIO_UNSET;
	behaviour->tone_ms = SCENARIO_UNSET;
	behaviour->gap_ms = SCENARIO_UNSET;
	behaviour->level_db = SCENARIO_UNSET;
	behaviour->twist_db = SCENARIO_UNSET;
	behaviour->noise_db = SCENARIO_UNSET;
	behaviour->alarm_at_s = SCENARIO_UNSET;
}

/* Words parted by spaces or plus signs: "slow count=17". */
static int behave(struct behaviour *behaviour, const char *words, char *why,
		  size_t why_size)
{
	char text[512], *word, *rest = text;
	int rc = 0;

	no_behaviour(behaviour);
	snprintf(text, sizeof(text), "%s", words);
	while (!rc && (word = strsep(&rest, " \t+"))) {
		char *value = strchr(word, '=');

		if (!*word || !strcmp(word, "normal"))
			continue;
		if (value)
			*value++ = '\0';
		rc = set(unit_words, behaviour, word, value ? value : "", why,
			 why_size);
	}
	behaviour->stuck = behaviour->stuck_s != SCENARIO_UNSET;
	return rc;
}

/* One of a mix, by weight; returns the sum of the weights. */
static uint32_t pick(const char *mix, uint32_t at, char *words, size_t size)
{
	char text[512], *item, *rest = text;
	uint32_t sum = 0;

	snprintf(text, sizeof(text), "%s", mix);
	while ((item = strsep(&rest, " \t"))) {
		char *colon = strrchr(item, ':');
		uint32_t weight = 1;

		if (!*item)
			continue;
		if (colon) {
			*colon = '\0';
			weight = (uint32_t)strtoul(colon + 1, NULL, 10);
		}
		if (at >= sum && at - sum < weight)
			snprintf(words, size, "%s", item);
		sum += weight;
	}
	return sum;
}

void scenario_behaviour(const struct scenario *scenario, const char *unit,
			uint64_t seed, struct behaviour *behaviour)
{
	char words[512] = "", why[128];
	uint32_t sum;
	size_t i;

	for (i = 0; i < scenario->line_count; i++) {
		const struct line *line = &scenario->lines[i];

		if (!strcmp(line->section, "units") &&
		    !strcmp(line->name, unit)) {
			(void)behave(behaviour, line->value, why, sizeof(why));
			return;
		}
	}
	sum = pick(scenario->mix, UINT32_MAX, words, sizeof(words));
	if (sum) {
		struct dice dice = dice_of(seed, unit, 0);

		pick(scenario->mix,
		     (uint32_t)(dice_throw(&dice, "mix", 0) % sum), words,
		     sizeof(words));
	}
	(void)behave(behaviour, words, why, sizeof(why));
}

/* ------------------------------------------------------------- settings -- */

static const struct settings usual = {
	.reaction_low_ms = 1000,
	.reaction_high_ms = 4000,
	.key_up_ms = 120,
	.burst_ms = 40,
	.burst_db = -14,
	.noise_db = -46,
	.level_db = -13,
	.twist_db = 3,
	.count_width = 2,
	.courtesy_hz = 1000,
	.courtesy_ms = 100,
	.chain = true,
};

int scenario_reaction(struct settings *settings, const char *text)
{
	char *end;
	double low = strtod(text, &end), high = low;

	if (end == text)
		return -EINVAL;
	if (*end == '-') {
		text = end + 1;
		high = strtod(text, &end);
	}
	if (*end || low < 0 || high < low || high > 3600)
		return -EINVAL;
	settings->reaction_low_ms = (int32_t)(low * 1000);
	settings->reaction_high_ms = (int32_t)(high * 1000);
	return 0;
}

static int one_setting(struct settings *settings, const struct line *line,
		       char *why, size_t why_size)
{
	if (!strcmp(line->key, "reaction")) {
		if (!scenario_reaction(settings, line->value))
			return 0;
		return complain(why, why_size, "not a reaction like 1.0-4.0",
				line->value);
	}
	return set(settings_words, settings, line->key, line->value, why,
		   why_size);
}

void scenario_settings(const struct scenario *scenario, const char *channel,
		       struct settings *settings)
{
	char why[128];
	size_t i;

	*settings = scenario->city;
	for (i = 0; i < scenario->line_count; i++) {
		const struct line *line = &scenario->lines[i];

		if (!strcmp(line->section, "channel") &&
		    !strcmp(line->name, channel))
			(void)one_setting(settings, line, why, sizeof(why));
	}
}

/* ----------------------------------------------------------------- file -- */

static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t");
	end = text + strlen(text);
	while (end > text && strchr(" \t\r", end[-1]))
		*--end = '\0';
	return text;
}

/* Check every item of a mix. */
static int check_mix(const char *mix, char *why, size_t why_size)
{
	char text[512], *item, *rest = text;
	struct behaviour behaviour;
	int rc = 0;

	snprintf(text, sizeof(text), "%s", mix);
	while (!rc && (item = strsep(&rest, " \t"))) {
		item[strcspn(item, ":")] = '\0';
		rc = behave(&behaviour, item, why, why_size);
	}
	return rc;
}

static int keep_line(struct scenario *scenario, const struct line *line,
		     char *why, size_t why_size)
{
	struct settings settings = usual;
	struct behaviour behaviour;
	struct line *lines;

	if (!strcmp(line->section, "city") && !strcmp(line->key, "default")) {
		snprintf(scenario->mix, sizeof(scenario->mix), "%s",
			 line->value);
		return check_mix(line->value, why, why_size);
	}
	if (!strcmp(line->section, "city"))
		return one_setting(&scenario->city, line, why, why_size);
	if (!strcmp(line->section, "units")) {
		int rc = behave(&behaviour, line->value, why, why_size);

		if (rc)
			return rc;
	} else {
		int rc = one_setting(&settings, line, why, why_size);

		if (rc)
			return rc;
	}
	lines = realloc(scenario->lines,
			(scenario->line_count + 1) * sizeof(*lines));
	if (!lines)
		return complain(why, why_size, "out of memory at", line->key);
	scenario->lines = lines;
	lines[scenario->line_count++] = *line;
	return 0;
}

/* "[channel GZ01]" */
static int section(struct line *line, char *text, char *why, size_t why_size)
{
	char *end = strchr(text, ']'), *name;

	if (!end)
		return complain(why, why_size, "no ] in section", text);
	*end = '\0';
	text = trim(text + 1);
	name = text + strcspn(text, " \t");
	if (*name)
		*name++ = '\0';
	snprintf(line->name, sizeof(line->name), "%s", trim(name));
	if (strcmp(text, "city") && strcmp(text, "units") &&
	    strcmp(text, "channel"))
		return complain(why, why_size, "unknown section", text);
	snprintf(line->section, sizeof(line->section), "%s", text);
	return 0;
}

static int one_line(struct scenario *scenario, struct line *line, char *text,
		    char *why, size_t why_size)
{
	char *value;

	text = trim(text);
	if (!*text || strchr("#;", *text))
		return 0;
	if (*text == '[')
		return section(line, text, why, why_size);
	value = strchr(text, '=');
	if (!value || !*line->section)
		return complain(why, why_size, "no key = value in a section",
				text);
	*value++ = '\0';
	text = trim(text);
	value = trim(value);
	if (strlen(value) >= sizeof(line->value))
		return complain(why, why_size, "too long a value for", text);
	memcpy(line->value, value, strlen(value) + 1);
	snprintf(line->key, sizeof(line->key), "%s", text);
	if (!strcmp(line->section, "units"))
		snprintf(line->name, sizeof(line->name), "%s", text);
	return keep_line(scenario, line, why, why_size);
}

int scenario_parse(struct scenario *scenario, const char *text, char *why,
		   size_t why_size)
{
	char *copy = strdup(text), *rest = copy, *next, reason[256];
	struct line line = {.section = ""};
	unsigned int nr = 0;
	int rc = copy ? 0 : -ENOMEM;

	memset(scenario, 0, sizeof(*scenario));
	scenario->city = usual;
	while (!rc && (next = strsep(&rest, "\n"))) {
		nr++;
		rc = one_line(scenario, &line, next, reason, sizeof(reason));
		if (rc)
			snprintf(why, why_size, "scenario, line %u: %s", nr,
				 reason);
	}
	free(copy);
	if (rc)
		scenario_fini(scenario);
	return rc;
}

void scenario_fini(struct scenario *scenario)
{
	free(scenario->lines);
	memset(scenario, 0, sizeof(*scenario));
}

static bool is_known(const struct line *line, const struct people *people)
{
	size_t i;

	for (i = 0; i < people->person_count; i++)
		if (!strcmp(line->section, "units") &&
		    !strcmp(people->persons[i].code, line->name))
			return true;
	for (i = 0; i < people->place_count; i++)
		if (!strcmp(line->section, "channel") &&
		    !strcmp(people->places[i].code, line->name))
			return true;
	return false;
}

int scenario_check(const struct scenario *scenario, const struct people *people,
		   char *why, size_t why_size)
{
	size_t i;

	for (i = 0; i < scenario->line_count; i++) {
		if (is_known(&scenario->lines[i], people))
			continue;
		snprintf(why, why_size,
			 "the scenario names '%s', which no table has",
			 scenario->lines[i].name);
		return -EINVAL;
	}
	return 0;
}

static const char help[] =
	"Scenario file (# begins a comment):\n"
	"  [city]            settings of every channel, and\n"
	"  default = normal:90 silent:5 slow+count=12:5\n"
	"                    how units without a line of their own "
	"behave\n"
	"  [channel CODE]    settings of one channel\n"
	"  [units]\n"
	"  CODE = WORDS      how this unit behaves\n"
	"\n"
	"Words for a unit:\n"
	"  normal            dials its strength, 18#, in its own turn\n"
	"  silent            never answers\n"
	"  silent_first_round  answers when asked a second time\n"
	"  wrong_digits      first something that is no answer, then "
	"right\n"
	"  always_wrong      never right\n"
	"  late=SECONDS      so long after its own cue\n"
	"  count=17[,18]     head count (of each guard)\n"
	"  situation=N       18*N#\n"
	"  named             *07*18#\n"
	"  unknown_number    named with a number that no unit has\n"
	"  others_turn=CODE  answers, named, when CODE is cued\n"
	"  together=CODE     keys at the very moment of CODE's answer\n"
	"  guards=N          so many handhelds, each answers\n"
	"  twice             answers again in a second over\n"
	"  corrected         17#18# in one over\n"
	"  let_go            the key let go in the middle: two overs\n"
	"  slow, fast        tones of 400-600 or 60-80 ms\n"
	"  hesitates         one pause three times the others\n"
	"  no_end            without the final #\n"
	"  front_cut         the first tone already sounds at key-up\n"
	"  click             two short key presses, no tones\n"
	"  dial=KEYS         exactly these\n"
	"  alarm=110         **110# at its first cue, then answers\n"
	"  alarm_at=SECONDS  **110# (or alarm=) so long after the "
	"first\n"
	"                    sound of the gateway\n"
	"  speech=FILE       a spoken answer, no keys (a path without "
	"/\n"
	"                    in front begins where the city was "
	"started)\n"
	"  stuck[=SECONDS]   an over that never ends\n"
	"  ptt_id=DIGITS     an automatic ID at key-up\n"
	"  tone_ms gap_ms level_db twist_db noise_db = N\n"
	"\n"
	"Settings:\n"
	"  reaction=1.0-4.0  seconds from the cue to the key; it takes\n"
	"                    0.16 to notice that the cue has ended\n"
	"  key_up_ms=120     from the key to the carrier\n"
	"  burst_ms=40 burst_db=-14   noise at key-up\n"
	"  noise_db=-46 level_db=-13 twist_db=3 (up to, both ways)\n"
	"  count_width=2     digits of a count\n"
	"  capture=no        of two at once only the stronger is heard\n"
	"  ssrc_per_radio=no one RTP source for all overs\n"
	"  codec= payload=   of what is sent, when not the channel's\n"
	"  ptt_id=no         every radio sends its radio_ids at key-up\n"
	"  repeater only: chain=yes (answer after the one before "
	"without\n"
	"  a cue) breaks_hang=no hang_after_gateway=no\n"
	"  courtesy_hz=1000 courtesy_ms=100\n";

const char *scenario_help(void)
{
	return help;
}
