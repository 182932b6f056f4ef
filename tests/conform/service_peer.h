/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * service_peer.h - the other side of a service, for tests of the real plugin
 *
 * Opens the service, publishes, and receives as strangers do: with ZeroMQ and
 * nothing of ours.
 */
#pragma once

#include "tests/conform/service_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <zmq.h>

#define STATUS   "gc1.gateway.GZ01.status"
#define PATIENCE 20000 /* ms; only a broken service needs them */

static inline int try_open(struct host *host,
			   const struct gridcall_option *options)
{
	memset(&host->why, 0, sizeof(host->why));
	host->told[0] = '\0';
	return host->service->open(&host->state, &host_table,
				   (struct gridcall_bridge *)host, options,
				   &host->why);
}

static inline void open_as(struct host *host,
			   const struct gridcall_option *options)
{
	assert_int_equal(try_open(host, options), 0);
	host->stopping = false;
	pthread_create(&host->thread, NULL, host_main, host);
}

/* Both sockets and one more option. */
static inline void open_with(struct host *host, const char *key,
			     const char *value)
{
	const struct gridcall_option options[] = {{"commands", host->commands},
						  {"feed", host->everything},
						  {key, value},
						  {NULL, NULL}};

	open_as(host, options);
}

static inline void close_service(struct host *host)
{
	host_set(host, &host->stopping, true);
	pthread_join(host->thread, NULL);
	host->service->close(host->state);
}

static inline int set_up(void **state)
{
	struct host *host = calloc(1, sizeof(*host));

	host_init(host);
	*state = host;
	return 0;
}

static inline int tear_down(void **state)
{
	struct host *host = *state;

	/* Fails if the service left a file behind. */
	assert_int_equal(rmdir(host->folder), 0);
	free(host);
	return 0;
}

static inline uint64_t counter(struct host *host, const char *name)
{
	struct gridcall_counter counters[16];
	size_t count = host->service->counters(host->state, counters, 16);

	while (count--)
		if (!strcmp(counters[count].name, name))
			return counters[count].value;
	fail_msg("no counter %s", name);
	return 0;
}

static inline int publish(struct host *host, const char *topic,
			  const char *text)
{
	struct gridcall_message message = {.topic = topic,
					   .payload = (const uint8_t *)text,
					   .len = strlen(text)};

	return host->service->publish(host->state, &message);
}

/* ZeroMQ from the peer's side, without our client. */
struct peer {
	void *context;
	void *socket;
};

static inline struct peer peer_open(int type, const char *address)
{
	struct peer peer = {.context = zmq_ctx_new()};
	int timeout = PATIENCE;
	int linger = 0;

	peer.socket = zmq_socket(peer.context, type);
	zmq_setsockopt(peer.socket, ZMQ_LINGER, &linger, sizeof(linger));
	zmq_setsockopt(peer.socket, ZMQ_RCVTIMEO, &timeout, sizeof(timeout));
	if (type == ZMQ_SUB)
		zmq_setsockopt(peer.socket, ZMQ_SUBSCRIBE, "", 0);
	assert_int_equal(zmq_connect(peer.socket, address), 0);
	return peer;
}

static inline void peer_close(struct peer peer)
{
	zmq_close(peer.socket);
	zmq_ctx_term(peer.context);
}

/* Topic and payload as "topic payload". */
static inline const char *receive(struct peer peer)
{
	static char text[256];
	int topic = zmq_recv(peer.socket, text, 100, 0);
	int payload;

	assert_true(topic >= 0);
	text[topic] = ' ';
	payload = zmq_recv(peer.socket, text + topic + 1, 100, 0);
	assert_true(payload >= 0);
	/* zmq_recv() tells the whole length of what it cut. */
	text[topic + 1 + (payload < 100 ? payload : 100)] = '\0';
	return text;
}

/* Until the subscription has arrived: what is sent before is not for it. */
static inline void join_feed(struct host *host, struct peer peer)
{
	zmq_pollitem_t item = {.socket = peer.socket, .events = ZMQ_POLLIN};

	do {
		assert_int_equal(publish(host, STATUS, "join"), 0);
	} while (zmq_poll(&item, 1, 10) == 0);
	assert_int_equal(publish(host, STATUS, "joined"), 0);
	while (strcmp(receive(peer), STATUS " joined"))
		;
}
