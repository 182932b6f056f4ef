/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * units_command.c - the units that a selector selects
 *
 * A city's hundred thousand take a good part of a second to select and pack:
 * that goes through the turnstile to a reader thread, on a directory that is
 * held meanwhile.
 */
#include "gateway/control/command.h"

#include <stdlib.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/call/selector.h"
#include "gateway/control/turnstile.h"
#include "gateway/record/directory_message.h"

#define AT_ONCE_MAX 2000 /* units of a directory that main looks through */

struct listing {
	struct turnstile_question question; /* first */
	const struct directory *directory;
	const struct selector *selector;
};

/*
 * [any] The reply's body below ctx, from the first unit to the last, or to
 * where it was stopped.
 */
static void list_units(void *ctx, const struct listing *listing,
		       Gridcall__V1__UnitsReply *units)
{
	const struct command *command = listing->question.command;
	const uint32_t limit = command->request->units->limit;
	Gridcall__V1__Unit *messages;
	const struct unit **chosen;
	size_t count;

	chosen = selector_units(listing->selector, ctx, listing->directory,
				&count);
	gridcall__v1__units_reply__init(units);
	units->total = (uint32_t)count;
	if (limit && count > limit)
		count = limit;
	units->units = talloc_array(ctx, Gridcall__V1__Unit *, count + 1);
	messages = talloc_array(ctx, Gridcall__V1__Unit, count + 1);
	OSMO_ASSERT(units->units && messages);
	while (units->n_units < count && !command_should_stop(command)) {
		unit_to_message(chosen[units->n_units],
				&messages[units->n_units]);
		units->units[units->n_units] = &messages[units->n_units];
		units->n_units++;
	}
}

/* [reader] */
static void read_units(struct turnstile_question *question,
		       struct ledger_reader *reader)
{
	struct listing *listing = (struct listing *)question;
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__UnitsReply units;

	list_units(question->ctx, listing, &units);
	question->work = directory_unit_count(listing->directory);
	if (command_should_stop(question->command))
		return; /* main says why */
	reply.body_case = GRIDCALL__V1__REPLY__BODY_UNITS;
	reply.units = &units;
	turnstile_pack(question, &reply);
}

static void free_listing(struct turnstile_question *question)
{
	free(question);
}

static void list_at_once(struct command *command, const struct listing *listing)
{
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__UnitsReply units;

	list_units(command, listing, &units);
	reply.body_case = GRIDCALL__V1__REPLY__BODY_UNITS;
	reply.units = &units;
	if (command_check_wanted(command))
		command_refuse(command);
	else
		command_reply(command, &reply);
}

void command_units(struct command *command)
{
	struct gateway *gateway = command->gateway;
	struct listing *listing;
	struct listing small = {
		.question = {.command = command,
			     .read = read_units,
			     .free = free_listing},
		.directory = gateway->directory,
	};

	small.selector = selector_parse_within(
		command, command->request->units->selector, gateway->directory,
		command->sees, &command->fault);
	if (!small.selector) {
		command_refuse(command);
		return;
	}
	if (directory_unit_count(small.directory) <= AT_ONCE_MAX) {
		list_at_once(command, &small);
		return;
	}
	listing = malloc(sizeof(*listing));
	OSMO_ASSERT(listing);
	*listing = small;
	listing->directory = gateway_hold_directory(gateway, command);
	turnstile_ask(gateway->turnstile, &listing->question);
}
