/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/hearing.h"
#include "gateway/call/alarm.h"
#include "gateway/call/bind.h"
#include "gateway/call/call.h"
#include "gateway/call/leg.h"
#include "gateway/call/note.h"
#include "gateway/call/reply.h"
#include "gateway/log.h"

#include <stdio.h>
#include <string.h>

/* People let go of the key: digits of two overs this near may be one answer. */
#define JOIN_WITHIN_US 5000000u
/* Less sound than this is a key touched, not somebody who speaks. */
#define SPEECH_LEAST_MS 250
#define US_PER_MS       1000u

/* With these a code may be another one: never an alarm, a possible alarm. */
#define DOUBTS_OF_DAMAGE                                                       \
	(DOUBT_NO_END | DOUBT_LOST | DOUBT_FRONT | DOUBT_JOINED | DOUBT_DAMAGED)

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
		reply_withdraw(lane, note, DOUBT_IDENTITY);
	reply_file(&filing, turn);
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

void hearing_on_key(struct lane *lane)
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

/* The newest ** in what was heard; its place, or the number of keys. */
static size_t find_code(const struct hearing *hearing)
{
	size_t i;

	for (i = hearing->tone_count; i >= 2; i--)
		if (hearing->tones[i - 1].digit == '*' &&
		    hearing->tones[i - 2].digit == '*')
			return i - 2;
	return hearing->tone_count;
}

/* A jam is nobody's turn, so only the code itself is read. */
void hearing_on_jam_key(struct lane *lane)
{
	const struct hearing *hearing = &lane->hearing;
	const struct binding nobody = {.unit = "", .area = ""};
	size_t from = find_code(hearing);
	struct answer answer;
	struct note *note;

	(void)answer_parse(&lane->format, hearing->tones + from,
			   hearing->tone_count - from, OVER_FRESH, false,
			   &answer);
	if (answer.kind != ANSWER_CODE || !alarm_kind(&answer))
		return;
	note = note_alloc(lane->calls);
	(void)take_alarm(lane, note, &answer, &nobody);
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
	event.possible_alarm = is_damaged(answer) && !hearing->alarm[0];
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

static bool is_audible(const struct over *over)
{
	return over->tones || over->active_ms >= SPEECH_LEAST_MS;
}

/*
 * Whether who spoke may not be who was asked: they keyed before the cue had
 * ended, or after somebody else, dialled an alarm, or began to say who they
 * are.
 */
static bool may_be_another(const struct hearing *hearing,
			   const struct answer *answer,
			   const struct binding *binding)
{
	return hearing->turn->overs > 1 || hearing->over.front != OVER_FRESH ||
	       answer->raw[0] == '*' || is_damaged(answer) || binding->refused;
}

/* An over that made no certain answer: what it means to the turn it was in. */
static void note_unanswered(struct lane *lane, struct note *note,
			    const struct answer *answer,
			    const struct binding *binding)
{
	const struct hearing *hearing = &lane->hearing;
	struct turn *turn = hearing->turn;
	struct leg *leg = lane_leg(lane);
	bool own = turn && !hearing->after_turn && turn->leg == leg &&
		   (!binding->unit[0] || binding->turn == turn);

	if (!leg)
		return;
	if (!own) {
		leg->yield_due |= !binding->turn;
		return;
	}
	turn->overs++;
	if (hearing->filed != turn && is_audible(&hearing->over))
		note_heard(leg, note, turn, reason_heard(answer, binding));
	leg->repeat_due = hearing->tone_count && answer->kind != ANSWER_NONE &&
			  !turn->was_repeated && !hearing->alarm[0] &&
			  !turn_has_certain_answer(turn) &&
			  (turn->is_known || hearing->filed != turn ||
			   turn->reply.doubts != DOUBT_UNNAMED);
	leg->repeat_by_name = !turn->is_certain && lane->is_repeater;
	leg->repeat_by_name |= may_be_another(hearing, answer, binding);
}

/*
 * On a repeater units hear each other: whoever is next may take what was heard
 * for the answer before its own, so that a bare count may now be anybody's.
 */
static void unsettle_turn(struct lane *lane)
{
	const struct leg *leg = lane_leg(lane);

	if (leg && leg->turn && lane->is_repeater &&
	    is_audible(&lane->hearing.over))
		leg->turn->is_certain = false;
}

void hearing_on_over(struct lane *lane)
{
	struct hearing *hearing = &lane->hearing;
	struct binding binding;
	struct answer answer;
	struct note *note;
	bool bound;

	parse(lane, true, &answer);
	bind_answer(lane, &answer, &binding);
	note = note_alloc(lane->calls);
	/* Cut by us: no answer is judged by it. */
	if (lane->calls->is_stopping) {
		note_the_over(lane, note, &answer, &binding);
		note_commit(note, NULL);
		return;
	}
	bound = take_answer(lane, note, &answer, &binding);
	if (!bound && hearing->filed)
		reply_withdraw(lane, note, answer.doubts | binding.doubts);
	LOGPLANE(lane, LOGL_DEBUG, "over %s: '%s' doubts 0x%x%s%s\n",
		 hearing->id, answer.raw, answer.doubts | binding.doubts,
		 binding.foreign ? " foreign" : "", bound ? " bound" : "");
	note_the_over(lane, note, &answer, &binding);
	note_unanswered(lane, note, &answer, &binding);
	unsettle_turn(lane);
	keep_fragment(lane, &answer);
	if (is_damaged(&answer))
		LOGPLANE(lane, LOGL_NOTICE, "possible alarm: '%s' in over %s\n",
			 answer.raw, hearing->id);
	commit(lane, note);
}
