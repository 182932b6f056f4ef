/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/call.h"
#include "gateway/call/call_fsm.h"
#include "gateway/call/hold.h"
#include "gateway/call/lane.h"
#include "gateway/call/leg.h"
#include "gateway/call/leg_fsm.h"
#include "gateway/call/message.h"
#include "gateway/call/note.h"
#include "gateway/call/tally.h"
#include "gateway/clock.h"
#include "gateway/log.h"

#include <osmocom/core/utils.h>
#include <string.h>
#include <talloc.h>

/* Figures are shown once a second; every change of state at once. */
#define SUMMARY_EVERY_US 1000000u

struct call *call_alloc(struct calls *calls, const char *id,
			const Gridcall__V1__CallOptions *options)
{
	struct call *call = talloc_zero(calls, struct call);

	OSMO_ASSERT(call);
	call->calls = calls;
	call->id = talloc_strdup(call, id);
	call->options = message_copy(call, &options->base);
	call->rounds = options->rounds ? options->rounds : 1;
	call->silence_ms = options->silence_ms;
	call->principal = "";
	call->selector = "";
	INIT_LLIST_HEAD(&call->legs);
	call->fi = osmo_fsm_inst_alloc(&call_fsm, call, call, LOGL_DEBUG, NULL);
	OSMO_ASSERT(call->fi);
	llist_add_tail(&call->entry, &calls->open);
	return call;
}

struct call *call_free(struct call *call)
{
	struct leg *leg, *next;

	if (!call)
		return NULL;
	llist_for_each_entry_safe (leg, next, &call->legs, entry)
		(void)leg_free(leg);
	llist_del(&call->entry);
	osmo_fsm_inst_free(call->fi);
	talloc_free(call);
	return NULL;
}

struct leg *call_leg(struct call *call, const char *channel)
{
	struct lane *lane;
	struct leg *leg;

	llist_for_each_entry (leg, &call->legs, entry)
		if (!strcmp(leg->lane->code, channel))
			return leg;
	lane = lane_get(call->calls, channel);
	return lane ? leg_alloc(call, lane) : NULL;
}

void call_queue(struct call *call)
{
	struct leg *leg;

	llist_for_each_entry (leg, &call->legs, entry) {
		lane_refresh(leg->lane);
		llist_add_tail(&leg->queue, &leg->lane->legs);
		leg->is_queued = true;
		call->legs_running++;
	}
}

struct turn *call_find_turn(const struct call *call, const char *unit)
{
	const struct leg *leg;
	uint32_t i;

	llist_for_each_entry (leg, &call->legs, entry)
		for (i = 0; i < leg->turn_count; i++)
			if (!strcmp(leg->turns[i]->unit, unit))
				return leg->turns[i];
	return NULL;
}

/* ---------------------------------------------------------------- summary --
 */

static struct tally tally_of(const struct call *call, const char *area)
{
	struct tally tally = {0};
	const struct leg *leg;
	uint32_t i;

	llist_for_each_entry (leg, &call->legs, entry)
		for (i = 0; i < leg->turn_count; i++)
			if (!area || !strcmp(area, leg->turns[i]->area))
				tally_add(&tally, leg->turns[i]->state,
					  leg->turns[i]->grade);
	if (call->ended_us) {
		tally.not_asked += tally.pending;
		tally.pending = 0;
	}
	return tally;
}

const char *call_state_name(const struct call *call)
{
	bool announcing = false;
	bool asking = false;
	bool held = false;
	const struct leg *leg;

	if (call->ended_us)
		return call->was_cancelled ? "cancelled" : "ended";
	if (call_is_paused(call))
		return "paused";
	if (call->calls->trouble[0])
		return "held";
	llist_for_each_entry (leg, &call->legs, entry) {
		if (leg->fi->state == LEG_ST_ENDED)
			continue;
		if (hold_is_on(leg->lane))
			held = true;
		else if (leg->announced)
			asking = true;
		else if (leg->fi->state != LEG_ST_QUEUED)
			announcing = true;
	}
	if (asking)
		return "asking";
	if (announcing)
		return "announcing";
	return held ? "held" : "queued";
}

static char **channels_of(void *ctx, const struct call *call, size_t *count)
{
	const struct leg *leg;
	char **channels = NULL;

	*count = 0;
	llist_for_each_entry (leg, &call->legs, entry)
		message_append(ctx, channels, *count, (char *)leg->lane->code);
	return channels;
}

void call_note_summary(struct call *call, struct note *note, bool force)
{
	Gridcall__V1__CallSummary summary = GRIDCALL__V1__CALL_SUMMARY__INIT;
	uint64_t now_us = clock_now_us();
	struct tally tally;

	if (!force && now_us - call->summed_us < SUMMARY_EVERY_US)
		return;
	call->summed_us = now_us;
	tally = tally_of(call, NULL);
	summary.call = (char *)call->id;
	summary.options = call->options;
	summary.state = (char *)call_state_name(call);
	summary.started_at_us = call->started_at_us;
	summary.finish_at_us = call->finish_at_us;
	summary.principal = (char *)call->principal;
	summary.selector = (char *)call->selector;
	summary.reason =
		call->calls->trouble[0] ? call->calls->trouble : call->reason;
	summary.channels = channels_of(call, call, &summary.n_channels);
	tally_to_summary(&tally, &summary);
	ledger_batch_call(note->batch, !call->ended_us, &summary);
	talloc_free(summary.channels);
}

/* ----------------------------------------------------------------- events --
 */

/* Every area of the call, or of one channel's units, each once. */
static const char **areas_of(void *ctx, const struct call *call,
			     const char *channel, size_t *count)
{
	const char **areas = NULL;
	const struct leg *leg;
	uint32_t i;
	size_t j;

	*count = 0;
	llist_for_each_entry (leg, &call->legs, entry) {
		if (channel && strcmp(channel, leg->lane->code))
			continue;
		for (i = 0; i < leg->turn_count; i++) {
			for (j = *count; j > 0; j--)
				if (!strcmp(areas[j - 1], leg->turns[i]->area))
					break;
			if (!j)
				message_append(ctx, areas, *count,
					       leg->turns[i]->area);
		}
	}
	return areas;
}

void call_note_change(struct call *call, struct note *note, const char *channel,
		      Gridcall__V1__CallEvent *change)
{
	size_t count, i;
	const char **areas = areas_of(call, call, channel, &count);

	change->call = (char *)call->id;
	change->exercise = call->options->exercise;
	for (i = 0; i < count; i++)
		note_call(note, areas[i], change);
	talloc_free(areas);
}

static void add_units_of(void *ctx, const struct call *call, const char *area,
			 Gridcall__V1__CallStarted *started)
{
	Gridcall__V1__CalledUnit *called;
	const struct leg *leg;
	size_t before;
	uint32_t i;

	llist_for_each_entry (leg, &call->legs, entry) {
		before = started->n_units;
		for (i = 0; i < leg->turn_count; i++) {
			if (strcmp(leg->turns[i]->area, area))
				continue;
			called = talloc(ctx, Gridcall__V1__CalledUnit);
			OSMO_ASSERT(called);
			turn_to_called(leg->turns[i], called);
			message_append(ctx, started->units, started->n_units,
				       called);
		}
		if (started->n_units > before)
			message_append(ctx, started->channels,
				       started->n_channels,
				       (char *)leg->lane->code);
	}
}

void call_note_started(struct call *call, struct note *note)
{
	Gridcall__V1__CallStarted started;
	Gridcall__V1__CallEvent event;
	void *ctx = talloc_new(NULL);
	const char **areas;
	size_t count, i;

	areas = areas_of(ctx, call, NULL, &count);
	for (i = 0; i < count; i++) {
		gridcall__v1__call_started__init(&started);
		gridcall__v1__call_event__init(&event);
		started.options = call->options;
		started.principal = (char *)call->principal;
		/* It may name units of other grids. */
		if (count == 1)
			started.selector = (char *)call->selector;
		started.finish_at_us = call->finish_at_us;
		add_units_of(ctx, call, areas[i], &started);
		event.call = (char *)call->id;
		event.exercise = call->options->exercise;
		event.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_STARTED;
		event.started = &started;
		note_call(note, areas[i], &event);
	}
	call_note_summary(call, note, true);
	talloc_free(ctx);
}

static bool is_gone(const struct turn *turn, const struct directory *directory)
{
	return (turn->state == GRIDCALL__V1__UNIT_STATE__UNIT_PENDING ||
		turn->state == GRIDCALL__V1__UNIT_STATE__UNIT_CALLED) &&
	       !directory_find_unit(directory, turn->unit);
}

void call_drop_gone(struct call *call, struct note *note)
{
	const struct calls_config *config = &call->calls->config;
	const struct directory *directory = config->directory(config->data);
	Gridcall__V1__CallTurn change;
	struct leg *leg;
	uint32_t i;

	llist_for_each_entry (leg, &call->legs, entry) {
		for (i = 0; i < leg->turn_count; i++) {
			struct turn *turn = leg->turns[i];

			if (!is_gone(turn, directory))
				continue;
			gridcall__v1__call_turn__init(&change);
			turn->state =
				GRIDCALL__V1__UNIT_STATE__UNIT_UNREACHABLE;
			turn->is_asked = false;
			OSMO_STRLCPY_ARRAY(turn->reason,
					   "no longer in the directory");
			leg_note_turn(leg, note, turn, &change);
		}
	}
}

/* -------------------------------------------------------------------- end --
 */

void call_note_ended(struct call *call, struct note *note,
		     const char *principal)
{
	Gridcall__V1__CallEnded ended;
	Gridcall__V1__CallEvent event;
	struct tally tally;
	const char **areas;
	size_t count, i;

	call->ended_us = clock_now_us();
	call->finish_at_us = clock_utc_us();
	call->reason[0] = '\0';
	areas = areas_of(call, call, NULL, &count);
	for (i = 0; i < count; i++) {
		gridcall__v1__call_ended__init(&ended);
		gridcall__v1__call_event__init(&event);
		tally = tally_of(call, areas[i]);
		tally_to_ended(&tally, &ended);
		ended.cancelled = call->was_cancelled;
		ended.principal = (char *)principal;
		event.call = (char *)call->id;
		event.exercise = call->options->exercise;
		event.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_ENDED;
		event.ended = &ended;
		note_call(note, areas[i], &event);
	}
	talloc_free(areas);
	call_note_summary(call, note, true);
	osmo_fsm_inst_dispatch(call->fi, CALL_EV_END, NULL);
	calls_keep_ended(call->calls, call);
	LOGPCALL(call, LOGL_INFO, "%s\n", call_state_name(call));
}

void call_leg_ended(struct call *call)
{
	struct note *note;

	if (--call->legs_running || call->ended_us)
		return;
	note = note_alloc(call->calls);
	call_note_ended(call, note, "");
	note_commit(note, NULL);
}
