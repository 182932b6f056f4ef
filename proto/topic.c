/* SPDX-License-Identifier: MIT */
#include "proto/topic.h"

#include <errno.h>
#include <string.h>

#define ROOT "gc1"

/* What one word of a topic may be. */
struct rule {
	size_t least;
	size_t most;
	bool letters; /* A to Z beside the digits */
};

static const struct rule district_rule = {6, 6, false};
static const struct rule station_rule = {1, 12, true};
static const struct rule grid_rule = {1, 8, true};
static const struct rule gateway_rule = {1, 12, true};

static const struct {
	const char *name;
	bool durable;
} kinds[] = {
	[TOPIC_CALL] = {"call", true},        [TOPIC_REPLY] = {"reply", true},
	[TOPIC_OVER] = {"over", true},        [TOPIC_ALARM] = {"alarm", true},
	[TOPIC_UNIT] = {"unit", true},        [TOPIC_NOTICE] = {"notice", true},
	[TOPIC_CHANNEL] = {"channel", false}, [TOPIC_VOICE] = {"voice", false},
	[TOPIC_STATUS] = {"status", false},   [TOPIC_AUDIT] = {"audit", true},
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

/* A stretch of text between two dots. */
struct word {
	const char *text;
	size_t len;
};

static bool word_is(struct word word, const char *text)
{
	return word.len == strlen(text) && !memcmp(word.text, text, word.len);
}

static bool letter_is_allowed(const struct rule *rule, char letter)
{
	if (letter >= '0' && letter <= '9')
		return true;
	return rule->letters && letter >= 'A' && letter <= 'Z';
}

static bool word_follows(struct word word, const struct rule *rule)
{
	size_t i;

	if (word.len < rule->least || word.len > rule->most)
		return false;
	for (i = 0; i < word.len; i++)
		if (!letter_is_allowed(rule, word.text[i]))
			return false;
	return true;
}

static bool text_follows(const char *text, const struct rule *rule)
{
	struct word word = {text, strnlen(text, rule->most + 1)};

	return word_follows(word, rule);
}

static bool is_gateway_kind(enum topic_kind kind)
{
	return kind == TOPIC_STATUS || kind == TOPIC_AUDIT;
}

static bool is_area_kind(enum topic_kind kind)
{
	return (unsigned int)kind < KIND_COUNT && !is_gateway_kind(kind);
}

static bool kind_find(struct word word, enum topic_kind *kind)
{
	size_t i;

	for (i = 0; i < KIND_COUNT; i++) {
		if (!word_is(word, kinds[i].name))
			continue;
		*kind = (enum topic_kind)i;
		return true;
	}
	return false;
}

/* The words of text; how many there are, or 0 when more than max. */
static size_t split(const char *text, size_t len, struct word *words,
		    size_t max)
{
	const char *end = text + len;
	size_t count = 0;

	while (count < max) {
		const char *dot = memchr(text, '.', (size_t)(end - text));

		words[count].text = text;
		words[count++].len = (size_t)((dot ? dot : end) - text);
		if (!dot)
			return count;
		text = dot + 1;
	}
	return 0;
}

/* Whether the words so far are the start of some legal topic. */
static bool words_are_legal(const struct word *words, size_t count)
{
	static const struct rule *const area[] = {&district_rule, &station_rule,
						  &grid_rule};
	bool gateway = count > 1 && word_is(words[1], "gateway");
	size_t last = gateway ? 3 : 4; /* place of the kind */
	enum topic_kind kind;
	size_t i;

	if (count > last + 1 || (count && !word_is(words[0], ROOT)))
		return false;
	for (i = 1; i < count && i < last; i++) {
		if (gateway && i == 1)
			continue;
		if (!word_follows(words[i],
				  gateway ? &gateway_rule : area[i - 1]))
			return false;
	}
	if (count <= last)
		return true;
	return kind_find(words[last], &kind) &&
	       gateway == is_gateway_kind(kind);
}

static char *put(char *at, const char *text)
{
	return stpcpy(at, text);
}

static int build_gateway(char text[TOPIC_MAX], const struct topic *topic)
{
	if (topic->district[0] || topic->station[0] || topic->grid[0] ||
	    !topic_gateway_is_valid(topic->gateway))
		return -EINVAL;
	text = put(text, ROOT ".gateway.");
	text = put(text, topic->gateway);
	text = put(text, ".");
	put(text, kinds[topic->kind].name);
	return 0;
}

int topic_build(char text[TOPIC_MAX], const struct topic *topic)
{
	if (is_gateway_kind(topic->kind))
		return build_gateway(text, topic);
	if (!is_area_kind(topic->kind) || topic->gateway[0] ||
	    !topic_district_is_valid(topic->district) ||
	    !topic_station_is_valid(topic->station) ||
	    !topic_grid_is_valid(topic->grid))
		return -EINVAL;
	text = put(text, ROOT ".");
	text = put(text, topic->district);
	text = put(text, ".");
	text = put(text, topic->station);
	text = put(text, ".");
	text = put(text, topic->grid);
	text = put(text, ".");
	put(text, kinds[topic->kind].name);
	return 0;
}

/* The word was measured against its rule: it fits with its NUL. */
static void take(char *part, struct word word)
{
	memcpy(part, word.text, word.len);
}

int topic_parse(struct topic *topic, const char *text, size_t len)
{
	struct topic found = {0};
	struct word words[5];
	size_t count = split(text, len, words, 5);

	if (count < 4 || !words_are_legal(words, count) ||
	    !kind_find(words[count - 1], &found.kind))
		return -EINVAL;
	/* Four words of an area, or "gc1.gateway.X.call", lack their kind. */
	if ((count == 4) != is_gateway_kind(found.kind) ||
	    (count == 4) != word_is(words[1], "gateway"))
		return -EINVAL;
	if (is_gateway_kind(found.kind)) {
		take(found.gateway, words[2]);
	} else {
		take(found.district, words[1]);
		take(found.station, words[2]);
		take(found.grid, words[3]);
	}
	*topic = found;
	return 0;
}

int topic_in_area(char text[TOPIC_MAX], const char *area, enum topic_kind kind)
{
	struct word words[3];
	struct topic topic = {.kind = kind};

	if (!is_area_kind(kind) || split(area, strlen(area), words, 3) != 3 ||
	    !word_follows(words[0], &district_rule) ||
	    !word_follows(words[1], &station_rule) ||
	    !word_follows(words[2], &grid_rule))
		return -EINVAL;
	take(topic.district, words[0]);
	take(topic.station, words[1]);
	take(topic.grid, words[2]);
	return topic_build(text, &topic);
}

bool topic_prefix_is_valid(const char *text, size_t len)
{
	struct topic topic;
	struct word words[5];
	size_t count;

	if (!len)
		return true;
	if (text[len - 1] != '.')
		return !topic_parse(&topic, text, len);
	count = split(text, len - 1, words, 5);
	/* Nothing may follow a kind, so a prefix that ends there selects none.
	 */
	if (!count || count == 5 ||
	    (count == 4 && word_is(words[1], "gateway")))
		return false;
	return words_are_legal(words, count);
}

bool topic_prefix_is_within(const char *prefix, const char *jurisdiction)
{
	size_t len = strlen(jurisdiction);

	/* One that is no whole area ("gc1.44") would let strangers in. */
	return topic_prefix_is_valid(jurisdiction, len) &&
	       !strncmp(prefix, jurisdiction, len);
}

bool topic_kind_is_durable(enum topic_kind kind)
{
	return (unsigned int)kind < KIND_COUNT && kinds[kind].durable;
}

const char *topic_kind_name(enum topic_kind kind)
{
	return (unsigned int)kind < KIND_COUNT ? kinds[kind].name : "";
}

bool topic_district_is_valid(const char *text)
{
	return text_follows(text, &district_rule);
}

bool topic_station_is_valid(const char *text)
{
	return text_follows(text, &station_rule);
}

bool topic_grid_is_valid(const char *text)
{
	return text_follows(text, &grid_rule);
}

bool topic_gateway_is_valid(const char *text)
{
	return text_follows(text, &gateway_rule);
}
