/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * history_command.c - calls and report, read beside the main loop
 *
 * Each question is copied into memory of its own before a reader thread works
 * on it, because talloc contexts do not cross threads.
 */
#include "gateway/control/command.h"

#include <errno.h>
#include <stdlib.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/call/message.h"
#include "gateway/call/report.h"
#include "gateway/record/ledger_query.h"

#define CALLS_DEFAULT 50

/*
 * One question on its way through a reader thread.  ctx is made by the reader
 * and freed on main after the reader is done with it: never shared in time.
 */
struct question {
	struct command *command;
	struct ledger_reader *reader;
	void *ctx;
	struct fault fault;
	bool is_outside; /* the fault says less than is known */
	Gridcall__V1__Reply reply;
	size_t limit;
};

static struct question *question_alloc(struct command *command)
{
	struct question *question = calloc(1, sizeof(*question));

	OSMO_ASSERT(question);
	question->command = command;
	gridcall__v1__reply__init(&question->reply);
	return question;
}

static void question_done(void *data)
{
	struct question *question = data;
	struct command *command = question->command;

	command->fault = question->fault;
	command->is_outside = question->is_outside;
	if (question->fault.code || command_check_wanted(command))
		command_refuse(command);
	else
		command_reply(command, &question->reply);
	talloc_free(question->ctx);
	free(question);
}

static void ask(struct question *question,
		void (*work)(struct ledger_reader *reader, void *data))
{
	ledger_read(question->command->gateway->ledger, work, question_done,
		    question);
}

/* A reader that failed must not look like a ledger that holds nothing. */
static void set_unreadable(struct question *question)
{
	fault_set(&question->fault, GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE,
		  "the ledger can't be read; try again, and look at "
		  "\"show ledger\"");
}

static bool is_wanted(void *data)
{
	return !command_should_stop(data);
}

/* ---- calls ---- */

/*
 * What somebody sees of a call: folded from its events on his topics, since the
 * summary that is kept tells of all units.  NULL: nothing, or it was stopped.
 */
static Gridcall__V1__CallSummary *
narrow_summary(struct question *question, const uint8_t *packed, size_t len)
{
	void *ctx = talloc_new(question->ctx);
	Gridcall__V1__CallSummary *whole = message_unpack(
		ctx, &gridcall__v1__call_summary__descriptor, packed, len);
	Gridcall__V1__CallSummary *seen = NULL;
	struct report *report;

	if (whole) {
		report = report_alloc(ctx, whole->call);
		report_within(report, question->command->sees);
		if (!report_read_while(question->reader, report, is_wanted,
				       question->command))
			seen = message_copy(
				question->ctx,
				&report_message(report)->summary->base);
	}
	talloc_free(ctx);
	return seen;
}

static bool take_summary(void *data, const uint8_t *packed, size_t len)
{
	struct question *question = data;
	Gridcall__V1__CallsReply *calls = question->reply.calls;
	Gridcall__V1__CallSummary *summary;

	if (calls->n_calls >= question->limit ||
	    command_should_stop(question->command))
		return false;
	if (question->command->sees)
		summary = narrow_summary(question, packed, len);
	else
		summary = message_unpack(
			question->ctx, &gridcall__v1__call_summary__descriptor,
			packed, len);
	if (summary)
		calls->calls[calls->n_calls++] = summary;
	return true;
}

/* [reader] */
static void read_calls(struct ledger_reader *reader, void *data)
{
	struct question *question = data;
	const Gridcall__V1__CallsRequest *request =
		question->command->request->calls;
	Gridcall__V1__CallsReply *calls;

	question->reader = reader;
	question->limit = request->limit ? request->limit : CALLS_DEFAULT;
	question->limit = OSMO_MIN(question->limit, 10000);
	question->ctx = talloc_new(NULL);
	calls = talloc(question->ctx, Gridcall__V1__CallsReply);
	OSMO_ASSERT(calls);
	gridcall__v1__calls_reply__init(calls);
	calls->calls = talloc_array(question->ctx, Gridcall__V1__CallSummary *,
				    question->limit);
	OSMO_ASSERT(calls->calls);
	question->reply.body_case = GRIDCALL__V1__REPLY__BODY_CALLS;
	question->reply.calls = calls;
	if (ledger_reader_calls(reader, request->open_only, take_summary,
				question) < 0)
		set_unreadable(question);
}

void command_calls(struct command *command)
{
	ask(question_alloc(command), read_calls);
}

/* ---- report ---- */

/* [reader] */
static void read_report(struct ledger_reader *reader, void *data)
{
	struct question *question = data;
	const char *call = question->command->request->report->call;
	struct report *report;
	int rc;

	question->ctx = talloc_new(NULL);
	report = report_alloc(question->ctx, call);
	report_within(report, question->command->sees);
	rc = report_read_while(reader, report, is_wanted, question->command);
	if (rc == -ECANCELED)
		return; /* question_done() says why */
	if (rc && rc != -ENOENT) {
		set_unreadable(question);
		return;
	}
	if (rc) {
		question->is_outside = report_is_outside(report);
		fault_set(&question->fault,
			  GRIDCALL__V1__ERROR_CODE__ERROR_NOT_FOUND,
			  "there is no call '%s'; \"gridcall calls\" lists "
			  "them",
			  call);
		return;
	}
	question->reply.body_case = GRIDCALL__V1__REPLY__BODY_REPORT;
	question->reply.report = (Gridcall__V1__Report *)report_message(report);
}

void command_report(struct command *command)
{
	ask(question_alloc(command), read_report);
}
