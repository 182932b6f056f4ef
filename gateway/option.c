/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/option.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <talloc.h>

#define KEY_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789_"
#define SPACES      " \t"

/* Where we are in the text. */
struct cursor {
	const char *at;
	struct gridcall_option *options;
	size_t count;
	struct gridcall_why *why;
};

static bool wrong(struct cursor *c, const char *what, const char *word)
{
	int len = (int)strcspn(word, SPACES);

	snprintf(c->why->text, sizeof(c->why->text),
		 "option '%.*s': %s; write key=value key=\"a value\"",
		 len < 40 ? len : 40, word, what);
	return false;
}

/* Takes the text between quotes; c->at stands behind the first. */
static char *take_quoted(struct cursor *c)
{
	char *value = talloc_strdup(c->options, c->at);
	size_t len = 0;

	for (; value && *c->at && *c->at != '"'; c->at++) {
		if (*c->at == '\\' && (c->at[1] == '"' || c->at[1] == '\\'))
			c->at++;
		value[len++] = *c->at;
	}
	if (!value || *c->at != '"')
		return NULL;
	c->at++;
	value[len] = '\0';
	return value;
}

static bool take_value(struct cursor *c, const char *word,
		       struct gridcall_option *option)
{
	size_t len;

	if (*c->at == '"') {
		c->at++;
		option->value = take_quoted(c);
		if (!option->value)
			return wrong(c, "its quote is never closed", word);
		if (*c->at && !strchr(SPACES, *c->at))
			return wrong(c, "a space must follow the quote", word);
		return true;
	}
	len = strcspn(c->at, SPACES);
	if (memchr(c->at, '"', len))
		return wrong(c, "a quote must stand right behind the =", word);
	option->value = talloc_strndup(c->options, c->at, len);
	c->at += len;
	return option->value || wrong(c, "memory is out", word);
}

static bool take_word(struct cursor *c)
{
	struct gridcall_option option = {NULL, NULL};
	const char *word = c->at;
	size_t len = strspn(word, KEY_LETTERS);

	if (word[len] != '=' && !strchr(SPACES, word[len]))
		return wrong(c, "a key is made of a-z, 0-9 and _", word);
	if (word[len] != '=')
		return wrong(c, "it has no =", word);
	if (!len)
		return wrong(c, "it has no key before the =", word);
	if (c->count == OPTIONS_MAX)
		return wrong(c, "it is one too many", word);
	option.key = talloc_strndup(c->options, word, len);
	if (!option.key)
		return wrong(c, "memory is out", word);
	if (option_find(c->options, option.key))
		return wrong(c, "its key is there twice", word);
	c->at += len + 1;
	if (!take_value(c, word, &option))
		return false;
	c->options[c->count++] = option;
	return true;
}

struct gridcall_option *option_split(void *ctx, const char *text,
				     struct gridcall_why *why)
{
	struct cursor c = {.at = text ? text : "", .why = why};

	c.options =
		talloc_zero_array(ctx, struct gridcall_option, OPTIONS_MAX + 1);
	if (!c.options) {
		snprintf(why->text, sizeof(why->text), "memory is out");
		return NULL;
	}
	c.at += strspn(c.at, SPACES);
	while (*c.at) {
		if (!take_word(&c)) {
			talloc_free(c.options);
			return NULL;
		}
		c.at += strspn(c.at, SPACES);
	}
	return c.options;
}

const char *option_find(const struct gridcall_option *options, const char *key)
{
	for (; options->key; options++)
		if (!strcmp(options->key, key))
			return options->value;
	return NULL;
}
