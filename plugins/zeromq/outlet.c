/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/zeromq/outlet.h"

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

void outlet_send(struct outlet *outlet, const struct letter *letter)
{
	void *publisher = outlet->gate.socket;

	if (zmq_send(publisher, letter->topic, strlen(letter->topic),
		     ZMQ_SNDMORE) >= 0 &&
	    zmq_send(publisher, letter->data, letter->len, 0) >= 0)
		courier_count(&outlet->published);
}
