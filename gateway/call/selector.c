/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * selector.c - which units: "district=440106 category=GZ:A,GZ:B limit=50"
 *
 * A word is a row of the table below: how its values are checked, and how they
 * meet a unit.  Another word is another row.
 */
#include "gateway/call/selector.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <talloc.h>

#include "gateway/call/distance.h"
#include "proto/gridcall.pb-c.h"
#include "proto/topic.h"

#define BAD GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT

#define LIMIT_MAX 1000000
/*
 * What a selector may cost is not for its author to say: the main loop parses
 * it, and parts of names are looked for in each unit, one by one.
 */
#define TEXT_MAX  (256u << 10) /* a city's every tenth unit, by code */
#define NAMES_MAX 32

struct term {
	const struct word *word;
	bool negated;  /* != */
	char **values; /* sorted where the word compares whole values */
	size_t count;
	size_t position; /* of the word, in characters from 1 */
};

struct selector {
	struct term *terms;
	size_t count;
	size_t limit; /* 0: none */
	const struct scope *scope;
};

/* What a value is checked against. */
struct town {
	const struct directory *directory;
	const struct scope *scope;
};

struct word {
	const char *name;
	/* NULL when value is good, else what it should be. */
	const char *(*refuse)(const struct town *town, const char *value);
	/* The field of a unit that must be one of the values, */
	const char *(*field)(const struct unit *unit);
	/* or the list that must hold one of them, */
	char **(*list)(const struct unit *unit);
	/* or a comparison of its own, value by value. */
	bool (*meets)(const struct unit *unit, const char *value);
};

/* Where parsing stands. */
struct parser {
	void *ctx;
	const char *text;
	const char *at;
	struct town town;
	struct fault *fault;
	struct selector *selector;
	char *scheme; /* the only one; NULL: not looked for yet, or not there */
	bool has_looked;
};

/* ---- the words ---- */

static const char *refuse_district(const struct town *town, const char *value)
{
	return topic_district_is_valid(value)
		       ? NULL
		       : "a district is six digits, for example 440106";
}

static const char *refuse_station(const struct town *town, const char *value)
{
	return topic_station_is_valid(value)
		       ? NULL
		       : "a station is 1 to 12 digits or capital letters";
}

static const char *refuse_grid(const struct town *town, const char *value)
{
	return topic_grid_is_valid(value)
		       ? NULL
		       : "a grid is 1 to 8 digits or capital letters";
}

/* A code that was mistyped must not shorten a roll-call in silence. */
static const char *refuse_code(const struct town *town, const char *value)
{
	const struct unit *unit = directory_find_unit(town->directory, value);

	return unit && scope_has_unit(town->scope, unit)
		       ? NULL
		       : "the directory has no unit of this code";
}

static const char *refuse_channel(const struct town *town, const char *value)
{
	const struct channel_entry *channel =
		directory_find_channel(town->directory, value);

	return channel && scope_has_channel(town->scope, channel)
		       ? NULL
		       : "the directory has no channel of this code";
}

static const char *refuse_number(const struct town *town, const char *value)
{
	size_t len = strspn(value, "0123456789");

	return len && !value[len] ? NULL : "a keypad number is digits only";
}

static const char *refuse_answers_by(const struct town *town, const char *value)
{
	static const char *const ways[] = {"keypad", "speech", "click", "data",
					   "phone"};
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(value, ways[i]))
			return NULL;
	return "use keypad, speech, click, data or phone";
}

static const char *refuse_category(const struct town *town, const char *value)
{
	const char *colon = strchr(value, ':');

	return colon && colon > value && colon[1]
		       ? NULL
		       : "write scheme and letter, for example GZ:A";
}

static const char *refuse_limit(const struct town *town, const char *value)
{
	size_t len = strspn(value, "0123456789");
	unsigned long limit = len <= 7 ? strtoul(value, NULL, 10) : 0;

	return !value[len] && limit && limit <= LIMIT_MAX
		       ? NULL
		       : "a limit is a number from 1 to 1000000";
}

#define FIELD(name)                                                            \
	static const char *field_##name(const struct unit *unit)               \
	{                                                                      \
		return unit->name;                                             \
	}
FIELD(district)
FIELD(station)
FIELD(grid)
FIELD(zone)
FIELD(category)
FIELD(channel)
FIELD(code)
FIELD(number)

static char **list_tags(const struct unit *unit)
{
	return unit->tags;
}

static char **list_answers_by(const struct unit *unit)
{
	return unit->answers_by;
}

/* Part of any name the unit goes by. */
static bool meets_name(const struct unit *unit, const char *value)
{
	char **alias;

	if (strcasestr(unit->name, value) || strcasestr(unit->spoken, value))
		return true;
	for (alias = unit->aliases; alias && *alias; alias++)
		if (strcasestr(*alias, value))
			return true;
	return false;
}

static const struct word words[] = {
	{"district", refuse_district, .field = field_district},
	{"station", refuse_station, .field = field_station},
	{"grid", refuse_grid, .field = field_grid},
	{"zone", .field = field_zone},
	{"category", refuse_category, .field = field_category},
	{"channel", refuse_channel, .field = field_channel},
	{"code", refuse_code, .field = field_code},
	{"number", refuse_number, .field = field_number},
	{"tag", .list = list_tags},
	{"name", .meets = meets_name},
	{"answers_by", refuse_answers_by, .list = list_answers_by},
	{"limit", refuse_limit, .field = NULL}, /* of the whole */
};

#define WORD_COUNT (sizeof(words) / sizeof(*words))

static bool is_limit(const struct word *word)
{
	return word == &words[WORD_COUNT - 1];
}

static const char *nearest_word(const char *text, size_t len)
{
	const char *nearest = words[0].name;
	size_t best = SIZE_MAX;
	size_t i;

	for (i = 0; i < WORD_COUNT; i++) {
		size_t far = distance(text, len, words[i].name);

		if (far < best) {
			best = far;
			nearest = words[i].name;
		}
	}
	return nearest;
}

/* ---- parsing ---- */

/* Characters, not bytes, from 1: names are Chinese. */
static size_t position_of(const struct parser *parser, const char *at)
{
	const char *byte;
	size_t position = 1;

	for (byte = parser->text; byte < at; byte++)
		if (((unsigned char)*byte & 0xc0) != 0x80)
			position++;
	return position;
}

/* Enough of a value to know it by, cut between characters. */
static int shown_len(const char *text, size_t len)
{
	if (len <= 40)
		return (int)len;
	len = 40;
	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return (int)len;
}

static int refuse_at(struct parser *parser, const char *at, size_t len,
		     const char *sentence)
{
	return fault_set(
		parser->fault, BAD, "selector: '%.*s' at character %zu: %s",
		shown_len(at, len), at, position_of(parser, at), sentence);
}

static void skip_spaces(struct parser *parser)
{
	while (isspace((unsigned char)*parser->at))
		parser->at++;
}

static int parse_word(struct parser *parser, struct term *term)
{
	const char *begin = parser->at;
	size_t len = strcspn(begin, "=!<>\", \t\r\n");
	size_t i;

	for (i = 0; i < WORD_COUNT; i++)
		if (strlen(words[i].name) == len &&
		    !memcmp(words[i].name, begin, len))
			break;
	if (!len)
		return refuse_at(parser, begin, 1,
				 "a word is missing, for example grid=07");
	if (i == WORD_COUNT)
		return fault_set(parser->fault, BAD,
				 "selector: unknown word '%.*s' at character "
				 "%zu; the nearest known one is %s",
				 shown_len(begin, len), begin,
				 position_of(parser, begin),
				 nearest_word(begin, len));
	term->word = &words[i];
	term->position = position_of(parser, begin);
	parser->at += len;
	return 0;
}

static int parse_operator(struct parser *parser, struct term *term)
{
	term->negated = *parser->at == '!';
	if (term->negated)
		parser->at++;
	if (*parser->at != '=' || (is_limit(term->word) && term->negated))
		return fault_set(parser->fault, BAD,
				 "selector: %s at character %zu takes %s and a "
				 "value after it, without spaces",
				 term->word->name, term->position,
				 is_limit(term->word) ? "=" : "= or !=");
	parser->at++;
	return 0;
}

/* One value, bare or between quotes; NULL when it is missing. */
static char *take_value(struct parser *parser)
{
	const char *begin = parser->at;
	size_t len;

	if (*begin != '"') {
		len = strcspn(begin, ", \t\r\n\"=");
		parser->at += len;
		return len ? talloc_strndup(parser->ctx, begin, len) : NULL;
	}
	begin++;
	len = strcspn(begin, "\"");
	if (!len || begin[len] != '"')
		return NULL;
	parser->at = begin + len + 1;
	return talloc_strndup(parser->ctx, begin, len);
}

/* The only scheme of the directory; NULL when it has none or several. */
static char *only_scheme(const struct town *town, void *ctx)
{
	const struct directory *directory = town->directory;
	const char *scheme = NULL;
	size_t len = 0;
	size_t i;

	for (i = 0; i < directory_unit_count(directory); i++) {
		const struct unit *unit = directory_unit(directory, i);
		const char *category = unit->category;
		size_t here = strcspn(category, ":");

		if (!category[here] || !scope_has_unit(town->scope, unit))
			continue;
		if (scheme && (here != len || memcmp(scheme, category, len)))
			return NULL;
		scheme = category;
		len = here;
	}
	return scheme ? talloc_strndup(ctx, scheme, len) : NULL;
}

/* A category's letter alone is enough where there is one scheme. */
static int complete_category(struct parser *parser, const char *at,
			     char **value)
{
	if (strchr(*value, ':'))
		return 0;
	if (!parser->has_looked)
		parser->scheme = only_scheme(&parser->town, parser->ctx);
	parser->has_looked = true;
	if (!parser->scheme)
		return refuse_at(parser, at, parser->at - at,
				 "the directory does not have one scheme of "
				 "categories alone; write scheme and letter, "
				 "for example GZ:A");
	*value = talloc_asprintf(parser->ctx, "%s:%s", parser->scheme, *value);
	return 0;
}

static int parse_value(struct parser *parser, struct term *term)
{
	const char *begin = parser->at;
	char *value = take_value(parser);
	const char *why = NULL;

	if (!value)
		return refuse_at(parser, begin, strcspn(begin, " \t\r\n"),
				 *begin == '"' ? "the quotes hold nothing or "
						 "are not closed"
					       : "a value is missing");
	if (term->word->field == field_category &&
	    complete_category(parser, begin, &value))
		return -EINVAL;
	if (term->word->refuse)
		why = term->word->refuse(&parser->town, value);
	if (why)
		return refuse_at(parser, begin, parser->at - begin, why);
	term->values = talloc_realloc(parser->selector, term->values, char *,
				      term->count + 1);
	term->values[term->count++] = talloc_steal(term->values, value);
	return 0;
}

static int compare_values(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

static int parse_values(struct parser *parser, struct term *term)
{
	const char *begin = parser->at;

	if (parse_value(parser, term))
		return -EINVAL;
	while (*parser->at == ',') {
		parser->at++;
		if (parse_value(parser, term))
			return -EINVAL;
	}
	if (*parser->at && !isspace((unsigned char)*parser->at))
		return refuse_at(parser, parser->at, 1,
				 "write a space or a comma before it, or the "
				 "value in double quotes");
	if (term->word->meets && term->count > NAMES_MAX)
		return fault_set(parser->fault, BAD,
				 "selector: %s at character %zu has %zu "
				 "values, and %d are the most; select by code, "
				 "area or tag instead",
				 term->word->name, term->position, term->count,
				 NAMES_MAX);
	if (is_limit(term->word) && term->count > 1)
		return refuse_at(parser, begin, parser->at - begin,
				 "a limit is one number");
	qsort(term->values, term->count, sizeof(*term->values), compare_values);
	return 0;
}

static int check_doubled(struct parser *parser, const struct term *term)
{
	const struct selector *selector = parser->selector;
	size_t i;

	for (i = 0; i < selector->count; i++)
		if (selector->terms[i].word == term->word &&
		    selector->terms[i].negated == term->negated)
			return fault_set(
				parser->fault, BAD,
				"selector: %s at character %zu was said before "
				"at character %zu; write its values once, with "
				"commas between them",
				term->word->name, term->position,
				selector->terms[i].position);
	return 0;
}

static int parse_term(struct parser *parser)
{
	struct selector *selector = parser->selector;
	struct term term = {0};

	if (parse_word(parser, &term) || parse_operator(parser, &term) ||
	    check_doubled(parser, &term) || parse_values(parser, &term))
		return -EINVAL;
	if (is_limit(term.word))
		selector->limit = strtoul(term.values[0], NULL, 10);
	selector->terms = talloc_realloc(selector, selector->terms, struct term,
					 selector->count + 1);
	selector->terms[selector->count++] = term;
	return 0;
}

struct selector *selector_parse_within(void *ctx, const char *text,
				       const struct directory *directory,
				       const struct scope *scope,
				       struct fault *fault)
{
	struct selector *selector = talloc_zero(ctx, struct selector);
	struct parser parser = {
		.ctx = selector,
		.text = text,
		.at = text,
		.town = {directory, scope},
		.fault = fault,
		.selector = selector,
	};

	selector->scope = scope;
	if (strlen(text) > TEXT_MAX) {
		(void)fault_set(fault, BAD,
				"the selector is longer than %u bytes; select "
				"by area, category or tag instead of one by "
				"one",
				TEXT_MAX);
		talloc_free(selector);
		return NULL;
	}
	for (skip_spaces(&parser); *parser.at; skip_spaces(&parser))
		if (parse_term(&parser)) {
			talloc_free(selector);
			return NULL;
		}
	return selector;
}

struct selector *selector_parse(void *ctx, const char *text,
				const struct directory *directory,
				struct fault *fault)
{
	return selector_parse_within(ctx, text, directory, NULL, fault);
}

/* ---- selecting ---- */

static bool is_among(const struct term *term, const char *text)
{
	return bsearch(&text, term->values, term->count, sizeof(*term->values),
		       compare_values) != NULL;
}

static bool meets(const struct unit *unit, const struct term *term)
{
	const struct word *word = term->word;
	char **entry;
	size_t i;

	if (word->field)
		return is_among(term, word->field(unit));
	if (word->list) {
		for (entry = word->list(unit); entry && *entry; entry++)
			if (is_among(term, *entry))
				return true;
		return false;
	}
	for (i = 0; word->meets && i < term->count; i++)
		if (word->meets(unit, term->values[i]))
			return true;
	return false;
}

static bool is_selected(const struct selector *selector,
			const struct unit *unit)
{
	size_t i;

	for (i = 0; i < selector->count; i++) {
		const struct term *term = &selector->terms[i];

		if (is_limit(term->word))
			continue;
		if (meets(unit, term) == term->negated)
			return false;
	}
	return true;
}

/* By channel, then number; numbers of one channel are equally wide. */
static int compare_units(const void *one, const void *other)
{
	const struct unit *a = *(const struct unit *const *)one;
	const struct unit *b = *(const struct unit *const *)other;
	size_t a_len = strlen(a->number);
	size_t b_len = strlen(b->number);
	int order = strcmp(a->channel, b->channel);

	if (!order && a_len != b_len)
		order = a_len < b_len ? -1 : 1;
	if (!order)
		order = strcmp(a->number, b->number);
	return order ? order : strcmp(a->code, b->code);
}

const struct unit **selector_units(const struct selector *selector, void *ctx,
				   const struct directory *directory,
				   size_t *count)
{
	size_t all = directory_unit_count(directory);
	const struct unit **units = talloc_array(ctx, const struct unit *, all);
	size_t found = 0;
	size_t i;

	for (i = 0; i < all; i++) {
		const struct unit *unit = directory_unit(directory, i);

		if (is_selected(selector, unit) &&
		    scope_has_unit(selector->scope, unit))
			units[found++] = unit;
	}
	qsort(units, found, sizeof(*units), compare_units);
	*count = selector->limit && selector->limit < found ? selector->limit
							    : found;
	return units;
}
