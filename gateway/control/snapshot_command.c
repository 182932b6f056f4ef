/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * snapshot_command.c - what there is now, page by page
 *
 * Each page is read in one transaction of a reader thread from the rows of the
 * ledger; nothing is kept between pages.  Where the next page begins stands in
 * its cursor, as the code of the last row told, so that it stays right when
 * rows come and go in between.  Only how the channels are is main's, which is
 * copied before the question goes to the reader.
 */
#include "gateway/control/turnstile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/call/part.h"
#include "gateway/call/report.h"
#include "gateway/radios.h"

#define BYTES_MAX (1u << 20)
/* Rows looked at for one page. */
#define WORK_MAX 20000

/* What a cursor points into; in this order. */
enum part {
	PART_CHANNELS = 'k',
	PART_UNITS = 'u',
	PART_CALLS = 'c',
	PART_NONE = 0,
};

/* How a channel is; in order of code. */
struct channel_now {
	const char *code;
	Gridcall__V1__ChannelState state;
	int64_t since_us;
	const char *reason;
	const char *call;
	uint64_t overs;
};

struct snapshot {
	struct turnstile_question question;
	Gridcall__V1__SnapshotReply page;
	ProtobufCAllocator allocator; /* below ctx */
	enum part part;
	const char *key; /* last row told; of calls: the one to go on with */
	size_t told;     /* units of that call told before */
	struct channel_now *channels;
	size_t channel_count;
	size_t bytes;
	bool is_full;
};

/* ---- a page's room ---- */

static void *allocate(void *ctx, size_t size)
{
	return talloc_size(ctx, size);
}

static void give_back(void *ctx, void *memory)
{
	talloc_free(memory);
}

/* What alone is larger than a page is told all the same. */
static bool has_room(struct snapshot *snapshot, size_t size)
{
	if (snapshot->bytes && snapshot->bytes + size > BYTES_MAX)
		snapshot->is_full = true;
	else
		snapshot->bytes += size + 8; /* tag and length */
	return !snapshot->is_full;
}

static bool has_time(struct snapshot *snapshot)
{
	if (snapshot->question.work >= WORK_MAX ||
	    command_should_stop(snapshot->question.command))
		snapshot->is_full = true;
	return !snapshot->is_full;
}

/* items: a repeated field; it grows below ctx. */
static void append(struct snapshot *snapshot, void *items, size_t *count,
		   void *item)
{
	void ***list = items;
	size_t room = talloc_array_length(*list);

	if (*count == room)
		*list = talloc_realloc(snapshot->question.ctx, *list, void *,
				       room ? room * 2 : 64);
	OSMO_ASSERT(*list);
	(*list)[(*count)++] = item;
}

static void go_on_after(struct snapshot *snapshot, const char *code)
{
	snapshot->key = talloc_strdup(snapshot->question.ctx, code);
	OSMO_ASSERT(snapshot->key);
}

static bool selects(const struct snapshot *snapshot, const char *area,
		    enum topic_kind kind)
{
	char topic[TOPIC_MAX];

	return !topic_in_area(topic, area, kind) &&
	       prefixes_hold(&snapshot->question.prefixes, topic);
}

/* ---- topics ---- */

static bool take_tail(void *data, const char *topic, uint64_t topic_seq)
{
	struct snapshot *snapshot = data;
	Gridcall__V1__TopicTail *tail =
		talloc(snapshot->question.ctx, Gridcall__V1__TopicTail);

	OSMO_ASSERT(tail);
	gridcall__v1__topic_tail__init(tail);
	tail->topic = talloc_strdup(tail, topic);
	tail->topic_seq = topic_seq;
	/* The first page has the whole table, however long. */
	snapshot->bytes += gridcall__v1__topic_tail__get_packed_size(tail) + 4;
	append(snapshot, &snapshot->page.topics, &snapshot->page.n_topics,
	       tail);
	return true;
}

/* ---- channels ---- */

static int by_code(const void *a, const void *b)
{
	const struct channel_now *one = a, *other = b;

	return strcmp(one->code, other->code);
}

static void describe(const struct snapshot *snapshot,
		     Gridcall__V1__Channel *channel)
{
	struct channel_now key = {.code = channel->code};
	const struct channel_now *now =
		bsearch(&key, snapshot->channels, snapshot->channel_count,
			sizeof(key), by_code);

	if (!now) /* imported a moment ago, not opened yet */
		return;
	channel->state = now->state;
	channel->since_us = now->since_us;
	channel->reason = (char *)now->reason;
	channel->call = (char *)now->call;
	channel->overs = now->overs;
}

static bool selects_channel(const struct snapshot *snapshot,
			    const Gridcall__V1__Channel *channel)
{
	size_t i;

	if (selects(snapshot, channel->home, TOPIC_CHANNEL))
		return true;
	for (i = 0; i < channel->n_grids; i++)
		if (selects(snapshot, channel->grids[i], TOPIC_CHANNEL))
			return true;
	return false;
}

static bool take_channel(void *data, const char *code, const uint8_t *bytes,
			 size_t len)
{
	struct snapshot *snapshot = data;
	Gridcall__V1__SnapshotReply *page = &snapshot->page;
	Gridcall__V1__Channel *channel;

	if (!strcmp(code, snapshot->key))
		return true;
	if (!has_time(snapshot))
		return false;
	channel =
		gridcall__v1__channel__unpack(&snapshot->allocator, len, bytes);
	if (channel && selects_channel(snapshot, channel)) {
		describe(snapshot, channel);
		if (!has_room(snapshot,
			      gridcall__v1__channel__get_packed_size(channel)))
			return false;
		append(snapshot, &page->channels, &page->n_channels, channel);
	}
	snapshot->question.work++;
	go_on_after(snapshot, code);
	return true;
}

/* ---- units ---- */

static bool selects_unit(const struct snapshot *snapshot,
			 const Gridcall__V1__Unit *unit)
{
	char area[TOPIC_MAX];
	int len = snprintf(area, sizeof(area), "%s.%s.%s", unit->district,
			   unit->station, unit->grid);

	return len < (int)sizeof(area) && selects(snapshot, area, TOPIC_UNIT);
}

static bool take_unit(void *data, const char *code, const uint8_t *bytes,
		      size_t len)
{
	struct snapshot *snapshot = data;
	Gridcall__V1__SnapshotReply *page = &snapshot->page;
	Gridcall__V1__Unit *unit;

	if (!strcmp(code, snapshot->key))
		return true;
	if (!has_time(snapshot))
		return false;
	unit = gridcall__v1__unit__unpack(&snapshot->allocator, len, bytes);
	if (unit && !selects_unit(snapshot, unit)) {
		gridcall__v1__unit__free_unpacked(unit, &snapshot->allocator);
		unit = NULL;
	}
	if (unit) {
		/* As packed as it will be again. */
		if (!has_room(snapshot, len))
			return false;
		append(snapshot, &page->units, &page->n_units, unit);
	}
	snapshot->question.work++;
	go_on_after(snapshot, code);
	return true;
}

/* ---- calls ---- */

struct folding {
	struct snapshot *snapshot;
	struct report *report;
	bool is_partial; /* others are in the call too */
};

/* What the asker's own feed told of the call, and no more. */
static bool fold(void *data, const struct ledger_event *row)
{
	struct folding *folding = data;
	Gridcall__V1__Event *event;

	if (command_should_stop(folding->snapshot->question.command))
		return false;
	folding->snapshot->question.work++;
	if (!prefixes_hold(&folding->snapshot->question.prefixes, row->topic)) {
		folding->is_partial = true;
		return true;
	}
	event = gridcall__v1__event__unpack(NULL, row->len, row->payload);
	if (event)
		report_add(folding->report, row->seq, row->time_us, event);
	gridcall__v1__event__free_unpacked(event, NULL);
	return true;
}

/* From its unit on that was not told before, as far as there is room. */
static void tell_units(struct snapshot *snapshot, Gridcall__V1__Report *part,
		       const Gridcall__V1__Report *whole)
{
	bool is_alone = snapshot->page.n_calls == 1 && !snapshot->page.n_units;

	part->units = whole->units + snapshot->told;
	while (snapshot->told < whole->n_units) {
		size_t size = gridcall__v1__report_unit__get_packed_size(
			whole->units[snapshot->told]);

		if (!has_room(snapshot, size) && (!is_alone || part->n_units))
			return;
		part->n_units++;
		snapshot->told++;
	}
}

/* How a call was selected is no matter of those who see a part of it. */
static Gridcall__V1__CallSummary *
summarise(struct snapshot *snapshot, const struct folding *folding,
	  const Gridcall__V1__CallSummary *whole)
{
	Gridcall__V1__CallSummary *summary =
		talloc_memdup(snapshot->question.ctx, whole, sizeof(*whole));

	OSMO_ASSERT(summary);
	if (folding->is_partial)
		summary->selector = (char *)"";
	return summary;
}

static void tell_call(struct snapshot *snapshot, const struct folding *folding)
{
	Gridcall__V1__SnapshotReply *page = &snapshot->page;
	const Gridcall__V1__Report *whole = report_message(folding->report);
	Gridcall__V1__Report *part;

	if (!whole->summary->started_at_us ||
	    (snapshot->told && snapshot->told >= whole->n_units))
		return;
	part = talloc(snapshot->question.ctx, Gridcall__V1__Report);
	OSMO_ASSERT(part);
	*part = *whole;
	part->summary = summarise(snapshot, folding, whole->summary);
	part->n_units = 0;
	part->units = NULL;
	if (!has_room(snapshot, gridcall__v1__report__get_packed_size(part)))
		return;
	append(snapshot, &page->calls, &page->n_calls, part);
	tell_units(snapshot, part, whole);
}

static bool take_call(struct snapshot *snapshot, struct ledger_reader *reader,
		      const char *call)
{
	struct folding folding = {.snapshot = snapshot};

	if (strcmp(call, snapshot->key))
		snapshot->told = 0;
	go_on_after(snapshot, call);
	if (!has_time(snapshot))
		return false;
	folding.report = report_alloc(snapshot->question.ctx, call);
	if (ledger_reader_call(reader, call, fold, &folding) < 0 ||
	    (!folding.is_partial &&
	     report_read_selector(reader, folding.report) < 0))
		turnstile_set_unreadable(&snapshot->question);
	else
		tell_call(snapshot, &folding);
	return !snapshot->is_full && !snapshot->question.fault.code;
}

struct call_list {
	void *ctx;
	char **calls;
	size_t count;
};

static bool list_call(void *data, const char *call, const uint8_t *summary,
		      size_t len)
{
	struct call_list *list = data;

	list->calls =
		talloc_realloc(list->ctx, list->calls, char *, list->count + 1);
	OSMO_ASSERT(list->calls);
	list->calls[list->count++] = talloc_strdup(list->ctx, call);
	return true;
}

static int read_calls(struct snapshot *snapshot, struct ledger_reader *reader)
{
	struct call_list list = {.ctx = snapshot->question.ctx};
	size_t i;
	int rc;

	rc = ledger_reader_rows(reader, LEDGER_OPEN_CALLS, snapshot->key,
				list_call, &list);
	for (i = 0; rc >= 0 && i < list.count; i++)
		if (!take_call(snapshot, reader, list.calls[i]))
			break;
	return rc;
}

/* ---- the page ---- */

static int read_part(struct snapshot *snapshot, struct ledger_reader *reader)
{
	switch (snapshot->part) {
	case PART_CHANNELS:
		return ledger_reader_rows(reader, LEDGER_CHANNELS,
					  snapshot->key, take_channel,
					  snapshot);
	case PART_UNITS:
		return ledger_reader_rows(reader, LEDGER_UNITS, snapshot->key,
					  take_unit, snapshot);
	case PART_CALLS:
		return read_calls(snapshot, reader);
	default:
		return -EINVAL;
	}
}

static int read_parts(struct snapshot *snapshot, struct ledger_reader *reader)
{
	int rc = 0;

	while (!rc && snapshot->part) {
		rc = read_part(snapshot, reader);
		if (rc || snapshot->is_full || snapshot->question.fault.code)
			break;
		snapshot->part = snapshot->part == PART_CHANNELS ? PART_UNITS
				 : snapshot->part == PART_UNITS  ? PART_CALLS
								 : PART_NONE;
		snapshot->key = "";
		snapshot->told = 0;
	}
	return rc;
}

static int read_page(struct snapshot *snapshot, struct ledger_reader *reader)
{
	Gridcall__V1__SnapshotReply *page = &snapshot->page;
	int rc = 0;

	page->through_seq = ledger_reader_seq(reader);
	if (!snapshot->question.command->request->snapshot->after[0])
		rc = ledger_reader_tails(reader, &snapshot->question.prefixes,
					 take_tail, snapshot);
	if (!rc)
		rc = read_parts(snapshot, reader);
	if (!rc && snapshot->part)
		page->next = talloc_asprintf(
			snapshot->question.ctx, "%s %c %zu %s", page->epoch,
			snapshot->part, snapshot->told, snapshot->key);
	return rc;
}

static void read_snapshot(struct turnstile_question *question,
			  struct ledger_reader *reader)
{
	struct snapshot *snapshot = (struct snapshot *)question;
	const Gridcall__V1__SnapshotRequest *request =
		question->command->request->snapshot;
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;

	snapshot->allocator = (ProtobufCAllocator){
		.alloc = allocate,
		.free = give_back,
		.allocator_data = question->ctx,
	};
	if (turnstile_take_prefixes(question, request->prefixes,
				    request->n_prefixes))
		return;
	if (read_page(snapshot, reader))
		turnstile_set_unreadable(question);
	if (question->fault.code)
		return;
	reply.body_case = GRIDCALL__V1__REPLY__BODY_SNAPSHOT;
	reply.snapshot = &snapshot->page;
	turnstile_pack(question, &reply);
}

/* ---- on main ---- */

/* "EPOCH PART TOLD KEY", as read_page() wrote it. */
static int take_cursor(struct snapshot *snapshot)
{
	struct command *command = snapshot->question.command;
	const char *after = command->request->snapshot->after;
	const char *epoch = snapshot->page.epoch;
	char began[17];
	char part;
	int at = 0;

	snapshot->part = PART_CHANNELS;
	snapshot->key = "";
	if (!after[0])
		return 0;
	if (sscanf(after, "%16[0-9a-f] %c %zu%n", began, &part, &snapshot->told,
		   &at) != 3 ||
	    !strchr("kuc", part) || after[at] != ' ')
		return fault_set(&command->fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT,
				 "'%.64s' is not the next of a page of this "
				 "gateway; begin the snapshot anew without it",
				 after);
	if (strcmp(began, epoch))
		return fault_set(&command->fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_NEED_SNAPSHOT,
				 "epoch '%s' is over, it is %s now; begin the "
				 "snapshot anew",
				 began, epoch);
	snapshot->part = (enum part)part;
	snapshot->key = after + at + 1;
	return 0;
}

static void copy_channel(const struct command *command,
			 const struct channel_entry *entry, void *ctx,
			 struct channel_now *now)
{
	const struct gateway *gateway = command->gateway;
	struct radio_status status;

	radios_status(gateway->radios, entry->code, &status);
	now->code = talloc_strdup(ctx, entry->code);
	now->state = (Gridcall__V1__ChannelState)status.state;
	now->since_us = status.since_utc_us;
	now->reason = talloc_strdup(ctx, status.reason);
	now->call = talloc_strdup(
		ctx, calls_seen_on(gateway->calls, entry->code, command->sees));
	now->overs = status.overs;
	OSMO_ASSERT(now->code && now->reason && now->call);
}

static void copy_channels(struct snapshot *snapshot)
{
	struct command *command = snapshot->question.command;
	const struct directory *directory = command->gateway->directory;
	size_t count = directory_channel_count(directory);
	size_t i;

	snapshot->channels =
		talloc_array(command, struct channel_now, count + 1);
	OSMO_ASSERT(snapshot->channels);
	for (i = 0; i < count; i++) {
		const struct channel_entry *entry =
			directory_channel(directory, i);

		if (scope_has_channel(command->sees, entry))
			copy_channel(
				command, entry, snapshot->channels,
				&snapshot->channels[snapshot->channel_count++]);
	}
}

static void free_snapshot(struct turnstile_question *question)
{
	free(question);
}

void command_snapshot(struct command *command)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

	OSMO_ASSERT(snapshot);
	snapshot->question.command = command;
	snapshot->question.read = read_snapshot;
	snapshot->question.free = free_snapshot;
	gridcall__v1__snapshot_reply__init(&snapshot->page);
	snapshot->page.epoch = (char *)ledger_epoch(command->gateway->ledger);
	if (take_cursor(snapshot)) {
		free(snapshot);
		command_refuse(command);
		return;
	}
	if (snapshot->part == PART_CHANNELS)
		copy_channels(snapshot);
	turnstile_ask(command->gateway->turnstile, &snapshot->question);
}
