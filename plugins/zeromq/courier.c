/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What ZeroMQ asks of its user, in one place:
 * - A socket belongs to one thread; binding in main and going on in the thread
 *   is allowed because pthread_create() lies between.
 * - A PUB never blocks: over a subscriber's mark it drops for that one only.
 * - A PUB learns of new subscriptions only when its owner calls into it, so it
 *   is polled although it can't be read.
 * - A ROUTER drops answers to peers that left without a word, unless it is told
 *   to complain (ZMQ_ROUTER_MANDATORY).
 */
#include "plugins/zeromq/courier.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zmq.h>

#include "proto/gridcall.pb-c.h"

#define TURN_MS       1000 /* the thread shows that it lives this often */
#define STOP_MS       200
#define REQUESTS_TURN 64 /* requests in a row before the feed goes on */
#define PEER_REQUESTS 16 /* that wait in one connection */
#define PEER_REPLIES  128
#define HEARTBEAT_MS  1000
#define DEAD_MS       3000
#define FRAMES_MAX    3 /* routing id, perhaps a delimiter, data */

/* Over this ZeroMQ cuts the connection; between the two it is answered. */
#define CUT_MAX (COURIER_REQUEST_MAX + (1 << 20))

static void count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ------------------------------------------------------------- answers -- */

static void send_answer(struct courier *courier, const struct desk_peer *peer,
			const uint8_t *data, size_t len)
{
	void *router = courier->router;

	if (zmq_send(router, peer->id, peer->len, ZMQ_SNDMORE | ZMQ_DONTWAIT) <
		    0 ||
	    (peer->delimited &&
	     zmq_send(router, "", 0, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) ||
	    zmq_send(router, data, len, ZMQ_DONTWAIT) < 0)
		count(&courier->counters.unroutable);
}

/* Answer a request that does not reach the gateway. */
static void refuse(struct courier *courier, const struct desk_peer *peer,
		   zmq_msg_t *data, Gridcall__V1__Error *error)
{
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__Request *request;
	uint8_t *bytes;
	size_t len;

	count(&courier->counters.refused);
	request = gridcall__v1__request__unpack(NULL, zmq_msg_size(data),
						zmq_msg_data(data));
	if (request)
		reply.id = request->id;
	reply.error = error;
	len = gridcall__v1__reply__get_packed_size(&reply);
	bytes = malloc(len);
	if (bytes) {
		gridcall__v1__reply__pack(&reply, bytes);
		send_answer(courier, peer, bytes, len);
	}
	free(bytes);
	gridcall__v1__request__free_unpacked(request, NULL);
}

static void refuse_busy(struct courier *courier, const struct desk_peer *peer,
			zmq_msg_t *data)
{
	Gridcall__V1__Error error = GRIDCALL__V1__ERROR__INIT;

	error.code = GRIDCALL__V1__ERROR_CODE__ERROR_BUSY;
	error.sentence = (char *)"The gateway has too many requests open; ask "
				 "again in a second";
	refuse(courier, peer, data, &error);
}

static void refuse_size(struct courier *courier, const struct desk_peer *peer,
			zmq_msg_t *data)
{
	Gridcall__V1__Error error = GRIDCALL__V1__ERROR__INIT;

	error.code = GRIDCALL__V1__ERROR_CODE__ERROR_BAD_REQUEST;
	error.sentence = (char *)"The request is larger than 16 MiB; send less "
				 "at once";
	refuse(courier, peer, data, &error);
}

/* ------------------------------------------------------------ requests -- */

static void pass_on(struct courier *courier, const struct desk_peer *peer,
		    zmq_msg_t *data)
{
	struct gridcall_request request = {.principal = "local",
					   .address = "ipc",
					   .data = zmq_msg_data(data),
					   .len = zmq_msg_size(data)};
	struct desk_peer unused;

	if (request.len > COURIER_REQUEST_MAX) {
		refuse_size(courier, peer, data);
		return;
	}
	request.token = desk_open(courier->desk, peer);
	if (request.token &&
	    !courier->host->request(courier->bridge, &request)) {
		count(&courier->counters.requests);
		return;
	}
	if (request.token)
		(void)desk_close(courier->desk, request.token, &unused);
	refuse_busy(courier, peer, data);
}

/* The frames of one message; how many it has, though more than max are lost. */
static int receive(void *router, zmq_msg_t frames[FRAMES_MAX])
{
	zmq_msg_t more;
	int frame = 0;
	int left;

	zmq_msg_init(&more);
	do {
		zmq_msg_t *next = frame < FRAMES_MAX ? &frames[frame] : &more;

		/* The rest of a message is there as soon as its front is. */
		if (zmq_msg_recv(next, router, frame ? 0 : ZMQ_DONTWAIT) < 0)
			break;
		frame++;
		left = zmq_msg_more(next);
	} while (left);
	zmq_msg_close(&more);
	return frame;
}

/* One request.  False when none waits. */
static bool take_request(struct courier *courier)
{
	struct desk_peer peer = {0};
	zmq_msg_t frames[FRAMES_MAX];
	int got, i;

	for (i = 0; i < FRAMES_MAX; i++)
		zmq_msg_init(&frames[i]);
	got = receive(courier->router, frames);
	peer.delimited = got == 3 && !zmq_msg_size(&frames[1]);
	if (got == 2 || peer.delimited) {
		peer.len = (uint8_t)zmq_msg_size(&frames[0]);
		memcpy(peer.id, zmq_msg_data(&frames[0]), peer.len);
		pass_on(courier, &peer, &frames[got - 1]);
	} else if (got) {
		count(&courier->counters.garbage);
	}
	for (i = 0; i < FRAMES_MAX; i++)
		zmq_msg_close(&frames[i]);
	return got > 0;
}

/* ------------------------------------------------------------- letters -- */

static void deliver(struct courier *courier, const struct letter *letter)
{
	struct desk_peer peer;

	if (letter->token) {
		if (desk_close(courier->desk, letter->token, &peer))
			count(&courier->counters.unroutable);
		else
			send_answer(courier, &peer, letter->data, letter->len);
		return;
	}
	if (zmq_send(courier->publisher, letter->topic, strlen(letter->topic),
		     ZMQ_SNDMORE) >= 0 &&
	    zmq_send(courier->publisher, letter->data, letter->len, 0) >= 0)
		count(&courier->counters.published);
}

/* Everything that waits; what is left at end_ms (0: never) is dropped. */
static void deliver_all(struct courier *courier, int64_t end_ms)
{
	struct letter *letter = outbox_take(courier->outbox);
	struct letter *next;

	for (; letter; letter = next) {
		next = letter->next;
		if (!end_ms || now_ms() < end_ms)
			deliver(courier, letter);
		free(letter);
	}
}

/* -------------------------------------------------------------- thread -- */

static void close_sockets(struct courier *courier, int64_t end_ms)
{
	int64_t left_ms = end_ms - now_ms();
	int linger_ms = left_ms > 0 ? (int)left_ms : 0;
	void *sockets[] = {courier->router, courier->publisher};
	size_t i;

	for (i = 0; i < 2; i++) {
		if (!sockets[i])
			continue;
		(void)zmq_setsockopt(sockets[i], ZMQ_LINGER, &linger_ms,
				     sizeof(linger_ms));
		zmq_close(sockets[i]);
	}
	courier->router = NULL;
	courier->publisher = NULL;
}

static void *run(void *arg)
{
	struct courier *courier = arg;
	zmq_pollitem_t items[3] = {
		{.fd = outbox_fd(courier->outbox), .events = ZMQ_POLLIN}};
	int polled = 1;
	int64_t end_ms;
	int i;

	if (courier->publisher)
		items[polled++] = (zmq_pollitem_t){.socket = courier->publisher,
						   .events = ZMQ_POLLIN};
	if (courier->router)
		items[polled++] = (zmq_pollitem_t){.socket = courier->router,
						   .events = ZMQ_POLLIN};
	while (!atomic_load(&courier->stopping)) {
		(void)zmq_poll(items, polled, TURN_MS);
		count(&courier->turns);
		deliver_all(courier, 0);
		for (i = 0; courier->router && i < REQUESTS_TURN; i++)
			if (!take_request(courier))
				break;
	}
	end_ms = now_ms() + STOP_MS;
	deliver_all(courier, end_ms);
	close_sockets(courier, end_ms);
	return NULL;
}

/* Signals are for main. */
static int start_thread(struct courier *courier)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&courier->thread, NULL, run, courier);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	courier->started = !rc;
	return -rc;
}

/* ------------------------------------------------------ open and close -- */

static void set(void *socket, int option, int value)
{
	(void)zmq_setsockopt(socket, option, &value, sizeof(value));
}

static void set_limits(const struct courier *courier, void *socket, int type)
{
	set(socket, ZMQ_LINGER, 0);
	set(socket, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS);
	set(socket, ZMQ_HEARTBEAT_TIMEOUT, DEAD_MS);
	set(socket, ZMQ_HANDSHAKE_IVL, DEAD_MS);
	if (type == ZMQ_PUB) {
		set(socket, ZMQ_SNDHWM,
		    (int)courier->settings.subscriber_backlog);
		return;
	}
	set(socket, ZMQ_ROUTER_MANDATORY, 1);
	set(socket, ZMQ_RCVHWM, PEER_REQUESTS);
	set(socket, ZMQ_SNDHWM, PEER_REPLIES);
}

static int bind_one(struct courier *courier, void **socket, int type,
		    const char *address, struct gridcall_why *why)
{
	struct socket_file *file = type == ZMQ_PUB ? &courier->publisher_file
						   : &courier->router_file;
	int64_t most = CUT_MAX;
	int rc = socket_file_prepare(file, address, why);

	if (rc)
		return rc;
	*socket = zmq_socket(courier->context, type);
	if (*socket) {
		set_limits(courier, *socket, type);
		(void)zmq_setsockopt(*socket, ZMQ_MAXMSGSIZE, &most,
				     sizeof(most));
	}
	if (!*socket || zmq_bind(*socket, address)) {
		rc = errno ? -errno : -EIO;
		snprintf(why->text, sizeof(why->text),
			 "'%s' can't be bound: %s; check that its folder "
			 "exists and is ours",
			 address, zmq_strerror(-rc));
		return rc;
	}
	return socket_file_guard(file, &courier->settings, why);
}

static int start(struct courier *courier, struct gridcall_why *why)
{
	const struct settings *settings = &courier->settings;
	int rc = 0;

	courier->outbox = outbox_alloc(settings->backlog);
	courier->desk = desk_alloc(COURIER_OPEN_MAX);
	courier->context = zmq_ctx_new();
	if (!courier->outbox || !courier->desk || !courier->context) {
		snprintf(why->text, sizeof(why->text),
			 "memory or descriptors are out; raise the limits of "
			 "the gateway");
		return -ENOMEM;
	}
	if (settings->commands[0])
		rc = bind_one(courier, &courier->router, ZMQ_ROUTER,
			      settings->commands, why);
	if (!rc && settings->feed[0])
		rc = bind_one(courier, &courier->publisher, ZMQ_PUB,
			      settings->feed, why);
	if (rc)
		return rc;
	rc = start_thread(courier);
	if (rc)
		snprintf(why->text, sizeof(why->text),
			 "no thread can be started: %s; raise the limits of "
			 "the gateway",
			 strerror(-rc));
	return rc;
}

int courier_start(struct courier *courier, struct gridcall_why *why)
{
	int rc = start(courier, why);

	if (rc)
		courier_stop(courier);
	return rc;
}

void courier_stop(struct courier *courier)
{
	if (courier->started) {
		atomic_store(&courier->stopping, true);
		outbox_wake(courier->outbox);
		pthread_join(courier->thread, NULL);
		courier->started = false;
	}
	close_sockets(courier, 0);
	if (courier->context)
		zmq_ctx_term(courier->context);
	courier->context = NULL;
	socket_file_remove(&courier->router_file);
	socket_file_remove(&courier->publisher_file);
	courier->desk = desk_free(courier->desk);
	courier->outbox = outbox_free(courier->outbox);
}
