/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * excuse_command.c - leave units out of calls, with a reason and until a time
 *
 * A directory never changes: as an import does, an excuse makes a new one
 * beside the main loop, and puts it in force when its events are durable.
 */
#include "gateway/control/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/clock.h"
#include "gateway/job.h"
#include "gateway/record/directory_builder.h"
#include "gateway/record/directory_message.h"
#include "proto/topic.h"

#define BAD GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT

#define UNITS_MAX    10000
#define REASON_MAX   120 /* bytes: it is shown beside each unit */
#define UNTIL_MAX_US (INT64_C(366) * 86400 * 1000000)

/*
 * A talloc child of its command.  The job thread builds below no context of
 * main's and fills the command's batch.
 */
struct excuse {
	struct command *command;
	const struct directory *existing;
	const char **codes; /* sorted */
	size_t count;
	const char *reason;
	int64_t until_us;
	int64_t now_us;
	struct directory *directory; /* NULL: stopped */
	void *ctx;
};

static int by_code(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_named(const struct excuse *excuse, const char *code)
{
	return bsearch(&code, excuse->codes, excuse->count,
		       sizeof(*excuse->codes), by_code);
}

/* [job] */
static void tell_unit(const struct excuse *excuse, const struct unit *unit)
{
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;
	Gridcall__V1__UnitEvent message = GRIDCALL__V1__UNIT_EVENT__INIT;
	struct ledger_batch *batch = excuse->command->batch;
	char *columns[] = {(char *)"excused"};
	struct topic topic = {.kind = TOPIC_UNIT};
	Gridcall__V1__Unit row;
	char text[TOPIC_MAX];

	unit_to_message(unit, &row);
	ledger_batch_unit(batch, &row);
	message.change = GRIDCALL__V1__CHANGE__CHANGE_CHANGED;
	message.unit = &row;
	message.principal = excuse->command->principal.name;
	message.columns = columns;
	message.n_columns = ARRAY_SIZE(columns);
	event.body_case = GRIDCALL__V1__EVENT__BODY_UNIT;
	event.unit = &message;
	OSMO_STRLCPY_ARRAY(topic.district, unit->district);
	OSMO_STRLCPY_ARRAY(topic.station, unit->station);
	OSMO_STRLCPY_ARRAY(topic.grid, unit->grid);
	if (!topic_build(text, &topic))
		(void)ledger_batch_event(batch, text, "", &event);
}

/* [job] */
static void change_unit(const struct excuse *excuse, struct unit *unit)
{
	bool was = unit_is_excused(unit, excuse->now_us);

	unit->excused_until_us = excuse->until_us;
	unit->excused_reason = excuse->reason;
	if (was || excuse->until_us)
		tell_unit(excuse, unit);
}

/* [job] */
static void excuse_work(void *arg)
{
	struct excuse *excuse = arg;
	const struct directory *existing = excuse->existing;
	struct directory_builder *builder;
	struct unit unit;
	size_t i;

	excuse->ctx = talloc_new(NULL);
	builder = directory_builder_alloc(excuse->ctx);
	for (i = 0; i < directory_channel_count(existing); i++)
		directory_builder_channel(builder,
					  directory_channel(existing, i));
	for (i = 0; i < directory_unit_count(existing); i++) {
		if (command_should_stop(excuse->command))
			return;
		unit = *directory_unit(existing, i);
		if (is_named(excuse, unit.code))
			change_unit(excuse, &unit);
		directory_builder_unit(builder, &unit);
	}
	excuse->directory = directory_builder_finish(builder);
}

static int excuse_destroy(struct excuse *excuse)
{
	excuse->command->gateway->changing = NULL;
	talloc_free(excuse->ctx);
	return 0;
}

/* Its events are durable. */
static void excuse_committed(struct command *command)
{
	struct excuse *excuse = command->data;

	gateway_swap_directory(command->gateway, excuse->directory);
}

static void excuse_done(void *arg)
{
	struct excuse *excuse = arg;
	struct command *command = excuse->command;
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__ExcuseReply message = GRIDCALL__V1__EXCUSE_REPLY__INIT;

	if (command_check_time(command)) {
		command_refuse(command);
		return;
	}
	/* Everything about it comes after this seq. */
	message.seq = ledger_seq(command->gateway->ledger);
	reply.body_case = GRIDCALL__V1__REPLY__BODY_EXCUSE;
	reply.excuse = &message;
	command->data = excuse;
	command->committed = excuse_committed;
	command_commit(command, &reply);
}

/* ---- what is asked ---- */

static int check_until(const Gridcall__V1__ExcuseRequest *request,
		       struct fault *fault)
{
	int64_t now_us = clock_utc_us();

	if (!request->until_us)
		return 0;
	if (!request->reason[0])
		return fault_set(fault, BAD,
				 "an excuse has a reason; say why the units "
				 "are left out");
	if (request->until_us <= now_us)
		return fault_set(fault, BAD,
				 "the excuse would end before it begins; give "
				 "a time to come, or 0 to end one");
	if (request->until_us - now_us > UNTIL_MAX_US)
		return fault_set(fault, BAD,
				 "an excuse lasts at most a year; remove units "
				 "that are gone by an import");
	return 0;
}

static int check_request(struct command *command)
{
	const Gridcall__V1__ExcuseRequest *request = command->request->excuse;
	struct fault *fault = &command->fault;
	size_t i;

	if (!request->n_units || request->n_units > UNITS_MAX)
		return fault_set(fault, BAD,
				 "%zu units are named; name 1 to %d",
				 request->n_units, UNITS_MAX);
	if (strlen(request->reason) > REASON_MAX ||
	    strpbrk(request->reason, "\r\n"))
		return fault_set(fault, BAD,
				 "a reason is one line of at most %d bytes",
				 REASON_MAX);
	for (i = 0; i < request->n_units; i++)
		if (!directory_find_unit(command->gateway->directory,
					 request->units[i]))
			return fault_set(
				fault,
				GRIDCALL__V1__ERROR_CODE__ERROR_NOT_FOUND,
				JURISDICTION_NO_UNIT, request->units[i]);
	return check_until(request, fault);
}

static struct excuse *excuse_alloc(struct command *command)
{
	const Gridcall__V1__ExcuseRequest *request = command->request->excuse;
	struct excuse *excuse = talloc_zero(command, struct excuse);

	OSMO_ASSERT(excuse);
	excuse->command = command;
	excuse->existing = command->gateway->directory;
	excuse->codes =
		talloc_memdup(excuse, request->units,
			      request->n_units * sizeof(*request->units));
	OSMO_ASSERT(excuse->codes);
	excuse->count = request->n_units;
	qsort(excuse->codes, excuse->count, sizeof(*excuse->codes), by_code);
	excuse->until_us = request->until_us;
	excuse->reason = request->until_us ? request->reason : "";
	excuse->now_us = clock_utc_us();
	talloc_set_destructor(excuse, excuse_destroy);
	return excuse;
}

void command_excuse(struct command *command)
{
	const Gridcall__V1__ExcuseRequest *request = command->request->excuse;
	struct excuse *excuse;

	if (check_request(command) || command_begin_change(command)) {
		command_refuse(command);
		return;
	}
	excuse = excuse_alloc(command);
	if (request->n_units == 1)
		OSMO_STRLCPY_ARRAY(command->subject, request->units[0]);
	else
		snprintf(command->subject, sizeof(command->subject),
			 "%.64s and %zu more", request->units[0],
			 request->n_units - 1);
	if (!job_add(command->gateway->jobs, excuse_work, excuse_done, excuse))
		return;
	fault_set(&command->fault, GRIDCALL__V1__ERROR_CODE__ERROR_BUSY,
		  "the gateway is busy reading files; try again");
	command_refuse(command);
}
