/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * zeromq.c - the service that other systems subscribe to and send commands to
 *
 * A ROUTER takes gridcall.v1.Request and gives gridcall.v1.Reply: one frame
 * from a DEALER, an empty one and that from a REQ.  A PUB is a feed: topic and
 * payload, of one jurisdiction.  There may be several of both: on ipc, where
 * permissions of the file say who may connect, and on TCP, where a key does.
 * The options are in settings.h.
 */
#include "plugins/plugin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/zeromq/courier.h"
#include "plugins/zeromq/outlet.h"

/* A gateway that has it is this large. */
#define COMMANDS_SIZE                                                          \
	(offsetof(struct gridcall_service_host, commands) +                    \
	 sizeof(((struct gridcall_service_host *)0)->commands))

static void announce(const struct courier *courier)
{
	size_t i;

	for (i = 0; i < courier->outlet_count; i++) {
		const struct settings_feed *feed = courier->outlets[i].feed;

		courier->host->feed(
			courier->bridge,
			&(struct gridcall_feed){
				.name = feed->name,
				.address = courier->outlets[i].gate.address,
				.jurisdiction = feed->jurisdiction,
				.public_key = settings_is_tcp(feed->address)
						      ? courier->public_key
						      : NULL,
				.voice = feed->voice});
	}
	for (i = 0; i < courier->inlet_count; i++)
		if (settings_is_tcp(courier->inlets[i].address) &&
		    courier->host->size >= COMMANDS_SIZE &&
		    courier->host->commands)
			courier->host->commands(courier->bridge,
						courier->inlets[i].address,
						courier->public_key);
}

static int service_open(void **state, const struct gridcall_service_host *host,
			struct gridcall_bridge *bridge,
			const struct gridcall_option *options,
			struct gridcall_why *why)
{
	struct courier *courier = calloc(1, sizeof(*courier));
	int rc = courier ? settings_parse(&courier->settings, options, why)
			 : -ENOMEM;

	if (rc) {
		free(courier);
		return rc;
	}
	courier->host = host;
	courier->bridge = bridge;
	rc = courier_start(courier, why);
	if (rc) {
		settings_clear(&courier->settings);
		free(courier);
		return rc;
	}
	announce(courier);
	*state = courier;
	return 0;
}

/* Whether any feed takes it; for one of its name alone, finds that. */
static bool is_carried(const struct courier *courier,
		       const struct gridcall_message *message,
		       const struct settings_feed **only)
{
	const struct settings *settings = &courier->settings;
	size_t i;

	for (i = 0; i < settings->feed_count; i++) {
		const struct settings_feed *feed = &settings->feeds[i];

		if (!outlet_carries(feed, message->topic))
			continue;
		if (!message->feed)
			return true;
		if (!strcmp(message->feed, feed->name)) {
			*only = feed;
			return true;
		}
	}
	return false;
}

static int service_publish(void *state, const struct gridcall_message *message)
{
	struct courier *courier = state;
	struct letter letter = {.token = 0};
	size_t topic_len = strnlen(message->topic, TOPIC_MAX);
	int rc;

	if (topic_len == TOPIC_MAX)
		return -EINVAL;
	if (!is_carried(courier, message, &letter.feed))
		return 0;
	letter.topic_len = topic_len;
	memcpy(letter.topic, message->topic, topic_len + 1);
	rc = outbox_put(courier->outbox, &letter, message->payload,
			message->len);
	if (rc)
		courier_count(&courier->counters.dropped);
	return rc;
}

static void service_reply(void *state, uint64_t token, const uint8_t *data,
			  size_t len)
{
	struct courier *courier = state;
	struct letter letter = {.token = token};

	if (!token || outbox_put(courier->outbox, &letter, data, len))
		atomic_fetch_add(&courier->counters.unroutable, 1);
}

static uint64_t service_progress(void *state)
{
	struct courier *courier = state;

	return atomic_load(&courier->turns);
}

static uint64_t published(const struct courier *courier)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < courier->outlet_count; i++)
		sum += atomic_load(&courier->outlets[i].published);
	return sum;
}

static size_t put_counters(struct gridcall_counter *counters, size_t max,
			   const struct gridcall_counter *all, size_t known)
{
	if (max)
		memcpy(counters, all,
		       (max < known ? max : known) * sizeof(all[0]));
	return known;
}

static size_t service_counters(void *state, struct gridcall_counter *counters,
			       size_t max)
{
	const struct courier *courier = state;
	const struct courier_counters *now = &courier->counters;
	const struct gridcall_counter all[] = {
		{"messages_published", "Messages given to the feeds' sockets",
		 published(courier)},
		{"messages_dropped",
		 "Messages lost to the feeds because the backlog was full",
		 atomic_load(&now->dropped)},
		{"requests_taken", "Requests handed to the gateway",
		 atomic_load(&now->requests)},
		{"requests_refused",
		 "Requests answered at once: no key in force, too many open, "
		 "or too large",
		 atomic_load(&now->refused)},
		{"requests_garbled",
		 "Requests dropped because they had a wrong number of frames",
		 atomic_load(&now->garbage)},
		{"replies_unroutable",
		 "Replies that nobody took: the peer left or does not read",
		 atomic_load(&now->unroutable)},
		{"handshakes_admitted",
		 "Peers with a key in force that came to a command socket",
		 atomic_load(&now->admitted)},
		{"handshakes_refused",
		 "Peers without one that came to a command socket",
		 atomic_load(&now->turned_away)},
	};

	return put_counters(counters, max, all, sizeof(all) / sizeof(all[0]));
}

static size_t put_feed(const struct outlet *outlet,
		       struct gridcall_counter *counters, size_t max)
{
	const struct gridcall_counter all[] = {
		{"messages_published", "Messages given to the feed's socket",
		 atomic_load(&outlet->published)},
		{"messages_dropped",
		 "Messages lost while the feed was closed for a key taken away",
		 atomic_load(&outlet->dropped)},
		{"handshakes_admitted", "Peers whose key is good for the feed",
		 atomic_load(&outlet->admitted)},
		{"handshakes_refused", "Peers whose key is not",
		 atomic_load(&outlet->refused)},
		{"times_closed", "Closed and bound again for a key taken away",
		 atomic_load(&outlet->closed)},
	};

	return put_counters(counters, max, all, sizeof(all) / sizeof(all[0]));
}

static size_t service_feed_counters(void *state, const char *name,
				    struct gridcall_counter *counters,
				    size_t max)
{
	const struct outlet *outlet = courier_outlet(state, name);

	return outlet ? put_feed(outlet, counters, max) : 0;
}

static void service_keys(void *state, const struct gridcall_key *keys,
			 size_t count)
{
	struct courier *courier = state;
	struct key_set *set = key_set_alloc(keys, count);

	if (!set) {
		courier->host->log(courier->bridge, GRIDCALL_ERROR,
				   "memory is out, so that keys stay as they "
				   "were; restart the gateway");
		return;
	}
	courier_keys(courier, set);
}

static void service_close(void *state)
{
	struct courier *courier = state;

	courier_stop(courier);
	settings_clear(&courier->settings);
	free(courier);
}

GRIDCALL_EXPORT const struct gridcall_service gridcall_plugin = {
	.head = {.abi_major = GRIDCALL_ABI_MAJOR,
		 .abi_minor = GRIDCALL_ABI_MINOR,
		 .size = sizeof(struct gridcall_service),
		 .kind = GRIDCALL_SERVICE,
		 .name = "zeromq",
		 .summary = "feeds and commands over ZeroMQ"},
	.open = service_open,
	.publish = service_publish,
	.reply = service_reply,
	.progress = service_progress,
	.counters = service_counters,
	.close = service_close,
	.keys = service_keys,
	.feed_counters = service_feed_counters,
};
