/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/resume.h"
#include "gateway/call/alarm.h"
#include "gateway/call/call.h"
#include "gateway/call/call_fsm.h"
#include "gateway/call/hold.h"
#include "gateway/call/leg.h"
#include "gateway/call/message.h"
#include "gateway/call/note.h"
#include "gateway/call/prompts.h"
#include "gateway/call/report.h"
#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/record/ledger_query.h"

#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

#define US_PER_MIN      60000000
#define KEPT_ENDED_US   (INT64_C(12) * 60 * US_PER_MIN)
#define CALLS_LOOKED_AT 64 /* newest, for those that ended lately */

struct reading {
	struct calls *calls;
	struct ledger_reader *reader;
	size_t looked_at;
	void *ctx;
	Gridcall__V1__CallSummary **summaries;
	size_t count;
};

/* ------------------------------------------------------------------ turns --
 */

static void restore_reply(struct turn *turn,
			  const Gridcall__V1__ReportUnit *unit)
{
	const Gridcall__V1__ReplyEvent *reply = unit->reply;

	turn->grade = unit->grade;
	if (!reply)
		return;
	turn->reply.seq = unit->reply_seq;
	turn->reply.counted =
		reply->headcount_stated_case ==
		GRIDCALL__V1__REPLY_EVENT__HEADCOUNT_STATED_HEADCOUNT;
	turn->reply.count = reply->headcount;
	OSMO_STRLCPY_ARRAY(turn->reply.situation, reply->situation);
	OSMO_STRLCPY_ARRAY(turn->reply.code, reply->code);
	OSMO_STRLCPY_ARRAY(turn->reply.radio_id, reply->radio_id);
	OSMO_STRLCPY_ARRAY(turn->reply.over, reply->over);
	turn->reply.doubts = reply->n_doubts ? DOUBT_NO_END : 0;
}

static void restore_turn(struct leg *leg, const struct report *report,
			 const Gridcall__V1__ReportUnit *unit)
{
	const char *area = report_area(report, unit->unit->unit);
	struct turn *turn = turn_alloc(leg, unit->unit, area ? area : "");

	turn->state = unit->state;
	turn->round = unit->round;
	OSMO_STRLCPY_ARRAY(turn->reason, unit->reason);
	if (turn->round) /* 1 µs: long ago, but it was */
		turn->ended_us = 1;
	restore_reply(turn, unit);
	if (turn->round > leg->round)
		leg->round = turn->round;
	message_append(leg, leg->turns, leg->turn_count, turn);
}

static int by_place(const void *a, const void *b)
{
	const struct turn *const *one = a;
	const struct turn *const *other = b;

	return (int)(*one)->place - (int)(*other)->place;
}

static void restore_leg(struct leg *leg, const struct report *report)
{
	const char *open = report_open_unit(report, leg->lane->code);
	uint32_t i;

	if (leg->turn_count)
		qsort(leg->turns, leg->turn_count, sizeof(*leg->turns),
		      by_place);
	/* Places are indexes: units whose channel is gone leave no hole. */
	for (i = 0; i < leg->turn_count; i++)
		leg->turns[i]->place = i;
	leg->announced = open != NULL;
	for (i = 0; open && i < leg->turn_count; i++)
		if (!strcmp(leg->turns[i]->unit, open))
			leg->turn = leg->turns[i];
	if (leg->turn) {
		leg->turn->ended_us = 0;
		leg->round = leg->turn->round;
	}
}

/* ------------------------------------------------------------------ calls --
 */

static void restore_units(struct call *call, const struct report *report,
			  const Gridcall__V1__Report *message)
{
	struct leg *leg;
	size_t i;

	for (i = 0; i < message->n_units; i++) {
		leg = call_leg(call, message->units[i]->unit->channel);
		if (leg)
			restore_turn(leg, report, message->units[i]);
		else
			LOGPCALL(call, LOGL_ERROR,
				 "unit %s is lost to it: channel %s is gone\n",
				 message->units[i]->unit->unit,
				 message->units[i]->unit->channel);
	}
}

static void hold(struct call *call, struct note *note, const char *reason)
{
	Gridcall__V1__CallHeld held = GRIDCALL__V1__CALL_HELD__INIT;
	Gridcall__V1__CallEvent event = GRIDCALL__V1__CALL_EVENT__INIT;

	OSMO_STRLCPY_ARRAY(call->reason, reason);
	held.reason = call->reason;
	event.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_HELD;
	event.held = &held;
	call_note_change(call, note, NULL, &event);
	osmo_fsm_inst_dispatch(call->fi, CALL_EV_PAUSE, NULL);
}

/* Paused before stays paused; long down waits for the officer; else go on. */
static void restore_state(struct call *call, struct note *note,
			  const struct report *report,
			  const Gridcall__V1__CallSummary *summary)
{
	const char *state = report_call_state(report);
	int64_t down_us = clock_utc_us() - report_last_us(report);
	int64_t within_us =
		call->calls->settings.resume_within_s * INT64_C(1000000);
	char reason[120];

	if (!strcmp(state, "paused") || !strcmp(state, "held")) {
		OSMO_STRLCPY_ARRAY(call->reason, summary->reason);
		osmo_fsm_inst_dispatch(call->fi, CALL_EV_PAUSE, NULL);
		return;
	}
	if (down_us <= within_us) {
		osmo_fsm_inst_dispatch(call->fi, CALL_EV_STARTED, NULL);
		return;
	}
	snprintf(reason, sizeof(reason),
		 "the gateway was down for %lld minutes; resume it if it is "
		 "still wanted",
		 (long long)(down_us / US_PER_MIN));
	hold(call, note, reason);
}

static void restore_announcement(struct call *call)
{
	const struct prompt *prompt = prompts_announcement(
		call->calls->prompts, call->options->announcement);

	call->announcement =
		talloc_strdup(call, prompt ? prompt->path : "announcement");
	call->announcement_ms = prompt ? prompt->length_ms : 0;
}

static void restore_ended(struct call *call,
			  const Gridcall__V1__CallSummary *summary)
{
	int64_t ago_us = clock_utc_us() - summary->finish_at_us;
	uint64_t now_us = clock_now_us();

	if (ago_us < 0)
		ago_us = 0;
	call->ended_us =
		now_us > (uint64_t)ago_us ? now_us - (uint64_t)ago_us : 1;
	call->was_cancelled = !strcmp(summary->state, "cancelled");
}

static struct call *restore(struct calls *calls, struct report *report,
			    struct note *note)
{
	const Gridcall__V1__Report *message = report_message(report);
	const Gridcall__V1__CallSummary *summary = message->summary;
	bool ended = !strcmp(summary->state, "ended") ||
		     !strcmp(summary->state, "cancelled");
	struct call *call;
	struct leg *leg;

	if (!summary->options)
		return NULL;
	call = call_alloc(calls, summary->call, summary->options);
	call->principal = talloc_strdup(call, summary->principal);
	call->selector = talloc_strdup(call, summary->selector);
	call->started_at_us = summary->started_at_us;
	call->finish_at_us = summary->finish_at_us;
	restore_announcement(call);
	if (ended)
		restore_ended(call, summary);
	restore_units(call, report, message);
	llist_for_each_entry (leg, &call->legs, entry)
		restore_leg(leg, report);
	if (ended) {
		osmo_fsm_inst_dispatch(call->fi, CALL_EV_END, NULL);
		calls_keep_ended(calls, call);
		return call;
	}
	call_drop_gone(call, note);
	restore_state(call, note, report, summary);
	call_queue(call);
	llist_for_each_entry (leg, &call->legs, entry)
		if (report_channel_is_held(report, leg->lane->code))
			hold_note_gone(leg, note);
	call_note_summary(call, note, true);
	LOGPCALL(call, LOGL_NOTICE, "taken up again, %s\n",
		 call_state_name(call));
	return call;
}

/* ---------------------------------------------------------------- reading --
 */

static bool wanted(const Gridcall__V1__CallSummary *summary)
{
	if (strcmp(summary->state, "ended") &&
	    strcmp(summary->state, "cancelled"))
		return true;
	return clock_utc_us() - summary->finish_at_us < KEPT_ENDED_US;
}

static bool take_summary(void *data, const uint8_t *bytes, size_t len)
{
	struct reading *reading = data;
	Gridcall__V1__CallSummary *summary;
	size_t i;

	summary = message_unpack(reading->ctx,
				 &gridcall__v1__call_summary__descriptor, bytes,
				 len);
	if (!summary)
		return true;
	for (i = 0; i < reading->count; i++)
		if (!strcmp(reading->summaries[i]->call, summary->call))
			return true;
	if (wanted(summary))
		message_append(reading->ctx, reading->summaries, reading->count,
			       summary);
	return ++reading->looked_at < CALLS_LOOKED_AT;
}

static bool take_open_summary(void *data, const uint8_t *bytes, size_t len)
{
	struct reading *reading = data;

	reading->looked_at = 0; /* however many are open */
	return take_summary(data, bytes, len);
}

static void restore_one(struct reading *reading, const char *id)
{
	struct report *report = report_alloc(reading->ctx, id);
	struct note *note;
	struct call *call = NULL;

	if (report_read(reading->reader, report) < 0) {
		LOGP(DCALL, LOGL_ERROR,
		     "call %s can't be taken up: the ledger has no events of "
		     "it\n",
		     id);
		return;
	}
	note = note_alloc(reading->calls);
	call = restore(reading->calls, report, note);
	(void)call;
	note_commit(note, NULL);
}

static void read_calls(struct ledger_reader *reader, void *data)
{
	struct reading *reading = data;
	size_t i;

	reading->reader = reader;
	alarm_restore_all(reading->calls, reader);
	(void)ledger_reader_calls(reader, true, take_open_summary, reading);
	reading->looked_at = 0;
	(void)ledger_reader_calls(reader, false, take_summary, reading);
	for (i = reading->count; i > 0; i--) /* oldest first */
		restore_one(reading, reading->summaries[i - 1]->call);
}

void resume_all(struct calls *calls)
{
	struct reading reading = {.calls = calls, .ctx = talloc_new(NULL)};

	ledger_read_now(calls->config.ledger, read_calls, &reading);
	talloc_free(reading.ctx);
}
