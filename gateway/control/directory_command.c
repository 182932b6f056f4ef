/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * directory_command.c - status and channels
 */
#include "gateway/control/command.h"

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/call/part.h"
#include "gateway/control/census.h"
#include "gateway/radios.h"
#include "gateway/record/directory_message.h"

void command_status(struct command *command)
{
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__Status status;

	gateway_status(command->gateway, &status);
	census_narrow(command->gateway, &command->principal, &status);
	reply.body_case = GRIDCALL__V1__REPLY__BODY_STATUS;
	reply.status = &status;
	command_reply(command, &reply);
}

static uint32_t *count_units(struct command *command,
			     const struct directory *directory)
{
	uint32_t *counts = talloc_zero_array(
		command, uint32_t, directory_channel_count(directory) + 1);
	const struct channel_entry *first;
	size_t i;

	OSMO_ASSERT(counts);
	if (!directory_channel_count(directory))
		return counts;
	first = directory_channel(directory, 0);
	for (i = 0; i < directory_unit_count(directory); i++) {
		const struct unit *unit = directory_unit(directory, i);
		const struct channel_entry *channel =
			directory_find_channel(directory, unit->channel);

		if (channel && scope_has_unit(command->sees, unit))
			counts[channel - first]++;
	}
	return counts;
}

static Gridcall__V1__Channel *
describe_channel(struct command *command, const struct channel_entry *entry)
{
	struct gateway *gateway = command->gateway;
	Gridcall__V1__Channel *channel = talloc(command, Gridcall__V1__Channel);
	struct radio_status status;

	OSMO_ASSERT(channel);
	channel_to_message(entry, channel);
	radios_status(gateway->radios, entry->code, &status);
	channel->state = (Gridcall__V1__ChannelState)status.state;
	channel->since_us = status.since_utc_us;
	channel->reason = (char *)status.reason;
	channel->overs = status.overs;
	channel->call = (char *)calls_seen_on(gateway->calls, entry->code,
					      command->sees);
	return channel;
}

void command_channels(struct command *command)
{
	const struct directory *directory = command->gateway->directory;
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__ChannelsReply channels =
		GRIDCALL__V1__CHANNELS_REPLY__INIT;
	uint32_t *units = count_units(command, directory);
	size_t count = directory_channel_count(directory);
	Gridcall__V1__Channel *channel;
	size_t i;

	channels.channels =
		talloc_array(command, Gridcall__V1__Channel *, count + 1);
	OSMO_ASSERT(channels.channels);
	for (i = 0; i < count; i++) {
		const struct channel_entry *entry =
			directory_channel(directory, i);

		if (!scope_has_channel(command->sees, entry))
			continue;
		channel = describe_channel(command, entry);
		channel->units = units[i];
		channels.channels[channels.n_channels++] = channel;
	}
	reply.body_case = GRIDCALL__V1__REPLY__BODY_CHANNELS;
	reply.channels = &channels;
	command_reply(command, &reply);
}
