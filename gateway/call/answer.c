/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * answer.c - what the keys of an over mean, and how sure that is
 *
 * An over is read in three steps: the radio's automatic ID is split off, the
 * keys are cut into sentences at each #, and the sentence that stands is
 * looked at for doubts.
 */
#include "gateway/call/answer.h"

#include <string.h>

#include "gateway/call/keys.h"

/* Within this of the over's start a tone was sounding when it began. */
#define SOUNDING_MS 60
/* After our own transmission people need this to press a first key. */
#define FIRST_KEY_MS 300
/* Pauses of quick fingers differ by less than this without a key in them. */
#define PAUSE_EXCESS_MS 120
/* So much lost audio can hide keys, wherever before the answer it lay. */
#define LOST_KEYS_MS 100

/* What outranks what in one over: an alarm must never be lost. */
enum rank {
	RANK_NONE,
	RANK_COUNT,
	RANK_STEP,  /* a code of one digit */
	RANK_ALARM, /* a longer code, and 0 that takes it back */
};

/* The sentence that stands, and what was seen around it. */
struct reading {
	struct answer answer;
	enum rank rank;
	size_t first; /* of its keys */
	size_t last;
	bool ended;      /* with # */
	bool headless;   /* the over begins with a # */
	bool damaged;    /* a broken ** that no code stands for */
	bool unreadable; /* what is beside it says otherwise, or nothing */
	bool others;     /* a name or broken keys came before */
	bool last_whole; /* the last sentence parsed */
};

static bool is_digit(char key)
{
	return key >= '0' && key <= '9';
}

/* ---- one sentence ---- */

/* What is left of a sentence, without its #. */
struct rest {
	const char *at;
	size_t len;
};

static bool take(struct rest *rest, const char *keys)
{
	size_t len = strlen(keys);

	if (rest->len < len || memcmp(rest->at, keys, len))
		return false;
	rest->at += len;
	rest->len -= len;
	return true;
}

static bool take_digits(struct rest *rest, size_t width, char *digits)
{
	size_t i;

	if (rest->len < width)
		return false;
	for (i = 0; i < width; i++)
		if (!is_digit(rest->at[i]))
			return false;
	memcpy(digits, rest->at, width);
	digits[width] = '\0';
	rest->at += width;
	rest->len -= width;
	return true;
}

static bool is_listed(const char *rows, size_t row_size, const char *digits)
{
	int i;

	for (i = 0; i < ANSWER_CODES_MAX && rows[i * row_size]; i++)
		if (!strcmp(rows + i * row_size, digits))
			return true;
	return false;
}

static bool parse_code(const struct answer_format *format, struct rest *rest,
		       struct answer *answer)
{
	answer->kind = ANSWER_CODE;
	return rest->len < sizeof(answer->code) &&
	       take_digits(rest, rest->len, answer->code) &&
	       is_listed(format->codes[0], sizeof(format->codes[0]),
			 answer->code);
}

static bool parse_count(const struct answer_format *format, struct rest *rest,
			struct answer *answer)
{
	char digits[sizeof(answer->unit)];
	const char *digit;

	answer->kind = ANSWER_COUNT;
	if (!take_digits(rest, format->count_width, digits))
		return false;
	for (digit = digits; *digit; digit++)
		answer->count = answer->count * 10 + (uint32_t)(*digit - '0');
	if (!rest->len)
		return true;
	return take(rest, "*") &&
	       take_digits(rest, format->situation_width, answer->situation) &&
	       !rest->len &&
	       is_listed(format->situations[0], sizeof(format->situations[0]),
			 answer->situation);
}

/* Whether the keys of a sentence, without its #, parse whole. */
static bool parse_sentence(const struct answer_format *format, struct rest rest,
			   struct answer *answer)
{
	*answer = (struct answer){0};
	if (take(&rest, "**"))
		return parse_code(format, &rest, answer);
	if (!take(&rest, "*"))
		return parse_count(format, &rest, answer);
	answer->named = true;
	if (!take_digits(&rest, format->unit_width, answer->unit))
		return false;
	if (take(&rest, "**"))
		return parse_code(format, &rest, answer);
	return take(&rest, "*") && parse_count(format, &rest, answer);
}

/* ---- all sentences of an over ---- */

static enum rank rank_of(const struct answer *answer)
{
	if (answer->kind == ANSWER_COUNT)
		return RANK_COUNT;
	if (strlen(answer->code) > 1 || !strcmp(answer->code, "0"))
		return RANK_ALARM;
	return RANK_STEP;
}

static bool is_alarm(const struct reading *reading)
{
	return reading->rank == RANK_ALARM &&
	       strcmp(reading->answer.code, "0") != 0;
}

/* Whether now says something else than before, for the same unit. */
static bool corrects(const struct answer *now, const struct answer *before)
{
	if (now->named && before->named && strcmp(now->unit, before->unit))
		return false;
	return now->kind != before->kind || now->count != before->count ||
	       strcmp(now->situation, before->situation) ||
	       strcmp(now->code, before->code);
}

static void add_whole(struct reading *reading, struct answer *answer,
		      size_t first, size_t last, bool ended)
{
	enum rank rank = rank_of(answer);

	reading->last_whole = true;
	if (rank < reading->rank)
		return;
	answer->corrected =
		reading->rank && (reading->answer.corrected ||
				  corrects(answer, &reading->answer));
	reading->answer = *answer;
	reading->rank = rank;
	reading->first = first;
	reading->last = last;
	reading->ended = ended;
	/* Who keyed what came before may have keyed a bare answer too. */
	reading->unreadable =
		reading->others && !answer->named && rank != RANK_ALARM;
	reading->others |= answer->named;
	if (rank == RANK_ALARM)
		reading->damaged = false;
}

static void add_broken(struct reading *reading, const char *keys, size_t len)
{
	reading->last_whole = false;
	reading->others = true;
	if (is_alarm(reading))
		return;
	if (memmem(keys, len, "**", 2))
		reading->damaged = true;
	reading->unreadable = true;
}

static void read_sentences(const struct answer_format *format, const char *raw,
			   struct reading *reading)
{
	size_t at = 0;

	while (raw[at]) {
		size_t len = strcspn(raw + at, "#");
		bool ended = raw[at + len] == '#';
		struct answer answer;

		if (!len)
			reading->headless |= at == 0;
		else if (parse_sentence(format, (struct rest){raw + at, len},
					&answer))
			add_whole(reading, &answer, at,
				  ended ? at + len : at + len - 1, ended);
		else
			add_broken(reading, raw + at, len);
		at += len + ended;
	}
}

/* ---- doubts ---- */

static uint32_t shortest_pause(const struct tone *tones, size_t count)
{
	uint32_t shortest = UINT32_MAX;
	size_t i;

	for (i = 0; i + 1 < count; i++)
		if (keys_pause_after(&tones[i]) < shortest)
			shortest = keys_pause_after(&tones[i]);
	return count > 1 ? shortest : 0;
}

/* The two longest pauses. */
static void longest_pauses(const struct tone *tones, size_t count,
			   uint32_t longest[2])
{
	size_t i;

	longest[0] = longest[1] = 0;
	for (i = 0; i + 1 < count; i++) {
		uint32_t pause = keys_pause_after(&tones[i]);

		if (pause > longest[0]) {
			longest[1] = longest[0];
			longest[0] = pause;
		} else if (pause > longest[1]) {
			longest[1] = pause;
		}
	}
}

static bool pause_is_doubtful(const struct tone *tones, size_t count)
{
	uint32_t longest[2];

	if (count < 3)
		return false;
	longest_pauses(tones, count, longest);
	return longest[0] - longest[1] >= longest[1] &&
	       longest[0] - longest[1] >= PAUSE_EXCESS_MS;
}

static bool front_is_doubtful(const struct keys *keys,
			      const struct reading *reading)
{
	uint32_t silence_ms = keys->tones[0].begin_ms;
	size_t count = reading->last - reading->first + 1;

	if (keys->id_before)
		return false;
	if (silence_ms <= SOUNDING_MS || reading->headless)
		return true;
	if (keys->front != OVER_FRESH && silence_ms <= FIRST_KEY_MS)
		return true;
	if (keys->front == OVER_CONTINUED && !reading->answer.named)
		return true;
	return silence_ms < shortest_pause(keys->tones + reading->first, count);
}

/*
 * lost_ms counts from where the digit before began.  Before the answer's first
 * tone it is not known where it lay: it counts when the silence is no longer
 * than the answer's own pauses, or when it is long enough for keys.
 */
static bool lost_is_doubtful(const struct keys *keys,
			     const struct reading *reading)
{
	const struct tone *first = keys->tones + reading->first;
	size_t count = reading->last - reading->first + 1;
	uint32_t silence_ms = first->begin_ms - keys->since_ms;
	uint32_t longest[2];
	size_t i;

	for (i = 1; i < count; i++)
		if (first[i].lost_ms)
			return true;
	if (reading->first)
		silence_ms = keys_pause_after(first - 1);
	longest_pauses(first, count, longest);
	return first->lost_ms >= LOST_KEYS_MS ||
	       (first->lost_ms && silence_ms <= longest[0]);
}

static uint32_t doubts_of(const struct keys *keys,
			  const struct reading *reading)
{
	const struct tone *tones = keys->tones + reading->first;
	size_t count = reading->last - reading->first + 1;
	uint32_t doubts = 0;

	if (!reading->ended)
		doubts |= DOUBT_NO_END;
	if (lost_is_doubtful(keys, reading))
		doubts |= DOUBT_LOST;
	if (pause_is_doubtful(tones, count))
		doubts |= DOUBT_PAUSE;
	if (front_is_doubtful(keys, reading))
		doubts |= DOUBT_FRONT;
	if (reading->unreadable)
		doubts |= DOUBT_CORRECTION;
	return doubts;
}

/* ---- the panic code ---- */

/* Whether these keys are the panic code, from a radio or a machine. */
static bool is_panic(const struct answer_format *format,
		     const struct keys *keys, bool with_id)
{
	uint32_t pause_ms;
	size_t i;

	if (!keys->count || keys->count != strlen(format->panic))
		return false;
	for (i = 0; i < keys->count; i++)
		if (keys->tones[i].digit != format->panic[i])
			return false;
	return with_id ||
	       keys_are_by_machine(keys->tones, keys->count, &pause_ms);
}

/* Without its ID, what looks like a panic code may be the rest of an ID. */
static bool may_be_an_id(const struct answer_format *format, size_t count)
{
	size_t width = format->id_width;

	return width && (width == count + 1 || width + 1 == count);
}

static void fill_panic(const struct answer_format *format,
		       const struct keys *keys, struct answer *answer)
{
	struct reading reading = {.last = keys->count - 1, .ended = true};

	answer->kind = ANSWER_PANIC;
	answer->doubts = doubts_of(keys, &reading);
	if (!*answer->radio_id && may_be_an_id(format, keys->count))
		answer->doubts |= DOUBT_DAMAGED;
	answer->end_ms = keys->tones[keys->count - 1].end_ms;
	keys_copy(keys->tones, keys->count, answer->raw);
}

/* An ID may look like the code and the code like an ID: try each. */
static bool read_panic(const struct answer_format *format,
		       const struct keys *over, struct answer *answer)
{
	struct keys_ids found = keys_find_ids(format, over->tones, over->count);
	int way;

	for (way = 3; way >= 0; way--) {
		struct keys_ids ids = {way & 1, way & 2};
		struct keys keys = *over;
		char radio_id[sizeof(answer->radio_id)] = "";

		if ((ids.front && !found.front) || (ids.back && !found.back))
			continue;
		keys_split_id(format, ids, &keys, radio_id);
		if (!is_panic(format, &keys, *radio_id))
			continue;
		*answer = (struct answer){0};
		strcpy(answer->radio_id, radio_id);
		fill_panic(format, &keys, answer);
		return true;
	}
	return false;
}

/* ---- the contract ---- */

/* Answer the keys of an over; radio_id and raw are in answer already. */
static enum answer_kind read_keys(const struct answer_format *format,
				  const struct keys *keys, bool complete,
				  struct answer *answer)
{
	struct reading reading = {.rank = RANK_NONE};
	struct answer *stands = &reading.answer;

	if (!keys->count)
		return ANSWER_NONE;
	read_sentences(format, answer->raw, &reading);
	if (!complete && (keys->tones[keys->count - 1].digit != '#' ||
			  !reading.last_whole || reading.damaged))
		return ANSWER_NONE;
	/* More may have followed that was not kept. */
	if (keys->count >= OVER_TONES_MAX && !is_alarm(&reading))
		reading.unreadable = true;
	answer->end_ms = keys->tones[keys->count - 1].end_ms;
	answer->kind = ANSWER_HEARD;
	if (reading.damaged)
		answer->doubts = DOUBT_DAMAGED;
	if (reading.damaged || !reading.rank)
		return answer->kind;
	stands->doubts = doubts_of(keys, &reading);
	stands->end_ms = keys->tones[reading.last].end_ms;
	memcpy(stands->radio_id, answer->radio_id, sizeof(stands->radio_id));
	memcpy(stands->raw, answer->raw, sizeof(stands->raw));
	*answer = *stands;
	return answer->kind;
}

enum answer_kind answer_parse(const struct answer_format *format,
			      const struct tone *tones, size_t count,
			      enum over_front front, bool complete,
			      struct answer *answer)
{
	struct keys keys = {tones, count, front, false, 0};

	if (keys.count > OVER_TONES_MAX)
		keys.count = OVER_TONES_MAX;
	if (complete && read_panic(format, &keys, answer))
		return answer->kind;
	*answer = (struct answer){0};
	keys_split_id(format, keys_agreed_ids(format, &keys), &keys,
		      answer->radio_id);
	keys_copy(keys.tones, keys.count, answer->raw);
	return read_keys(format, &keys, complete, answer);
}

/* Append keys to those joined already, shift_ms later. */
static size_t append(const struct keys *keys, uint32_t shift_ms,
		     struct tone *joined, size_t count)
{
	size_t i;

	for (i = 0; i < keys->count && count < OVER_TONES_MAX; i++) {
		joined[count] = keys->tones[i];
		joined[count].begin_ms += shift_ms;
		joined[count].end_ms += shift_ms;
		count++;
	}
	return count;
}

enum answer_kind answer_join(const struct answer_format *format,
			     const struct tone *first, size_t first_count,
			     const struct tone *second, size_t second_count,
			     uint32_t gap_ms, struct answer *answer)
{
	struct keys one = {first, first_count, OVER_FRESH, false, 0};
	struct keys two = {second, second_count, OVER_FRESH, false, 0};
	struct tone tones[OVER_TONES_MAX];
	struct keys both = {tones, 0, OVER_FRESH, false, 0};
	char other_id[sizeof(answer->radio_id)] = "";
	uint32_t shift_ms = gap_ms;

	*answer = (struct answer){0};
	if (first_count)
		shift_ms += first[first_count - 1].end_ms;
	keys_split_id(format, keys_agreed_ids(format, &one), &one,
		      answer->radio_id);
	keys_split_id(format, keys_agreed_ids(format, &two), &two, other_id);
	both.id_before = one.id_before;
	both.since_ms = one.since_ms;
	both.count = append(&one, 0, tones, 0);
	both.count = append(&two, shift_ms, tones, both.count);
	keys_copy(tones, both.count, answer->raw);
	/* Two radios: never one answer. */
	if (*answer->radio_id && *other_id &&
	    strcmp(answer->radio_id, other_id)) {
		*answer->radio_id = '\0';
		answer->kind = ANSWER_HEARD;
	} else {
		if (*other_id)
			strcpy(answer->radio_id, other_id);
		(void)read_keys(format, &both, true, answer);
	}
	/* The pause between the overs is what joined means. */
	answer->doubts &= ~(uint32_t)DOUBT_PAUSE;
	if (answer->kind != ANSWER_NONE)
		answer->doubts |= DOUBT_JOINED;
	return answer->kind;
}

const char *answer_doubt_name(uint32_t bit)
{
	static const char *const names[] = {
		"no_end",  "lost",     "pause",   "front",      "joined",
		"unnamed", "identity", "damaged", "correction",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (bit == (uint32_t)1 << i)
			return names[i];
	return NULL;
}
