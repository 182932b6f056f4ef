/* SPDX-License-Identifier: MIT
 *
 * What ZeroMQ asks of its user, in one place:
 * - A SUB socket drops every subscription past its send high-water mark without
 *   a word; so that mark is off.
 * - ZMQ_FD is edge-triggered: after it was readable, and after every send, the
 *   socket is read until it would block.  A feed's own descriptor is an epoll
 *   around both and a timer, which makes it level-triggered for the caller.
 * - Without heartbeats a link that went silent stays "connected".
 */
#include "proto/gridcall.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <zmq.h>

#include "proto/probe.h"
#include "proto/recovery.h"

#define DEADLINE_MS   10000
#define SLICE_MS      100 /* how soon a cancel flag is seen */
#define RETRY_MS      500
#define SILENCE_MS    5000 /* heartbeats come once a second */
#define HEARTBEAT_MS  1000
#define DEAD_MS       3000
#define RECEIVE_QUEUE 100000
#define ID_MAX        24
#define BATCH         512 /* messages before the caller's loop runs again */

struct gridcall_client {
	void *context;
	void *socket;
	char *address;
	uint64_t asked;
	bool answered; /* at least once: the gateway is known to be there */
};

struct gridcall_subscription {
	struct gridcall_client *client;
	struct recovery *recovery;
	void (*on_trouble)(void *data, const char *sentence);
	void *data;
	void *subscriber;
	void *dealer;
	int epoll_fd;
	int timer_fd;
	char id[ID_MAX];    /* of the request under way, "": none */
	int64_t due_ms;     /* reply or retry expected by, 0: none */
	int64_t silence_ms; /* trouble if nothing came by then */
	bool troubled;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

__attribute__((format(printf, 4, 5))) static int
fail(struct gridcall_fault *fault, int rc, Gridcall__V1__ErrorCode code,
     const char *format, ...)
{
	va_list list;

	if (!fault)
		return rc;
	fault->code = code;
	va_start(list, format);
	vsnprintf(fault->sentence, sizeof(fault->sentence), format, list);
	va_end(list);
	return rc;
}

static int unavailable(struct gridcall_fault *fault, int rc,
		       const char *address, const char *reason)
{
	return fail(fault, rc, GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE,
		    "No gateway can be reached at '%s': %s; is gridcalld "
		    "running, and are you in its group?",
		    address, reason);
}

/* ------------------------------------------------------------- sockets -- */

static void set(void *socket, int option, int value)
{
	(void)zmq_setsockopt(socket, option, &value, sizeof(value));
}

static void *connect_to(struct gridcall_client *client, int type,
			const char *address)
{
	void *socket = zmq_socket(client->context, type);

	if (!socket)
		return NULL;
	set(socket, ZMQ_LINGER, 0);
	set(socket, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS);
	set(socket, ZMQ_HEARTBEAT_TIMEOUT, DEAD_MS);
	set(socket, ZMQ_HANDSHAKE_IVL, DEAD_MS);
	set(socket, ZMQ_RECONNECT_IVL, 50);
	set(socket, ZMQ_RECONNECT_IVL_MAX, 1000);
	if (type == ZMQ_SUB) {
		set(socket, ZMQ_SNDHWM, 0);
		set(socket, ZMQ_RCVHWM, RECEIVE_QUEUE);
	}
	if (zmq_connect(socket, address)) {
		zmq_close(socket);
		return NULL;
	}
	return socket;
}

struct gridcall_client *gridcall_open(const struct gridcall_config *config,
				      struct gridcall_fault *fault)
{
	const char *address = config->address ? config->address : "";
	struct gridcall_client *client = calloc(1, sizeof(*client));

	if (client) {
		client->address = strdup(address);
		client->context = zmq_ctx_new();
	}
	if (client && client->address && client->context)
		client->socket = connect_to(client, ZMQ_DEALER, address);
	if (client && client->socket)
		return client;
	fail(fault, -errno, GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT,
	     "'%s' can't be used as the address of a command socket (%s); "
	     "give one like ipc:///run/gridcall/commands",
	     address, zmq_strerror(errno));
	return gridcall_close(client);
}

struct gridcall_client *gridcall_close(struct gridcall_client *client)
{
	if (!client)
		return NULL;
	if (client->socket)
		zmq_close(client->socket);
	if (client->context)
		zmq_ctx_term(client->context);
	free(client->address);
	free(client);
	return NULL;
}

/* ------------------------------------------------------------ commands -- */

/* Replies come back on the same connection: a count is id enough. */
static void make_id(struct gridcall_client *client, char id[ID_MAX])
{
	snprintf(id, ID_MAX, "%" PRIu64, ++client->asked);
}

static int send_request(void *socket, const Gridcall__V1__Request *request)
{
	size_t len = gridcall__v1__request__get_packed_size(request);
	zmq_msg_t message;

	if (len > GRIDCALL_REQUEST_MAX)
		return -EMSGSIZE;
	if (zmq_msg_init_size(&message, len))
		return -ENOMEM;
	gridcall__v1__request__pack(request, zmq_msg_data(&message));
	if (zmq_msg_send(&message, socket, ZMQ_DONTWAIT) >= 0)
		return 0;
	zmq_msg_close(&message);
	return -EAGAIN;
}

/* The next whole reply, or NULL when none waits.  Others are dropped. */
static Gridcall__V1__Reply *receive_reply(void *socket, const char *id)
{
	Gridcall__V1__Reply *reply = NULL;
	zmq_msg_t message;

	zmq_msg_init(&message);
	while (!reply && zmq_msg_recv(&message, socket, ZMQ_DONTWAIT) >= 0) {
		if (zmq_msg_more(&message))
			continue;
		reply = gridcall__v1__reply__unpack(
			NULL, zmq_msg_size(&message), zmq_msg_data(&message));
		/* Of an earlier request, whose patience had ended. */
		if (reply && strcmp(reply->id, id)) {
			gridcall_reply_free(reply);
			reply = NULL;
		}
	}
	zmq_msg_close(&message);
	return reply;
}

void gridcall_reply_free(Gridcall__V1__Reply *reply)
{
	gridcall__v1__reply__free_unpacked(reply, NULL);
}

static bool is_cancelled(const struct gridcall_patience *patience)
{
	struct pollfd fd = {.fd = patience->cancel_fd, .events = POLLIN};

	if (patience->cancel && *patience->cancel)
		return true;
	return patience->cancel_fd > 0 && poll(&fd, 1, 0) > 0;
}

static int wait_for_reply(struct gridcall_client *client, const char *id,
			  const struct gridcall_patience *patience,
			  Gridcall__V1__Reply **reply)
{
	int64_t end_ms = now_ms() + patience->deadline_ms;
	zmq_pollitem_t items[] = {
		{.socket = client->socket, .events = ZMQ_POLLIN},
		{.fd = patience->cancel_fd, .events = ZMQ_POLLIN},
	};

	for (;;) {
		int64_t left_ms = end_ms - now_ms();

		*reply = receive_reply(client->socket, id);
		if (*reply)
			return 0;
		if (is_cancelled(patience))
			return -ECANCELED;
		if (left_ms <= 0)
			return -ETIMEDOUT;
		/* A signal may set the flag just before the wait begins. */
		if (patience->cancel && left_ms > SLICE_MS)
			left_ms = SLICE_MS;
		(void)zmq_poll(items, patience->cancel_fd > 0 ? 2 : 1, left_ms);
	}
}

static int no_reply(const struct gridcall_client *client, int rc,
		    const struct gridcall_patience *patience,
		    struct gridcall_fault *fault)
{
	int gone = probe_listener(client->address);

	if (rc == -ECANCELED)
		return fail(fault, rc,
			    GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE,
			    "Interrupted before the gateway at '%s' answered; "
			    "the command may have been carried out",
			    client->address);
	if (gone)
		return unavailable(fault, rc, client->address, strerror(-gone));
	return fail(fault, rc, GRIDCALL__V1__ERROR_CODE__ERROR_TOO_LATE,
		    "The gateway at '%s' did not answer within %d ms; the "
		    "command may have been carried out",
		    client->address, patience->deadline_ms);
}

static int send_or_say(struct gridcall_client *client,
		       const Gridcall__V1__Request *request,
		       struct gridcall_fault *fault)
{
	int rc = client->answered ? 0 : probe_listener(client->address);

	if (rc)
		return unavailable(fault, -ECONNREFUSED, client->address,
				   strerror(-rc));
	rc = send_request(client->socket, request);
	if (rc == -EMSGSIZE)
		return fail(fault, rc,
			    GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT,
			    "The request is larger than the %u MiB that a "
			    "gateway takes; send less at once",
			    GRIDCALL_REQUEST_MAX >> 20);
	if (rc)
		return unavailable(fault, -ECONNREFUSED, client->address,
				   "its queue is full");
	return 0;
}

static int judge(Gridcall__V1__Reply *answer, Gridcall__V1__Reply **reply,
		 struct gridcall_fault *fault)
{
	if (!answer->error) {
		*reply = answer;
		return 0;
	}
	fail(fault, 0, answer->error->code, "%s", answer->error->sentence);
	gridcall_reply_free(answer);
	return -EREMOTEIO;
}

int gridcall_ask(struct gridcall_client *client, Gridcall__V1__Request *request,
		 const struct gridcall_patience *patience,
		 Gridcall__V1__Reply **reply, struct gridcall_fault *fault)
{
	struct gridcall_patience waits = {0};
	Gridcall__V1__Reply *answer;
	char id[ID_MAX];
	int rc;

	if (patience)
		waits = *patience;
	if (waits.deadline_ms <= 0)
		waits.deadline_ms = DEADLINE_MS;
	make_id(client, id);
	request->id = id;
	if (!request->deadline_ms)
		request->deadline_ms = (uint32_t)waits.deadline_ms;
	rc = send_or_say(client, request, fault);
	if (!rc) {
		rc = wait_for_reply(client, id, &waits, &answer);
		if (rc)
			no_reply(client, rc, &waits, fault);
	}
	request->id = (char *)protobuf_c_empty_string;
	if (rc)
		return rc;
	client->answered = true;
	return judge(answer, reply, fault);
}

/* ---------------------------------------------------------------- feed -- */

/* Told once when it begins, and with NULL when it is over. */
static void trouble(struct gridcall_subscription *feed, const char *sentence)
{
	if (feed->troubled == !!sentence)
		return;
	feed->troubled = !!sentence;
	if (feed->on_trouble)
		feed->on_trouble(feed->data, sentence);
}

/* Up to most messages of the feed; how many there were. */
static int read_feed(struct gridcall_subscription *feed, int most)
{
	zmq_msg_t topic, payload;
	int count = 0;

	zmq_msg_init(&topic);
	zmq_msg_init(&payload);
	while (count < most &&
	       zmq_msg_recv(&topic, feed->subscriber, ZMQ_DONTWAIT) >= 0) {
		int frames = 1;

		/* All frames of a message arrive together. */
		for (; zmq_msg_more(frames == 1 ? &topic : &payload); frames++)
			(void)zmq_msg_recv(&payload, feed->subscriber, 0);
		if (frames == 2)
			recovery_message(feed->recovery, zmq_msg_data(&topic),
					 zmq_msg_size(&topic),
					 zmq_msg_data(&payload),
					 zmq_msg_size(&payload));
		count++;
	}
	if (count)
		feed->silence_ms = now_ms() + SILENCE_MS;
	zmq_msg_close(&topic);
	zmq_msg_close(&payload);
	return count;
}

static void ask(struct gridcall_subscription *feed)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ReplayRequest replay;
	Gridcall__V1__StatusRequest status = GRIDCALL__V1__STATUS_REQUEST__INIT;

	if (recovery_need(feed->recovery) == RECOVERY_STATUS) {
		request.body_case = GRIDCALL__V1__REQUEST__BODY_STATUS;
		request.status = &status;
	} else {
		recovery_replay(feed->recovery, &replay);
		request.body_case = GRIDCALL__V1__REQUEST__BODY_REPLAY;
		request.replay = &replay;
	}
	make_id(feed->client, feed->id);
	request.id = feed->id;
	request.deadline_ms = DEADLINE_MS;
	feed->due_ms = now_ms() + DEADLINE_MS;
	if (send_request(feed->dealer, &request))
		feed->due_ms = now_ms() + RETRY_MS;
}

static int read_replies(struct gridcall_subscription *feed)
{
	Gridcall__V1__Reply *reply = receive_reply(feed->dealer, feed->id);

	if (!reply)
		return 0;
	feed->id[0] = '\0';
	feed->due_ms = 0;
	if (!recovery_reply(feed->recovery, reply)) {
		trouble(feed, NULL);
	} else {
		feed->due_ms = now_ms() + RETRY_MS;
		trouble(feed, reply->error ? reply->error->sentence
					   : "The gateway's answer to a replay "
					     "does not fit the question");
	}
	gridcall_reply_free(reply);
	return 1;
}

/* Ask what is needed, once, and again when an answer is overdue. */
static int ask_if_due(struct gridcall_subscription *feed)
{
	bool overdue = feed->due_ms && now_ms() >= feed->due_ms;

	if (recovery_need(feed->recovery) == RECOVERY_NOTHING)
		return 0;
	if (feed->due_ms && !overdue)
		return 0;
	if (overdue && feed->id[0])
		trouble(feed, "The gateway does not answer; what the feed lost "
			      "can't be had yet");
	ask(feed);
	return 1;
}

static void watch_silence(struct gridcall_subscription *feed)
{
	if (now_ms() < feed->silence_ms)
		return;
	trouble(feed, "Nothing comes from the feed, not even a heartbeat");
	feed->silence_ms = now_ms() + SILENCE_MS;
}

/* In in_ms, or as soon as the caller's loop comes round again for 0. */
static void set_timer(struct gridcall_subscription *feed, int64_t in_ms)
{
	struct itimerspec when = {
		.it_value = {.tv_sec = in_ms / 1000,
			     .tv_nsec = in_ms % 1000 * 1000000}};

	if (in_ms <= 0)
		when.it_value = (struct timespec){.tv_nsec = 1};
	(void)timerfd_settime(feed->timer_fd, 0, &when, NULL);
}

void gridcall_subscription_process(struct gridcall_subscription *feed)
{
	int left = BATCH;
	int done = 1;
	int64_t next_ms;

	while (done && left > 0) {
		done = read_replies(feed);
		done += read_feed(feed, left);
		done += ask_if_due(feed);
		left -= done;
	}
	if (feed->silence_ms > now_ms() && feed->troubled && !feed->due_ms)
		trouble(feed, NULL);
	watch_silence(feed);
	next_ms = feed->silence_ms;
	if (feed->due_ms && feed->due_ms < next_ms)
		next_ms = feed->due_ms;
	set_timer(feed, done ? 0 : next_ms - now_ms());
}

/* ----------------------------------------------------- open and close --- */

static int watch(struct gridcall_subscription *feed, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(feed->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int watch_socket(struct gridcall_subscription *feed, void *socket)
{
	size_t len = sizeof(int);
	int fd;

	if (zmq_getsockopt(socket, ZMQ_FD, &fd, &len))
		return -1;
	return watch(feed, fd);
}

static int subscribe(struct gridcall_subscription *feed,
		     const struct gridcall_interest *interest)
{
	static const char status[] = "gc1.gateway.";
	int rc = zmq_setsockopt(feed->subscriber, ZMQ_SUBSCRIBE, status,
				sizeof(status) - 1);
	size_t i;

	for (i = 0; !rc && i < interest->prefix_count; i++)
		rc = zmq_setsockopt(feed->subscriber, ZMQ_SUBSCRIBE,
				    interest->prefixes[i],
				    strlen(interest->prefixes[i]));
	return rc;
}

static int feed_start(struct gridcall_subscription *feed,
		      const struct gridcall_interest *interest)
{
	feed->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	feed->timer_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	feed->subscriber = connect_to(feed->client, ZMQ_SUB, interest->feed);
	feed->dealer =
		connect_to(feed->client, ZMQ_DEALER, feed->client->address);
	if (feed->epoll_fd < 0 || feed->timer_fd < 0 || !feed->subscriber ||
	    !feed->dealer)
		return -1;
	if (subscribe(feed, interest) || watch_socket(feed, feed->subscriber) ||
	    watch_socket(feed, feed->dealer) || watch(feed, feed->timer_fd))
		return -1;
	set_timer(feed, 0);
	return 0;
}

struct gridcall_subscription *
gridcall_subscribe(struct gridcall_client *client,
		   const struct gridcall_interest *interest,
		   struct gridcall_fault *fault)
{
	struct gridcall_subscription *feed = calloc(1, sizeof(*feed));

	if (!feed)
		return NULL;
	feed->client = client;
	feed->on_trouble = interest->on_trouble;
	feed->data = interest->data;
	feed->epoll_fd = -1;
	feed->timer_fd = -1;
	feed->silence_ms = now_ms() + SILENCE_MS;
	feed->recovery = recovery_alloc(interest);
	if (!feed->recovery) {
		fail(fault, 0, GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT,
		     "A prefix or the position is not legal; a prefix ends in "
		     "'.' and selects an area, as in gc1.440106. does");
		return gridcall_unsubscribe(feed);
	}
	if (!feed_start(feed, interest))
		return feed;
	fail(fault, 0, GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE,
	     "The feed '%s' can't be subscribed to: %s", interest->feed,
	     zmq_strerror(errno));
	return gridcall_unsubscribe(feed);
}

struct gridcall_subscription *
gridcall_unsubscribe(struct gridcall_subscription *feed)
{
	if (!feed)
		return NULL;
	if (feed->subscriber)
		zmq_close(feed->subscriber);
	if (feed->dealer)
		zmq_close(feed->dealer);
	if (feed->epoll_fd >= 0)
		close(feed->epoll_fd);
	if (feed->timer_fd >= 0)
		close(feed->timer_fd);
	recovery_free(feed->recovery);
	free(feed);
	return NULL;
}

int gridcall_subscription_fd(const struct gridcall_subscription *feed)
{
	return feed->epoll_fd;
}

size_t gridcall_subscription_position(const struct gridcall_subscription *feed,
				      char *text, size_t size)
{
	return recovery_position(feed->recovery, text, size);
}

bool gridcall_subscription_is_whole(const struct gridcall_subscription *feed)
{
	return recovery_need(feed->recovery) == RECOVERY_NOTHING;
}

const struct gridcall_stats *
gridcall_subscription_stats(const struct gridcall_subscription *feed)
{
	return recovery_stats(feed->recovery);
}
