/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/alarm.h"
#include "gateway/call/call.h"
#include "gateway/call/leg.h"
#include "gateway/call/note.h"
#include "gateway/call/prompts.h"
#include "gateway/call/shelf.h"
#include "gateway/log.h"

#include <osmocom/core/utils.h>
#include <stdio.h>
#include <string.h>
#include <talloc.h>

/* The acknowledgement waits so long for the channel. */
#define ACKNOWLEDGE_WAIT_MS 10000

const char *alarm_kind(const struct answer *answer)
{
	if (answer->kind == ANSWER_PANIC)
		return "panic";
	if (answer->kind == ANSWER_COUNT && !strcmp(answer->situation, "9"))
		return "emergency";
	if (answer->kind != ANSWER_CODE)
		return NULL;
	if (!strcmp(answer->code, "110"))
		return "police";
	if (!strcmp(answer->code, "119"))
		return "fire";
	if (!strcmp(answer->code, "120"))
		return "ambulance";
	return NULL;
}

/* On the channel's home grid, and on the unit's when that is another. */
static void note_both(struct lane *lane, struct note *note, const char *area,
		      Gridcall__V1__AlarmEvent *event)
{
	note_alarm(note, lane->home, event);
	if (area[0] && strcmp(area, lane->home))
		note_alarm(note, area, event);
}

static void fill(const struct lane *lane, const struct alarm *alarm,
		 Gridcall__V1__AlarmEvent *event)
{
	gridcall__v1__alarm_event__init(event);
	event->alarm = (char *)alarm->id;
	event->channel = (char *)lane->code;
	event->unit = (char *)alarm->unit;
	event->call = (char *)alarm->call;
	event->kind = (char *)alarm->kind;
	event->code = (char *)alarm->code;
	event->over = (char *)alarm->id;
	event->exercise = alarm->exercise;
	event->taken_back = alarm->taken_back;
}

static struct alarm *keep(struct lane *lane, const char *id, const char *kind,
			  const struct alarm_source *source)
{
	struct alarm *alarm = talloc_zero(lane, struct alarm);

	OSMO_ASSERT(alarm);
	alarm->id = talloc_strdup(alarm, id);
	alarm->kind = talloc_strdup(alarm, kind);
	alarm->unit = talloc_strdup(alarm, source->unit);
	alarm->area = talloc_strdup(alarm, source->area);
	alarm->call = talloc_strdup(alarm, source->call);
	alarm->code = talloc_strdup(alarm, source->answer->code);
	alarm->exercise = source->exercise;
	llist_add(&alarm->entry, &lane->alarms);
	return alarm;
}

static void note_hold(struct lane *lane, struct note *note, const char *kind)
{
	Gridcall__V1__CallEvent event;
	Gridcall__V1__CallHeld held;
	struct leg *leg;
	char reason[80];

	snprintf(reason, sizeof(reason), "alarm on channel %s: %s", lane->code,
		 kind);
	llist_for_each_entry (leg, &lane->legs, queue) {
		gridcall__v1__call_held__init(&held);
		gridcall__v1__call_event__init(&event);
		held.channel = (char *)lane->code;
		held.reason = reason;
		event.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_HELD;
		event.held = &held;
		call_note_change(leg->call, note, lane->code, &event);
		call_note_summary(leg->call, note, true);
	}
}

void alarm_acknowledge(void *data)
{
	struct lane *lane = data;
	struct calls *calls = lane->calls;
	const struct prompt *prompt = prompts_find(calls->prompts, "alarm");
	struct playlist playlist = {.wait_ms = ACKNOWLEDGE_WAIT_MS};
	const struct gridcall_format *format;
	struct clip *clip;
	const char *why;
	int slot = calls->config.slot(calls->config.data, lane->code);

	if (slot < 0 || !prompt)
		return;
	format = voice_format(calls->config.voice, (uint32_t)slot);
	if (shelf_get(calls->shelf, prompt->path, format,
		      &lane->acknowledgement, &clip, &why) < 0)
		return;
	playlist.clips[playlist.count++] = clip;
	lane_play(lane, &playlist, NULL);
}

void alarm_raise(struct lane *lane, struct note *note,
		 const struct alarm_source *source)
{
	struct hearing *hearing = &lane->hearing;
	const char *kind = alarm_kind(source->answer);
	Gridcall__V1__AlarmEvent event;
	struct alarm *alarm;

	if (hearing->alarm[0] || !kind)
		return;
	OSMO_STRLCPY_ARRAY(hearing->alarm, hearing->id);
	alarm = keep(lane, hearing->id, kind, source);
	fill(lane, alarm, &event);
	event.heard_at_us = hearing->over.began_utc_us;
	event.raw = (char *)source->answer->raw;
	note_both(lane, note, alarm->area, &event);
	note_hold(lane, note, kind);
	LOGPLANE(lane, LOGL_NOTICE, "alarm %s by unit '%s'\n", kind,
		 alarm->unit);
	/* With a ledger that can't write nobody waits for it. */
	if (lane->calls->trouble[0]) {
		alarm_acknowledge(lane);
		return;
	}
	note->on_told = alarm_acknowledge;
	note->data = lane;
}

bool alarm_take_back(struct lane *lane, struct note *note,
		     const struct alarm_source *source)
{
	Gridcall__V1__AlarmEvent event;
	struct alarm *alarm;

	llist_for_each_entry (alarm, &lane->alarms, entry) {
		if (alarm->taken_back || strcmp(alarm->unit, source->unit))
			continue;
		alarm->taken_back = true;
		fill(lane, alarm, &event);
		event.over = lane->hearing.id;
		event.heard_at_us = lane->hearing.over.began_utc_us;
		event.raw = (char *)source->answer->raw;
		note_both(lane, note, alarm->area, &event);
		return true;
	}
	return false;
}

void alarm_release(struct lane *lane, struct note *note, const char *principal)
{
	Gridcall__V1__CallResumed resumed = GRIDCALL__V1__CALL_RESUMED__INIT;
	Gridcall__V1__CallEvent change;
	Gridcall__V1__AlarmEvent event;
	struct alarm *alarm, *next;
	struct leg *leg;

	llist_for_each_entry_safe (alarm, next, &lane->alarms, entry) {
		fill(lane, alarm, &event);
		event.released = true;
		event.principal = (char *)principal;
		note_both(lane, note, alarm->area, &event);
		llist_del(&alarm->entry);
		talloc_free(alarm);
	}
	resumed.channel = (char *)lane->code;
	resumed.principal = (char *)principal;
	llist_for_each_entry (leg, &lane->legs, queue) {
		gridcall__v1__call_event__init(&change);
		change.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_RESUMED;
		change.resumed = &resumed;
		call_note_change(leg->call, note, lane->code, &change);
		call_note_summary(leg->call, note, true);
	}
}

void alarm_restore(struct lane *lane, const Gridcall__V1__AlarmEvent *event,
		   const char *area)
{
	struct answer answer = {0};
	struct alarm_source source = {.answer = &answer,
				      .unit = event->unit,
				      .area = area,
				      .call = event->call,
				      .exercise = event->exercise};
	struct alarm *alarm;

	OSMO_STRLCPY_ARRAY(answer.code, event->code);
	alarm = keep(lane, event->alarm, event->kind, &source);
	alarm->taken_back = event->taken_back;
}
