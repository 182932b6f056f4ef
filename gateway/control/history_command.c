/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * history_command.c - calls and report, read beside the main loop
 *
 * What they read may be much: all events of the calls in it.  So they come in
 * by the turnstile, and whoever asks for them in a loop waits for itself.
 */
#include "gateway/control/turnstile.h"

#include <errno.h>
#include <stdlib.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/call/message.h"
#include "gateway/call/report.h"

#define CALLS_DEFAULT 50
#define CALLS_MAX     10000
/* Events looked at for a list of somebody who sees a part; it ends there. */
#define WORK_MAX 1000000

struct history {
	struct turnstile_question question;
	struct ledger_reader *reader;
	Gridcall__V1__CallsReply calls;
	size_t limit;
};

static void free_history(struct turnstile_question *question)
{
	free(question);
}

static void ask(struct command *command,
		void (*read)(struct turnstile_question *question,
			     struct ledger_reader *reader))
{
	struct history *history = calloc(1, sizeof(*history));

	OSMO_ASSERT(history);
	history->question.command = command;
	history->question.read = read;
	history->question.free = free_history;
	turnstile_ask(command->gateway->turnstile, &history->question);
}

/* Asked at each event. */
static bool is_wanted(void *data)
{
	struct history *history = data;

	history->question.work++;
	return !command_should_stop(history->question.command);
}

/* ---- calls ---- */

/*
 * What somebody sees of a call: folded from its events on his topics, since the
 * summary that is kept tells of all units.  NULL: nothing, or it was stopped.
 */
static Gridcall__V1__CallSummary *
narrow_summary(struct history *history, const uint8_t *packed, size_t len)
{
	void *ctx = talloc_new(history->question.ctx);
	Gridcall__V1__CallSummary *whole = message_unpack(
		ctx, &gridcall__v1__call_summary__descriptor, packed, len);
	Gridcall__V1__CallSummary *seen = NULL;
	struct report *report;

	if (whole) {
		report = report_alloc(ctx, whole->call);
		report_within(report, history->question.command->sees);
		if (!report_read_while(history->reader, report, is_wanted,
				       history))
			seen = message_copy(
				history->question.ctx,
				&report_message(report)->summary->base);
	}
	talloc_free(ctx);
	return seen;
}

static bool take_summary(void *data, const uint8_t *packed, size_t len)
{
	struct history *history = data;
	struct turnstile_question *question = &history->question;
	Gridcall__V1__CallSummary *summary;

	if (history->calls.n_calls >= history->limit ||
	    question->work >= WORK_MAX || !is_wanted(history))
		return false;
	if (question->command->sees)
		summary = narrow_summary(history, packed, len);
	else
		summary = message_unpack(
			question->ctx, &gridcall__v1__call_summary__descriptor,
			packed, len);
	if (summary)
		history->calls.calls[history->calls.n_calls++] = summary;
	return true;
}

static void read_calls(struct turnstile_question *question,
		       struct ledger_reader *reader)
{
	struct history *history = (struct history *)question;
	const Gridcall__V1__CallsRequest *request =
		question->command->request->calls;
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;

	history->reader = reader;
	history->limit = request->limit ? request->limit : CALLS_DEFAULT;
	history->limit = OSMO_MIN(history->limit, CALLS_MAX);
	gridcall__v1__calls_reply__init(&history->calls);
	history->calls.calls = talloc_array(
		question->ctx, Gridcall__V1__CallSummary *, history->limit);
	OSMO_ASSERT(history->calls.calls);
	if (ledger_reader_calls(reader, request->open_only, take_summary,
				history) < 0) {
		turnstile_set_unreadable(question);
		return;
	}
	reply.body_case = GRIDCALL__V1__REPLY__BODY_CALLS;
	reply.calls = &history->calls;
	turnstile_pack(question, &reply);
}

void command_calls(struct command *command)
{
	ask(command, read_calls);
}

/* ---- report ---- */

static void read_report(struct turnstile_question *question,
			struct ledger_reader *reader)
{
	const char *call = question->command->request->report->call;
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	struct report *report = report_alloc(question->ctx, call);
	int rc;

	report_within(report, question->command->sees);
	rc = report_read_while(reader, report, is_wanted, question);
	if (rc == -ECANCELED)
		return; /* command_check_wanted() says why */
	if (rc && rc != -ENOENT) {
		turnstile_set_unreadable(question);
		return;
	}
	if (rc) {
		question->command->is_outside = report_is_outside(report);
		fault_set(&question->fault,
			  GRIDCALL__V1__ERROR_CODE__ERROR_NOT_FOUND,
			  "there is no call '%s'; \"gridcall calls\" lists "
			  "them",
			  call);
		return;
	}
	reply.body_case = GRIDCALL__V1__REPLY__BODY_REPORT;
	reply.report = (Gridcall__V1__Report *)report_message(report);
	turnstile_pack(question, &reply);
}

void command_report(struct command *command)
{
	ask(command, read_report);
}
