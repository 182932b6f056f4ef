/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/report_fold.h"
#include "gateway/call/message.h"
#include "gateway/record/scope.h"

#include <osmocom/core/utils.h>
#include <stdio.h>
#include <string.h>
#include <talloc.h>

/* ---------------------------------------------------------------- look-up --
 */

static uint32_t hash_of(const char *text)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 16777619u;
	return hash;
}

struct report_unit *report_find_unit(const struct report *report,
				     const char *code)
{
	struct report_unit *unit;

	hash_for_each_possible(report->units_by_code, unit, node,
			       hash_of(code)) if (!strcmp(unit->called.unit,
							  code)) return unit;
	return NULL;
}

struct report_channel *report_find_channel(const struct report *report,
					   const char *code)
{
	struct report_channel *channel;

	hash_for_each_possible(
		report->channels_by_code, channel, node,
		hash_of(code)) if (!strcmp(channel->code, code)) return channel;
	return NULL;
}

struct report_over *report_find_over(const struct report *report,
				     const char *id)
{
	struct report_over *over;

	hash_for_each_possible(
		report->overs, over, node,
		hash_of(id)) if (!strcmp(over->id, id)) return over;
	return NULL;
}

static struct report_channel *channel_get(struct report *report,
					  const char *code)
{
	struct report_channel *channel = report_find_channel(report, code);

	if (channel)
		return channel;
	channel = talloc_zero(report, struct report_channel);
	OSMO_ASSERT(channel);
	channel->code = talloc_strdup(channel, code);
	llist_add_tail(&channel->entry, &report->channels);
	hash_add(report->channels_by_code, &channel->node,
		 hash_of(channel->code));
	message_append(report, report->summary.channels,
		       report->summary.n_channels, (char *)channel->code);
	return channel;
}

/* ------------------------------------------------------------------ folds --
 */

/* gc1.<area>.<kind> */
static void area_of_topic(char area[AREA_MAX], const char *topic)
{
	const char *last = strrchr(topic, '.');

	area[0] = '\0';
	if (strncmp(topic, "gc1.", 4) || !last || last < topic + 4)
		return;
	snprintf(area, AREA_MAX, "%.*s", (int)(last - topic - 4), topic + 4);
}

static void add_unit(struct report *report, const char *area,
		     const Gridcall__V1__CalledUnit *called)
{
	struct report_unit *unit = report_find_unit(report, called->unit);

	if (unit)
		return;
	unit = talloc_zero(report, struct report_unit);
	OSMO_ASSERT(unit);
	gridcall__v1__report_unit__init(&unit->message);
	gridcall__v1__called_unit__init(&unit->called);
	unit->called.unit = talloc_strdup(unit, called->unit);
	unit->called.channel = talloc_strdup(unit, called->channel);
	unit->called.number = talloc_strdup(unit, called->number);
	unit->called.name = talloc_strdup(unit, called->name);
	unit->called.expected = called->expected;
	unit->called.state = called->state;
	unit->called.place = called->place;
	unit->called.reason = talloc_strdup(unit, called->reason);
	unit->message.reason = unit->called.reason;
	unit->message.unit = &unit->called;
	unit->message.state = called->state;
	OSMO_STRLCPY_ARRAY(unit->area, area);
	llist_add_tail(&unit->entry, &report->units);
	hash_add(report->units_by_code, &unit->node,
		 hash_of(unit->called.unit));
	report->unit_count++;
	(void)channel_get(report, called->channel);
}

static void fold_started(struct report *report, int64_t time_us,
			 const Gridcall__V1__Event *event)
{
	const Gridcall__V1__CallStarted *started = event->call->started;
	char area[AREA_MAX];
	size_t i;

	area_of_topic(area, event->topic);
	if (!report->is_started) {
		report->is_started = true;
		report->started_us = time_us;
		report->summary.started_at_us = time_us;
		report->summary.finish_at_us = started->finish_at_us;
		report->summary.principal =
			talloc_strdup(report, started->principal);
		report->summary.selector =
			talloc_strdup(report, started->selector);
		if (started->options)
			report->summary.options =
				message_copy(report, &started->options->base);
	}
	for (i = 0; i < started->n_units; i++)
		add_unit(report, area, started->units[i]);
	for (i = 0; i < started->n_channels; i++)
		(void)channel_get(report, started->channels[i]);
}

static void heard_in(struct report *report, struct report_unit *unit,
		     const char *over)
{
	const struct report_over *found;

	if (!over[0])
		return;
	found = report_find_over(report, over);
	hash_del(&unit->awaiting);
	if (!found) /* it ends later than the answer in it */
		hash_add(report->units_awaiting, &unit->awaiting,
			 hash_of(over));
	unit->message.over = talloc_strdup(unit, over);
	unit->message.recording = found ? (char *)found->recording : (char *)"";
}

/* An officer who heard that nobody answered takes a reply back. */
static void take_back_reply(struct report_unit *unit)
{
	Gridcall__V1__ReportUnit *message = &unit->message;

	if (!message->reply)
		return;
	message_append(unit, message->others, message->n_others,
		       message->reply);
	message->reply = NULL;
	message->grade = GRIDCALL__V1__GRADE__GRADE_UNSPECIFIED;
}

static void fold_turn(struct report *report, const Gridcall__V1__CallTurn *turn)
{
	struct report_unit *unit = report_find_unit(report, turn->unit);
	bool called = turn->state == GRIDCALL__V1__UNIT_STATE__UNIT_CALLED;

	if (!unit)
		return;
	if (turn->state == GRIDCALL__V1__UNIT_STATE__UNIT_SILENT)
		take_back_reply(unit);
	if (called) {
		unit->sent_ms += turn->sent_ms;
		channel_get(report, turn->channel)->open_unit =
			unit->called.unit;
		report->state = "asking";
	}
	/* Asked again by a restart, what it answered before still stands. */
	if (!unit->message.reply)
		unit->message.state = turn->state;
	if (turn->round)
		unit->message.round = turn->round;
	unit->message.reason = talloc_strdup(unit, turn->reason);
	heard_in(report, unit, turn->over);
}

static void set_held(struct report *report, const char *channel, bool held)
{
	struct report_channel *each;

	llist_for_each_entry (each, &report->channels, entry)
		if (!channel[0] || !strcmp(each->code, channel))
			each->held = held;
}

static void fold_held(struct report *report, const Gridcall__V1__CallHeld *held)
{
	report->summary.reason = talloc_strdup(report, held->reason);
	if (held->channel[0]) {
		set_held(report, held->channel, true);
		return;
	}
	report->state = held->principal[0] ? "paused" : "held";
}

static void fold_resumed(struct report *report,
			 const Gridcall__V1__CallResumed *resumed)
{
	const struct report_channel *channel;

	report->summary.reason = (char *)"";
	if (resumed->channel[0]) {
		set_held(report, resumed->channel, false);
		return;
	}
	report->state = "queued";
	llist_for_each_entry (channel, &report->channels, entry)
		if (channel->open_unit)
			report->state = "asking";
}

static void fold_ended(struct report *report, int64_t time_us,
		       const Gridcall__V1__CallEnded *ended)
{
	report->ended_us = time_us;
	report->summary.finish_at_us = time_us;
	report->state = ended->cancelled ? "cancelled" : "ended";
	report->summary.reason = (char *)"";
}

static void fold_call(struct report *report, int64_t time_us,
		      const Gridcall__V1__Event *event)
{
	const Gridcall__V1__CallEvent *call = event->call;

	switch (call->change_case) {
	case GRIDCALL__V1__CALL_EVENT__CHANGE_STARTED:
		fold_started(report, time_us, event);
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_TURN:
		fold_turn(report, call->turn);
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_HELD:
		fold_held(report, call->held);
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_RESUMED:
		fold_resumed(report, call->resumed);
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_ENDED:
		fold_ended(report, time_us, call->ended);
		break;
	default:
		break; /* of a newer gateway */
	}
}

/* A doubtful answer never displaces one that it doesn't replace. */
static bool stands(const struct report_unit *unit,
		   const Gridcall__V1__ReplyEvent *reply)
{
	if (!unit->message.reply || reply->replaces == unit->message.reply_seq)
		return true;
	return reply->grade != GRIDCALL__V1__GRADE__GRADE_DOUBTFUL;
}

static void fold_reply(struct report *report, uint64_t seq,
		       const Gridcall__V1__ReplyEvent *reply)
{
	struct report_unit *unit = report_find_unit(report, reply->unit);
	Gridcall__V1__ReportUnit *message;
	Gridcall__V1__ReplyEvent *copy;

	if (!unit)
		return;
	message = &unit->message;
	copy = message_copy(unit, &reply->base);
	if (!stands(unit, reply)) {
		message_append(unit, message->others, message->n_others, copy);
		return;
	}
	if (message->reply)
		message_append(unit, message->others, message->n_others,
			       message->reply);
	message->reply = copy;
	message->reply_seq = seq;
	message->state = GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED;
	message->grade = reply->grade;
	message->reason = (char *)"";
	heard_in(report, unit, reply->over);
}

static void fold_over(struct report *report,
		      const Gridcall__V1__OverEvent *event)
{
	struct report_over *over = report_find_over(report, event->over);
	struct hlist_node *next;
	struct report_unit *unit;

	if (over)
		return;
	over = talloc_zero(report, struct report_over);
	OSMO_ASSERT(over);
	over->id = talloc_strdup(over, event->over);
	over->recording = talloc_strdup(over, event->recording);
	over->began_at_us = event->began_at_us;
	over->length_ms = event->length_ms;
	hash_add(report->overs, &over->node, hash_of(over->id));
	hash_for_each_possible_safe(report->units_awaiting, unit, next,
				    awaiting, hash_of(over->id))
	{
		if (strcmp(unit->message.over, over->id))
			continue;
		unit->message.recording = (char *)over->recording;
		hash_del(&unit->awaiting);
	}
}

static void fold_alarm(struct report *report,
		       const Gridcall__V1__AlarmEvent *event)
{
	Gridcall__V1__Report *message = &report->message;
	Gridcall__V1__AlarmEvent *alarm;
	size_t i;

	for (i = 0; i < message->n_alarms; i++) {
		alarm = message->alarms[i];
		if (strcmp(alarm->alarm, event->alarm))
			continue;
		alarm->taken_back |= event->taken_back;
		if (event->released) {
			alarm->released = true;
			alarm->principal =
				talloc_strdup(report, event->principal);
		}
		return;
	}
	message_append(report, message->alarms, message->n_alarms,
		       message_copy(report, &event->base));
}

static bool is_of_call(const struct report *report,
		       const Gridcall__V1__Event *event)
{
	const char *call = "";

	switch (event->body_case) {
	case GRIDCALL__V1__EVENT__BODY_CALL:
		call = event->call->call;
		break;
	case GRIDCALL__V1__EVENT__BODY_REPLY:
		call = event->reply->call;
		break;
	case GRIDCALL__V1__EVENT__BODY_OVER:
		call = event->over->call;
		break;
	case GRIDCALL__V1__EVENT__BODY_ALARM:
		call = event->alarm->call;
		break;
	default:
		break;
	}
	return !strcmp(call, report->call);
}

void report_add(struct report *report, uint64_t seq, int64_t time_us,
		const Gridcall__V1__Event *event)
{
	if (!is_of_call(report, event))
		return;
	if (!scope_has_topic(report->scope, event->topic)) {
		if (event->body_case == GRIDCALL__V1__EVENT__BODY_CALL)
			report->is_partial = true;
		return;
	}
	report->last_us = time_us;
	report->message.through_seq = seq;
	if (event->body_case == GRIDCALL__V1__EVENT__BODY_CALL)
		fold_call(report, time_us, event);
	else if (event->body_case == GRIDCALL__V1__EVENT__BODY_REPLY)
		fold_reply(report, seq, event->reply);
	else if (event->body_case == GRIDCALL__V1__EVENT__BODY_OVER)
		fold_over(report, event->over);
	else if (event->body_case == GRIDCALL__V1__EVENT__BODY_ALARM)
		fold_alarm(report, event->alarm);
}
