/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/control/audit.h"

#include <stdio.h>
#include <string.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/control/command.h"
#include "gateway/record/utf8.h"

#define MINUTE_US      UINT64_C(60000000)
#define PRINCIPALS_MAX 1024 /* whose refusals are counted apart */

/* The refusals of one principal. */
struct refusals {
	struct llist_head entry; /* newest refusal first */
	char principal[64];
	uint64_t since_us; /* of the minute that is being counted */
	unsigned int told; /* in it */
	unsigned int omitted;
};

struct audit {
	struct llist_head refusals;
	size_t count;
};

static void fill_subject(struct command *command)
{
	const Gridcall__V1__Request *request = command->request;
	char *subject = command->subject;
	const size_t size = sizeof(command->subject);

	switch (subject[0] ? GRIDCALL__V1__REQUEST__BODY__NOT_SET
			   : request->body_case) {
	case GRIDCALL__V1__REQUEST__BODY_PAUSE:
	case GRIDCALL__V1__REQUEST__BODY_RESUME:
	case GRIDCALL__V1__REQUEST__BODY_CANCEL:
		snprintf(subject, size, "%s", request->pause->call);
		break;
	case GRIDCALL__V1__REQUEST__BODY_CONFIRM:
		snprintf(subject, size, "%s %s", request->confirm->call,
			 request->confirm->unit);
		break;
	case GRIDCALL__V1__REQUEST__BODY_RELEASE:
		snprintf(subject, size, "%s", request->release->channel);
		break;
	case GRIDCALL__V1__REQUEST__BODY_RECORDING:
		snprintf(subject, size, "%s", request->recording->recording);
		break;
	case GRIDCALL__V1__REQUEST__BODY_REPORT:
		snprintf(subject, size, "%s", request->report->call);
		break;
	default:
		break;
	}
	utf8_mend(subject);
}

/* A reason: it was refused. */
static void add_event(struct command *command, struct ledger_batch *batch,
		      const char *topic, const char *subject,
		      const char *reason)
{
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;
	Gridcall__V1__AuditEvent audit = GRIDCALL__V1__AUDIT_EVENT__INIT;

	audit.principal = command->principal.name;
	audit.address = command->principal.address;
	audit.command = (char *)command_name(command);
	audit.subject = (char *)subject;
	audit.refused = reason != NULL;
	if (reason)
		audit.reason = (char *)reason;
	event.body_case = GRIDCALL__V1__EVENT__BODY_AUDIT;
	event.audit = &audit;
	(void)ledger_batch_event(batch, topic, "", &event);
}

static void add_to_gateway(struct command *command, struct ledger_batch *batch,
			   const char *subject, const char *reason)
{
	struct topic parts = {.kind = TOPIC_AUDIT};
	char topic[TOPIC_MAX];

	OSMO_STRLCPY_ARRAY(parts.gateway, command->gateway->running.id);
	if (!topic_build(topic, &parts))
		add_event(command, batch, topic, subject, reason);
}

void audit_done(struct command *command)
{
	fill_subject(command);
	add_to_gateway(command, command->batch, command->subject, NULL);
}

void audit_about(struct command *command, struct ledger_batch *batch,
		 const char *subject)
{
	add_to_gateway(command, batch, subject, NULL);
}

void audit_at_home(struct command *command, struct ledger_batch *batch,
		   const struct channel_entry *channel, enum topic_kind kind,
		   const char *subject)
{
	char topic[TOPIC_MAX];

	if (!topic_in_area(topic, channel->home, kind))
		add_event(command, batch, topic, subject, NULL);
}

/* ---- refusals ---- */

static struct audit *audit_of(struct gateway *gateway)
{
	if (gateway->audit)
		return gateway->audit;
	gateway->audit = talloc_zero(gateway, struct audit);
	OSMO_ASSERT(gateway->audit);
	INIT_LLIST_HEAD(&gateway->audit->refusals);
	return gateway->audit;
}

/* Of a principal, or of him who was refused longest ago. */
static struct refusals *refusals_of(struct audit *audit, const char *principal)
{
	struct refusals *refusals;

	llist_for_each_entry (refusals, &audit->refusals, entry) {
		if (strcmp(refusals->principal, principal))
			continue;
		llist_move(&refusals->entry, &audit->refusals);
		return refusals;
	}
	if (audit->count < PRINCIPALS_MAX) {
		audit->count++;
		refusals = talloc(audit, struct refusals);
		OSMO_ASSERT(refusals);
	} else {
		refusals = llist_last_entry(&audit->refusals, struct refusals,
					    entry);
		llist_del(&refusals->entry);
	}
	memset(refusals, 0, sizeof(*refusals));
	OSMO_STRLCPY_ARRAY(refusals->principal, principal);
	llist_add(&refusals->entry, &audit->refusals);
	return refusals;
}

static bool is_one_too_many(struct refusals *refusals, uint64_t received_us)
{
	if (!refusals->told || received_us >= refusals->since_us + MINUTE_US) {
		refusals->since_us = received_us;
		refusals->told = 0;
	}
	if (refusals->told >= AUDIT_REFUSALS_A_MINUTE)
		return true;
	refusals->told++;
	return false;
}

void audit_refused(struct command *command)
{
	struct gateway *gateway = command->gateway;
	struct refusals *refusals;
	struct ledger_batch *batch;
	char reason[sizeof(command->fault.sentence) + 64];

	if (!gateway->ledger)
		return;
	refusals = refusals_of(audit_of(gateway), command->principal.name);
	if (is_one_too_many(refusals, command->received_us)) {
		refusals->omitted++;
		gateway_count(gateway, COUNT_REFUSALS_OMITTED);
		return;
	}
	snprintf(reason, sizeof(reason), "%s", command->fault.sentence);
	if (refusals->omitted)
		snprintf(reason, sizeof(reason),
			 "%s (and %u more were refused before it)",
			 command->fault.sentence, refusals->omitted);
	refusals->omitted = 0;
	utf8_mend(reason);
	batch = ledger_batch_alloc(gateway->ledger);
	fill_subject(command);
	add_to_gateway(command, batch, command->subject, reason);
	ledger_commit(gateway->ledger, batch, NULL, NULL);
}
