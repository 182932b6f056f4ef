/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/zeromq/outlet.h"

#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "plugins/zeromq/courier.h"

#define GATEWAYS "gc1.gateway." /* what comes from here has no area */

bool outlet_carries(const struct settings_feed *feed, const char *topic)
{
	const char *kind;

	if (!strncmp(topic, GATEWAYS, strlen(GATEWAYS)))
		return !strcmp(feed->jurisdiction, SETTINGS_EVERYTHING) ||
		       !strcmp(strrchr(topic, '.'), ".status");
	if (strncmp(topic, feed->jurisdiction, strlen(feed->jurisdiction)))
		return false;
	kind = strrchr(topic, '.');
	return feed->voice || !kind || strcmp(kind, ".voice");
}

bool outlet_takes(const struct outlet *outlet, const struct letter *letter)
{
	return letter->feed ? letter->feed == outlet->feed
			    : outlet_carries(outlet->feed, letter->topic);
}

bool outlet_remember(struct outlet *outlet, const uint8_t key[KEY_BYTES])
{
	uint8_t(*longer)[KEY_BYTES];
	size_t i;

	for (i = 0; i < outlet->guest_count; i++)
		if (!memcmp(outlet->guests[i], key, KEY_BYTES))
			return true;
	longer = realloc(outlet->guests, (i + 1) * KEY_BYTES);
	if (!longer)
		return false;
	memcpy(longer[i], key, KEY_BYTES);
	outlet->guests = longer;
	outlet->guest_count++;
	return true;
}

const uint8_t *outlet_stranger(const struct outlet *outlet,
			       const struct key_set *keys)
{
	size_t i;

	for (i = 0; i < outlet->guest_count; i++)
		if (!key_is_good_for(key_set_find(keys, outlet->guests[i]),
				     outlet->feed))
			return outlet->guests[i];
	return NULL;
}

void outlet_close(struct outlet *outlet, int64_t now_ms)
{
	gate_close(&outlet->gate, 0);
	outlet->guest_count = 0;
	outlet->closed_ms = now_ms;
	outlet->overdue = false;
	courier_count(&outlet->closed);
}

/* Only the courier writes it, so no bus needs to be locked. */
static void tally(_Atomic uint64_t *counter)
{
	uint64_t value =
		atomic_load_explicit(counter, memory_order_relaxed) + 1;

	atomic_store_explicit(counter, value, memory_order_relaxed);
}

void outlet_send(struct outlet *outlet, const struct letter *letter,
		 zmq_msg_t *payload)
{
	void *publisher = outlet->gate.socket;

	if (publisher &&
	    zmq_send(publisher, letter->topic, letter->topic_len,
		     ZMQ_SNDMORE) >= 0 &&
	    zmq_msg_send(payload, publisher, 0) >= 0)
		tally(&outlet->published);
	else
		tally(&outlet->dropped);
}
