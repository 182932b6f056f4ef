/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hand.h - a hand on a keypad: tones as fingers and radios make them, and what
 * they are taken to mean
 */
#pragma once

#include "gateway/call/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* An over being keyed. */
struct hand {
	struct tone tones[OVER_TONES_MAX + 8];
	size_t count;
	uint32_t at_ms; /* where the next key begins */
	enum over_front front;
};

static inline struct hand fresh(uint32_t begin_ms)
{
	return (struct hand){.at_ms = begin_ms, .front = OVER_FRESH};
}

static inline void key(struct hand *hand, const char *keys, uint32_t tone_ms,
		       uint32_t pause_ms)
{
	for (; *keys; keys++) {
		struct tone *tone = &hand->tones[hand->count++];

		*tone = (struct tone){.digit = *keys, .begin_ms = hand->at_ms};
		tone->end_ms = hand->at_ms + tone_ms;
		hand->at_ms = tone->end_ms + pause_ms;
	}
}

/* As fingers do. */
static inline void by_hand(struct hand *hand, const char *keys)
{
	static const int uneven[] = {0, 37, -21, 55, 12};
	char one[2] = "";

	for (; *keys; keys++) {
		int more = uneven[hand->count % 5];

		one[0] = *keys;
		key(hand, one, (uint32_t)(150 + more), (uint32_t)(200 - more));
	}
}

/* As a radio does: one block of the detector more or less. */
static inline void by_radio(struct hand *hand, const char *keys)
{
	char one[2] = "";

	for (; *keys; keys++) {
		one[0] = *keys;
		key(hand, one, hand->count % 2 ? 51 : 63,
		    hand->count % 3 ? 51 : 38);
	}
}

static inline struct answer_format make_format(const char *signalling)
{
	struct answer_format format;
	struct fault fault = {0};

	if (answer_format_parse(&format, signalling, NULL, NULL, &fault))
		fail_msg("%s", fault.sentence);
	return format;
}

static inline struct answer take_as(const struct hand *hand,
				    const char *signalling, bool complete)
{
	struct answer_format format = make_format(signalling);
	struct answer answer;
	enum answer_kind kind;

	kind = answer_parse(&format, hand->tones, hand->count, hand->front,
			    complete, &answer);
	assert_int_equal(kind, answer.kind);
	return answer;
}

static inline struct answer take(const struct hand *hand)
{
	return take_as(hand, "dtmf", true);
}

static inline struct answer heard(const char *keys)
{
	struct hand hand = fresh(500);

	by_hand(&hand, keys);
	return take(&hand);
}

static inline void assert_count(struct answer answer, const char *unit,
				uint32_t count, const char *situation,
				uint32_t doubts)
{
	assert_int_equal(answer.kind, ANSWER_COUNT);
	assert_string_equal(answer.unit, unit);
	assert_int_equal(answer.named, *unit != '\0');
	assert_int_equal(answer.count, count);
	assert_string_equal(answer.situation, situation);
	assert_int_equal(answer.doubts, doubts);
}

static inline void assert_code(struct answer answer, const char *unit,
			       const char *code, uint32_t doubts)
{
	assert_int_equal(answer.kind, ANSWER_CODE);
	assert_string_equal(answer.unit, unit);
	assert_string_equal(answer.code, code);
	assert_int_equal(answer.doubts, doubts);
}

static inline void assert_heard(struct answer answer, uint32_t doubts)
{
	assert_int_equal(answer.kind, ANSWER_HEARD);
	assert_int_equal(answer.doubts, doubts);
	assert_string_equal(answer.code, "");
	assert_string_equal(answer.unit, "");
}
