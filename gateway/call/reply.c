/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/reply.h"
#include "gateway/call/call.h"
#include "gateway/call/leg.h"
#include "gateway/call/message.h"
#include "gateway/call/note.h"
#include "gateway/call/sentence.h"
#include "gateway/log.h"

#include <osmocom/core/utils.h>
#include <stdio.h>
#include <string.h>
#include <talloc.h>

#define US_PER_MS  1000u
#define DOUBTS_MAX 16

/* Gone when 请重报 was answered with the same again. */
#define DOUBTS_CONFIRMED                                                       \
	(DOUBT_NO_END | DOUBT_LOST | DOUBT_PAUSE | DOUBT_FRONT | DOUBT_JOINED)

/* A reply that must name the seq of one not committed yet. */
struct waiting_reply {
	struct llist_head entry;
	Gridcall__V1__ReplyEvent *event;
};

/* ------------------------------------------------------------------ grade --
 */

Gridcall__V1__Grade reply_grade(const struct answer *answer, uint32_t doubts,
				uint32_t expected)
{
	if (doubts)
		return GRIDCALL__V1__GRADE__GRADE_DOUBTFUL;
	if (answer->kind == ANSWER_CODE && !strcmp(answer->code, "4"))
		return GRIDCALL__V1__GRADE__GRADE_ATTENTION;
	if (answer->kind == ANSWER_COUNT && expected &&
	    answer->count != expected)
		return GRIDCALL__V1__GRADE__GRADE_ATTENTION;
	if (answer->situation[0] && strcmp(answer->situation, "0"))
		return GRIDCALL__V1__GRADE__GRADE_ATTENTION;
	return GRIDCALL__V1__GRADE__GRADE_AGREES;
}

/* ------------------------------------------------------------------ event --
 */

static void add_doubts(void *ctx, Gridcall__V1__ReplyEvent *event,
		       uint32_t doubts)
{
	uint32_t bit;

	for (bit = 1; bit < 1u << DOUBTS_MAX; bit <<= 1)
		if (doubts & bit && answer_doubt_name(bit))
			message_append(ctx, event->doubts, event->n_doubts,
				       (char *)answer_doubt_name(bit));
}

void reply_fill_call(const struct turn *turn, Gridcall__V1__ReplyEvent *event)
{
	gridcall__v1__reply_event__init(event);
	event->call = (char *)turn->leg->call->id;
	event->exercise = turn->leg->call->options->exercise;
	event->unit = (char *)turn->unit;
	event->channel = (char *)turn->leg->lane->code;
	event->expected = turn->expected;
}

static void fill_times(const struct hearing *hearing, const struct turn *turn,
		       uint32_t end_ms, Gridcall__V1__ReplyEvent *event)
{
	uint64_t at_us = hearing->over.began_us + (uint64_t)end_ms * US_PER_MS;

	event->heard_at_us = hearing->over.began_utc_us;
	event->answered_at_us =
		hearing->over.began_utc_us + (int64_t)end_ms * US_PER_MS;
	if (turn->began_us && at_us > turn->began_us)
		event->after_ms =
			(uint32_t)((at_us - turn->began_us) / US_PER_MS);
}

static void fill(void *ctx, const struct filing *filing,
		 const struct turn *turn, Gridcall__V1__ReplyEvent *event)
{
	const struct answer *answer = filing->answer;
	const struct hearing *hearing = &filing->lane->hearing;
	const char *language = filing->lane->calls->settings.language;

	reply_fill_call(turn, event);
	fill_times(hearing, turn, answer->end_ms, event);
	if (answer->kind == ANSWER_COUNT) {
		event->headcount_stated_case =
			GRIDCALL__V1__REPLY_EVENT__HEADCOUNT_STATED_HEADCOUNT;
		event->headcount = answer->count;
	}
	event->situation = (char *)answer->situation;
	event->code = (char *)answer->code;
	event->via = (char *)"keypad";
	event->grade = reply_grade(answer, filing->doubts, turn->expected);
	add_doubts(ctx, event, filing->doubts);
	event->over = (char *)hearing->id;
	event->raw = (char *)answer->raw;
	event->late = filing->late;
	event->corrected = answer->corrected;
	event->named = answer->named;
	event->radio_id = (char *)answer->radio_id;
	event->sentence = (char *)sentence_of_reply(
		ctx, language ? language : "zh", turn->name, event);
}

/* ------------------------------------------------------------------- file --
 */

static void commit_reply(struct note *note, struct turn *turn,
			 Gridcall__V1__ReplyEvent *event, bool replaces)
{
	struct waiting_reply *waiting;

	if (!replaces) {
		note_reply(note, turn, event, true);
		return;
	}
	if (!turn->filing) {
		event->replaces = turn->reply.seq;
		note_reply(note, turn, event, true);
		return;
	}
	waiting = talloc_zero(turn, struct waiting_reply);
	OSMO_ASSERT(waiting);
	waiting->event = message_copy(waiting, &event->base);
	llist_add_tail(&waiting->entry, &turn->waiting);
}

void reply_told(struct turn *turn, uint64_t seq)
{
	struct waiting_reply *waiting;
	struct note *note;

	turn->reply.seq = seq;
	if (turn->filing || llist_empty(&turn->waiting))
		return;
	waiting =
		llist_first_entry(&turn->waiting, struct waiting_reply, entry);
	llist_del(&waiting->entry);
	note = note_alloc(turn->leg->call->calls);
	waiting->event->replaces = seq;
	note_reply(note, turn, waiting->event, true);
	note_commit(note, turn->leg);
	talloc_free(waiting);
}

static bool is_same(const struct turn_reply *reply, const struct answer *answer)
{
	return reply->counted == (answer->kind == ANSWER_COUNT) &&
	       reply->count == answer->count &&
	       !strcmp(reply->situation, answer->situation) &&
	       !strcmp(reply->code, answer->code);
}

static void fill_reply(const struct filing *filing, struct turn_reply *reply)
{
	const struct answer *answer = filing->answer;
	uint64_t seq = reply->seq;

	*reply = (struct turn_reply){
		.seq = seq,
		.counted = answer->kind == ANSWER_COUNT,
		.count = answer->count,
		.doubts = filing->doubts,
	};
	OSMO_STRLCPY_ARRAY(reply->situation, answer->situation);
	OSMO_STRLCPY_ARRAY(reply->code, answer->code);
	OSMO_STRLCPY_ARRAY(reply->radio_id, answer->radio_id);
	OSMO_STRLCPY_ARRAY(reply->over, filing->lane->hearing.id);
}

static void keep(struct turn *turn, const struct filing *filing,
		 Gridcall__V1__Grade grade)
{
	fill_reply(filing, &turn->reply);
	turn->state = GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED;
	turn->grade = grade;
}

enum beside { /* what an answer is to the one that stands */
	      FIRST,
	      SAME,     /* equal: they merge */
	      CORRECTS, /* replaces it */
	      DIFFERS,  /* another handheld says otherwise: both are kept */
	      LESSER,   /* more doubtful: kept, stands not */
};

static enum beside compare(const struct turn *turn, const struct filing *filing)
{
	const struct turn_reply *before = &turn->reply;
	const struct answer *answer = filing->answer;
	bool was_doubtful = turn->grade == GRIDCALL__V1__GRADE__GRADE_DOUBTFUL;

	if (turn->state != GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED)
		return FIRST;
	if (!strcmp(before->over, filing->lane->hearing.id))
		return is_same(before, answer) &&
				       before->doubts == filing->doubts
			       ? SAME
			       : CORRECTS;
	if (is_same(before, answer) && (!was_doubtful || filing->doubts))
		return SAME;
	if (filing->doubts & DOUBT_UNNAMED)
		return LESSER; /* it may be a neighbour's */
	if (was_doubtful)
		return CORRECTS;
	if (filing->doubts)
		return LESSER;
	if (before->radio_id[0] && !strcmp(before->radio_id, answer->radio_id))
		return CORRECTS;
	return before->counted && before->count == answer->count ? CORRECTS
								 : DIFFERS;
}

/* Two readings that agree, the second asked for: they are one certain one. */
static bool confirms(const struct filing *filing, const struct turn *turn)
{
	const struct hearing *hearing = &filing->lane->hearing;
	const struct turn_reply *before = &turn->reply;

	if (hearing->turn != turn || hearing->after_turn ||
	    !turn->was_repeated || filing->doubts & ~DOUBTS_CONFIRMED ||
	    turn->state != GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED ||
	    !is_same(before, filing->answer))
		return false;
	return hearing->confirmed ||
	       (turn->grade == GRIDCALL__V1__GRADE__GRADE_DOUBTFUL &&
		strcmp(before->over, hearing->id));
}

/* false: it was told at its # already. */
static bool keep_beside(const struct filing *filing)
{
	struct turn_reply *beside = &filing->lane->hearing.beside;

	if (beside->over[0] && is_same(beside, filing->answer) &&
	    beside->doubts == filing->doubts)
		return false;
	fill_reply(filing, beside);
	return true;
}

void reply_file(const struct filing *given, struct turn *turn)
{
	struct filing filing = *given;
	Gridcall__V1__ReplyEvent event;
	enum beside beside;
	void *ctx;

	filing.lane->hearing.confirmed = confirms(&filing, turn);
	if (filing.lane->hearing.confirmed)
		filing.doubts = 0;
	beside = compare(turn, &filing);
	filing.lane->hearing.filed = turn;
	if (beside == SAME || (beside == LESSER && !keep_beside(&filing)))
		return;
	ctx = talloc_new(NULL);
	fill(ctx, &filing, turn, &event);
	if (beside == LESSER) {
		note_reply(filing.note, turn, &event, false);
		talloc_free(ctx);
		return;
	}
	if (beside == DIFFERS)
		event.grade = GRIDCALL__V1__GRADE__GRADE_ATTENTION;
	keep(turn, &filing, event.grade);
	commit_reply(filing.note, turn, &event, beside == CORRECTS);
	talloc_free(ctx);
}

void reply_withdraw(struct lane *lane, struct note *note, uint32_t doubts)
{
	struct turn *turn = lane->hearing.filed;
	struct answer answer = {
		.kind = turn->reply.counted ? ANSWER_COUNT : ANSWER_CODE,
		.count = turn->reply.count,
	};
	struct filing filing = {.lane = lane,
				.note = note,
				.answer = &answer,
				.doubts = doubts ? doubts : DOUBT_NO_END};
	size_t i;

	if (strcmp(turn->reply.over, lane->hearing.id))
		return;
	lane->hearing.confirmed = false;
	OSMO_STRLCPY_ARRAY(answer.situation, turn->reply.situation);
	OSMO_STRLCPY_ARRAY(answer.code, turn->reply.code);
	OSMO_STRLCPY_ARRAY(answer.radio_id, turn->reply.radio_id);
	for (i = 0; i < lane->hearing.tone_count; i++)
		answer.raw[i] = lane->hearing.tones[i].digit;
	reply_file(&filing, turn);
}
