/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test_service.c - the built ZeroMQ service against its peers on real sockets
 */
#include "tests/conform/service_peer.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define OPEN_REQUESTS 1024 /* requests that a service keeps open */

/* -------------------------------------------------------------- helpers -- */

/* Answers whoami, and what it can't understand as a gateway does. */
static uint8_t *answer(struct host *host, const uint8_t *data, size_t *len)
{
	Gridcall__V1__Request *request =
		gridcall__v1__request__unpack(NULL, *len, data);
	Gridcall__V1__WhoamiReply whoami = GRIDCALL__V1__WHOAMI_REPLY__INIT;
	Gridcall__V1__Error error = GRIDCALL__V1__ERROR__INIT;
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	uint8_t *bytes;

	whoami.principal = (char *)"local";
	error.code = GRIDCALL__V1__ERROR_CODE__ERROR_BAD_REQUEST;
	error.sentence = (char *)"This is not a request";
	if (request) {
		reply.id = request->id;
		reply.body_case = GRIDCALL__V1__REPLY__BODY_WHOAMI;
		reply.whoami = &whoami;
	} else {
		reply.error = &error;
	}
	*len = gridcall__v1__reply__get_packed_size(&reply);
	bytes = malloc(*len + 1);
	gridcall__v1__reply__pack(&reply, bytes);
	gridcall__v1__request__free_unpacked(request, NULL);
	return bytes;
}

static int set_up_answering(void **state)
{
	struct host *host;
	int rc = set_up(state);

	host = *state;
	host->answer = answer;
	return rc;
}

static int ask(struct gridcall_client *client, struct gridcall_fault *fault)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__WhoamiRequest whoami = GRIDCALL__V1__WHOAMI_REQUEST__INIT;
	struct gridcall_patience patience = {.deadline_ms = PATIENCE};
	Gridcall__V1__Reply *reply;
	int rc;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_WHOAMI;
	request.whoami = &whoami;
	rc = gridcall_ask(client, &request, &patience, &reply, fault);
	if (rc)
		return rc;
	assert_string_equal(reply->whoami->principal, "local");
	gridcall_reply_free(reply);
	return 0;
}

/* ------------------------------------------------------------- commands -- */

static void answers_a_request(void **state)
{
	struct host *host = *state;
	struct gridcall_fault fault;
	struct gridcall_client *client;
	int i;

	open_with(host, NULL, NULL);
	client = open_client(host, &fault);
	for (i = 0; i < 100; i++)
		assert_int_equal(ask(client, &fault), 0);
	assert_int_equal(counter(host, "requests_taken"), 100);
	gridcall_close(client);
	close_service(host);
}

static void answers_a_request_socket(void **state)
{
	struct host *host = *state;
	struct peer peer;
	char bytes[64];

	open_with(host, NULL, NULL);
	peer = peer_open(ZMQ_REQ, host->commands);
	/* id "x", whoami */
	zmq_send(peer.socket, "\x0a\x01x\x82\x01\x00", 6, 0);
	assert_true(zmq_recv(peer.socket, bytes, sizeof(bytes), 0) > 3);
	assert_memory_equal(bytes, "\x0a\x01x", 3);
	peer_close(peer);
	close_service(host);
}

static void drops_and_counts_a_wrong_number_of_frames(void **state)
{
	struct host *host = *state;
	struct peer peer;
	char bytes[64];
	int frames, i;

	open_with(host, NULL, NULL);
	peer = peer_open(ZMQ_DEALER, host->commands);
	for (frames = 2; frames <= 5; frames++)
		for (i = 1; i <= frames; i++)
			zmq_send(peer.socket, "junk", 4,
				 i < frames ? ZMQ_SNDMORE : 0);
	zmq_send(peer.socket, "\x0a\x01x\x82\x01\x00", 6, 0);
	assert_true(zmq_recv(peer.socket, bytes, sizeof(bytes), 0) > 3);
	assert_memory_equal(bytes, "\x0a\x01x", 3);
	assert_int_equal(counter(host, "requests_garbled"), 4);
	assert_int_equal(host->taken, 1);
	peer_close(peer);
	close_service(host);
}

static void hands_on_what_it_can_not_read(void **state)
{
	static const char *const garbage[] = {"\xff\xff\xff", "", "GET / HTTP"};
	struct host *host = *state;
	struct peer peer;
	char bytes[128];
	int i;

	open_with(host, NULL, NULL);
	peer = peer_open(ZMQ_DEALER, host->commands);
	for (i = 0; i < 3; i++) {
		zmq_send(peer.socket, garbage[i], strlen(garbage[i]), 0);
		assert_true(zmq_recv(peer.socket, bytes, 128, 0) > 0);
	}
	assert_int_equal(host->taken, 3);
	peer_close(peer);
	close_service(host);
}

static void says_busy_when_the_gateway_is(void **state)
{
	struct host *host = *state;
	struct gridcall_fault fault;
	struct gridcall_client *client;

	open_with(host, NULL, NULL);
	client = open_client(host, &fault);
	host_set(host, &host->busy, true);
	assert_int_equal(ask(client, &fault), -EREMOTEIO);
	assert_int_equal(fault.code, GRIDCALL__V1__ERROR_CODE__ERROR_BUSY);
	host_set(host, &host->busy, false);
	assert_int_equal(ask(client, &fault), 0);
	assert_int_equal(counter(host, "requests_refused"), 1);
	gridcall_close(client);
	close_service(host);
}

/* Or who reads strictly would have no reply at all. */
static void tells_no_id_back_that_is_no_utf8(void **state)
{
	static const struct {
		const char *id;
		bool is_told;
	} rows[] = {{"a1", true},
		    {"点名", true},
		    {"\xf0\x9f\x98\x80", true},
		    {"\xe7\x82", false},
		    {"\xb8", false},
		    {"\xc0\xaf", false},
		    {"\xed\xa0\x80", false},
		    {"\xe0\x80\x80", false},
		    {"\xf4\x90\x80\x80", false},
		    {"x\xff", false}};
	struct host *host = *state;
	struct peer peer;
	char bytes[256];
	size_t i, len;

	open_with(host, NULL, NULL);
	host_set(host, &host->busy, true);
	peer = peer_open(ZMQ_DEALER, host->commands);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		len = strlen(rows[i].id);
		bytes[0] = 0x0a;
		bytes[1] = (char)len;
		memcpy(bytes + 2, rows[i].id, len);
		zmq_send(peer.socket, bytes, len + 2, 0);
		assert_true(zmq_recv(peer.socket, bytes, sizeof(bytes), 0) > 0);
		assert_int_equal(bytes[0] == 0x0a, rows[i].is_told);
		if (rows[i].is_told)
			assert_memory_equal(bytes + 2, rows[i].id, len);
	}
	peer_close(peer);
	close_service(host);
}

static void says_busy_to_who_has_too_many_open_and_to_nobody_else(void **state)
{
	struct host *host = *state;
	struct gridcall_fault fault;
	struct gridcall_client *client;
	struct peer peer;
	int i;

	open_with(host, NULL, NULL);
	host_set(host, &host->mute, true);
	peer = peer_open(ZMQ_DEALER, host->commands);
	for (i = 0; i < OPEN_REQUESTS; i++)
		zmq_send(peer.socket, "\x82\x01\x00", 3, 0);
	/* What is refused is answered, though the host is mute. */
	assert_true(zmq_recv(peer.socket, NULL, 0, 0) > 0);
	host_set(host, &host->mute, false);
	client = open_client(host, &fault);
	assert_int_equal(ask(client, &fault), 0);
	assert_true(counter(host, "requests_refused") > 0);
	gridcall_close(client);
	peer_close(peer);
	close_service(host);
}

static void refuses_a_request_over_its_size(void **state)
{
	struct host *host = *state;
	size_t len = GRIDCALL_REQUEST_MAX + 1;
	uint8_t *large = calloc(1, len);
	Gridcall__V1__Reply *reply;
	struct peer peer;
	zmq_msg_t message;

	open_with(host, NULL, NULL);
	peer = peer_open(ZMQ_DEALER, host->commands);
	zmq_send(peer.socket, large, len, 0);
	zmq_msg_init(&message);
	assert_true(zmq_msg_recv(&message, peer.socket, 0) > 0);
	reply = gridcall__v1__reply__unpack(NULL, zmq_msg_size(&message),
					    zmq_msg_data(&message));
	assert_non_null(reply);
	assert_int_equal(reply->error->code,
			 GRIDCALL__V1__ERROR_CODE__ERROR_BAD_REQUEST);
	assert_int_equal(host->taken, 0);
	gridcall_reply_free(reply);
	zmq_msg_close(&message);
	free(large);
	peer_close(peer);
	close_service(host);
}

static void counts_a_reply_that_nobody_takes(void **state)
{
	struct host *host = *state;
	struct gridcall_fault fault;
	struct gridcall_client *client;

	open_with(host, NULL, NULL);
	client = open_client(host, &fault);
	host->service->reply(host->state, 12345, (const uint8_t *)"x", 1);
	host->service->reply(host->state, 0, (const uint8_t *)"x", 1);
	/* Letters are carried in order: after this answer they are through. */
	assert_int_equal(ask(client, &fault), 0);
	assert_int_equal(counter(host, "replies_unroutable"), 2);
	gridcall_close(client);
	close_service(host);
}

#define OPEN_REQUESTS 1024 /* requests that a service keeps open */
static void shows_that_it_lives(void **state)
{
	struct host *host = *state;
	struct gridcall_fault fault;
	struct gridcall_client *client;
	uint64_t before;

	open_with(host, NULL, NULL);
	before = host->service->progress(host->state);
	client = open_client(host, &fault);
	assert_int_equal(ask(client, &fault), 0);
	assert_true(host->service->progress(host->state) > before);
	gridcall_close(client);
	close_service(host);
}

/* ----------------------------------------------------------------- open -- */

static void refuses(struct host *host, const char *key, const char *value,
		    const char *sentence)
{
	struct gridcall_option options[] = {
		{"feed", host->everything}, {key, value}, {NULL, NULL}};

	assert_true(try_open(host, options) < 0);
	assert_non_null(strstr(host->why.text, sentence));
}

static void refuses_options_with_a_sentence(void **state)
{
	static const struct gridcall_option none[] = {{NULL, NULL}};
	char long_path[200] = "ipc:///";
	struct host *host = *state;

	memset(long_path + 7, 'x', 150);
	refuses(host, "feeed", "x", "not an option");
	refuses(host, "commands", "tcp://127.0.0.1:5555", "server key");
	refuses(host, "commands", "tcp://127.0.0.1", "tcp://host:port");
	refuses(host, "commands", "tcp://:5555", "tcp://host:port");
	refuses(host, "commands", "tcp://*:0", "tcp://host:port");
	refuses(host, "commands", "tcp://*:65536", "tcp://host:port");
	refuses(host, "commands", "tcp://*:7440x", "tcp://host:port");
	refuses(host, "server_key", "server.key", "begins with /");
	refuses(host, "commands", "/run/x", "ipc:///path");
	refuses(host, "commands", "ipc://", "ipc:///path");
	refuses(host, "commands", "ipc://@x", "permissions");
	refuses(host, "commands", long_path, "longer");
	refuses(host, "commands", host->feed, "of its own");
	refuses(host, "feed", "", "NAME ADDRESS JURISDICTION");
	refuses(host, "feed", "a ipc:///x", "NAME ADDRESS JURISDICTION");
	refuses(host, "feed", "a ipc:///x gc1. loud", "NAME ADDRESS");
	refuses(host, "feed", "a ipc:///x gc1. voice x", "NAME ADDRESS");
	refuses(host, "feed", "A ipc:///x gc1.", "can't be called so");
	refuses(host, "feed", "commands ipc:///x gc1.", "can't be called so");
	refuses(host, "feed", "all ipc:///x gc1.", "two feeds");
	refuses(host, "commands", "ipc:///nowhere/at/all", "can't be bound");
	refuses(host, "feed", "a ipc:///x gc1.44", "whole area");
	refuses(host, "feed", "a ipc:///x gc1.440106", "whole area");
	refuses(host, "feed", "a ipc:///x gc1.440106.1.7.over", "whole area");
	refuses(host, "feed", "a ipc:///x .", "whole area");
	refuses(host, "backlog", "0", "1 to");
	refuses(host, "backlog", "many", "1 to");
	refuses(host, "subscriber_backlog", "-1", "1 to");
	refuses(host, "mode", "0999", "octal");
	refuses(host, "mode", "1777", "octal");
	refuses(host, "group", "no-such-group", "not a group");
	assert_int_equal(try_open(host, none), -EINVAL);
	assert_non_null(strstr(host->why.text, "nothing to do"));
}

static void gives_its_sockets_the_mode_asked_for(void **state)
{
	struct host *host = *state;
	struct stat file;

	open_with(host, "mode", "0600");
	assert_int_equal(stat(host->feed + 6, &file), 0);
	assert_int_equal(file.st_mode & 0777, 0600);
	assert_int_equal(stat(host->commands + 6, &file), 0);
	assert_int_equal(file.st_mode & 0777, 0600);
	close_service(host);
}

static void leaves_another_gateway_its_socket(void **state)
{
	struct host *host = *state;
	struct host second = {.service = host->service};
	struct gridcall_fault fault;
	struct gridcall_client *client;

	open_with(host, NULL, NULL);
	strcpy(second.everything, host->everything);
	refuses(&second, "mode", "0660", "another gateway");
	client = open_client(host, &fault);
	assert_int_equal(ask(client, &fault), 0);
	gridcall_close(client);
	close_service(host);
}

static void replaces_a_socket_that_was_left_behind(void **state)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct host *host = *state;
	struct gridcall_fault fault;
	struct gridcall_client *client;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(name.sun_path, host->commands + 6);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	close(fd);
	open_with(host, NULL, NULL);
	client = open_client(host, &fault);
	assert_int_equal(ask(client, &fault), 0);
	gridcall_close(client);
	close_service(host);
}

static void leaves_a_file_that_is_no_socket(void **state)
{
	struct host *host = *state;
	FILE *file = fopen(host->feed + 6, "w");

	fclose(file);
	refuses(host, "mode", "0660", "not a socket");
	assert_int_equal(unlink(host->feed + 6), 0);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, set_up_answering, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_a_request),
		TEST(answers_a_request_socket),
		TEST(drops_and_counts_a_wrong_number_of_frames),
		TEST(hands_on_what_it_can_not_read),
		TEST(says_busy_when_the_gateway_is),
		TEST(tells_no_id_back_that_is_no_utf8),
		TEST(says_busy_to_who_has_too_many_open_and_to_nobody_else),
		TEST(refuses_a_request_over_its_size),
		TEST(counts_a_reply_that_nobody_takes),
		TEST(shows_that_it_lives),
		TEST(refuses_options_with_a_sentence),
		TEST(gives_its_sockets_the_mode_asked_for),
		TEST(leaves_another_gateway_its_socket),
		TEST(replaces_a_socket_that_was_left_behind),
		TEST(leaves_a_file_that_is_no_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
