/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * peer_zmq.c - our feed, through the plugin's own interface, and bare libzmq
 *
 * Both have the same subscribers; bare libzmq sends topic and payload from the
 * thread that has them, which is the least that a feed can cost.
 */
#include "tests/bench/peer.h"

#include "gateway/plugin.h"
#include "plugins/plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#define TAKE_RUN 256 /* messages of one socket before the next is looked at */

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, zmq_strerror(errno));
	exit(1);
}

static void set(void *socket, int option, int value)
{
	if (zmq_setsockopt(socket, option, &value, sizeof(value)))
		fail("zmq_setsockopt");
}

static void set_text(void *socket, int option, const char *text)
{
	if (zmq_setsockopt(socket, option, text, strlen(text)))
		fail("zmq_setsockopt");
}

/* ------------------------------------------------------- subscribers ---- */

static void *connect_one(const struct course *course, void *context)
{
	void *socket = zmq_socket(context, ZMQ_SUB);

	if (!socket)
		fail("zmq_socket");
	set(socket, ZMQ_RCVHWM, 0);
	set_text(socket, ZMQ_SUBSCRIBE, "gc1.");
	if (course->sealed) {
		set_text(socket, ZMQ_CURVE_SERVERKEY, course->server_key);
		set_text(socket, ZMQ_CURVE_PUBLICKEY, course->public_key);
		set_text(socket, ZMQ_CURVE_SECRETKEY, course->secret_key);
	}
	if (zmq_connect(socket, course->address))
		fail(course->address);
	return socket;
}

static void take_some(const struct course *course, void *socket,
		      unsigned int subscriber)
{
	char frame[1024];
	int i, len;

	for (i = 0; i < TAKE_RUN; i++) {
		if (zmq_recv(socket, frame, sizeof(frame), ZMQ_DONTWAIT) < 0)
			return;
		len = zmq_recv(socket, frame, sizeof(frame), 0);
		if (len > 0)
			tally_take(course->tally, subscriber, frame,
				   (size_t)len);
	}
}

static void subscribe(const struct course *course)
{
	zmq_pollitem_t items[PEER_SUBSCRIBERS_MAX] = {{0}};
	void *context = zmq_ctx_new();
	unsigned int i;

	for (i = 0; i < course->subscribers; i++) {
		items[i].socket = connect_one(course, context);
		items[i].events = ZMQ_POLLIN;
	}
	for (;;) {
		zmq_poll(items, (int)course->subscribers, -1);
		for (i = 0; i < course->subscribers; i++)
			if (items[i].revents)
				take_some(course, items[i].socket, i);
	}
}

/* ------------------------------------------------------ bare libzmq ----- */

struct bare {
	void *context;
	void *socket;
};

static void make_keys(struct course *course, char server_secret[41])
{
	if (zmq_curve_keypair(course->server_key, server_secret) ||
	    zmq_curve_keypair(course->public_key, course->secret_key))
		fail("zmq_curve_keypair");
}

static void *bare_open(struct course *course)
{
	struct bare *bare = calloc(1, sizeof(*bare));
	char secret[41];
	size_t len = sizeof(course->address);

	bare->context = zmq_ctx_new();
	bare->socket = zmq_socket(bare->context, ZMQ_PUB);
	set(bare->socket, ZMQ_SNDHWM, 0);
	set(bare->socket, ZMQ_LINGER, 0);
	if (course->sealed) {
		make_keys(course, secret);
		set(bare->socket, ZMQ_CURVE_SERVER, 1);
		set_text(bare->socket, ZMQ_CURVE_SECRETKEY, secret);
	}
	snprintf(course->address, sizeof(course->address), "ipc://%s/bare",
		 course->folder);
	if (zmq_bind(bare->socket,
		     course->sealed ? "tcp://127.0.0.1:*" : course->address) ||
	    zmq_getsockopt(bare->socket, ZMQ_LAST_ENDPOINT, course->address,
			   &len))
		fail("zmq_bind");
	return bare;
}

static int bare_publish(void *state, const char *topic, const void *data,
			size_t len)
{
	struct bare *bare = state;

	if (zmq_send(bare->socket, topic, strlen(topic), ZMQ_SNDMORE) < 0 ||
	    zmq_send(bare->socket, data, len, 0) < 0)
		return -errno;
	return 0;
}

static void bare_flush(void *state)
{
}

static void bare_close(void *state)
{
	struct bare *bare = state;

	zmq_close(bare->socket);
	zmq_ctx_term(bare->context);
	free(bare);
}

/* --------------------------------------------------------- our feed ----- */

struct feed {
	const struct gridcall_service *service;
	void *state;
};

/* The one being opened: the bridge says nothing that a benchmark needs. */
static struct course *opening;

static int refuse(struct gridcall_bridge *bridge,
		  const struct gridcall_request *request)
{
	return -EAGAIN;
}

static void note_feed(struct gridcall_bridge *bridge,
		      const struct gridcall_feed *feed)
{
	snprintf(opening->address, sizeof(opening->address), "%s",
		 feed->address);
	if (feed->public_key)
		snprintf(opening->server_key, sizeof(opening->server_key), "%s",
			 feed->public_key);
}

static void note_commands(struct gridcall_bridge *bridge, const char *address,
			  const char *public_key)
{
}

static void no_log(struct gridcall_bridge *bridge, enum gridcall_level level,
		   const char *text)
{
}

static const struct gridcall_service_host feed_host = {
	.size = sizeof(feed_host),
	.request = refuse,
	.feed = note_feed,
	.log = no_log,
	.commands = note_commands,
};

static const struct gridcall_service *load(void)
{
	static const struct gridcall_service *service;
	const char *build = getenv("GRIDCALL_BUILD");
	struct gridcall_why why = {{0}};
	struct plugin *plugin;
	char path[256];

	if (service)
		return service;
	snprintf(path, sizeof(path), "%s/plugins/zeromq.so",
		 build ? build : "build/release");
	plugin = plugin_load(plugin_list_alloc(NULL), path, &why);
	service = plugin ? plugin_service(plugin) : NULL;
	if (!service) {
		fprintf(stderr, "%s\n", why.text);
		exit(1);
	}
	return service;
}

/* A subscriber's key, admitted to everything. */
static void admit(struct course *course, struct feed *feed)
{
	static const char *const everything[] = {"gc1.", NULL};
	struct gridcall_key key = {.principal = "bench",
				   .jurisdiction = everything};

	if (zmq_curve_keypair(course->public_key, course->secret_key) ||
	    !zmq_z85_decode(key.public_key, course->public_key))
		fail("zmq_curve_keypair");
	feed->service->keys(feed->state, &key, 1);
}

static void *feed_open(struct course *course)
{
	struct feed *feed = calloc(1, sizeof(*feed));
	char address[640], key[640];
	const struct gridcall_option options[] = {
		{"feed", address},
		{"server_key", key},
		{"subscriber_backlog", "10000000"},
		{NULL, NULL},
	};
	struct gridcall_why why = {{0}};

	if (course->sealed)
		snprintf(address, sizeof(address),
			 "all tcp://127.0.0.1:* gc1.");
	else
		snprintf(address, sizeof(address), "all ipc://%s/feed gc1.",
			 course->folder);
	snprintf(key, sizeof(key), "%s/server.key", course->folder);
	feed->service = load();
	opening = course;
	if (feed->service->open(&feed->state, &feed_host, NULL, options,
				&why)) {
		fprintf(stderr, "%s\n", why.text);
		exit(1);
	}
	if (course->sealed)
		admit(course, feed);
	return feed;
}

static int feed_publish(void *state, const char *topic, const void *data,
			size_t len)
{
	struct feed *feed = state;
	const struct gridcall_message message = {
		.topic = topic, .payload = data, .len = len, .seq = 1};
	int rc;

	/* Full: wait as a benchmark may and a daemon not. */
	while ((rc = feed->service->publish(feed->state, &message)) == -EAGAIN)
		usleep(100);
	return rc;
}

static void feed_flush(void *state)
{
}

static void feed_close(void *state)
{
	struct feed *feed = state;

	feed->service->close(feed->state);
	free(feed);
}

#define FEED                                                                   \
	.open = feed_open, .publish = feed_publish, .flush = feed_flush,       \
	.close = feed_close, .subscribe = subscribe
#define BARE                                                                   \
	.open = bare_open, .publish = bare_publish, .flush = bare_flush,       \
	.close = bare_close, .subscribe = subscribe

const struct peer peer_feed_plain = {.name = "feed, plain", FEED};
const struct peer peer_feed_curve = {
	.name = "feed, CURVE", .sealed = true, FEED};
const struct peer peer_zmq_plain = {.name = "libzmq, plain", BARE};
const struct peer peer_zmq_curve = {
	.name = "libzmq, CURVE", .sealed = true, BARE};
