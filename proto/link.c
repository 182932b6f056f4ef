/* SPDX-License-Identifier: MIT
 *
 * What ZeroMQ asks of its user, in one place:
 * - A SUB socket drops every subscription past its send high-water mark without
 *   a word; so that mark is off.
 * - ZMQ_FD is edge-triggered: after it was readable, and after every send, the
 *   socket is read until it would block.
 * - Without heartbeats a link that went silent stays "connected".
 * - A socket whose key or mechanism was refused never connects again; only its
 *   monitor tells.  So it is replaced by a new one after a while.
 */
#include "proto/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include <zmq.h>

#define HEARTBEAT_MS  1000
#define DEAD_MS       3000
#define QUEUE         100000
#define FEED_MAX      (16 << 20) /* bytes of a message */
#define REPLY_MAX     (256 << 20)
#define SILENCE_MS    5000
#define RETRY_MS      500
#define RETRY_MAX_MS  8000
#define CUTS_MAX      3 /* handshakes cut off before it is no accident */
#define SENTENCE_SIZE 400
#define ADDRESS_SIZE  64

struct link {
	void *context;
	struct link_config config; /* its strings are ours */
	void *socket;
	void *monitor;
	int fds[2];
	char **prefixes;
	size_t prefix_count;
	size_t prefix_size;
	zmq_msg_t frames[2];
	char refusal[SENTENCE_SIZE];
	unsigned int refusals;
	unsigned int cuts; /* handshakes without an end, in a row */
	unsigned int failures;
	bool was_connected;
	int64_t retry_ms; /* a new socket then; 0: this one is well */
	int64_t heard_ms; /* of a feed, or when its socket was made */
};

int64_t link_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void *link_context_alloc(void)
{
	return zmq_ctx_new();
}

void link_context_free(void *context)
{
	if (context)
		zmq_ctx_term(context);
}

int link_check_pair(const char *public_key, const char *secret_key)
{
	char made[41];

	if (zmq_curve_public(made, secret_key))
		return -EINVAL;
	return strcmp(made, public_key) ? -EINVAL : 0;
}

int link_make_pair(char public_key[41], char secret_key[41])
{
	return zmq_curve_keypair(public_key, secret_key) ? -errno : 0;
}

/* -------------------------------------------------------------- socket -- */

static void set(void *socket, int option, int value)
{
	(void)zmq_setsockopt(socket, option, &value, sizeof(value));
}

static int set_key(const struct link *link)
{
	const struct link_config *config = &link->config;

	if (!config->server_key)
		return 0;
	if (zmq_setsockopt(link->socket, ZMQ_CURVE_SERVERKEY,
			   config->server_key, strlen(config->server_key)) ||
	    zmq_setsockopt(link->socket, ZMQ_CURVE_PUBLICKEY,
			   config->public_key, strlen(config->public_key)) ||
	    zmq_setsockopt(link->socket, ZMQ_CURVE_SECRETKEY,
			   config->secret_key, strlen(config->secret_key)))
		return -errno;
	return 0;
}

/*
 * libzmq aborts the process when a heartbeat of its own is due on a connection
 * that the peer hung up while the queue of what came was full.  A feed has such
 * a queue, so it is watched by what comes every second; answers are no more
 * than were asked for.
 */
static void set_queues(const struct link *link)
{
	if (link->config.is_feed) {
		set(link->socket, ZMQ_SNDHWM, 0);
		set(link->socket, ZMQ_RCVHWM, QUEUE);
		return;
	}
	set(link->socket, ZMQ_RCVHWM, 0);
	set(link->socket, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS);
	set(link->socket, ZMQ_HEARTBEAT_TIMEOUT, DEAD_MS);
}

static void set_options(const struct link *link)
{
	void *socket = link->socket;
	int64_t largest = link->config.is_feed ? FEED_MAX : REPLY_MAX;

	set(socket, ZMQ_LINGER, 0);
	set(socket, ZMQ_HANDSHAKE_IVL, DEAD_MS);
	set(socket, ZMQ_RECONNECT_IVL, 50);
	set(socket, ZMQ_RECONNECT_IVL_MAX, 1000);
	set(socket, ZMQ_IPV6, 1);
	set_queues(link);
	(void)zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &largest, sizeof(largest));
}

static int open_monitor(struct link *link)
{
	int events = ZMQ_EVENT_CLOSED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
		     ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
		     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
		     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
	char address[ADDRESS_SIZE];

	/* The address of the object is unique among those that live. */
	snprintf(address, sizeof(address), "inproc://monitor-%p", link->socket);
	link->monitor = zmq_socket(link->context, ZMQ_PAIR);
	if (!link->monitor)
		return -errno;
	set(link->monitor, ZMQ_LINGER, 0);
	if (zmq_socket_monitor(link->socket, address, events) ||
	    zmq_connect(link->monitor, address))
		return -errno;
	return 0;
}

static int watch(struct link *link)
{
	void *sockets[2] = {link->socket, link->monitor};
	struct epoll_event event = {.events = EPOLLIN};
	size_t i;

	for (i = 0; i < 2; i++) {
		size_t len = sizeof(link->fds[i]);

		if (zmq_getsockopt(sockets[i], ZMQ_FD, &link->fds[i], &len) ||
		    epoll_ctl(link->config.epoll_fd, EPOLL_CTL_ADD,
			      link->fds[i], &event))
			return -errno;
	}
	return 0;
}

static void close_socket(struct link *link)
{
	size_t i;

	/* ZeroMQ closes its descriptors later, in a thread of its own. */
	for (i = 0; i < 2; i++) {
		if (link->fds[i] >= 0)
			(void)epoll_ctl(link->config.epoll_fd, EPOLL_CTL_DEL,
					link->fds[i], NULL);
		link->fds[i] = -1;
	}
	if (link->socket)
		zmq_socket_monitor(link->socket, NULL, 0);
	if (link->monitor)
		zmq_close(link->monitor);
	if (link->socket)
		zmq_close(link->socket);
	link->monitor = NULL;
	link->socket = NULL;
}

static int open_socket(struct link *link)
{
	int rc;
	size_t i;

	link->socket = zmq_socket(link->context,
				  link->config.is_feed ? ZMQ_SUB : ZMQ_DEALER);
	if (!link->socket)
		return -errno;
	set_options(link);
	rc = set_key(link);
	if (!rc)
		rc = open_monitor(link);
	if (!rc)
		rc = watch(link);
	for (i = 0; !rc && i < link->prefix_count; i++)
		if (zmq_setsockopt(link->socket, ZMQ_SUBSCRIBE,
				   link->prefixes[i],
				   strlen(link->prefixes[i])))
			rc = -errno;
	if (!rc && zmq_connect(link->socket, link->config.address))
		rc = -errno;
	link->heard_ms = link_now_ms();
	if (rc)
		close_socket(link);
	return rc;
}

/* ------------------------------------------------------ open and close -- */

static int copy(const char **text, const char *from)
{
	*text = NULL;
	if (!from || !*from)
		return 0;
	*text = strdup(from);
	return *text ? 0 : -ENOMEM;
}

static void forget(const char *text)
{
	if (text)
		explicit_bzero((char *)(uintptr_t)text, strlen(text));
	free((char *)(uintptr_t)text);
}

struct link *link_open(void *context, const struct link_config *config)
{
	struct link *link = calloc(1, sizeof(*link));
	int rc;

	if (!link)
		return NULL;
	link->context = context;
	link->config.is_feed = config->is_feed;
	link->config.epoll_fd = config->epoll_fd;
	link->fds[0] = link->fds[1] = -1;
	zmq_msg_init(&link->frames[0]);
	zmq_msg_init(&link->frames[1]);
	rc = copy(&link->config.address, config->address);
	rc = rc ? rc : copy(&link->config.name, config->name);
	rc = rc ? rc : copy(&link->config.server_key, config->server_key);
	rc = rc ? rc : copy(&link->config.public_key, config->public_key);
	rc = rc ? rc : copy(&link->config.secret_key, config->secret_key);
	if (!rc && !link->config.address)
		rc = -EINVAL;
	if (!rc && link->config.server_key &&
	    (!link->config.public_key || !link->config.secret_key))
		rc = -ENOKEY;
	rc = rc ? rc : open_socket(link);
	if (!rc)
		return link;
	link_close(link);
	errno = -rc;
	return NULL;
}

struct link *link_close(struct link *link)
{
	if (!link)
		return NULL;
	close_socket(link);
	zmq_msg_close(&link->frames[0]);
	zmq_msg_close(&link->frames[1]);
	while (link->prefix_count)
		free(link->prefixes[--link->prefix_count]);
	free(link->prefixes);
	forget(link->config.address);
	forget(link->config.name);
	forget(link->config.server_key);
	forget(link->config.public_key);
	forget(link->config.secret_key);
	free(link);
	return NULL;
}

const char *link_address(const struct link *link)
{
	return link->config.address;
}

void link_fds(const struct link *link, int fds[2])
{
	memcpy(fds, link->fds, sizeof(link->fds));
}

/* ------------------------------------------------------------ messages -- */

static bool has_room(struct link *link)
{
	size_t size = link->prefix_size ? link->prefix_size * 2 : 16;
	char **prefixes;

	if (link->prefix_count < link->prefix_size)
		return true;
	prefixes = realloc(link->prefixes, size * sizeof(*prefixes));
	if (!prefixes)
		return false;
	link->prefixes = prefixes;
	link->prefix_size = size;
	return true;
}

int link_subscribe(struct link *link, const char *prefix)
{
	char *kept;
	size_t i;

	for (i = 0; i < link->prefix_count; i++)
		if (!strcmp(link->prefixes[i], prefix))
			return 0;
	kept = has_room(link) ? strdup(prefix) : NULL;
	if (!kept)
		return -ENOMEM;
	link->prefixes[link->prefix_count++] = kept;
	if (link->socket &&
	    zmq_setsockopt(link->socket, ZMQ_SUBSCRIBE, prefix, strlen(prefix)))
		return -errno;
	return 0;
}

int link_send(struct link *link, const uint8_t *data, size_t len)
{
	if (!link->socket)
		return -EAGAIN;
	if (zmq_send(link->socket, data, len, ZMQ_DONTWAIT) >= 0)
		return 0;
	return -EAGAIN;
}

/* How many frames the next message has, 0 when there is none. */
static int receive_frames(struct link *link)
{
	zmq_msg_t *frames = link->frames;
	int count = 1;

	if (zmq_msg_recv(&frames[0], link->socket, ZMQ_DONTWAIT) < 0)
		return 0;
	/* All frames of a message arrive together. */
	for (; zmq_msg_more(&frames[count == 1 ? 0 : 1]); count++)
		(void)zmq_msg_recv(&frames[1], link->socket, 0);
	return count;
}

/* A feed has a heartbeat a second: perhaps its connection is dead. */
static void renew_if_silent(struct link *link)
{
	int64_t now_ms = link_now_ms();

	if (!link->config.is_feed || !link->socket ||
	    now_ms < link->heard_ms + SILENCE_MS)
		return;
	close_socket(link);
	link->retry_ms = now_ms;
}

int link_receive(struct link *link, struct link_message *message)
{
	int wanted = link->config.is_feed ? 2 : 1;
	int count;

	do {
		count = link->socket ? receive_frames(link) : 0;
		if (!count) {
			renew_if_silent(link);
			return -EAGAIN;
		}
	} while (count != wanted);
	link->heard_ms = link_now_ms();
	message->topic = zmq_msg_data(&link->frames[0]);
	message->topic_len = zmq_msg_size(&link->frames[0]);
	message->data = zmq_msg_data(&link->frames[wanted - 1]);
	message->len = zmq_msg_size(&link->frames[wanted - 1]);
	return 0;
}

/* --------------------------------------------------- how it is going --- */

static void refuse(struct link *link, const char *format)
{
	snprintf(link->refusal, sizeof(link->refusal), format,
		 link->config.address,
		 link->config.name ? link->config.name : "");
	link->refusals++;
}

/* This socket will never connect again; a new one does. */
static void give_up_socket(struct link *link)
{
	unsigned int times = link->refusals < 5 ? link->refusals : 5;
	int64_t pause_ms = RETRY_MS << (times ? times - 1 : 0);

	close_socket(link);
	link->retry_ms = link_now_ms() +
			 (pause_ms < RETRY_MAX_MS ? pause_ms : RETRY_MAX_MS);
}

static void on_refused_key(struct link *link)
{
	refuse(link, "The gateway at '%s' refuses the key of '%s': it is not "
		     "in force there, or not for this; an engineer's "
		     "'gridcall key list' tells");
	give_up_socket(link);
}

static void on_other_mechanism(struct link *link)
{
	if (link->config.server_key)
		refuse(link, "What listens at '%s' does not take keys; is that "
			     "the address in the key file of '%s'?");
	else
		refuse(link, "The gateway at '%s' lets nobody in without a "
			     "key; give a key file");
	give_up_socket(link);
}

/* A gateway that died looks the same, but not for long. */
static void on_cut_handshake(struct link *link)
{
	if (++link->cuts < CUTS_MAX)
		return;
	if (link->config.server_key)
		refuse(link, "What listens at '%s' cut each handshake: the "
			     "link is bad, or it does not have the server-key "
			     "that the key file of '%s' names (perhaps the "
			     "gateway was given a new one)");
	else
		refuse(link, "What listens at '%s' ends the connection at "
			     "once; a gateway lets nobody in without a key, "
			     "so give a key file");
}

static void on_connected(struct link *link)
{
	link->was_connected = true;
	link->cuts = 0;
	link->refusals = 0;
	link->refusal[0] = '\0';
}

static void take(struct link *link, uint16_t event)
{
	switch (event) {
	case ZMQ_EVENT_CLOSED:
		link->failures++;
		break;
	case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
		on_connected(link);
		break;
	case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
		on_refused_key(link);
		break;
	case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
		on_other_mechanism(link);
		break;
	case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
		on_cut_handshake(link);
		break;
	default:
		break;
	}
}

/* The next event of the monitor, 0 when there is none. */
static uint16_t next_event(struct link *link)
{
	uint8_t bytes[6];
	uint16_t event = 0;
	int more = 0;
	size_t len = sizeof(more);
	int got;

	if (!link->monitor)
		return 0;
	got = zmq_recv(link->monitor, bytes, sizeof(bytes), ZMQ_DONTWAIT);
	if (got < (int)sizeof(event))
		return 0;
	memcpy(&event, bytes, sizeof(event));
	/* Its address follows. */
	while (!zmq_getsockopt(link->monitor, ZMQ_RCVMORE, &more, &len) && more)
		(void)zmq_recv(link->monitor, NULL, 0, 0);
	return event;
}

void link_check(struct link *link)
{
	uint16_t event;

	if (link->retry_ms && link_now_ms() >= link->retry_ms) {
		link->retry_ms = 0;
		if (open_socket(link))
			give_up_socket(link);
	}
	while ((event = next_event(link)))
		take(link, event);
}

int64_t link_due_ms(const struct link *link)
{
	return link->retry_ms;
}

const char *link_refusal(const struct link *link)
{
	return link->refusal[0] ? link->refusal : NULL;
}

unsigned int link_refusals(const struct link *link)
{
	return link->refusals;
}

unsigned int link_failures(const struct link *link)
{
	return link->was_connected ? 0 : link->failures;
}
