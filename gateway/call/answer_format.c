/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * answer_format.c - how a channel's units dial, read from its signalling
 *
 * Everything is refused here by which one lost or doubled key could turn one
 * certain answer into another; answer.c relies on it.
 */
#include "gateway/call/answer.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/gridcall.pb-c.h"

#define BAD GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT

#define ID_WIDTH_MIN    3
#define ID_WIDTH_MAX    8
#define PANIC_WIDTH_MIN 2

static const char *const default_codes[] = {"110", "119", "120", "1", "2",
					    "3",   "4",   "0",   NULL};
static const char *const default_situations[] = {"0", "1", "2", "9", NULL};

/* One word of the column: name=value, both within the column's text. */
struct word {
	const char *text;
	int len;
	int name_len;
	const char *value;
	int value_len;
};

static int refuse(struct fault *fault, const struct word *word,
		  const char *sentence)
{
	return fault_set(fault, BAD, "signalling '%.*s': %s", word->len,
			 word->text, sentence);
}

static bool all_digits(const char *text, size_t len)
{
	return strspn(text, "0123456789") >= len;
}

/* The next word after *at; false at the end.  Spaces around it don't count. */
static bool next_word(const char **at, struct word *word)
{
	const char *end;
	const char *equals;

	*at += strspn(*at, "; \t");
	if (!**at)
		return false;
	word->text = *at;
	end = *at + strcspn(*at, ";");
	*at = end;
	while (isspace((unsigned char)end[-1]))
		end--;
	word->len = (int)(end - word->text);
	equals = memchr(word->text, '=', word->len);
	word->name_len = equals ? (int)(equals - word->text) : word->len;
	word->value = equals ? equals + 1 : end;
	word->value_len = (int)(end - word->value);
	return true;
}

static bool is_named(const struct word *word, const char *name)
{
	return (size_t)word->name_len == strlen(name) &&
	       !memcmp(word->text, name, word->name_len);
}

/* A width is one digit from min to max. */
static int read_width(const struct word *word, char min, char max,
		      uint8_t *width, struct fault *fault)
{
	char sentence[64];

	if (word->value_len == 1 && *word->value >= min &&
	    *word->value <= max) {
		*width = (uint8_t)(*word->value - '0');
		return 0;
	}
	snprintf(sentence, sizeof(sentence), "write a width from %c to %c", min,
		 max);
	return refuse(fault, word, sentence);
}

static int read_panic(struct answer_format *format, const struct word *word,
		      struct fault *fault)
{
	if (word->value_len < PANIC_WIDTH_MIN ||
	    (size_t)word->value_len >= sizeof(format->panic) ||
	    !all_digits(word->value, word->value_len))
		return refuse(fault, word,
			      "a panic code has 2 to 7 digits, for example "
			      "panic=119");
	memcpy(format->panic, word->value, word->value_len);
	format->panic[word->value_len] = '\0';
	return 0;
}

enum word_kind {
	WORD_DTMF,
	WORD_UNIT,
	WORD_COUNT,
	WORD_SITUATION,
	WORD_ID,
	WORD_PANIC,
	WORD_UNKNOWN,
};

static const char *const word_names[] = {
	[WORD_DTMF] = "dtmf",   [WORD_UNIT] = "unit",
	[WORD_COUNT] = "count", [WORD_SITUATION] = "situation",
	[WORD_ID] = "id",       [WORD_PANIC] = "panic",
};

static enum word_kind word_find(const struct word *word)
{
	int kind = 0;

	while (kind < WORD_UNKNOWN && !is_named(word, word_names[kind]))
		kind++;
	return kind;
}

static int read_word(struct answer_format *format, const struct word *word,
		     enum word_kind kind, struct fault *fault)
{
	switch (kind) {
	case WORD_DTMF:
		return word->len == word->name_len
			       ? 0
			       : refuse(fault, word, "dtmf takes no value");
	case WORD_UNIT:
		return read_width(word, '1', '4', &format->unit_width, fault);
	case WORD_COUNT:
		return read_width(word, '1', '4', &format->count_width, fault);
	case WORD_SITUATION:
		return read_width(word, '1', '2', &format->situation_width,
				  fault);
	case WORD_ID:
		if (word->value_len == 1 && *word->value == '0')
			return 0;
		return read_width(word, '0' + ID_WIDTH_MIN, '0' + ID_WIDTH_MAX,
				  &format->id_width, fault);
	case WORD_PANIC:
		return read_panic(format, word, fault);
	case WORD_UNKNOWN:
		break;
	}
	return refuse(fault, word,
		      "unknown word; use dtmf, unit, count, situation, id "
		      "and panic");
}

static int read_words(struct answer_format *format, const char *signalling,
		      struct fault *fault)
{
	bool seen[WORD_UNKNOWN + 1] = {false};
	enum word_kind kind;
	struct word word;

	while (next_word(&signalling, &word)) {
		kind = word_find(&word);
		if (seen[kind])
			return refuse(fault, &word,
				      "written twice; keep one of them");
		seen[kind] = true;
		if (read_word(format, &word, kind, fault))
			return -EINVAL;
	}
	return 0;
}

/* Copy a site's list into rows of a fixed size, empty rows after it. */
static int read_list(char *rows, size_t row_size, const char *const *list,
		     const char *what, struct fault *fault)
{
	size_t i, j;

	for (i = 0; list[i]; i++) {
		size_t len = strlen(list[i]);

		if (i == ANSWER_CODES_MAX)
			return fault_set(
				fault, BAD,
				"more than %d %ss; shorten the site's table",
				ANSWER_CODES_MAX, what);
		if (!len || len >= row_size || !all_digits(list[i], len))
			return fault_set(fault, BAD,
					 "%s '%s' is not 1 to %zu digits", what,
					 list[i], row_size - 1);
		for (j = 0; j < i; j++)
			if (!strcmp(list[i], list[j]))
				return fault_set(
					fault, BAD,
					"%s '%s' is in the site's table twice",
					what, list[i]);
		memcpy(rows + i * row_size, list[i], len + 1);
	}
	return 0;
}

/*
 * Whether losing one key of longer leaves shorter.  A doubled key is the same
 * thing read backwards.
 */
static bool loses_into(const char *longer, const char *shorter)
{
	size_t len = strlen(longer);
	size_t same = 0;

	if (strlen(shorter) + 1 != len)
		return false;
	while (shorter[same] && longer[same] == shorter[same])
		same++;
	return !strcmp(longer + same + 1, shorter + same);
}

static int check_codes(const struct answer_format *format, struct fault *fault)
{
	int i, j;

	for (i = 0; i < ANSWER_CODES_MAX && *format->codes[i]; i++) {
		if (strlen(format->codes[i]) == format->count_width)
			return fault_set(
				fault, BAD,
				"code %s is as long as the count, so a lost * "
				"would make it a count; dial counts of another "
				"width than %u",
				format->codes[i], format->count_width);
		for (j = 0; j < ANSWER_CODES_MAX && *format->codes[j]; j++)
			if (loses_into(format->codes[i], format->codes[j]))
				return fault_set(
					fault, BAD,
					"code %s becomes %s when a key is "
					"lost; change one of them",
					format->codes[i], format->codes[j]);
	}
	return 0;
}

static int check_situations(const struct answer_format *format,
			    struct fault *fault)
{
	int i;

	/* *07*18# without its first * would be count 07, situation 18. */
	if (format->situation_width == format->count_width)
		return fault_set(fault, BAD,
				 "situation and count are both %u digits wide, "
				 "so a lost * would turn one into the other; "
				 "give them different widths",
				 format->count_width);
	for (i = 0; i < ANSWER_CODES_MAX && *format->situations[i]; i++)
		if (strlen(format->situations[i]) != format->situation_width)
			return fault_set(
				fault, BAD,
				"situation '%s' of the site is not %u digits "
				"wide; correct the table or situation=",
				format->situations[i], format->situation_width);
	return 0;
}

/* An answer that lost its # must not be the panic code. */
static int check_panic(const struct answer_format *format, struct fault *fault)
{
	if (strlen(format->panic) != format->count_width)
		return 0;
	return fault_set(fault, BAD,
			 "panic=%s is as long as the count, so a count that "
			 "lost its # would be an alarm; give them different "
			 "widths",
			 format->panic);
}

int answer_format_parse(struct answer_format *format, const char *signalling,
			const char *const *codes, const char *const *situations,
			struct fault *fault)
{
	struct answer_format read = {
		.unit_width = 2,
		.count_width = 2,
		.situation_width = 1,
	};

	if (read_words(&read, signalling ? signalling : "", fault) ||
	    read_list(read.codes[0], sizeof(read.codes[0]),
		      codes ? codes : default_codes, "code", fault) ||
	    read_list(read.situations[0], sizeof(read.situations[0]),
		      situations ? situations : default_situations, "situation",
		      fault) ||
	    check_codes(&read, fault) || check_situations(&read, fault) ||
	    check_panic(&read, fault))
		return -EINVAL;
	*format = read;
	return 0;
}
