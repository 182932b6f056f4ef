/* SPDX-License-Identifier: MIT */
#include "proto/choice.h"

#include <stdio.h>
#include <string.h>

#include "proto/topic.h"

#define TCP "tcp://"

static bool is_tcp(const char *address)
{
	return !strncmp(address, TCP, strlen(TCP));
}

/* Length of the host of tcp://host:port. */
static size_t host_len(const char *address)
{
	const char *host = address + strlen(TCP);
	const char *colon = strrchr(host, ':');

	return colon ? (size_t)(colon - host) : strlen(host);
}

static bool is_any_host(const char *host, size_t len)
{
	static const char *const any[] = {"*", "0.0.0.0", "[::]"};
	size_t i;

	for (i = 0; i < sizeof(any) / sizeof(any[0]); i++)
		if (strlen(any[i]) == len && !memcmp(any[i], host, len))
			return true;
	return false;
}

void choice_address(char text[CHOICE_ADDRESS_SIZE], const char *feed,
		    const char *commands)
{
	const char *host = "127.0.0.1";
	size_t len = strlen(host);
	size_t old;

	snprintf(text, CHOICE_ADDRESS_SIZE, "%s", feed);
	if (!is_tcp(feed))
		return;
	old = host_len(feed);
	if (!is_any_host(feed + strlen(TCP), old))
		return;
	if (is_tcp(commands)) {
		host = commands + strlen(TCP);
		len = host_len(commands);
	}
	snprintf(text, CHOICE_ADDRESS_SIZE, TCP "%.*s%s", (int)len, host,
		 feed + strlen(TCP) + old);
}

/* Whether it can be connected to from here. */
static bool is_open(const struct choice_wish *wish,
		    const Gridcall__V1__Feed *feed)
{
	if (feed->public_key[0] && !wish->has_key)
		return false;
	/* The files of a gateway elsewhere are not ours. */
	return is_tcp(feed->address) || !is_tcp(wish->commands);
}

static bool carries(const Gridcall__V1__Feed *feed, const char *prefix)
{
	return topic_prefix_is_within(prefix, feed->jurisdiction);
}

/* How many prefixes that have no feed yet this one carries. */
static size_t count_carried(const struct choice_wish *wish,
			    const Gridcall__V1__Feed *feed, const int *chosen)
{
	size_t count = 0;
	size_t i;

	for (i = 0; i < wish->prefix_count; i++)
		if (chosen[i] < 0 && carries(feed, wish->prefixes[i]))
			count++;
	return count;
}

/* Of two that carry as much the nearer one: plain, then the narrower. */
static bool is_nearer(const Gridcall__V1__Feed *feed,
		      const Gridcall__V1__Feed *other)
{
	bool plain = !feed->public_key[0];

	if (plain != !other->public_key[0])
		return plain;
	return strlen(feed->jurisdiction) > strlen(other->jurisdiction);
}

static int best_feed(const struct choice_wish *wish,
		     const Gridcall__V1__WhoamiReply *who, const int *chosen,
		     bool voice)
{
	size_t most = 0;
	int best = -1;
	size_t i;

	for (i = 0; i < who->n_feeds; i++) {
		const Gridcall__V1__Feed *feed = who->feeds[i];
		size_t count;

		if (!feed->voice != !voice || !is_open(wish, feed))
			continue;
		count = count_carried(wish, feed, chosen);
		if (count < most || !count ||
		    (count == most && !is_nearer(feed, who->feeds[best])))
			continue;
		most = count;
		best = (int)i;
	}
	return best;
}

static void choose(const struct choice_wish *wish,
		   const Gridcall__V1__WhoamiReply *who, int *chosen,
		   bool voice)
{
	int best;
	size_t i;

	while ((best = best_feed(wish, who, chosen, voice)) >= 0)
		for (i = 0; i < wish->prefix_count; i++)
			if (chosen[i] < 0 &&
			    carries(who->feeds[best], wish->prefixes[i]))
				chosen[i] = best;
}

size_t choice_make(const struct choice_wish *wish,
		   const Gridcall__V1__WhoamiReply *who, int *chosen)
{
	size_t without = 0;
	size_t i;

	for (i = 0; i < wish->prefix_count; i++)
		chosen[i] = -1;
	if (!wish->voice)
		choose(wish, who, chosen, false);
	choose(wish, who, chosen, true);
	for (i = 0; i < wish->prefix_count; i++)
		without += chosen[i] < 0;
	return without;
}
