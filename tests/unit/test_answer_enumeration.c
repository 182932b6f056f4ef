/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every answer and code of a channel, each with every single key lost, every
 * single key doubled, and its front cut off at every place: none may become
 * another certain answer.  Keys that are lost or doubled are timed evenly here,
 * so that the grammar alone has to tell.
 */
#include "gateway/call/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define TONE_MS  80
#define PAUSE_MS 120
#define FRONT_MS 900 /* silence before the first key of an undamaged answer */
#define KEYS_MAX 24

struct trial {
	struct answer_format format;
	uint32_t units;
	uint32_t counts;
	size_t sentences;
	size_t trials;
};

static size_t make_tones(const char *keys, uint32_t begin_ms,
			 struct tone tones[KEYS_MAX])
{
	size_t i;

	for (i = 0; keys[i]; i++) {
		tones[i] = (struct tone){.digit = keys[i]};
		tones[i].begin_ms =
			begin_ms + (uint32_t)i * (TONE_MS + PAUSE_MS);
		tones[i].end_ms = tones[i].begin_ms + TONE_MS;
	}
	return i;
}

static void parse(struct trial *trial, const char *keys, uint32_t begin_ms,
		  enum over_front front, struct answer *answer)
{
	struct tone tones[KEYS_MAX];
	size_t count = make_tones(keys, begin_ms, tones);

	trial->trials++;
	answer_parse(&trial->format, tones, count, front, true, answer);
}

static bool is_certain(const struct answer *answer)
{
	return answer->kind > ANSWER_HEARD && !answer->doubts;
}

static bool same_meaning(const struct answer *one, const struct answer *other)
{
	return one->kind == other->kind && one->named == other->named &&
	       !strcmp(one->unit, other->unit) && one->count == other->count &&
	       !strcmp(one->situation, other->situation) &&
	       !strcmp(one->code, other->code);
}

static void check(const char *whole, const struct answer *meant,
		  const char *damaged, const struct answer *taken)
{
	if (is_certain(taken) && !same_meaning(meant, taken))
		fail_msg("'%s' became certain as '%s'", whole, damaged);
}

/* The first keys of whole, then all from another place on. */
static void join(char joined[KEYS_MAX], const char *whole, size_t first,
		 size_t from)
{
	memcpy(joined, whole, first);
	strcpy(joined + first, whole + from);
}

static void lose_and_double_each_key(struct trial *trial, const char *whole,
				     const struct answer *meant)
{
	char damaged[KEYS_MAX];
	struct answer taken;
	size_t len = strlen(whole);
	size_t i;

	for (i = 0; i < len; i++) {
		join(damaged, whole, i, i + 1);
		parse(trial, damaged, FRONT_MS, OVER_FRESH, &taken);
		check(whole, meant, damaged, &taken);
		join(damaged, whole, i + 1, i);
		parse(trial, damaged, FRONT_MS, OVER_FRESH, &taken);
		check(whole, meant, damaged, &taken);
	}
}

/* The rest begins in a tone, or in the pause before one. */
static void cut_each_front(struct trial *trial, const char *whole,
			   const struct answer *meant)
{
	static const uint32_t begins_ms[] = {0, 13, 60, 61, PAUSE_MS - 1};
	struct answer taken;
	size_t len = strlen(whole);
	size_t i, j;
	int front;

	for (i = 1; i < len; i++) {
		for (j = 0; j < sizeof(begins_ms) / sizeof(*begins_ms); j++) {
			for (front = OVER_FRESH; front <= OVER_CONTINUED;
			     front++) {
				parse(trial, whole + i, begins_ms[j], front,
				      &taken);
				check(whole, meant, whole + i, &taken);
			}
		}
		/* A repeater that runs on may hide any length of front. */
		parse(trial, whole + i, FRONT_MS, OVER_CONTINUED, &taken);
		check(whole, meant, whole + i, &taken);
	}
}

static void try_sentence(struct trial *trial, const char *whole)
{
	struct answer meant;

	trial->sentences++;
	parse(trial, whole, FRONT_MS, OVER_FRESH, &meant);
	if (!is_certain(&meant))
		fail_msg("'%s' is not certain", whole);
	lose_and_double_each_key(trial, whole, &meant);
	cut_each_front(trial, whole, &meant);
}

/* Put parts in a row; NULL ends them. */
static void write_keys(char keys[KEYS_MAX], const char *const *parts)
{
	*keys = '\0';
	while (*parts)
		strcat(keys, *parts++);
}

static const char *write_number(char number[8], int width, uint32_t value)
{
	number[width] = '\0';
	while (width--) {
		number[width] = (char)('0' + value % 10);
		value /= 10;
	}
	return number;
}

static void try_counts(struct trial *trial, const char *unit)
{
	char whole[KEYS_MAX];
	char digits[8];
	uint32_t count;
	int i;

	for (count = 0; count < trial->counts; count++) {
		write_number(digits, trial->format.count_width, count);
		write_keys(whole,
			   (const char *const[]){unit, digits, "#", NULL});
		try_sentence(trial, whole);
		for (i = 0; *trial->format.situations[i]; i++) {
			write_keys(whole, (const char *const[]){
						  unit, digits, "*",
						  trial->format.situations[i],
						  "#", NULL});
			try_sentence(trial, whole);
		}
	}
}

static void try_codes(struct trial *trial, const char *unit)
{
	char whole[KEYS_MAX];
	int i;

	for (i = 0; *trial->format.codes[i]; i++) {
		write_keys(whole, (const char *const[]){unit, "**",
							trial->format.codes[i],
							"#", NULL});
		try_sentence(trial, whole);
	}
}

static void try_channel(struct trial *trial)
{
	char unit[KEYS_MAX] = "*";
	uint32_t number;

	try_counts(trial, "");
	try_codes(trial, "");
	for (number = 1; number <= trial->units; number++) {
		write_number(unit + 1, trial->format.unit_width, number);
		try_codes(trial, unit);
		strcat(unit, "*");
		try_counts(trial, unit);
	}
}

static void no_lost_doubled_or_cut_key_makes_another_answer(void **state)
{
	struct trial trial = {.units = 30, .counts = 100};

	assert_int_equal(
		answer_format_parse(&trial.format, "", NULL, NULL, NULL), 0);
	try_channel(&trial);
	assert_int_equal(trial.sentences, 31 * (100 * 5 + 8));
	print_message("%zu sentences, %zu trials\n", trial.sentences,
		      trial.trials);
}

/* Keys timed as evenly as a radio's are looked at as its ID and panic code. */
static void nor_where_radios_send_ids_and_panic_codes(void **state)
{
	static const char *const columns[] = {
		"id=3;panic=119", "id=4;panic=1101", "id=5;panic=110"};
	size_t i;

	for (i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
		struct trial trial = {.units = 10, .counts = 100};

		assert_int_equal(answer_format_parse(&trial.format, columns[i],
						     NULL, NULL, NULL),
				 0);
		try_channel(&trial);
	}
}

/* Whether a channel may dial so; if it may, all of it is tried. */
static bool try_widths(int unit, int count, int situation,
		       const char *const *codes)
{
	static const char *const wide[] = {"00", "01", "11", "20", NULL};
	struct trial trial = {.units = 5, .counts = 10};
	char column[64];

	snprintf(column, sizeof(column), "unit=%d;count=%d;situation=%d", unit,
		 count, situation);
	if (answer_format_parse(&trial.format, column, codes,
				situation == 2 ? wide : NULL, NULL))
		return false;
	try_channel(&trial);
	return true;
}

/* A sample of every other combination of widths that is not refused. */
static void nor_with_any_other_widths(void **state)
{
	static const char *const codes[] = {"1", "2",   "0",   "77",
					    "9", "110", "120", NULL};
	int accepted = 0;
	int unit, count, situation;

	for (unit = 1; unit <= 4; unit++)
		for (count = 1; count <= 4; count++)
			for (situation = 1; situation <= 2; situation++) {
				accepted += try_widths(unit, count, situation,
						       NULL);
				accepted += try_widths(unit, count, situation,
						       codes);
			}
	assert_int_equal(accepted, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			no_lost_doubled_or_cut_key_makes_another_answer),
		cmocka_unit_test(nor_where_radios_send_ids_and_panic_codes),
		cmocka_unit_test(nor_with_any_other_widths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
