/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * replay_command.c - what a subscriber missed, page by page
 *
 * The page is read and packed by a reader thread; main only hands it on.  The
 * principal and the request are not touched by main while the reader works.
 */
#include "gateway/control/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/record/ledger_query.h"
#include "proto/topic.h"

#define EVENTS_MAX   1000
#define BYTES_MAX    (1u << 20)
#define PREFIXES_MAX 8192
/* Looked at for one page: who selects little asks again instead of waiting. */
#define WORK_MAX 100000

/*
 * One question on its way through a reader thread.  ctx is made by the reader
 * and freed on main after the reader is done with it: never shared in time.
 */
struct replay {
	struct command *command;
	struct prefixes prefixes;
	void *ctx;
	struct fault fault;
	Gridcall__V1__ReplayReply page;
	size_t limit; /* events */
	size_t bytes;
	uint8_t *packed;
	size_t packed_len;
};

/* ---- on the reader ---- */

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
	slot->data = talloc_memdup(replay->ctx, event->payload, event->len);
	OSMO_ASSERT(slot->data);
	replay->bytes += event->len;
	return true;
}

static bool take_tail(void *data, const char *topic, uint64_t topic_seq)
{
	struct replay *replay = data;
	Gridcall__V1__ReplayReply *page = &replay->page;
	Gridcall__V1__TopicTail *tail =
		talloc(replay->ctx, Gridcall__V1__TopicTail);
	size_t room = talloc_array_length(page->topics);

	if (page->n_topics == room)
		page->topics = talloc_realloc(replay->ctx, page->topics,
					      Gridcall__V1__TopicTail *,
					      room ? room * 2 : 64);
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
	rc = ledger_reader_tails(reader, &replay->prefixes, take_tail, replay);
	if (page->n_events && replay->bytes > BYTES_MAX) {
		page->n_topics = 0; /* comes by itself, next */
		page->more = true;
	}
	return rc;
}

static int check_position(struct ledger_reader *reader, struct replay *replay)
{
	uint64_t after_seq = replay->command->request->replay->after_seq;
	uint64_t last_seq = ledger_reader_seq(reader);
	uint64_t first_seq = ledger_reader_first_seq(reader);

	replay->page.first_seq = first_seq;
	if (after_seq > last_seq)
		return fault_set(&replay->fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_NEED_SNAPSHOT,
				 "this gateway has come to seq %llu only, not "
				 "to %llu; take a snapshot and go on after it",
				 (unsigned long long)last_seq,
				 (unsigned long long)after_seq);
	if (after_seq + 1 < first_seq)
		return fault_set(&replay->fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_NEED_SNAPSHOT,
				 "the events before seq %llu are no longer "
				 "kept; take a snapshot and go on after it",
				 (unsigned long long)first_seq);
	return 0;
}

static int read_page(struct ledger_reader *reader, struct replay *replay)
{
	const Gridcall__V1__ReplayRequest *request =
		replay->command->request->replay;
	struct ledger_selection selection = {.after_seq = request->after_seq,
					     .prefixes = &replay->prefixes,
					     .work_max = WORK_MAX,
					     .visit = take_event,
					     .data = replay};
	struct ledger_selected selected;
	int rc = ledger_reader_select(reader, &selection, &selected);

	replay->page.through_seq = selected.through_seq;
	replay->page.more = selected.more;
	return rc ? rc : read_tails(reader, replay);
}

static void pack(struct replay *replay)
{
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;

	reply.id = replay->command->request->id;
	reply.body_case = GRIDCALL__V1__REPLY__BODY_REPLAY;
	reply.replay = &replay->page;
	replay->packed_len = gridcall__v1__reply__get_packed_size(&reply);
	replay->packed = talloc_size(replay->ctx, replay->packed_len + 1);
	OSMO_ASSERT(replay->packed);
	gridcall__v1__reply__pack(&reply, replay->packed);
}

static void read_replay(struct ledger_reader *reader, void *data)
{
	struct replay *replay = data;

	replay->ctx = talloc_new(NULL);
	replay->page.events =
		talloc_array(replay->ctx, ProtobufCBinaryData, replay->limit);
	OSMO_ASSERT(replay->ctx && replay->page.events);
	if (check_position(reader, replay))
		return;
	/* A reader that failed must not look like a ledger without events. */
	if (read_page(reader, replay))
		fault_set(&replay->fault,
			  GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE,
			  "the ledger can't be read; try again, and look at "
			  "\"show ledger\"");
	else
		pack(replay);
}

/* ---- on main ---- */

static void on_replayed(void *data)
{
	struct replay *replay = data;
	struct command *command = replay->command;

	command->fault = replay->fault;
	if (replay->fault.code)
		command_refuse(command);
	else
		command_reply_packed(command, replay->packed,
				     replay->packed_len);
	talloc_free(replay->ctx);
	prefixes_clear(&replay->prefixes);
	free(replay);
}

static int check_prefix(struct command *command, const char *prefix)
{
	if (!topic_prefix_is_valid(prefix, strlen(prefix)))
		return fault_set(&command->fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT,
				 "'%.64s' is no topic prefix; end an area with "
				 "a dot, for example gc1.440106.",
				 prefix);
	if (!authority_covers(&command->principal, prefix))
		return fault_set(&command->fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_NOT_ALLOWED,
				 "'%.64s' is not within the jurisdiction of "
				 "'%s'; ask for what whoami lists",
				 prefix, command->principal.name);
	return 0;
}

int command_prefixes(struct command *command, char *const *list, size_t count,
		     struct prefixes *prefixes)
{
	const char *areas[AUTHORITY_AREAS_MAX];
	size_t i;

	if (count > PREFIXES_MAX)
		return fault_set(&command->fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT,
				 "at most %d prefixes at once; ask for a "
				 "shorter prefix",
				 PREFIXES_MAX);
	for (i = 0; i < count; i++)
		if (check_prefix(command, list[i]))
			return -EINVAL;
	for (i = 0; i < command->principal.areas; i++)
		areas[i] = command->principal.jurisdiction[i];
	OSMO_ASSERT(!prefixes_make(prefixes,
				   count ? (const char *const *)list : areas,
				   count ? count : command->principal.areas));
	return 0;
}

static int check_replay(struct command *command, struct prefixes *prefixes)
{
	const Gridcall__V1__ReplayRequest *request = command->request->replay;
	const char *epoch = ledger_epoch(command->gateway->ledger);

	if (request->epoch[0] && strcmp(request->epoch, epoch))
		return fault_set(&command->fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_NEED_SNAPSHOT,
				 "epoch '%.32s' is over, it is %s now; take a "
				 "snapshot and go on after it",
				 request->epoch, epoch);
	return command_prefixes(command, request->prefixes, request->n_prefixes,
				prefixes);
}

void command_replay(struct command *command)
{
	const Gridcall__V1__ReplayRequest *request = command->request->replay;
	struct replay *replay = calloc(1, sizeof(*replay));

	OSMO_ASSERT(replay);
	replay->command = command;
	gridcall__v1__replay_reply__init(&replay->page);
	replay->page.epoch = (char *)ledger_epoch(command->gateway->ledger);
	replay->limit = request->limit && request->limit < EVENTS_MAX
				? request->limit
				: EVENTS_MAX;
	if (check_replay(command, &replay->prefixes)) {
		free(replay);
		command_refuse(command);
		return;
	}
	ledger_read(command->gateway->ledger, read_replay, on_replayed, replay);
}
