/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * history_command.c - calls, report and replay, read beside the main loop
 *
 * Each question is copied into memory of its own before a reader thread works
 * on it, because talloc contexts do not cross threads.
 */
#include "gateway/control/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/call/report.h"
#include "gateway/record/ledger_query.h"
#include "proto/topic.h"

#define REPLAY_EVENTS_MAX 1000
#define REPLAY_BYTES_MAX  (4u << 20)
#define PREFIXES_MAX      256
/* Looked at for one reply: who selects little asks again instead of waiting. */
#define REPLAY_SCAN_MAX 100000
#define CALLS_DEFAULT   50

/*
 * One question on its way through a reader thread.  ctx is made by the reader
 * and freed on main after the reader is done with it: never shared in time.
 */
struct question {
	struct command *command;
	void *ctx;
	struct fault fault;
	Gridcall__V1__Reply reply;
	size_t bytes;
	size_t seen;
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

/* ---- calls ---- */

static bool take_summary(void *data, const uint8_t *packed, size_t len)
{
	struct question *question = data;
	Gridcall__V1__CallsReply *calls = question->reply.calls;
	ProtobufCAllocator *none = NULL;
	Gridcall__V1__CallSummary *summary;

	if (calls->n_calls >= question->limit ||
	    command_should_stop(question->command))
		return false;
	summary = gridcall__v1__call_summary__unpack(none, len, packed);
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

static void calls_done(void *data)
{
	struct question *question = data;
	Gridcall__V1__CallsReply *calls = question->reply.calls;
	size_t i;

	question->command->fault = question->fault;
	if (question->fault.code || command_check_wanted(question->command))
		command_refuse(question->command);
	else
		command_reply(question->command, &question->reply);
	for (i = 0; i < calls->n_calls; i++)
		gridcall__v1__call_summary__free_unpacked(calls->calls[i],
							  NULL);
	talloc_free(question->ctx);
	free(question);
}

void command_calls(struct command *command)
{
	ledger_read(command->gateway->ledger, read_calls, calls_done,
		    question_alloc(command));
}

/* ---- report ---- */

static bool is_wanted(void *data)
{
	return !command_should_stop(data);
}

/* [reader] */
static void read_report(struct ledger_reader *reader, void *data)
{
	struct question *question = data;
	const char *call = question->command->request->report->call;
	struct report *report;
	int rc;

	question->ctx = talloc_new(NULL);
	report = report_alloc(question->ctx, call);
	rc = report_read_while(reader, report, is_wanted, question->command);
	if (rc == -ECANCELED)
		return; /* question_done() says why */
	if (rc && rc != -ENOENT) {
		set_unreadable(question);
		return;
	}
	if (rc) {
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

/* ---- replay ---- */

static bool prefix_selects(const Gridcall__V1__ReplayRequest *request,
			   const char *topic)
{
	size_t i;

	for (i = 0; i < request->n_prefixes; i++)
		if (!strncmp(topic, request->prefixes[i],
			     strlen(request->prefixes[i])))
			return true;
	return request->n_prefixes == 0;
}

static bool take_event(void *data, const struct ledger_event *event)
{
	struct question *question = data;
	Gridcall__V1__ReplayReply *replay = question->reply.replay;
	ProtobufCBinaryData *slot;

	if (replay->n_events >= question->limit ||
	    question->bytes >= REPLAY_BYTES_MAX ||
	    question->seen++ >= REPLAY_SCAN_MAX) {
		replay->more = true;
		return false;
	}
	replay->through_seq = event->seq;
	if (!prefix_selects(question->command->request->replay, event->topic))
		return true;
	slot = &replay->events[replay->n_events++];
	slot->len = event->len;
	slot->data = talloc_memdup(question->ctx, event->payload, event->len);
	OSMO_ASSERT(slot->data);
	question->bytes += event->len;
	return true;
}

static bool take_tail(void *data, const char *topic, uint64_t topic_seq)
{
	struct question *question = data;
	Gridcall__V1__ReplayReply *replay = question->reply.replay;
	Gridcall__V1__TopicTail *tail =
		talloc(question->ctx, Gridcall__V1__TopicTail);

	replay->topics =
		talloc_realloc(question->ctx, replay->topics,
			       Gridcall__V1__TopicTail *, replay->n_topics + 1);
	OSMO_ASSERT(tail && replay->topics);
	gridcall__v1__topic_tail__init(tail);
	tail->topic = talloc_strdup(question->ctx, topic);
	tail->topic_seq = topic_seq;
	replay->topics[replay->n_topics++] = tail;
	return true;
}

/* No prefix selects everything. */
static int read_tails(struct ledger_reader *reader, struct question *question)
{
	const Gridcall__V1__ReplayRequest *request =
		question->command->request->replay;
	char *all[] = {(char *)""};

	if (request->n_prefixes)
		return ledger_reader_tails(reader, request->prefixes,
					   request->n_prefixes, take_tail,
					   question);
	return ledger_reader_tails(reader, all, 1, take_tail, question);
}

/* [reader] */
static void read_replay(struct ledger_reader *reader, void *data)
{
	struct question *question = data;
	const Gridcall__V1__ReplayRequest *request =
		question->command->request->replay;
	Gridcall__V1__ReplayReply *replay;

	question->ctx = talloc_new(NULL);
	replay = talloc(question->ctx, Gridcall__V1__ReplayReply);
	OSMO_ASSERT(replay);
	gridcall__v1__replay_reply__init(replay);
	replay->epoch =
		(char *)ledger_epoch(question->command->gateway->ledger);
	replay->through_seq = request->after_seq;
	question->limit = request->limit && request->limit < REPLAY_EVENTS_MAX
				  ? request->limit
				  : REPLAY_EVENTS_MAX;
	replay->events = talloc_array(question->ctx, ProtobufCBinaryData,
				      question->limit);
	OSMO_ASSERT(replay->events);
	if (request->after_seq > ledger_reader_seq(reader)) {
		fault_set(&question->fault,
			  GRIDCALL__V1__ERROR_CODE__ERROR_NEED_SNAPSHOT,
			  "this gateway has not come to seq %llu yet; begin "
			  "anew from seq 0",
			  (unsigned long long)request->after_seq);
		return;
	}
	question->reply.body_case = GRIDCALL__V1__REPLY__BODY_REPLAY;
	question->reply.replay = replay;
	if (ledger_reader_events(reader, request->after_seq, take_event,
				 question) < 0)
		set_unreadable(question);
	/* The table holds only when nothing after it is left out. */
	else if (!replay->more && read_tails(reader, question) < 0)
		set_unreadable(question);
}

static int check_replay(struct command *command)
{
	const Gridcall__V1__ReplayRequest *request = command->request->replay;
	struct ledger *ledger = command->gateway->ledger;
	size_t i;

	if (request->epoch[0] && strcmp(request->epoch, ledger_epoch(ledger)))
		return fault_set(
			&command->fault,
			GRIDCALL__V1__ERROR_CODE__ERROR_NEED_SNAPSHOT,
			"epoch '%.32s' is over, it is %s now; begin anew from "
			"seq 0",
			request->epoch, ledger_epoch(ledger));
	if (request->n_prefixes > PREFIXES_MAX)
		return fault_set(&command->fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT,
				 "at most %d prefixes at once; ask for a "
				 "shorter prefix",
				 PREFIXES_MAX);
	for (i = 0; i < request->n_prefixes; i++)
		if (!topic_prefix_is_valid(request->prefixes[i],
					   strlen(request->prefixes[i])))
			return fault_set(
				&command->fault,
				GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT,
				"'%.64s' is no topic prefix; end an area with "
				"a dot, for example gc1.440106.",
				request->prefixes[i]);
	return 0;
}

void command_replay(struct command *command)
{
	if (check_replay(command)) {
		command_refuse(command);
		return;
	}
	ask(question_alloc(command), read_replay);
}
