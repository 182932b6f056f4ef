/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/reply.h"
#include "gateway/call/alarm.h"
#include "gateway/call/bind.h"
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

/* People let go of the key: digits of two overs this near may be one answer. */
#define JOIN_WITHIN_US 5000000u
/* Less sound than this is a key touched, not somebody who speaks. */
#define SPEECH_LEAST_MS 250
#define US_PER_MS       1000u
#define DOUBTS_MAX      16

/* With these a code may be another one: never an alarm, a possible alarm. */
#define DOUBTS_OF_DAMAGE                                                       \
	(DOUBT_NO_END | DOUBT_LOST | DOUBT_FRONT | DOUBT_JOINED | DOUBT_DAMAGED)

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

/* One answer on its way into the record. */
struct filing {
	struct lane *lane;
	struct note *note;
	const struct answer *answer;
	uint32_t doubts;
	bool late;
};

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

static void keep(struct turn *turn, const struct filing *filing,
		 Gridcall__V1__Grade grade)
{
	const struct answer *answer = filing->answer;
	uint64_t seq = turn->reply.seq;

	turn->reply = (struct turn_reply){
		.seq = seq,
		.counted = answer->kind == ANSWER_COUNT,
		.count = answer->count,
		.doubts = filing->doubts,
	};
	OSMO_STRLCPY_ARRAY(turn->reply.situation, answer->situation);
	OSMO_STRLCPY_ARRAY(turn->reply.code, answer->code);
	OSMO_STRLCPY_ARRAY(turn->reply.radio_id, answer->radio_id);
	OSMO_STRLCPY_ARRAY(turn->reply.over, filing->lane->hearing.id);
	turn->state = GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED;
	turn->grade = grade;
}

enum beside { /* what an answer is to the one that stands */
	      FIRST,
	      SAME,     /* equal: they merge */
	      CORRECTS, /* replaces it */
	      DIFFERS,  /* another handheld says otherwise: both are kept */
	      LESSER,   /* doubtful beside a certain one: kept, stands not */
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
	if (was_doubtful)
		return CORRECTS;
	if (filing->doubts)
		return LESSER;
	if (before->radio_id[0] && !strcmp(before->radio_id, answer->radio_id))
		return CORRECTS;
	return before->counted && before->count == answer->count ? CORRECTS
								 : DIFFERS;
}

static void file(const struct filing *filing, struct turn *turn)
{
	enum beside beside = compare(turn, filing);
	Gridcall__V1__ReplyEvent event;
	void *ctx;

	filing->lane->hearing.filed = turn;
	if (beside == SAME)
		return;
	ctx = talloc_new(NULL);
	fill(ctx, filing, turn, &event);
	if (beside == LESSER) {
		note_reply(filing->note, turn, &event, false);
		talloc_free(ctx);
		return;
	}
	if (beside == DIFFERS)
		event.grade = GRIDCALL__V1__GRADE__GRADE_ATTENTION;
	keep(turn, filing, event.grade);
	commit_reply(filing->note, turn, &event, beside == CORRECTS);
	talloc_free(ctx);
}

/* The end of the over made another answer of what was published at its #. */
static void withdraw(struct lane *lane, struct note *note, uint32_t doubts)
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
	OSMO_STRLCPY_ARRAY(answer.situation, turn->reply.situation);
	OSMO_STRLCPY_ARRAY(answer.code, turn->reply.code);
	OSMO_STRLCPY_ARRAY(answer.radio_id, turn->reply.radio_id);
	for (i = 0; i < lane->hearing.tone_count; i++)
		answer.raw[i] = lane->hearing.tones[i].digit;
	file(&filing, turn);
}

/* ------------------------------------------------------------------ parse --
 */

static bool is_fresh(const struct lane *lane)
{
	const struct fragment *fragment = &lane->fragment;
	uint64_t began_us = lane->hearing.over.began_us;

	return fragment->tone_count && began_us >= fragment->ended_us &&
	       began_us - fragment->ended_us <= JOIN_WITHIN_US;
}

/*
 * Read the keys, together with those of a fragment before where these alone
 * are nothing, or where the fragment turns a bare answer into a named one.
 */
static void parse(const struct lane *lane, bool complete, struct answer *answer)
{
	const struct hearing *hearing = &lane->hearing;
	const struct fragment *fragment = &lane->fragment;
	struct answer joined;
	uint32_t gap_ms;

	answer_parse(&lane->format, hearing->tones, hearing->tone_count,
		     hearing->over.front, complete, answer);
	if (!is_fresh(lane) || !hearing->tone_count ||
	    answer->kind == ANSWER_PANIC || answer->named)
		return;
	gap_ms = (uint32_t)((hearing->over.began_us - fragment->ended_us) /
			    US_PER_MS);
	answer_join(&lane->format, fragment->tones, fragment->tone_count,
		    hearing->tones, hearing->tone_count, gap_ms, &joined);
	if (joined.kind != ANSWER_COUNT && joined.kind != ANSWER_CODE)
		return;
	if (answer->kind == ANSWER_HEARD || answer->kind == ANSWER_NONE ||
	    joined.named || joined.kind != answer->kind)
		*answer = joined;
}

static void keep_fragment(struct lane *lane, const struct answer *answer)
{
	const struct hearing *hearing = &lane->hearing;
	struct fragment *fragment = &lane->fragment;

	fragment->tone_count = 0;
	if (answer->kind != ANSWER_HEARD || !hearing->tone_count ||
	    hearing->tones[hearing->tone_count - 1].digit == '#')
		return;
	memcpy(fragment->tones, hearing->tones, sizeof(fragment->tones));
	fragment->tone_count = hearing->tone_count;
	fragment->turn = hearing->turn;
	fragment->ended_us = lane->quiet_us;
}

/* ------------------------------------------------------------------ alarm --
 */

static bool is_damaged(const struct answer *answer)
{
	if (answer->doubts & DOUBT_DAMAGED)
		return true;
	return alarm_kind(answer) && answer->doubts & DOUBTS_OF_DAMAGE;
}

/* true: it was an alarm's business and is no answer besides. */
static bool take_alarm(struct lane *lane, struct note *note,
		       const struct answer *answer,
		       const struct binding *binding)
{
	const struct leg *leg = lane_leg(lane);
	struct alarm_source source = {
		.answer = answer,
		.unit = binding->unit,
		.area = binding->area,
		.call = leg ? leg->call->id : "",
		.exercise = leg && leg->call->options->exercise,
	};

	if (is_damaged(answer) || binding->refused)
		return false;
	if (answer->kind == ANSWER_CODE && !strcmp(answer->code, "0"))
		return alarm_take_back(lane, note, &source);
	if (!alarm_kind(answer))
		return false;
	alarm_raise(lane, note, &source);
	return answer->kind != ANSWER_COUNT;
}

/* ----------------------------------------------------------------- answer --
 */

/* Whether the answer was bound to a unit, as a reply or as an alarm. */
static bool take_answer(struct lane *lane, struct note *note,
			const struct answer *answer,
			const struct binding *binding)
{
	struct turn *turn = binding->turn;
	struct filing filing = {
		.lane = lane,
		.note = note,
		.answer = answer,
		.doubts = answer->doubts | binding->doubts,
		.late = binding->late,
	};

	if (take_alarm(lane, note, answer, binding))
		return true;
	if (!turn || binding->refused || answer->doubts & DOUBT_DAMAGED ||
	    !bind_counts(turn->leg->call->options->kind, answer))
		return false;
	if (lane->hearing.filed && lane->hearing.filed != turn)
		withdraw(lane, note, DOUBT_IDENTITY);
	file(&filing, turn);
	return true;
}

static void commit(struct lane *lane, struct note *note)
{
	struct leg *leg = lane_leg(lane);

	if (leg)
		call_note_summary(leg->call, note, false);
	note_commit(note, leg);
	if (!llist_empty(&lane->alarms))
		lane_kick(lane);
}

void reply_on_key(struct lane *lane)
{
	struct binding binding;
	struct answer answer;
	struct note *note;

	parse(lane, false, &answer);
	if (answer.kind == ANSWER_NONE || answer.kind == ANSWER_HEARD)
		return;
	bind_answer(lane, &answer, &binding);
	note = note_alloc(lane->calls);
	(void)take_answer(lane, note, &answer, &binding);
	commit(lane, note);
}

/* ------------------------------------------------------------------- over --
 */

static const char *ended_name(enum over_end ended)
{
	switch (ended) {
	case OVER_CARRIER:
	case OVER_QUIET:
		return "carrier";
	case OVER_LIMIT:
		return "limit";
	case OVER_TAKEN:
		return "transmit";
	case OVER_CLOSED:
		break;
	}
	return "closed";
}

static void note_the_over(struct lane *lane, struct note *note,
			  const struct answer *answer,
			  const struct binding *binding)
{
	Gridcall__V1__OverEvent event = GRIDCALL__V1__OVER_EVENT__INIT;
	const struct hearing *hearing = &lane->hearing;
	const struct leg *leg = lane_leg(lane);
	char digits[OVER_TONES_MAX + 1] = "";
	const char *area = binding->area;
	size_t i;

	for (i = 0; i < hearing->tone_count; i++)
		digits[i] = hearing->tones[i].digit;
	event.over = (char *)hearing->id;
	event.channel = (char *)lane->code;
	event.unit = (char *)binding->unit;
	if (!event.unit[0] && hearing->filed) {
		event.unit = (char *)hearing->filed->unit;
		area = hearing->filed->area;
	}
	event.call = (char *)(leg ? leg->call->id : "");
	if (!leg && hearing->filed)
		event.call = (char *)hearing->filed->leg->call->id;
	event.exercise = leg && leg->call->options->exercise;
	event.began_at_us = hearing->over.began_utc_us;
	event.length_ms = hearing->over.length_ms;
	event.digits = digits;
	event.level_mdb = hearing->over.level_mdb;
	event.peak_mdb = hearing->over.peak_mdb;
	event.lost_ms = hearing->over.lost_ms;
	event.recording = (char *)hearing->over.recording;
	event.ended = (char *)ended_name(hearing->over.ended);
	event.radio_id = (char *)answer->radio_id;
	note_over(note, lane->home, &event);
	if (area[0] && strcmp(area, lane->home))
		note_over(note, area, &event);
}

static const char *reason_heard(const struct answer *answer,
				const struct binding *binding)
{
	if (is_damaged(answer))
		return "possible alarm";
	if (binding->refused)
		return binding->refused;
	if (answer->kind == ANSWER_CODE)
		return "a code that is no answer to this call";
	if (answer->kind == ANSWER_COUNT)
		return "a count that is no answer to this call";
	if (answer->kind == ANSWER_HEARD)
		return "keys that are no whole answer";
	return "";
}

static void note_heard(struct leg *leg, struct note *note, struct turn *turn,
		       const char *reason)
{
	Gridcall__V1__CallTurn change = GRIDCALL__V1__CALL_TURN__INIT;

	if (turn->state != GRIDCALL__V1__UNIT_STATE__UNIT_CALLED &&
	    turn->state != GRIDCALL__V1__UNIT_STATE__UNIT_HEARD)
		return;
	turn->state = GRIDCALL__V1__UNIT_STATE__UNIT_HEARD;
	snprintf(turn->reason, sizeof(turn->reason), "%s", reason);
	change.over = leg->lane->hearing.id;
	leg_note_turn(leg, note, turn, &change);
}

/* An over that made no certain answer: what it means to the turn it was in. */
static void note_unanswered(struct lane *lane, struct note *note,
			    const struct answer *answer,
			    const struct binding *binding)
{
	const struct hearing *hearing = &lane->hearing;
	struct turn *turn = hearing->turn;
	struct leg *leg = lane_leg(lane);
	bool own = turn && !hearing->after_turn && !binding->unit[0] &&
		   turn->leg == leg;

	if (!leg)
		return;
	if (!own) {
		leg->yield_due |= !binding->turn;
		return;
	}
	turn->overs++;
	if (hearing->filed != turn &&
	    (hearing->over.tones || hearing->over.active_ms >= SPEECH_LEAST_MS))
		note_heard(leg, note, turn, reason_heard(answer, binding));
	leg->repeat_due = hearing->tone_count && answer->kind != ANSWER_NONE &&
			  !turn->was_repeated && !hearing->alarm[0] &&
			  !turn_has_certain_answer(turn) &&
			  !(hearing->filed == turn &&
			    turn->reply.doubts == DOUBT_UNNAMED);
}

void reply_on_over(struct lane *lane)
{
	struct hearing *hearing = &lane->hearing;
	struct binding binding;
	struct answer answer;
	struct note *note;
	bool bound;

	parse(lane, true, &answer);
	bind_answer(lane, &answer, &binding);
	note = note_alloc(lane->calls);
	bound = take_answer(lane, note, &answer, &binding);
	if (!bound && hearing->filed)
		withdraw(lane, note, answer.doubts | binding.doubts);
	LOGPLANE(lane, LOGL_DEBUG, "over %s: '%s' doubts 0x%x%s%s\n",
		 hearing->id, answer.raw, answer.doubts | binding.doubts,
		 binding.foreign ? " foreign" : "", bound ? " bound" : "");
	note_the_over(lane, note, &answer, &binding);
	note_unanswered(lane, note, &answer, &binding);
	keep_fragment(lane, &answer);
	if (is_damaged(&answer))
		LOGPLANE(lane, LOGL_NOTICE, "possible alarm: '%s' in over %s\n",
			 answer.raw, hearing->id);
	commit(lane, note);
}
