/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/hold.h"
#include "gateway/call/call.h"
#include "gateway/call/leg.h"
#include "gateway/call/note.h"

#include <osmocom/core/utils.h>
#include <stdio.h>

bool hold_is_on(const struct lane *lane)
{
	return lane->talks || !llist_empty(&lane->alarms);
}

/* An alarm outranks who talks. */
static void explain(const struct lane *lane, char *reason, size_t size)
{
	const struct alarm *alarm;

	if (llist_empty(&lane->alarms)) {
		snprintf(reason, size, "%s talks on channel %s", lane->talker,
			 lane->code);
		return;
	}
	alarm = llist_first_entry(&lane->alarms, struct alarm, entry);
	snprintf(reason, size, "alarm on channel %s: %s", lane->code,
		 alarm->kind);
}

static void note_held(const struct leg *leg, struct note *note)
{
	const struct lane *lane = leg->lane;
	Gridcall__V1__CallEvent event = GRIDCALL__V1__CALL_EVENT__INIT;
	Gridcall__V1__CallHeld held = GRIDCALL__V1__CALL_HELD__INIT;
	char reason[160];

	explain(lane, reason, sizeof(reason));
	held.channel = (char *)lane->code;
	held.reason = reason;
	if (llist_empty(&lane->alarms))
		held.principal = (char *)lane->talker;
	event.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_HELD;
	event.held = &held;
	call_note_change(leg->call, note, lane->code, &event);
	call_note_summary(leg->call, note, true);
}

static void note_resumed(const struct leg *leg, struct note *note,
			 const char *principal)
{
	Gridcall__V1__CallEvent event = GRIDCALL__V1__CALL_EVENT__INIT;
	Gridcall__V1__CallResumed resumed = GRIDCALL__V1__CALL_RESUMED__INIT;

	resumed.channel = (char *)leg->lane->code;
	resumed.principal = (char *)principal;
	event.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_RESUMED;
	event.resumed = &resumed;
	call_note_change(leg->call, note, leg->lane->code, &event);
	call_note_summary(leg->call, note, true);
}

void hold_note(struct lane *lane, struct note *note, const char *principal)
{
	struct leg *leg;

	llist_for_each_entry (leg, &lane->legs, queue) {
		if (hold_is_on(lane))
			note_held(leg, note);
		else
			note_resumed(leg, note, principal);
	}
}

void hold_note_gone(const struct leg *leg, struct note *note)
{
	if (!hold_is_on(leg->lane))
		note_resumed(leg, note, "");
}

void hold_note_call(const struct call *call, struct note *note)
{
	const struct leg *leg;

	llist_for_each_entry (leg, &call->legs, entry)
		if (hold_is_on(leg->lane))
			note_held(leg, note);
}

/* ------------------------------------------------------------- who talks --
 */

static void change(struct lane *lane, const char *principal)
{
	struct note *note;

	if (!llist_empty(&lane->legs)) {
		note = note_alloc(lane->calls);
		hold_note(lane, note, principal);
		note_commit(note, NULL);
	}
	lane_kick(lane);
}

void calls_talk_began(struct calls *calls, const char *principal,
		      const char *channel)
{
	struct lane *lane = lane_get(calls, channel);

	if (!lane)
		return;
	lane->talks++;
	OSMO_STRLCPY_ARRAY(lane->talker, principal);
	change(lane, principal);
}

void calls_talk_ended(struct calls *calls, const char *principal,
		      const char *channel)
{
	struct lane *lane = lane_find(calls, channel);

	if (!lane || !lane->talks)
		return;
	if (!--lane->talks)
		change(lane, principal);
}
