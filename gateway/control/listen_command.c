/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * listen_command.c - hear channels live: begin, renew and give back leases
 *
 * That somebody begins to listen is an event, committed before anything is
 * heard; renewing is not.
 */
#include "gateway/control/command.h"

#include <errno.h>
#include <string.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/control/leases.h"
#include "gateway/control/live.h"
#include "proto/topic.h"

#define BAD         GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT
#define CONFLICT    GRIDCALL__V1__ERROR_CODE__ERROR_CONFLICT
#define UNAVAILABLE GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE

static bool is_repeated(const Gridcall__V1__ListenRequest *request, size_t at)
{
	size_t i;

	for (i = 0; i < at; i++)
		if (!strcmp(request->channels[i], request->channels[at]))
			return true;
	return false;
}

static bool is_new(const struct command *command, size_t at)
{
	const Gridcall__V1__ListenRequest *request = command->request->listen;

	return !leases_has(command->gateway->leases, command->principal.name,
			   request->channels[at]) &&
	       !is_repeated(request, at);
}

static int check_channels(struct command *command)
{
	const Gridcall__V1__ListenRequest *request = command->request->listen;
	size_t i;

	if (!request->n_channels)
		return fault_set(&command->fault, BAD,
				 "no channel is named; name those to listen "
				 "to");
	for (i = 0; i < request->n_channels; i++)
		if (!live_channel(command, request->channels[i]))
			return -EINVAL;
	return 0;
}

/* How many of the channels are new to this listener. */
static size_t count_new(const struct command *command)
{
	size_t added = 0;
	size_t i;

	/* As many as are refused need no exact number. */
	for (i = 0; i < command->request->listen->n_channels; i++)
		added += added <= LEASE_MAX && is_new(command, i);
	return added;
}

static int check_new(struct command *command, size_t added)
{
	size_t held =
		leases_count(command->gateway->leases, command->principal.name);

	if (held + added > LEASE_MAX)
		return fault_set(&command->fault, CONFLICT,
				 "'%s' listens to %zu channels, and %d are the "
				 "most; stop listening to some",
				 command->principal.name, held, LEASE_MAX);
	if (command->gateway->trouble[0])
		return fault_set(&command->fault, UNAVAILABLE,
				 "nobody can begin to listen, for it can't be "
				 "recorded who does: %s",
				 command->gateway->trouble);
	return 0;
}

static void reply_topics(struct command *command, uint32_t lease_ms)
{
	const Gridcall__V1__ListenRequest *request = command->request->listen;
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__ListenReply listen = GRIDCALL__V1__LISTEN_REPLY__INIT;
	const struct channel_entry *channel;
	char topic[TOPIC_MAX];
	size_t i;

	listen.lease_ms = lease_ms;
	listen.topics =
		talloc_zero_array(command, char *, request->n_channels + 1);
	OSMO_ASSERT(listen.topics);
	for (i = 0; i < request->n_channels; i++) {
		channel = directory_find_channel(command->gateway->directory,
						 request->channels[i]);
		topic[0] = '\0'; /* gone meanwhile */
		if (channel)
			(void)topic_in_area(topic, channel->home, TOPIC_VOICE);
		listen.topics[i] = talloc_strdup(command, topic);
	}
	listen.n_topics = request->n_channels;
	reply.body_case = GRIDCALL__V1__REPLY__BODY_LISTEN;
	reply.listen = &listen;
	command_reply(command, &reply);
}

static void hold_all(struct command *command)
{
	const Gridcall__V1__ListenRequest *request = command->request->listen;
	size_t i;

	for (i = 0; i < request->n_channels; i++)
		leases_hold(command->gateway->leases, command->principal.name,
			    request->channels[i]);
	reply_topics(command, LEASE_MS);
}

static void on_audited(void *data, uint64_t first, uint64_t last)
{
	struct command *command = data;

	if (command_check_time(command))
		command_refuse(command);
	else
		hold_all(command);
}

static void begin(struct command *command)
{
	const Gridcall__V1__ListenRequest *request = command->request->listen;
	struct ledger *ledger = command->gateway->ledger;
	struct ledger_batch *batch = ledger_batch_alloc(ledger);
	size_t i;

	for (i = 0; i < request->n_channels; i++)
		if (is_new(command, i))
			live_audit(command, batch,
				   directory_find_channel(
					   command->gateway->directory,
					   request->channels[i]));
	ledger_commit(ledger, batch, on_audited, command);
}

static void stop(struct command *command)
{
	const Gridcall__V1__ListenRequest *request = command->request->listen;
	size_t i;

	for (i = 0; i < request->n_channels; i++)
		leases_drop(command->gateway->leases, command->principal.name,
			    request->channels[i]);
	reply_topics(command, 0);
}

void command_listen(struct command *command)
{
	size_t added;

	if (check_channels(command)) {
		command_refuse(command);
		return;
	}
	if (command->request->listen->stop) {
		stop(command);
		return;
	}
	added = count_new(command);
	if (!added)
		hold_all(command);
	else if (check_new(command, added))
		command_refuse(command);
	else
		begin(command);
}
