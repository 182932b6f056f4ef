/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * whoami_command.c - what a principal may do, and which feeds are open to it
 */
#include "gateway/control/command.h"

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

struct feed_list {
	struct command *command;
	Gridcall__V1__Feed **feeds;
	size_t count;
};

/*
 * By the same rule as a service admits keys.  A feed without a key is a local
 * one, which file permissions open, and of no use from elsewhere.
 */
static bool is_open_to(const struct gridcall_feed *feed,
		       const struct principal *principal)
{
	if (principal->public_key[0] && !feed->public_key)
		return false;
	return authority_covers(principal, feed->jurisdiction) &&
	       (!feed->voice || authority_allows(principal, RIGHT_HEAR));
}

static void add_feed(void *data, const char *service,
		     const struct gridcall_feed *feed)
{
	struct feed_list *list = data;
	Gridcall__V1__Feed *message;

	if (!is_open_to(feed, &list->command->principal))
		return;
	message = talloc(list->command, Gridcall__V1__Feed);
	list->feeds = talloc_realloc(list->command, list->feeds,
				     Gridcall__V1__Feed *, list->count + 1);
	OSMO_ASSERT(message && list->feeds);
	gridcall__v1__feed__init(message);
	message->name = (char *)feed->name;
	message->address = (char *)feed->address;
	message->jurisdiction = (char *)feed->jurisdiction;
	if (feed->public_key)
		message->public_key = (char *)feed->public_key;
	message->voice = feed->voice;
	list->feeds[list->count++] = message;
}

void command_whoami(struct command *command)
{
	struct principal *principal = &command->principal;
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__WhoamiReply whoami = GRIDCALL__V1__WHOAMI_REPLY__INIT;
	struct feed_list list = {.command = command};
	char *jurisdiction[AUTHORITY_AREAS_MAX];
	char *roles[8];
	unsigned int bit;
	size_t i;

	for (bit = 0; authority_role_name(bit); bit++)
		if (principal->roles & (1u << bit))
			roles[whoami.n_roles++] =
				(char *)authority_role_name(bit);
	for (i = 0; i < principal->areas; i++)
		jurisdiction[i] = principal->jurisdiction[i];
	services_feeds(command->gateway->services, add_feed, &list);
	whoami.principal = principal->name;
	whoami.roles = roles;
	whoami.n_jurisdiction = principal->areas;
	whoami.jurisdiction = jurisdiction;
	whoami.n_feeds = list.count;
	whoami.feeds = list.feeds;
	if (command->gateway->running.id)
		whoami.gateway = command->gateway->running.id;
	whoami.public_key = principal->public_key;
	whoami.expires_at_us = principal->expires_us;
	reply.body_case = GRIDCALL__V1__REPLY__BODY_WHOAMI;
	reply.whoami = &whoami;
	command_reply(command, &reply);
}
