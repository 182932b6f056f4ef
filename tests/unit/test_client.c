/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "proto/gridcall.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <zmq.h>

#define LONG 20000 /* ms; only a broken client needs them */

/* ZeroMQ is not built for the thread sanitizer, which then sees ghosts. */
__attribute__((visibility("default"))) const char *
__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "race:libzmq.so";
}

/* Sockets of a gateway's shape; what they say is up to each test. */
struct world {
	char folder[24];
	char commands[48];
	char feed[48];
	void *context;
	void *router;
	void *publisher;
	struct gridcall_client *client;
	struct gridcall_fault fault;
	uint64_t channels; /* volatile messages that came */
	uint64_t voices;
};

static void *bind_to(struct world *world, int type, const char *address)
{
	void *socket = zmq_socket(world->context, type);
	int none = 0;

	zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof(none));
	if (type == ZMQ_PUB)
		zmq_setsockopt(socket, ZMQ_SNDHWM, &none, sizeof(none));
	assert_int_equal(zmq_bind(socket, address), 0);
	return socket;
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	strcpy(world->folder, "/tmp/gridcall-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	sprintf(world->commands, "ipc://%s/commands", world->folder);
	sprintf(world->feed, "ipc://%s/feed", world->folder);
	world->context = zmq_ctx_new();
	world->router = bind_to(world, ZMQ_ROUTER, world->commands);
	world->publisher = bind_to(world, ZMQ_PUB, world->feed);
	world->client = gridcall_open(
		&(struct gridcall_config){.address = world->commands},
		&world->fault);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	gridcall_close(world->client);
	zmq_close(world->router);
	zmq_close(world->publisher);
	zmq_ctx_term(world->context);
	(void)rmdir(world->folder);
	free(world);
	return 0;
}

static int ask(struct world *world, const struct gridcall_patience *patience)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__StatusRequest status = GRIDCALL__V1__STATUS_REQUEST__INIT;
	Gridcall__V1__Reply *reply;
	int rc;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_STATUS;
	request.status = &status;
	rc = gridcall_ask(world->client, &request, patience, &reply,
			  &world->fault);
	if (!rc)
		gridcall_reply_free(reply);
	return rc;
}

static int ask_for(struct world *world, int deadline_ms)
{
	struct gridcall_patience patience = {.deadline_ms = deadline_ms};

	return ask(world, &patience);
}

/* The id of the next request; the peer that sent it goes into peer. */
static void take(struct world *world, char peer[16], int *peer_len, char id[24])
{
	uint8_t bytes[256];
	Gridcall__V1__Request *request;
	int len;

	*peer_len = zmq_recv(world->router, peer, 16, 0);
	len = zmq_recv(world->router, bytes, sizeof(bytes), 0);
	request = gridcall__v1__request__unpack(NULL, (size_t)len, bytes);
	assert_non_null(request);
	snprintf(id, 24, "%s", request->id);
	gridcall__v1__request__free_unpacked(request, NULL);
}

static void answer(struct world *world, const char *peer, int peer_len,
		   const char *id, const char *refusal)
{
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__Error error = GRIDCALL__V1__ERROR__INIT;
	uint8_t bytes[256];

	reply.id = (char *)id;
	if (refusal) {
		error.code = GRIDCALL__V1__ERROR_CODE__ERROR_CONFLICT;
		error.sentence = (char *)refusal;
		reply.error = &error;
	}
	zmq_send(world->router, peer, (size_t)peer_len, ZMQ_SNDMORE);
	zmq_send(world->router, bytes, gridcall__v1__reply__pack(&reply, bytes),
		 0);
}

/* ---- commands ---- */

static void *answer_after_old_ones_and_garbage(void *arg)
{
	struct world *world = arg;
	char peer[16], id[24], old[24];
	int len;

	take(world, peer, &len, old);
	take(world, peer, &len, id);
	zmq_send(world->router, peer, (size_t)len, ZMQ_SNDMORE);
	zmq_send(world->router, "\xff\xff", 2, 0);
	answer(world, peer, len, old, "too late for its asker");
	answer(world, peer, len, id, NULL);
	return NULL;
}

static void takes_only_the_reply_to_its_own_request(void **state)
{
	struct world *world = *state;
	pthread_t thread;

	assert_int_equal(ask_for(world, 1), -ETIMEDOUT);
	pthread_create(&thread, NULL, answer_after_old_ones_and_garbage, world);
	assert_int_equal(ask_for(world, LONG), 0);
	pthread_join(thread, NULL);
}

static void *refuse(void *arg)
{
	struct world *world = arg;
	char peer[16], id[24];
	int len;

	take(world, peer, &len, id);
	answer(world, peer, len, id, "Another call runs on that channel");
	return NULL;
}

static void passes_a_refusal_on_as_it_was_said(void **state)
{
	struct world *world = *state;
	pthread_t thread;

	pthread_create(&thread, NULL, refuse, world);
	assert_int_equal(ask_for(world, LONG), -EREMOTEIO);
	pthread_join(thread, NULL);
	assert_int_equal(world->fault.code,
			 GRIDCALL__V1__ERROR_CODE__ERROR_CONFLICT);
	assert_string_equal(world->fault.sentence,
			    "Another call runs on that channel");
}

static void says_that_the_gateway_does_not_answer(void **state)
{
	struct world *world = *state;

	assert_int_equal(ask_for(world, 1), -ETIMEDOUT);
	assert_non_null(strstr(world->fault.sentence, "did not answer"));
}

static void says_that_nobody_listens(void **state)
{
	struct world *world = *state;
	struct gridcall_client *client;

	client = gridcall_open(
		&(struct gridcall_config){
			.address = "ipc:///tmp/gridcall-nobody/x"},
		&world->fault);
	gridcall_close(world->client);
	world->client = client;
	assert_int_equal(ask_for(world, LONG), -ECONNREFUSED);
	assert_non_null(strstr(world->fault.sentence, "gridcall-nobody"));
}

static void stops_waiting_when_it_is_cancelled(void **state)
{
	static volatile sig_atomic_t cancel = 1;
	struct world *world = *state;
	struct gridcall_patience patience = {.deadline_ms = LONG};
	int pipe_fd[2];

	patience.cancel = &cancel;
	assert_int_equal(ask(world, &patience), -ECANCELED);
	assert_int_equal(pipe(pipe_fd), 0);
	assert_int_equal(write(pipe_fd[1], "x", 1), 1);
	patience.cancel = NULL;
	patience.cancel_fd = pipe_fd[0];
	assert_int_equal(ask(world, &patience), -ECANCELED);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

static void sends_no_request_that_is_too_large(void **state)
{
	struct world *world = *state;
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ImportRequest import = GRIDCALL__V1__IMPORT_REQUEST__INIT;
	Gridcall__V1__Reply *reply;

	import.units_csv.len = GRIDCALL_REQUEST_MAX;
	import.units_csv.data = calloc(1, GRIDCALL_REQUEST_MAX);
	request.body_case = GRIDCALL__V1__REQUEST__BODY_IMPORT;
	request.import = &import;
	assert_int_equal(gridcall_ask(world->client, &request, NULL, &reply,
				      &world->fault),
			 -EMSGSIZE);
	free(import.units_csv.data);
}

static void refuses_an_address_that_is_none(void **state)
{
	struct world *world = *state;

	assert_null(
		gridcall_open(&(struct gridcall_config){.address = "commands"},
			      &world->fault));
	assert_non_null(strstr(world->fault.sentence, "ipc://"));
	assert_null(
		gridcall_open(&(struct gridcall_config){.address = ""}, NULL));
}

/* ---- feed ---- */

static void on_event(void *data, const struct gridcall_event *event)
{
	fail_msg("no event was sent");
}

static void on_volatile(void *data, const char *topic, const uint8_t *payload,
			size_t len)
{
	struct world *world = data;

	world->channels += strstr(topic, ".channel") != NULL;
	world->voices += strstr(topic, ".voice") != NULL;
}

static struct gridcall_subscription *subscribe(struct world *world,
					       const char *const *prefixes,
					       size_t count,
					       const char *position)
{
	struct gridcall_interest config = {.feed = world->feed,
					   .prefixes = prefixes,
					   .prefix_count = count,
					   .position = position,
					   .on_event = on_event,
					   .on_volatile = on_volatile,
					   .data = world};

	return gridcall_subscribe(world->client, &config, &world->fault);
}

static void refuses_a_position_or_prefix_that_is_not_legal(void **state)
{
	static const char *const wrong[] = {"",
					    "x",
					    "- ",
					    " 1",
					    "- x",
					    "- 1 ",
					    "- 1 x",
					    "- 1 x:1",
					    "- 1 gc1.440106.1.07.reply",
					    "- 1 gc1.440106.1.07.reply:",
					    "- 99999999999999999999999",
					    "- 1x",
					    "0123456789012345678901234 1"};
	static const char *const cut[] = {"gc1.440106.", "gc1.44"};
	struct world *world = *state;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_null(subscribe(world, cut, 1, wrong[i]));
	assert_null(subscribe(world, cut, 2, NULL));
	assert_non_null(strstr(world->fault.sentence, "prefix"));
}

#define GRIDS 1700

static void send_text(struct world *world, const char *topic)
{
	zmq_send(world->publisher, topic, strlen(topic), ZMQ_SNDMORE);
	zmq_send(world->publisher, "", 0, 0);
}

/* The library drops them in silence past the 1,000th unless it is told. */
static void keeps_every_one_of_1700_subscriptions(void **state)
{
	static char text[GRIDS][32];
	static const char *prefixes[GRIDS];
	struct world *world = *state;
	struct gridcall_subscription *feed;
	struct pollfd fd = {.events = POLLIN};
	char topic[48];
	int i;

	for (i = 0; i < GRIDS; i++) {
		sprintf(text[i], "gc1.440106.1.%04d.", i);
		prefixes[i] = text[i];
	}
	feed = subscribe(world, prefixes, GRIDS, NULL);
	assert_non_null(feed);
	fd.fd = gridcall_fd(world->client);
	/* Prefixes arrive in order: the last one tells that all are there. */
	for (i = 0; i < LONG / 10 && !world->channels; i++) {
		sprintf(topic, "%schannel", prefixes[GRIDS - 1]);
		send_text(world, topic);
		(void)poll(&fd, 1, 10);
		gridcall_process(world->client);
	}
	for (i = 0; i < GRIDS; i++) {
		sprintf(topic, "%svoice", prefixes[i]);
		send_text(world, topic);
	}
	for (i = 0; i < LONG / 10 && world->voices < GRIDS; i++) {
		(void)poll(&fd, 1, 10);
		gridcall_process(world->client);
	}
	assert_int_equal(world->voices, GRIDS);
	gridcall_unsubscribe(feed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(takes_only_the_reply_to_its_own_request),
		TEST(passes_a_refusal_on_as_it_was_said),
		TEST(says_that_the_gateway_does_not_answer),
		TEST(says_that_nobody_listens),
		TEST(stops_waiting_when_it_is_cancelled),
		TEST(sends_no_request_that_is_too_large),
		TEST(refuses_an_address_that_is_none),
		TEST(refuses_a_position_or_prefix_that_is_not_legal),
		TEST(keeps_every_one_of_1700_subscriptions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
