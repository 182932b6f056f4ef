/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * units_command.c - the units that a selector selects
 *
 * A city's hundred thousand take a good part of a second to select and pack:
 * that is done on the job thread, on a directory that is held meanwhile.
 */
#include "gateway/control/command.h"

#include <stdlib.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/call/selector.h"
#include "gateway/job.h"
#include "gateway/record/directory_message.h"

#define AT_ONCE_MAX 2000 /* units of a directory that main looks through */

/* A talloc child of its command; the work fills in the reply. */
struct listing {
	struct command *command;
	const struct directory *directory;
	struct selector *selector;
	uint8_t *packed; /* malloc; NULL: stopped */
	size_t len;
};

static int listing_destroy(struct listing *listing)
{
	free(listing->packed);
	return 0;
}

/* [main or job] */
static void pack(struct listing *listing, Gridcall__V1__UnitsReply *units)
{
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;

	reply.id = listing->command->request->id;
	reply.body_case = GRIDCALL__V1__REPLY__BODY_UNITS;
	reply.units = units;
	listing->len = gridcall__v1__reply__get_packed_size(&reply);
	listing->packed = malloc(listing->len + 1);
	OSMO_ASSERT(listing->packed);
	gridcall__v1__reply__pack(&reply, listing->packed);
}

/* [main or job] */
static void listing_work(void *arg)
{
	struct listing *listing = arg;
	const uint32_t limit = listing->command->request->units->limit;
	Gridcall__V1__UnitsReply units = GRIDCALL__V1__UNITS_REPLY__INIT;
	void *ctx = talloc_new(NULL);
	Gridcall__V1__Unit *messages;
	const struct unit **chosen;
	size_t count, i;

	chosen = selector_units(listing->selector, ctx, listing->directory,
				&count);
	units.total = (uint32_t)count;
	if (limit && count > limit)
		count = limit;
	units.n_units = count;
	units.units = talloc_array(ctx, Gridcall__V1__Unit *, count + 1);
	messages = talloc_array(ctx, Gridcall__V1__Unit, count + 1);
	OSMO_ASSERT(units.units && messages);
	for (i = 0; i < count; i++) {
		if (command_should_stop(listing->command))
			break;
		unit_to_message(chosen[i], &messages[i]);
		units.units[i] = &messages[i];
	}
	if (i == count)
		pack(listing, &units);
	talloc_free(ctx);
}

static void listing_done(void *arg)
{
	struct listing *listing = arg;
	struct command *command = listing->command;

	if (command_check_wanted(command))
		command_refuse(command);
	else
		command_reply_packed(command, listing->packed, listing->len);
}

void command_units(struct command *command)
{
	struct gateway *gateway = command->gateway;
	struct listing *listing = talloc_zero(command, struct listing);

	OSMO_ASSERT(listing);
	talloc_set_destructor(listing, listing_destroy);
	listing->command = command;
	listing->selector = selector_parse_within(
		listing, command->request->units->selector, gateway->directory,
		command->sees, &command->fault);
	if (!listing->selector) {
		command_refuse(command);
		return;
	}
	listing->directory = gateway_hold_directory(gateway, listing);
	if (directory_unit_count(listing->directory) <= AT_ONCE_MAX) {
		listing_work(listing);
		listing_done(listing);
		return;
	}
	if (!job_add(gateway->jobs, listing_work, listing_done, listing))
		return;
	fault_set(&command->fault, GRIDCALL__V1__ERROR_CODE__ERROR_BUSY,
		  "the gateway is busy reading files; try again");
	command_refuse(command);
}
