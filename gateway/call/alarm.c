/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/alarm.h"
#include "gateway/call/hold.h"
#include "gateway/call/note.h"
#include "gateway/call/prompts.h"
#include "gateway/call/shelf.h"
#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/record/ledger_query.h"
#include "proto/topic.h"

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

static void fill(const struct alarm *alarm, Gridcall__V1__AlarmEvent *event)
{
	gridcall__v1__alarm_event__init(event);
	event->alarm = (char *)alarm->id;
	event->channel = (char *)alarm->lane->code;
	event->unit = (char *)alarm->unit;
	event->call = (char *)alarm->call;
	event->kind = (char *)alarm->kind;
	event->code = (char *)alarm->code;
	event->over = (char *)alarm->id;
	event->exercise = alarm->exercise;
	event->taken_back = alarm->taken_back;
}

/* As it was raised. */
static void fill_raised(const struct alarm *alarm,
			Gridcall__V1__AlarmEvent *event)
{
	fill(alarm, event);
	event->heard_at_us = alarm->heard_at_us;
	event->raw = (char *)alarm->raw;
}

static struct alarm *keep(struct lane *lane, const char *id, const char *kind,
			  const struct alarm_source *source)
{
	struct alarm *alarm = talloc_zero(lane, struct alarm);

	OSMO_ASSERT(alarm);
	alarm->lane = lane;
	alarm->id = talloc_strdup(alarm, id);
	alarm->kind = talloc_strdup(alarm, kind);
	alarm->unit = talloc_strdup(alarm, source->unit);
	alarm->area = talloc_strdup(alarm, source->area);
	alarm->call = talloc_strdup(alarm, source->call);
	alarm->code = talloc_strdup(alarm, source->answer->code);
	alarm->raw = talloc_strdup(alarm, source->answer->raw);
	alarm->exercise = source->exercise;
	llist_add(&alarm->entry, &lane->alarms);
	return alarm;
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

/* The ledger can't write: told at once, unnumbered; then recorded as usual. */
static void publish_in(const struct alarm *alarm, const char *area)
{
	const struct calls_config *config = &alarm->lane->calls->config;
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;
	Gridcall__V1__AlarmEvent body;
	char topic[TOPIC_MAX];
	uint8_t packed[1024];

	fill_raised(alarm, &body);
	if (topic_in_area(topic, area, TOPIC_ALARM) < 0)
		return;
	event.gateway = (char *)config->gateway;
	event.time_us = clock_utc_us();
	event.topic = topic;
	event.body_case = GRIDCALL__V1__EVENT__BODY_ALARM;
	event.alarm = &body;
	if (gridcall__v1__event__get_packed_size(&event) <= sizeof(packed))
		config->publish(config->data, topic, packed,
				gridcall__v1__event__pack(&event, packed));
}

static void publish(struct alarm *alarm)
{
	if (alarm->is_recorded || alarm->is_published)
		return;
	alarm->is_published = true;
	if (alarm->lane->calls->config.publish) {
		publish_in(alarm, alarm->lane->home);
		if (alarm->area[0] && strcmp(alarm->area, alarm->lane->home))
			publish_in(alarm, alarm->area);
	}
	alarm_acknowledge(alarm->lane);
}

void alarm_publish_unrecorded(struct calls *calls)
{
	struct alarm *alarm;
	struct lane *lane;

	llist_for_each_entry (lane, &calls->lanes, entry)
		llist_for_each_entry (alarm, &lane->alarms, entry)
			publish(alarm);
}

static void on_recorded(void *data)
{
	struct alarm *alarm = data;

	alarm->is_recorded = true;
	if (alarm->is_released)
		talloc_free(alarm);
	else if (!alarm->is_published)
		alarm_acknowledge(alarm->lane);
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
	alarm->heard_at_us = hearing->over.began_utc_us;
	fill_raised(alarm, &event);
	note_both(lane, note, alarm->area, &event);
	hold_note(lane, note, "");
	LOGPLANE(lane, LOGL_NOTICE, "alarm %s by unit '%s'\n", kind,
		 alarm->unit);
	note->on_told = on_recorded;
	note->data = alarm;
	if (lane->calls->trouble[0])
		publish(alarm);
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
		fill(alarm, &event);
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
	Gridcall__V1__AlarmEvent event;
	struct alarm *alarm, *next;

	llist_for_each_entry_safe (alarm, next, &lane->alarms, entry) {
		fill(alarm, &event);
		event.released = true;
		event.principal = (char *)principal;
		note_both(lane, note, alarm->area, &event);
		llist_del(&alarm->entry);
		alarm->is_released = true;
		if (alarm->is_recorded)
			talloc_free(alarm);
	}
	hold_note(lane, note, principal);
}

/* ---------------------------------------------------------------- restart --
 */

static struct alarm *find_alarm(const struct lane *lane, const char *id)
{
	struct alarm *alarm;

	llist_for_each_entry (alarm, &lane->alarms, entry)
		if (!strcmp(alarm->id, id))
			return alarm;
	return NULL;
}

static void restore(struct lane *lane, const Gridcall__V1__AlarmEvent *event,
		    const char *area)
{
	struct alarm *alarm = find_alarm(lane, event->alarm);
	struct answer answer = {0};
	struct alarm_source source = {.answer = &answer,
				      .unit = event->unit,
				      .area = area,
				      .call = event->call,
				      .exercise = event->exercise};

	if (event->released) {
		if (alarm)
			llist_del(&alarm->entry);
		talloc_free(alarm);
		return;
	}
	if (!alarm) {
		OSMO_STRLCPY_ARRAY(answer.code, event->code);
		alarm = keep(lane, event->alarm, event->kind, &source);
		alarm->is_recorded = true;
	}
	alarm->taken_back |= event->taken_back;
}

static bool take(void *data, const struct ledger_event *row)
{
	struct calls *calls = data;
	const struct calls_config *config = &calls->config;
	const struct unit *unit;
	Gridcall__V1__Event *event;
	struct lane *lane = NULL;
	char area[TOPIC_MAX] = "";

	event = gridcall__v1__event__unpack(NULL, row->len, row->payload);
	if (event && event->body_case == GRIDCALL__V1__EVENT__BODY_ALARM)
		lane = lane_get(calls, event->alarm->channel);
	if (lane) {
		unit = directory_find_unit(config->directory(config->data),
					   event->alarm->unit);
		if (unit)
			snprintf(area, sizeof(area), "%s.%s.%s", unit->district,
				 unit->station, unit->grid);
		restore(lane, event->alarm, area);
	}
	gridcall__v1__event__free_unpacked(event, NULL);
	return true;
}

void alarm_restore_all(struct calls *calls, struct ledger_reader *reader)
{
	if (ledger_reader_kind(reader, "alarm", take, calls) < 0)
		LOGP(DCALL, LOGL_ERROR,
		     "the ledger's alarms can't be read: release what they "
		     "hold by hearing the channels\n");
}
