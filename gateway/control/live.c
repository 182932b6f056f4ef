/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/control/live.h"

#include <osmocom/core/utils.h>

#include "gateway/control/jurisdiction.h"
#include "proto/topic.h"

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
		const char *name, const struct channel_entry *channel)
{
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;
	Gridcall__V1__AuditEvent audit = GRIDCALL__V1__AUDIT_EVENT__INIT;
	struct topic everything = {.kind = TOPIC_AUDIT};
	char topic[TOPIC_MAX];

	audit.principal = command->principal.name;
	audit.address = command->principal.address;
	audit.command = (char *)name;
	audit.subject = (char *)channel->code;
	event.body_case = GRIDCALL__V1__EVENT__BODY_AUDIT;
	event.audit = &audit;
	if (!topic_in_area(topic, channel->home, TOPIC_OVER))
		(void)ledger_batch_event(batch, topic, "", &event);
	OSMO_STRLCPY_ARRAY(everything.gateway, command->gateway->running.id);
	if (!topic_build(topic, &everything))
		(void)ledger_batch_event(batch, topic, "", &event);
}
