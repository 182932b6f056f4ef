/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/calls.h"
#include "gateway/call/alarm.h"
#include "gateway/call/call.h"
#include "gateway/call/call_fsm.h"
#include "gateway/call/lane.h"
#include "gateway/call/leg.h"
#include "gateway/call/leg_fsm.h"
#include "gateway/call/message.h"
#include "gateway/call/note.h"
#include "gateway/call/part.h"
#include "gateway/call/plan.h"
#include "gateway/call/prompts.h"
#include "gateway/call/confirm.h"
#include "gateway/call/hold.h"
#include "gateway/call/resume.h"
#include "gateway/call/set.h"
#include "gateway/call/shelf.h"
#include "gateway/clock.h"
#include "gateway/log.h"

#include <errno.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <talloc.h>
#include <time.h>

#define NOT_FOUND   GRIDCALL__V1__ERROR_CODE__ERROR_NOT_FOUND
#define CONFLICT    GRIDCALL__V1__ERROR_CODE__ERROR_CONFLICT
#define BAD         GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT
#define UNAVAILABLE GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE

/* Ended calls at hand for late answers and officers who settle. */
#define KEPT_ENDED    64
#define KEPT_ENDED_US (UINT64_C(12) * 3600 * 1000000)
#define CALL_ID_MAX   32
#define US_PER_MS     1000

static const struct calls_settings defaults = {
	.silence_ms = 8000,
	.rounds = 2,
	.yield_every = 8,
	.yield_ms = 5000,
	.resume_within_s = 600,
	.late_ms = 600000,
	.busy_ms = 30000,
	.language = "zh",
};

/* -------------------------------------------------------------------- set --
 */

struct calls *calls_alloc(void *ctx, const struct calls_config *config)
{
	struct calls *calls = talloc_zero(ctx, struct calls);

	OSMO_ASSERT(calls);
	calls->root = ctx;
	calls->config = *config;
	calls->settings = defaults;
	INIT_LLIST_HEAD(&calls->open);
	INIT_LLIST_HEAD(&calls->ended);
	INIT_LLIST_HEAD(&calls->lanes);
	hash_init(calls->lanes_by_code);
	INIT_LLIST_HEAD(&calls->plans);
	INIT_LLIST_HEAD(&calls->notes);
	calls->shelf = shelf_alloc(calls, config);
	calls->prompts = prompts_alloc(calls, config, calls->shelf);
	return calls;
}

static void free_all(struct llist_head *list)
{
	struct call *call, *next;

	llist_for_each_entry_safe (call, next, list, entry)
		(void)call_free(call);
}

void calls_stop(struct calls *calls)
{
	struct lane *lane;

	if (calls->is_stopping)
		return;
	calls->is_stopping = true;
	calls_kick(calls);
	llist_for_each_entry (lane, &calls->lanes, entry)
		lane_halt(lane, lane->sender);
}

struct calls *calls_free(struct calls *calls)
{
	struct lane *lane, *next;

	if (!calls)
		return NULL;
	calls_stop(calls);
	free_all(&calls->open);
	free_all(&calls->ended);
	llist_for_each_entry_safe (lane, next, &calls->lanes, entry)
		(void)lane_free(lane);
	note_forget_all(calls);
	calls->prompts = prompts_free(calls->prompts);
	calls->shelf = shelf_free(calls->shelf);
	talloc_free(calls);
	return NULL;
}

struct calls_settings *calls_settings(struct calls *calls)
{
	return &calls->settings;
}

static struct call *find(const struct llist_head *list, const char *id)
{
	struct call *call;

	llist_for_each_entry (call, list, entry)
		if (!strcmp(call->id, id))
			return call;
	return NULL;
}

struct call *calls_find_open(const struct calls *calls, const char *id)
{
	return find(&calls->open, id);
}

struct call *calls_find_ended(const struct calls *calls, const char *id)
{
	return find(&calls->ended, id);
}

static bool is_told(const struct call *call)
{
	const struct leg *leg;

	llist_for_each_entry (leg, &call->legs, entry)
		if (leg->pending || leg->is_queued)
			return false;
	return true;
}

void calls_keep_ended(struct calls *calls, struct call *call)
{
	uint64_t now_us = clock_now_us();
	struct call *old, *next;
	size_t count = 0;

	llist_move(&call->entry, &calls->ended);
	llist_for_each_entry_safe (old, next, &calls->ended, entry) {
		count++;
		if (old == call || !is_told(old))
			continue;
		if (count > KEPT_ENDED ||
		    now_us - old->ended_us > KEPT_ENDED_US)
			(void)call_free(old);
	}
}

void calls_kick(struct calls *calls)
{
	struct lane *lane;

	llist_for_each_entry (lane, &calls->lanes, entry)
		lane_kick(lane);
}

void calls_resume(struct calls *calls)
{
	prompts_open(calls->prompts, &calls->settings);
	resume_all(calls);
	calls_kick(calls);
}

void calls_signal(struct calls *calls, const struct signal *signal)
{
	struct lane *lane = lane_of_slot(calls, signal->channel);

	if (lane)
		lane_signal(lane, signal);
}

void calls_directory_changed(struct calls *calls)
{
	struct note *note = note_alloc(calls);
	struct lane *lane;
	struct call *call;

	llist_for_each_entry (lane, &calls->lanes, entry)
		lane_refresh(lane);
	llist_for_each_entry (call, &calls->open, entry)
		call_drop_gone(call, note);
	note_commit(note, NULL);
	prompts_refresh(calls->prompts);
}

static void note_trouble(struct call *call, struct note *note,
			 const char *sentence)
{
	Gridcall__V1__CallResumed resumed = GRIDCALL__V1__CALL_RESUMED__INIT;
	Gridcall__V1__CallHeld held = GRIDCALL__V1__CALL_HELD__INIT;
	Gridcall__V1__CallEvent event = GRIDCALL__V1__CALL_EVENT__INIT;

	if (call_is_paused(call))
		return;
	if (sentence) {
		held.reason = (char *)sentence;
		event.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_HELD;
		event.held = &held;
	} else {
		event.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_RESUMED;
		event.resumed = &resumed;
	}
	call_note_change(call, note, NULL, &event);
	call_note_summary(call, note, true);
}

void calls_trouble(struct calls *calls, const char *sentence)
{
	bool was = calls->trouble[0] != '\0';
	struct note *note;
	struct call *call;

	OSMO_STRLCPY_ARRAY(calls->trouble, sentence ? sentence : "");
	calls_kick(calls);
	if (was == (sentence != NULL))
		return;
	if (sentence)
		alarm_publish_unrecorded(calls);
	note = note_alloc(calls);
	llist_for_each_entry (call, &calls->open, entry)
		note_trouble(call, note, sentence);
	note_commit(note, NULL);
}

/* ---------------------------------------------------------- plan and start --
 */

int calls_plan(struct calls *calls, void *ctx,
	       const struct calls_principal *principal,
	       const Gridcall__V1__PlanRequest *request,
	       Gridcall__V1__Plan **plan, struct fault *fault)
{
	struct roster *roster =
		roster_make(calls, ctx, request, principal->scope, fault);
	char id[PLAN_ID_MAX];

	if (!roster)
		return -EINVAL;
	plan_keep(calls, principal->name, request, id);
	*plan = plan_make(calls, ctx, roster, id);
	talloc_free(roster);
	prompts_refresh(calls->prompts);
	return 0;
}

static void new_call_id(const struct calls *calls, char id[CALL_ID_MAX])
{
	time_t now = time(NULL);
	struct tm local;
	uint16_t random = 0;
	size_t len;

	do {
		localtime_r(&now, &local);
		len = strftime(id, CALL_ID_MAX, "%Y%m%d-%H%M%S", &local);
		(void)!getrandom(&random, sizeof(random), 0);
		snprintf(id + len, CALL_ID_MAX - len, "-%04x", random);
	} while (calls_find_open(calls, id) || calls_find_ended(calls, id));
}

static void add_turn(struct call *call, const struct candidate *candidate)
{
	Gridcall__V1__CalledUnit called = GRIDCALL__V1__CALLED_UNIT__INIT;
	const struct unit *unit = candidate->unit;
	struct leg *leg = call_leg(call, unit->channel);
	struct turn *turn;
	char area[80];

	if (!leg)
		return; /* no such channel: the plan tells it as not asked */
	snprintf(area, sizeof(area), "%s.%s.%s", unit->district, unit->station,
		 unit->grid);
	called.unit = (char *)unit->code;
	called.number = (char *)unit->number;
	called.name = (char *)unit->name;
	called.expected = unit->strength;
	called.state = candidate->state;
	called.reason = (char *)candidate_reason(candidate);
	called.place = leg->turn_count;
	turn = turn_alloc(leg, &called, area);
	message_append(leg, leg->turns, leg->turn_count, turn);
}

static struct call *call_from_roster(struct calls *calls,
				     const struct roster *roster,
				     const char *principal)
{
	struct call *call;
	char id[CALL_ID_MAX];
	size_t i;

	new_call_id(calls, id);
	call = call_alloc(calls, id, roster->options);
	call->principal = talloc_strdup(call, principal);
	call->selector = talloc_strdup(call, roster->selector);
	call->announcement = talloc_strdup(call, roster->announcement);
	call->announcement_ms = roster->announcement_ms;
	call->started_at_us = clock_utc_us();
	for (i = 0; i < roster->count; i++)
		add_turn(call, &roster->candidates[i]);
	return call;
}

static const Gridcall__V1__PlanRequest *
request_of(struct calls *calls, const struct calls_principal *principal,
	   const Gridcall__V1__StartRequest *request, struct fault *fault)
{
	const Gridcall__V1__PlanRequest *found = request->spec;

	if (request->plan[0]) {
		found = plan_find(calls, principal->name, request->plan);
		if (!found)
			(void)fault_set(fault, NOT_FOUND,
					"there is no plan '%s', or it is older "
					"than ten minutes or your last 64; "
					"plan again",
					request->plan);
	} else if (!found) {
		(void)fault_set(fault, BAD,
				"a start needs a plan or a spec; send one");
	}
	return found;
}

static struct roster *roster_to_start(struct calls *calls, void *ctx,
				      const struct calls_principal *principal,
				      const Gridcall__V1__StartRequest *request,
				      struct fault *fault)
{
	const Gridcall__V1__PlanRequest *found;
	struct roster *roster;

	if (calls->trouble[0] || calls->is_stopping) {
		(void)fault_set(fault, UNAVAILABLE, "no call can start: %s",
				calls->is_stopping ? "the gateway is stopping"
						   : calls->trouble);
		return NULL;
	}
	found = request_of(calls, principal, request, fault);
	roster = found ? roster_make(calls, ctx, found, principal->scope, fault)
		       : NULL;
	if (!roster)
		return NULL;
	if (!roster->asked)
		(void)fault_set(fault, CONFLICT,
				"none of the %zu units can be asked now; the "
				"plan says why for each",
				roster->count);
	else if (roster_store_upload(calls, roster, fault) == 0)
		return roster;
	talloc_free(roster);
	return NULL;
}

int calls_start(struct calls *calls, void *ctx,
		const struct calls_principal *principal,
		const Gridcall__V1__StartRequest *request,
		struct ledger_batch *batch, Gridcall__V1__StartReply **reply,
		struct fault *fault)
{
	struct roster *roster =
		roster_to_start(calls, ctx, principal, request, fault);
	Gridcall__V1__StartReply *message;
	struct call *call;
	struct note note;

	if (!roster)
		return -EINVAL;
	message = talloc(ctx, Gridcall__V1__StartReply);
	OSMO_ASSERT(message);
	gridcall__v1__start_reply__init(message);
	message->plan = plan_make(calls, ctx, roster, request->plan);
	message->seq = ledger_seq(calls->config.ledger);
	call = call_from_roster(calls, roster, principal->name);
	call->finish_at_us = message->plan->finish_at_us;
	call_queue(call);
	note_of_batch(&note, calls, batch);
	call_note_started(call, &note);
	hold_note_call(call, &note);
	message->call = talloc_strdup(ctx, call->id);
	talloc_free(roster);
	prompts_refresh(calls->prompts);
	LOGPCALL(call, LOGL_INFO, "started by %s\n", call->principal);
	*reply = message;
	return 0;
}

void calls_started(struct calls *calls, const char *id)
{
	struct call *call = calls_find_open(calls, id);

	if (!call)
		return; /* cancelled before the disk had it */
	if (call->fi->state == CALL_ST_STARTING)
		osmo_fsm_inst_dispatch(call->fi, CALL_EV_STARTED, NULL);
	calls_kick(calls);
}

/* --------------------------------------------------------- officer's hands --
 */

static struct call *open_call(const struct calls *calls, const char *id,
			      struct fault *fault)
{
	struct call *call = calls_find_open(calls, id);

	if (call)
		return call;
	if (calls_find_ended(calls, id))
		(void)fault_set(fault, CONFLICT, "call %s has ended", id);
	else
		(void)fault_set(fault, NOT_FOUND, CALLS_NO_OPEN_CALL, id);
	return NULL;
}

static void kick_legs(struct call *call)
{
	struct leg *leg;

	llist_for_each_entry (leg, &call->legs, entry)
		lane_kick(leg->lane);
}

int calls_pause(struct calls *calls, const struct calls_principal *principal,
		const char *id, const char *reason, struct ledger_batch *batch,
		struct fault *fault)
{
	struct call *call = open_call(calls, id, fault);
	Gridcall__V1__CallHeld held = GRIDCALL__V1__CALL_HELD__INIT;
	Gridcall__V1__CallEvent event = GRIDCALL__V1__CALL_EVENT__INIT;
	struct note note;

	if (!call)
		return -EINVAL;
	if (call_is_paused(call))
		return fault_set(fault, CONFLICT, "call %s is paused already",
				 id);
	osmo_fsm_inst_dispatch(call->fi, CALL_EV_PAUSE, NULL);
	kick_legs(call);
	OSMO_STRLCPY_ARRAY(call->reason, reason);
	held.principal = (char *)principal->name;
	held.reason = call->reason;
	event.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_HELD;
	event.held = &held;
	note_of_batch(&note, calls, batch);
	call_note_change(call, &note, NULL, &event);
	call_note_summary(call, &note, true);
	return 0;
}

int calls_continue(struct calls *calls, const struct calls_principal *principal,
		   const char *id, struct ledger_batch *batch,
		   struct fault *fault)
{
	struct call *call = open_call(calls, id, fault);
	Gridcall__V1__CallResumed resumed = GRIDCALL__V1__CALL_RESUMED__INIT;
	Gridcall__V1__CallEvent event = GRIDCALL__V1__CALL_EVENT__INIT;
	struct note note;

	if (!call)
		return -EINVAL;
	if (!call_is_paused(call))
		return fault_set(fault, CONFLICT, "call %s is not paused", id);
	osmo_fsm_inst_dispatch(call->fi, CALL_EV_CONTINUE, NULL);
	call->reason[0] = '\0';
	resumed.principal = (char *)principal->name;
	event.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_RESUMED;
	event.resumed = &resumed;
	note_of_batch(&note, calls, batch);
	call_note_change(call, &note, NULL, &event);
	call_note_summary(call, &note, true);
	kick_legs(call); /* a leg wakes at the loop's next turn, after batch */
	return 0;
}

int calls_cancel(struct calls *calls, const struct calls_principal *principal,
		 const char *id, const char *reason, struct ledger_batch *batch,
		 struct fault *fault)
{
	struct call *call = open_call(calls, id, fault);
	struct note note;
	struct leg *leg;

	if (!call)
		return -EINVAL;
	llist_for_each_entry (leg, &call->legs, entry)
		leg_halt(leg);
	call->was_cancelled = true;
	note_of_batch(&note, calls, batch);
	call_note_ended(call, &note, principal->name);
	llist_for_each_entry (leg, &call->legs, entry)
		osmo_fsm_inst_dispatch(leg->fi, LEG_EV_STOP, NULL);
	LOGPCALL(call, LOGL_INFO, "cancelled by %s: %s\n", principal->name,
		 reason);
	return 0;
}

int calls_release(struct calls *calls, const struct calls_principal *principal,
		  const char *channel, struct ledger_batch *batch,
		  struct fault *fault)
{
	struct lane *lane = lane_find(calls, channel);
	struct note note;

	if (!lane || llist_empty(&lane->alarms))
		return fault_set(fault, CONFLICT, CALLS_NO_ALARM, channel);
	note_of_batch(&note, calls, batch);
	alarm_release(lane, &note, principal->name);
	lane_kick(lane);
	return 0;
}

int calls_confirm(struct calls *calls, const struct calls_principal *principal,
		  const Gridcall__V1__ConfirmRequest *request,
		  struct ledger_batch *batch, struct fault *fault)
{
	struct call *call = calls_find_open(calls, request->call);
	struct turn *turn;
	struct note note;

	if (!call)
		call = calls_find_ended(calls, request->call);
	if (!call)
		return fault_set(fault, NOT_FOUND, CALLS_NO_LATE_CALL,
				 request->call);
	turn = call_find_turn(call, request->unit);
	if (!turn)
		return fault_set(fault, NOT_FOUND, CALLS_NO_SUCH_UNIT,
				 request->unit, call->id);
	note_of_batch(&note, calls, batch);
	if (confirm_reply(turn, &note, principal->name, request, fault) < 0)
		return -EINVAL;
	call_note_summary(call, &note, true);
	return 0;
}

const char *calls_on_channel(const struct calls *calls, const char *channel)
{
	const struct lane *lane = lane_find(calls, channel);
	const struct leg *leg = lane ? lane_leg(lane) : NULL;

	return leg ? leg->call->id : "";
}

size_t calls_open_count(const struct calls *calls)
{
	return llist_count(&calls->open);
}
