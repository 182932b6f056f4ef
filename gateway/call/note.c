/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/note.h"
#include "gateway/call/call.h"
#include "gateway/call/leg.h"
#include "gateway/call/leg_fsm.h"
#include "gateway/call/reply.h"
#include "gateway/log.h"
#include "proto/topic.h"

#include <talloc.h>

struct note *note_alloc(struct calls *calls)
{
	struct note *note = talloc_zero(calls->root, struct note);

	OSMO_ASSERT(note);
	note_of_batch(note, calls, ledger_batch_alloc(calls->config.ledger));
	return note;
}

void note_of_batch(struct note *note, struct calls *calls,
		   struct ledger_batch *batch)
{
	*note = (struct note){.calls = calls, .batch = batch};
}

static void add(struct note *note, const char *area, enum topic_kind kind,
		const char *call, const Gridcall__V1__Event *event)
{
	char topic[TOPIC_MAX];

	if (topic_in_area(topic, area, kind) < 0 ||
	    ledger_batch_event(note->batch, topic, call, event) < 0) {
		LOGP(DCALL, LOGL_ERROR,
		     "an event of area '%s' is lost: no legal topic\n", area);
		return;
	}
	note->events++;
}

void note_call(struct note *note, const char *area,
	       Gridcall__V1__CallEvent *call)
{
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;

	event.body_case = GRIDCALL__V1__EVENT__BODY_CALL;
	event.call = call;
	add(note, area, TOPIC_CALL, call->call, &event);
}

void note_over(struct note *note, const char *area,
	       Gridcall__V1__OverEvent *over)
{
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;

	event.body_case = GRIDCALL__V1__EVENT__BODY_OVER;
	event.over = over;
	add(note, area, TOPIC_OVER, over->call, &event);
}

void note_alarm(struct note *note, const char *area,
		Gridcall__V1__AlarmEvent *alarm)
{
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;

	event.body_case = GRIDCALL__V1__EVENT__BODY_ALARM;
	event.alarm = alarm;
	add(note, area, TOPIC_ALARM, alarm->call, &event);
}

void note_reply(struct note *note, struct turn *turn,
		Gridcall__V1__ReplyEvent *reply, bool stands)
{
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;
	uint32_t at = note->events;

	event.body_case = GRIDCALL__V1__EVENT__BODY_REPLY;
	event.reply = reply;
	add(note, turn->area, TOPIC_REPLY, reply->call, &event);
	if (!stands || note->events == at ||
	    note->reply_count == NOTE_REPLIES_MAX)
		return;
	note->replies[note->reply_count].turn = turn;
	note->replies[note->reply_count++].at = at;
	turn->filing++;
}

static void tell_replies(struct note *note, uint64_t first)
{
	struct turn *turn;
	uint32_t i;

	for (i = 0; i < note->reply_count; i++) {
		turn = note->replies[i].turn;
		if (!turn)
			continue;
		turn->filing--;
		reply_told(turn, first + note->replies[i].at);
	}
}

static void on_told(void *data, uint64_t first, uint64_t last)
{
	struct note *note = data;
	struct leg *leg;

	if (!note->calls) {
		talloc_free(note);
		return;
	}
	llist_del(&note->entry);
	tell_replies(note, first);
	leg = note->leg;
	if (note->on_told)
		note->on_told(note->data);
	talloc_free(note);
	if (leg && --leg->pending == 0)
		osmo_fsm_inst_dispatch(leg->fi, LEG_EV_COMMITTED, NULL);
}

void note_commit(struct note *note, struct leg *leg)
{
	note->leg = leg;
	if (leg)
		leg->pending++;
	llist_add_tail(&note->entry, &note->calls->notes);
	ledger_commit(note->calls->config.ledger, note->batch, on_told, note);
}

void note_forget_leg(struct calls *calls, const struct leg *leg)
{
	struct note *note;
	uint32_t i;

	llist_for_each_entry (note, &calls->notes, entry) {
		if (note->leg == leg)
			note->leg = NULL;
		for (i = 0; i < note->reply_count; i++)
			if (note->replies[i].turn &&
			    note->replies[i].turn->leg == leg)
				note->replies[i].turn = NULL;
	}
}

void note_forget_all(struct calls *calls)
{
	struct note *note, *next;

	llist_for_each_entry_safe (note, next, &calls->notes, entry) {
		llist_del(&note->entry);
		note->calls = NULL;
		note->leg = NULL;
	}
}
