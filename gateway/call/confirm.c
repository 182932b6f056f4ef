/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/confirm.h"
#include "gateway/call/call.h"
#include "gateway/call/leg.h"
#include "gateway/call/note.h"
#include "gateway/call/reply.h"
#include "gateway/call/sentence.h"

#include <osmocom/core/utils.h>
#include <stdio.h>
#include <string.h>
#include <talloc.h>

static void note_absent(struct turn *turn, struct note *note,
			const char *principal)
{
	Gridcall__V1__CallTurn change = GRIDCALL__V1__CALL_TURN__INIT;

	turn->state = GRIDCALL__V1__UNIT_STATE__UNIT_SILENT;
	turn->grade = GRIDCALL__V1__GRADE__GRADE_UNSPECIFIED;
	turn->reply = (struct turn_reply){0};
	turn->is_asked = false; /* the officer has settled it */
	snprintf(turn->reason, sizeof(turn->reason),
		 "settled by %s: nobody answered", principal);
	leg_note_turn(turn->leg, note, turn, &change);
}

static int check_confirm(const struct turn *turn,
			 const Gridcall__V1__ConfirmRequest *request,
			 struct fault *fault)
{
	if (turn->filing)
		return fault_set(fault, GRIDCALL__V1__ERROR_CODE__ERROR_BUSY,
				 "unit %s is answering just now; look again "
				 "and settle what it said",
				 turn->unit);
	if (request->replaces && turn->reply.seq &&
	    request->replaces != turn->reply.seq)
		return fault_set(
			fault, GRIDCALL__V1__ERROR_CODE__ERROR_CONFLICT,
			"reply %llu of unit %s no longer stands; "
			"look again and settle the newest",
			(unsigned long long)request->replaces, turn->unit);
	if (strlen(request->situation) >= sizeof(turn->reply.situation))
		return fault_set(fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT,
				 "situation '%s' is none of the site's table",
				 request->situation);
	return 0;
}

static void note_settled(struct turn *turn, struct note *note,
			 const char *principal,
			 const Gridcall__V1__ConfirmRequest *request)
{
	const char *language = note->calls->settings.language;
	bool counted =
		request->headcount_stated_case ==
		GRIDCALL__V1__CONFIRM_REQUEST__HEADCOUNT_STATED_HEADCOUNT;
	struct answer answer = {.kind = counted ? ANSWER_COUNT : ANSWER_NONE,
				.count = counted ? request->headcount : 0};
	Gridcall__V1__ReplyEvent event;
	void *ctx = talloc_new(NULL);

	OSMO_STRLCPY_ARRAY(answer.situation, request->situation);
	reply_fill_call(turn, &event);
	if (counted) {
		event.headcount_stated_case =
			GRIDCALL__V1__REPLY_EVENT__HEADCOUNT_STATED_HEADCOUNT;
		event.headcount = request->headcount;
	}
	event.situation = answer.situation;
	event.via = (char *)"officer";
	event.principal = (char *)principal;
	event.grade = reply_grade(&answer, 0, turn->expected);
	event.over = turn->reply.over;
	event.replaces =
		request->replaces ? request->replaces : turn->reply.seq;
	event.sentence = (char *)sentence_of_reply(
		ctx, language ? language : "zh", turn->name, &event);
	note_reply(note, turn, &event, false);
	turn->state = GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED;
	turn->grade = event.grade;
	turn->reply.seq = 0; /* the caller's batch: it is told to nobody here */
	turn->reply.counted = counted;
	turn->reply.count = answer.count;
	turn->reply.doubts = 0;
	OSMO_STRLCPY_ARRAY(turn->reply.situation, answer.situation);
	talloc_free(ctx);
}

int confirm_reply(struct turn *turn, struct note *note, const char *principal,
		  const Gridcall__V1__ConfirmRequest *request,
		  struct fault *fault)
{
	int rc = check_confirm(turn, request, fault);

	if (rc < 0)
		return rc;
	if (request->absent)
		note_absent(turn, note, principal);
	else
		note_settled(turn, note, principal, request);
	return 0;
}
