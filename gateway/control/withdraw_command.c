/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * withdraw_command.c - carry on no further with an earlier request
 *
 * The request is only marked: it stops at its next row and is answered with
 * ERROR_WITHDRAWN.  What it has committed by then stays, and is its answer.
 */
#include "gateway/control/command.h"

#include <string.h>

/* Nobody withdraws what another asked for. */
static bool is_of_same_peer(const struct command *command,
			    const struct command *other)
{
	return other->bridge == command->bridge &&
	       other->connection == command->connection &&
	       !strcmp(other->principal.name, command->principal.name);
}

void command_withdraw(struct command *command)
{
	const char *id = command->request->withdraw->id;
	Gridcall__V1__WithdrawReply withdraw =
		GRIDCALL__V1__WITHDRAW_REPLY__INIT;
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	struct command *other;

	llist_for_each_entry (other, &command->gateway->commands, entry) {
		if (other == command || !is_of_same_peer(command, other) ||
		    strcmp(other->request->id, id))
			continue;
		atomic_store_explicit(&other->withdrawn, true,
				      memory_order_relaxed);
		withdraw.found = true;
	}
	reply.body_case = GRIDCALL__V1__REPLY__BODY_WITHDRAW;
	reply.withdraw = &withdraw;
	command_reply(command, &reply);
}
