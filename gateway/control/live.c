/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/control/live.h"

#include "gateway/control/audit.h"
#include "gateway/control/jurisdiction.h"

const struct channel_entry *live_channel(struct command *command,
					 const char *code)
{
	const struct channel_entry *channel =
		directory_find_channel(command->gateway->directory, code);

	if (channel && channel_is_theirs(&command->principal, channel))
		return channel;
	if (channel && channel_is_seen(&command->principal, channel)) {
		fault_set(&command->fault,
			  GRIDCALL__V1__ERROR_CODE__ERROR_NOT_ALLOWED,
			  "channel %s has its home outside the jurisdiction of "
			  "'%s'; ask somebody of its home",
			  channel->code, command->principal.name);
		return NULL;
	}
	if (channel)
		(void)jurisdiction_outside(command);
	fault_set(&command->fault, GRIDCALL__V1__ERROR_CODE__ERROR_NOT_FOUND,
		  "there is no channel '%.64s' in your jurisdiction; look with "
		  "channels",
		  code);
	return NULL;
}

void live_audit(struct command *command, struct ledger_batch *batch,
		const struct channel_entry *channel)
{
	audit_at_home(command, batch, channel, TOPIC_OVER, channel->code);
	audit_about(command, batch, channel->code);
}
