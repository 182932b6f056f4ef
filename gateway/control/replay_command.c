/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * replay_command.c - what a subscriber missed, page by page
 *
 * The page is read and packed by a reader thread; main only hands it on.
 */
#include "gateway/control/turnstile.h"

#include <stdlib.h>
#include <string.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define EVENTS_MAX 1000
#define BYTES_MAX  (1u << 20)
/* Looked at for one page: who selects little asks again instead of waiting. */
#define WORK_MAX 100000

struct replay {
	struct turnstile_question question;
	Gridcall__V1__ReplayReply page;
	size_t limit; /* events */
	size_t bytes;
};

static bool take_event(void *data, const struct ledger_event *event)
{
	struct replay *replay = data;
	Gridcall__V1__ReplayReply *page = &replay->page;
	ProtobufCBinaryData *slot;

	if (page->n_events >= replay->limit ||
	    (page->n_events && replay->bytes + event->len > BYTES_MAX))
		return false;
	slot = &page->events[page->n_events++];
	slot->len = event->len;
	slot->data =
		talloc_memdup(replay->question.ctx, event->payload, event->len);
	OSMO_ASSERT(slot->data);
	replay->bytes += event->len;
	return true;
}

static bool take_tail(void *data, const char *topic, uint64_t topic_seq)
{
	struct replay *replay = data;
	Gridcall__V1__ReplayReply *page = &replay->page;
	Gridcall__V1__TopicTail *tail =
		talloc(replay->question.ctx, Gridcall__V1__TopicTail);
	size_t room = talloc_array_length(page->topics);

	if (page->n_topics == room)
		page->topics = talloc_realloc(
			replay->question.ctx, page->topics,
			Gridcall__V1__TopicTail *, room ? room * 2 : 64);
	OSMO_ASSERT(tail && page->topics);
	gridcall__v1__topic_tail__init(tail);
	tail->topic = talloc_strdup(tail, topic);
	tail->topic_seq = topic_seq;
	page->topics[page->n_topics++] = tail;
	replay->bytes += gridcall__v1__topic_tail__get_packed_size(tail) + 4;
	return true;
}

/* The table holds only when nothing after it is left out. */
static int read_tails(struct ledger_reader *reader, struct replay *replay)
{
	Gridcall__V1__ReplayReply *page = &replay->page;
	int rc;

	if (page->more)
		return 0;
	rc = ledger_reader_tails(reader, &replay->question.prefixes, take_tail,
				 replay);
	if (page->n_events && replay->bytes > BYTES_MAX) {
		page->n_topics = 0; /* comes by itself, next */
		page->more = true;
	}
	return rc;
}

static bool should_stop(void *data)
{
	const struct replay *replay = data;

	return command_should_stop(replay->question.command);
}

static int check_position(struct ledger_reader *reader, struct replay *replay)
{
	uint64_t after_seq =
		replay->question.command->request->replay->after_seq;
	uint64_t last_seq = ledger_reader_seq(reader);
	uint64_t first_seq = ledger_reader_first_seq(reader);

	replay->page.first_seq = first_seq;
	if (after_seq > last_seq)
		return fault_set(&replay->question.fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_NEED_SNAPSHOT,
				 "this gateway has come to seq %llu only, not "
				 "to %llu; take a snapshot and go on after it",
				 (unsigned long long)last_seq,
				 (unsigned long long)after_seq);
	if (after_seq + 1 < first_seq)
		return fault_set(&replay->question.fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_NEED_SNAPSHOT,
				 "the events before seq %llu are no longer "
				 "kept; take a snapshot and go on after it",
				 (unsigned long long)first_seq);
	return 0;
}

static int read_page(struct ledger_reader *reader, struct replay *replay)
{
	const Gridcall__V1__ReplayRequest *request =
		replay->question.command->request->replay;
	struct ledger_selection selection = {.after_seq = request->after_seq,
					     .prefixes =
						     &replay->question.prefixes,
					     .work_max = WORK_MAX,
					     .visit = take_event,
					     .should_stop = should_stop,
					     .data = replay};
	struct ledger_selected selected;
	int rc = ledger_reader_select(reader, &selection, &selected);

	replay->question.work = selected.work;
	replay->page.through_seq = selected.through_seq;
	replay->page.more = selected.more;
	return rc ? rc : read_tails(reader, replay);
}

static void read_replay(struct turnstile_question *question,
			struct ledger_reader *reader)
{
	struct replay *replay = (struct replay *)question;
	const Gridcall__V1__ReplayRequest *request =
		question->command->request->replay;
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;

	if (turnstile_take_prefixes(question, request->prefixes,
				    request->n_prefixes) ||
	    check_position(reader, replay))
		return;
	replay->page.events =
		talloc_array(question->ctx, ProtobufCBinaryData, replay->limit);
	OSMO_ASSERT(replay->page.events);
	if (read_page(reader, replay)) {
		turnstile_set_unreadable(question);
		return;
	}
	reply.body_case = GRIDCALL__V1__REPLY__BODY_REPLAY;
	reply.replay = &replay->page;
	turnstile_pack(question, &reply);
}

static void free_replay(struct turnstile_question *question)
{
	free(question);
}

static int check_epoch(struct command *command)
{
	const Gridcall__V1__ReplayRequest *request = command->request->replay;
	const char *epoch = ledger_epoch(command->gateway->ledger);

	if (!request->epoch[0] || !strcmp(request->epoch, epoch))
		return 0;
	return fault_set(&command->fault,
			 GRIDCALL__V1__ERROR_CODE__ERROR_NEED_SNAPSHOT,
			 "epoch '%.32s' is over, it is %s now; take a "
			 "snapshot and go on after it",
			 request->epoch, epoch);
}

void command_replay(struct command *command)
{
	const Gridcall__V1__ReplayRequest *request = command->request->replay;
	struct replay *replay;

	if (check_epoch(command)) {
		command_refuse(command);
		return;
	}
	replay = calloc(1, sizeof(*replay));
	OSMO_ASSERT(replay);
	replay->question.command = command;
	replay->question.read = read_replay;
	replay->question.free = free_replay;
	gridcall__v1__replay_reply__init(&replay->page);
	replay->page.epoch = (char *)ledger_epoch(command->gateway->ledger);
	replay->limit = request->limit && request->limit < EVENTS_MAX
				? request->limit
				: EVENTS_MAX;
	turnstile_ask(command->gateway->turnstile, &replay->question);
}
