/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/report.h"
#include "gateway/call/report_fold.h"
#include "gateway/call/tally.h"
#include "gateway/record/ledger_query.h"
#include "gateway/record/scope.h"

#include <errno.h>
#include <osmocom/core/utils.h>
#include <string.h>
#include <talloc.h>

struct report *report_alloc(void *ctx, const char *call)
{
	struct report *report = talloc_zero(ctx, struct report);

	OSMO_ASSERT(report);
	report->call = talloc_strdup(report, call);
	INIT_LLIST_HEAD(&report->units);
	INIT_LLIST_HEAD(&report->channels);
	hash_init(report->units_by_code);
	hash_init(report->units_awaiting);
	hash_init(report->channels_by_code);
	hash_init(report->overs);
	gridcall__v1__report__init(&report->message);
	gridcall__v1__call_summary__init(&report->summary);
	report->message.summary = &report->summary;
	report->summary.call = (char *)report->call;
	report->state = "queued";
	return report;
}

void report_within(struct report *report, const struct scope *scope)
{
	report->scope = scope;
}

/* ---------------------------------------------------------------- message --
 */

/*
 * From the end of what was sent for a unit to the end of the over that carried
 * its answer: reaction, key-up and the answer itself, as measured.
 */
static uint32_t answer_ms(const struct report *report,
			  const struct report_unit *unit)
{
	const Gridcall__V1__ReplyEvent *reply = unit->message.reply;
	const struct report_over *over;
	int64_t rest_us;

	if (!reply || reply->late || !reply->over[0])
		return 0;
	over = report_find_over(report, reply->over);
	if (!over)
		return reply->after_ms;
	rest_us = over->began_at_us + (int64_t)over->length_ms * 1000 -
		  reply->answered_at_us;
	return reply->after_ms + (rest_us > 0 ? (uint32_t)(rest_us / 1000) : 0);
}

/* The busiest channel's, since all channels run beside each other. */
static uint32_t least_ms(const struct report *report)
{
	struct report_channel *channel;
	const struct report_unit *unit;
	uint32_t most_ms = 0;

	llist_for_each_entry (channel, &report->channels, entry)
		channel->least_ms = 0;
	llist_for_each_entry (unit, &report->units, entry) {
		channel = report_find_channel(report, unit->called.channel);
		if (!channel)
			continue;
		channel->least_ms += unit->sent_ms + answer_ms(report, unit);
		if (channel->least_ms > most_ms)
			most_ms = channel->least_ms;
	}
	return most_ms;
}

static void gather_units(struct report *report)
{
	Gridcall__V1__Report *message = &report->message;
	struct tally tally = {0};
	struct report_unit *unit;

	talloc_free(message->units);
	message->units = talloc_array(report, Gridcall__V1__ReportUnit *,
				      report->unit_count);
	message->n_units = 0;
	llist_for_each_entry (unit, &report->units, entry) {
		message->units[message->n_units++] = &unit->message;
		tally_add(&tally, unit->message.state, unit->message.grade);
	}
	if (report->ended_us) {
		tally.not_asked += tally.pending;
		tally.pending = 0;
	}
	tally_to_summary(&tally, &report->summary);
}

/* Whether its channel still has to do with it. */
static bool is_unfinished(const struct report *report,
			  const struct report_unit *unit)
{
	const struct report_channel *channel;

	switch (unit->message.state) {
	case GRIDCALL__V1__UNIT_STATE__UNIT_PENDING:
	case GRIDCALL__V1__UNIT_STATE__UNIT_CALLED:
		return true;
	case GRIDCALL__V1__UNIT_STATE__UNIT_SILENT:
		return report->summary.options &&
		       unit->message.round < report->summary.options->rounds;
	case GRIDCALL__V1__UNIT_STATE__UNIT_HEARD: /* may answer yet */
		channel = report_find_channel(report, unit->called.channel);
		return channel && channel->open_unit == unit->called.unit;
	default:
		return false;
	}
}

/* Alarms hold every channel that is not done with the call. */
static bool is_held_by_alarms(const struct report *report)
{
	const struct report_channel *channel;
	const struct report_unit *unit;
	bool held = false;

	if (strcmp(report->state, "queued") && strcmp(report->state, "asking"))
		return false;
	llist_for_each_entry (unit, &report->units, entry) {
		if (!is_unfinished(report, unit))
			continue;
		channel = report_find_channel(report, unit->called.channel);
		if (!channel || !channel->held)
			return false;
		held = true;
	}
	return held;
}

bool report_is_outside(const struct report *report)
{
	return report->is_partial && !report->is_started;
}

bool report_channel_is_held(const struct report *report, const char *channel)
{
	const struct report_channel *found =
		report_find_channel(report, channel);

	return found && found->held;
}

const char *report_call_state(const struct report *report)
{
	return report->state;
}

const Gridcall__V1__Report *report_message(struct report *report)
{
	Gridcall__V1__Report *message = &report->message;
	int64_t until_us = report->ended_us;

	gather_units(report);
	report->summary.state =
		(char *)(is_held_by_alarms(report) ? "held" : report->state);
	if (!until_us)
		until_us = report->last_us;
	if (report->is_partial)
		report->summary.selector = (char *)"";
	message->least_ms = least_ms(report);
	message->took_ms = (uint32_t)((until_us - report->started_us) / 1000);
	return message;
}

/* ---------------------------------------------------------------- restart --
 */

const char *report_open_unit(const struct report *report, const char *channel)
{
	const struct report_channel *found =
		report_find_channel(report, channel);

	return found ? found->open_unit : NULL;
}

const char *report_area(const struct report *report, const char *unit)
{
	const struct report_unit *found = report_find_unit(report, unit);

	return found ? found->area : NULL;
}

int64_t report_last_us(const struct report *report)
{
	return report->last_us;
}

struct reading {
	struct report *report;
	bool (*is_wanted)(void *data);
	void *data;
	bool stopped;
};

/* All grids are told of a start first: who is not by then is not in it. */
static bool is_start(const Gridcall__V1__Event *event)
{
	return event->body_case == GRIDCALL__V1__EVENT__BODY_CALL &&
	       event->call->change_case ==
		       GRIDCALL__V1__CALL_EVENT__CHANGE_STARTED;
}

static bool take(void *data, const struct ledger_event *row)
{
	struct reading *reading = data;
	struct report *report = reading->report;
	Gridcall__V1__Event *event;
	bool is_foreign;

	reading->stopped = !reading->is_wanted(reading->data);
	if (reading->stopped)
		return false;
	/* Most of a large call is others': not worth unpacking. */
	if (report->is_started && report->is_partial &&
	    !scope_has_topic(report->scope, row->topic))
		return true;
	event = gridcall__v1__event__unpack(NULL, row->len, row->payload);
	if (!event)
		return true;
	report_add(report, row->seq, row->time_us, event);
	is_foreign = !report->is_started && !is_start(event);
	gridcall__v1__event__free_unpacked(event, NULL);
	return !is_foreign;
}

static bool take_selector(void *data, const uint8_t *packed, size_t len)
{
	struct report *report = data;
	Gridcall__V1__CallSummary *summary =
		gridcall__v1__call_summary__unpack(NULL, len, packed);

	if (summary)
		report->summary.selector =
			talloc_strdup(report, summary->selector);
	gridcall__v1__call_summary__free_unpacked(summary, NULL);
	return false;
}

int report_read_selector(struct ledger_reader *reader, struct report *report)
{
	return ledger_reader_summary(reader, report->call, take_selector,
				     report);
}

int report_read_while(struct ledger_reader *reader, struct report *report,
		      bool (*is_wanted)(void *data), void *data)
{
	struct reading reading = {report, is_wanted, data, false};
	int rc = ledger_reader_call(reader, report->call, take, &reading);

	if (rc < 0)
		return rc;
	if (reading.stopped)
		return -ECANCELED;
	if (!report->is_started)
		return -ENOENT;
	return report->is_partial ? 0 : report_read_selector(reader, report);
}

static bool always(void *data)
{
	return true;
}

int report_read(struct ledger_reader *reader, struct report *report)
{
	return report_read_while(reader, report, always, NULL);
}
