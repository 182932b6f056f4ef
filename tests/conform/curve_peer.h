/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * curve_peer.h - peers that come over TCP with a key, for tests of the plugin
 */
#pragma once

#include "tests/conform/service_peer.h"

#define DISTRICT "gc1.440106."
#define TOPIC    "gc1.440106.1.07.reply"

struct pair {
	char public_key[41];
	char secret_key[41];
	struct gridcall_key key; /* as the gateway knows it */
};

static const char *const one_district[] = {DISTRICT, NULL};
static const char *const everything[] = {"gc1.", NULL};

static inline struct pair pair_new(const char *name,
				   const char *const *jurisdiction)
{
	struct pair pair = {
		.key = {.principal = name, .jurisdiction = jurisdiction}};

	assert_int_equal(zmq_curve_keypair(pair.public_key, pair.secret_key),
			 0);
	zmq_z85_decode(pair.key.public_key, pair.public_key);
	return pair;
}

/* Have these in force. */
static inline void give_keys(struct host *host, const struct pair *pairs,
			     size_t count)
{
	struct gridcall_key keys[8];
	size_t i;

	for (i = 0; i < count; i++)
		keys[i] = pairs[i].key;
	host->service->keys(host->state, keys, count);
}

/* Where a feed, or (NULL) the commands, are, as somebody here connects. */
static inline const char *address_of(struct host *host, const char *feed)
{
	static char address[64];
	const char *at = host->entrance;
	char begin[40];
	int port = 0;

	if (feed) {
		snprintf(begin, sizeof(begin), "%s tcp://", feed);
		at = strstr(host->told, begin);
		assert_non_null(at);
		at += strlen(feed) + 1;
	}
	assert_int_equal(sscanf(at, "tcp://%*[^:]:%d", &port), 1);
	snprintf(address, sizeof(address), "tcp://127.0.0.1:%d", port);
	return address;
}

/* A socket that will come with the key; the caller connects it. */
static inline struct peer curve_socket(struct host *host, int type,
				       const struct pair *pair)
{
	struct peer peer = {.context = zmq_ctx_new()};
	int timeout = PATIENCE;
	int linger = 0;
	int no_limit = 0; /* else subscriptions past the 1,000th are lost */

	peer.socket = zmq_socket(peer.context, type);
	zmq_setsockopt(peer.socket, ZMQ_LINGER, &linger, sizeof(linger));
	zmq_setsockopt(peer.socket, ZMQ_RCVTIMEO, &timeout, sizeof(timeout));
	zmq_setsockopt(peer.socket, ZMQ_SNDHWM, &no_limit, sizeof(no_limit));
	zmq_setsockopt(peer.socket, ZMQ_CURVE_SERVERKEY, host->server_key, 41);
	zmq_setsockopt(peer.socket, ZMQ_CURVE_PUBLICKEY, pair->public_key, 41);
	zmq_setsockopt(peer.socket, ZMQ_CURVE_SECRETKEY, pair->secret_key, 41);
	if (type == ZMQ_SUB)
		zmq_setsockopt(peer.socket, ZMQ_SUBSCRIBE, "", 0);
	return peer;
}

static inline struct peer curve_peer(struct host *host, int type,
				     const struct pair *pair, const char *feed)
{
	struct peer peer = curve_socket(host, type, pair);

	assert_int_equal(zmq_connect(peer.socket, address_of(host, feed)), 0);
	return peer;
}

static inline uint64_t feed_counter(struct host *host, const char *feed,
				    const char *name)
{
	struct gridcall_counter counters[16];
	size_t count =
		host->service->feed_counters(host->state, feed, counters, 16);

	while (count--)
		if (!strcmp(counters[count].name, name))
			return counters[count].value;
	fail_msg("no counter %s of %s", name, feed);
	return 0;
}

/* Wait until a feed's counter has grown so far. */
static inline void await_counter(struct host *host, const char *feed,
				 const char *name, uint64_t value)
{
	int turns = PATIENCE;

	while (feed_counter(host, feed, name) < value && turns--)
		usleep(1000);
	assert_true(feed_counter(host, feed, name) >= value);
}

/* Whether anything is there for it within so long. */
static inline bool hears(struct peer peer, int within_ms)
{
	zmq_pollitem_t item = {.socket = peer.socket, .events = ZMQ_POLLIN};

	return zmq_poll(&item, 1, within_ms) > 0;
}

/*
 * One feed of everything, one of a district, one of that with voice, and
 * commands, each at a port that is free.
 */
static inline void open_network(struct host *host)
{
	char key[64];
	const struct gridcall_option options[] = {
		{"server_key", key},
		{"commands", "tcp://127.0.0.1:*"},
		{"feed", "all tcp://*:* gc1."},
		{"feed", "tianhe tcp://127.0.0.1:* " DISTRICT},
		{"feed", "live tcp://127.0.0.1:* " DISTRICT " voice"},
		{NULL, NULL}};

	sprintf(key, "%s/server.key", host->folder);
	open_as(host, options);
}

static inline void close_network(struct host *host)
{
	char key[64];

	close_service(host);
	sprintf(key, "%s/server.key", host->folder);
	assert_int_equal(unlink(key), 0);
}
