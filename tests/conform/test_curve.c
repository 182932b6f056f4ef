/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test_curve.c - who comes in over a network, and who is put out again
 */
#include "tests/conform/curve_peer.h"

#include "proto/gridcall.pb-c.h"

static void tells_the_ports_it_found(void **state)
{
	struct host *host = *state;
	char line[64];
	int port;

	open_network(host);
	assert_int_equal(sscanf(strstr(host->told, "all "),
				"all tcp://*:%d gc1.", &port),
			 1);
	assert_true(port > 0);
	sprintf(line, "all tcp://*:%d gc1.\n", port);
	assert_non_null(strstr(host->told, line));
	assert_int_equal(sscanf(host->entrance, "tcp://127.0.0.1:%d", &port),
			 1);
	assert_true(port > 0);
	assert_non_null(strstr(host->log, host->server_key));
	close_network(host);
}

static void lets_a_key_into_the_feeds_of_its_jurisdiction(void **state)
{
	struct host *host = *state;
	struct pair pairs[2] = {pair_new("city", everything),
				pair_new("tianhe110", one_district)};
	struct peer city, tianhe, stranger;

	open_network(host);
	give_keys(host, pairs, 2);
	city = curve_peer(host, ZMQ_SUB, &pairs[0], "all");
	tianhe = curve_peer(host, ZMQ_SUB, &pairs[1], "tianhe");
	stranger = curve_peer(host, ZMQ_SUB, &pairs[1], "all");
	join_feed(host, tianhe);
	join_feed(host, city);
	await_counter(host, "all", "handshakes_refused", 1);
	publish(host, STATUS, "begin");
	publish(host, "gc1.440105.1.07.reply", "elsewhere");
	publish(host, TOPIC, "here");
	while (strcmp(receive(city), "gc1.440105.1.07.reply elsewhere"))
		;
	assert_string_equal(receive(city), TOPIC " here");
	while (strcmp(receive(tianhe), STATUS " begin"))
		;
	assert_string_equal(receive(tianhe), TOPIC " here");
	assert_false(hears(stranger, 0));
	assert_int_equal(feed_counter(host, "all", "handshakes_admitted"), 1);
	peer_close(stranger);
	peer_close(tianhe);
	peer_close(city);
	close_network(host);
}

static void lets_only_those_who_may_listen_into_voice(void **state)
{
	struct host *host = *state;
	struct pair pairs[2] = {pair_new("viewer", one_district),
				pair_new("officer", one_district)};
	struct peer viewer, officer;

	pairs[1].key.listens = 1;
	open_network(host);
	give_keys(host, pairs, 2);
	viewer = curve_peer(host, ZMQ_SUB, &pairs[0], "live");
	await_counter(host, "live", "handshakes_refused", 1);
	officer = curve_peer(host, ZMQ_SUB, &pairs[1], "live");
	join_feed(host, officer);
	publish(host, "gc1.440106.1.07.voice", "opus");
	assert_string_equal(receive(officer), "gc1.440106.1.07.voice opus");
	assert_false(hears(viewer, 0));
	peer_close(officer);
	peer_close(viewer);
	close_network(host);
}

static void lets_nobody_in_with_another_key(void **state)
{
	struct host *host = *state;
	struct pair good = pair_new("city", everything);
	struct pair wrong = pair_new("nobody", everything);
	struct peer reader, stranger, plain;

	open_network(host);
	give_keys(host, &good, 1);
	stranger = curve_peer(host, ZMQ_SUB, &wrong, "all");
	plain = peer_open(ZMQ_SUB, address_of(host, "all"));
	reader = curve_peer(host, ZMQ_SUB, &good, "all");
	join_feed(host, reader);
	await_counter(host, "all", "handshakes_refused", 1);
	/* The right key of a client, and the wrong one of the server. */
	strcpy(host->server_key, wrong.public_key);
	peer_close(stranger);
	stranger = curve_peer(host, ZMQ_SUB, &good, "all");
	publish(host, STATUS, "last");
	while (strcmp(receive(reader), STATUS " last"))
		;
	assert_false(hears(stranger, 200));
	assert_false(hears(plain, 0));
	assert_non_null(strstr(host->log, "127.0.0.1 was refused at all"));
	assert_non_null(strstr(host->log, wrong.public_key));
	assert_int_equal(feed_counter(host, "all", "handshakes_admitted"), 1);
	peer_close(reader);
	peer_close(plain);
	peer_close(stranger);
	close_network(host);
}

/* A client of libzmq that is refused does not try again; put off, it does. */
static void puts_peers_off_until_the_keys_are_known(void **state)
{
	struct host *host = *state;
	struct pair pair = pair_new("city", everything);
	struct peer reader;

	open_network(host);
	reader = curve_peer(host, ZMQ_SUB, &pair, "all");
	assert_false(hears(reader, 300));
	give_keys(host, &pair, 1);
	join_feed(host, reader);
	assert_int_equal(feed_counter(host, "all", "handshakes_refused"), 0);
	peer_close(reader);
	close_network(host);
}

/* Publishes until a peer has something of that text. */
static void publish_until(struct host *host, struct peer peer, const char *text)
{
	char whole[64];

	snprintf(whole, sizeof(whole), STATUS " %s", text);
	do {
		while (!hears(peer, 5))
			publish(host, STATUS, text);
	} while (strcmp(receive(peer), whole));
}

static void drain(struct peer peer)
{
	while (hears(peer, 0))
		(void)receive(peer);
}

static void puts_out_whose_key_is_taken_away(void **state)
{
	struct host *host = *state;
	struct pair pairs[3] = {pair_new("stays", everything),
				pair_new("tianhe", one_district),
				pair_new("leaves", everything)};
	struct peer stays, leaves, tianhe;
	int i;

	open_network(host);
	give_keys(host, pairs, 3);
	stays = curve_peer(host, ZMQ_SUB, &pairs[0], "all");
	leaves = curve_peer(host, ZMQ_SUB, &pairs[2], "all");
	tianhe = curve_peer(host, ZMQ_SUB, &pairs[1], "tianhe");
	join_feed(host, stays);
	join_feed(host, leaves);
	join_feed(host, tianhe);
	give_keys(host, pairs, 2);
	/* What it takes to have the port back is in here. */
	await_counter(host, "all", "times_closed", 1);
	drain(leaves);
	publish_until(host, stays, "without him");
	for (i = 0; i < 100; i++)
		publish(host, TOPIC, "secret");
	publish(host, STATUS, "end");
	while (strcmp(receive(stays), STATUS " end"))
		;
	while (hears(leaves, 0))
		assert_string_not_equal(receive(leaves), TOPIC " secret");
	await_counter(host, "all", "handshakes_refused", 1);
	/* A feed that the lost key never came to goes on undisturbed. */
	assert_int_equal(feed_counter(host, "tianhe", "times_closed"), 0);
	assert_int_equal(feed_counter(host, "tianhe", "handshakes_admitted"),
			 1);
	assert_non_null(strstr(host->log, "a key of 'leaves'"));
	peer_close(tianhe);
	peer_close(leaves);
	peer_close(stays);
	close_network(host);
}

static void puts_out_whose_jurisdiction_shrinks(void **state)
{
	struct host *host = *state;
	struct pair pair = pair_new("city", everything);
	struct peer reader;

	open_network(host);
	give_keys(host, &pair, 1);
	reader = curve_peer(host, ZMQ_SUB, &pair, "all");
	join_feed(host, reader);
	pair.key.jurisdiction = one_district;
	give_keys(host, &pair, 1);
	await_counter(host, "all", "times_closed", 1);
	await_counter(host, "all", "handshakes_refused", 1);
	drain(reader);
	publish(host, TOPIC, "secret");
	assert_false(hears(reader, 100));
	peer_close(reader);
	close_network(host);
}

/* New keys, the same key again: nothing that a subscriber would notice. */
static void disturbs_nobody_when_keys_are_added(void **state)
{
	struct host *host = *state;
	struct pair pairs[3] = {pair_new("first", everything),
				pair_new("second", one_district),
				pair_new("third", everything)};
	struct peer reader;
	char text[16];
	int i;

	open_network(host);
	give_keys(host, pairs, 1);
	reader = curve_peer(host, ZMQ_SUB, &pairs[0], "all");
	join_feed(host, reader);
	for (i = 0; i < 100; i++) {
		give_keys(host, pairs, 1 + (size_t)i % 3);
		sprintf(text, "%d", i);
		publish(host, TOPIC, text);
	}
	for (i = 0; i < 100; i++) {
		sprintf(text, "%d", i);
		assert_string_equal(receive(reader) + strlen(TOPIC) + 1, text);
	}
	assert_int_equal(feed_counter(host, "all", "times_closed"), 0);
	peer_close(reader);
	close_network(host);
}

/* ------------------------------------------------------------- commands -- */

static uint8_t *echo(struct host *host, const uint8_t *data, size_t *len)
{
	uint8_t *copy = malloc(*len + 1);

	memcpy(copy, data, *len);
	return copy;
}

static void ask_echo(struct peer peer)
{
	char bytes[64];

	zmq_send(peer.socket, "\x82\x01\x00", 3, 0);
	assert_int_equal(zmq_recv(peer.socket, bytes, sizeof(bytes), 0), 3);
}

static Gridcall__V1__ErrorCode refusal(struct peer peer)
{
	Gridcall__V1__ErrorCode code = GRIDCALL__V1__ERROR_CODE__ERROR_OK;
	Gridcall__V1__Reply *reply;
	zmq_msg_t message;

	zmq_send(peer.socket, "\x82\x01\x00", 3, 0);
	zmq_msg_init(&message);
	assert_true(zmq_msg_recv(&message, peer.socket, 0) > 0);
	reply = gridcall__v1__reply__unpack(NULL, zmq_msg_size(&message),
					    zmq_msg_data(&message));
	assert_non_null(reply);
	if (reply->error)
		code = reply->error->code;
	gridcall__v1__reply__free_unpacked(reply, NULL);
	zmq_msg_close(&message);
	return code;
}

static void says_whose_request_it_is(void **state)
{
	struct host *host = *state;
	struct pair pair = pair_new("dispatch110", one_district);
	struct peer first, second;
	uint64_t connection;

	host->answer = echo;
	open_network(host);
	give_keys(host, &pair, 1);
	first = curve_peer(host, ZMQ_DEALER, &pair, NULL);
	ask_echo(first);
	assert_string_equal(host->principal, "dispatch110");
	assert_string_equal(host->address, "127.0.0.1");
	assert_memory_equal(host->public_key, pair.key.public_key, 32);
	connection = host->connection;
	assert_true(connection);
	ask_echo(first);
	assert_int_equal(host->connection, connection);
	second = curve_peer(host, ZMQ_DEALER, &pair, NULL);
	ask_echo(second);
	assert_int_not_equal(host->connection, connection);
	assert_int_equal(counter(host, "handshakes_admitted"), 2);
	peer_close(second);
	peer_close(first);
	close_network(host);
}

static void refuses_requests_of_a_key_taken_away(void **state)
{
	struct host *host = *state;
	struct pair pairs[2] = {pair_new("stays", everything),
				pair_new("leaves", everything)};
	struct peer leaves, stays, late;

	host->answer = echo;
	open_network(host);
	give_keys(host, pairs, 2);
	leaves = curve_peer(host, ZMQ_DEALER, &pairs[1], NULL);
	stays = curve_peer(host, ZMQ_DEALER, &pairs[0], NULL);
	ask_echo(leaves);
	ask_echo(stays);
	give_keys(host, pairs, 1);
	while (refusal(leaves) != GRIDCALL__V1__ERROR_CODE__ERROR_NOT_ALLOWED)
		;
	ask_echo(stays);
	assert_string_equal(host->principal, "stays");
	late = curve_peer(host, ZMQ_DEALER, &pairs[1], NULL);
	zmq_send(late.socket, "\x82\x01\x00", 3, 0);
	assert_false(hears(late, 200));
	assert_int_equal(counter(host, "handshakes_refused"), 1);
	peer_close(late);
	peer_close(stays);
	peer_close(leaves);
	close_network(host);
}

/* It could be that of another, who left and would have had an answer. */
static void refuses_a_routing_id_of_the_peers_choice(void **state)
{
	struct host *host = *state;
	struct pair pair = pair_new("city", everything);
	struct peer peer = {0};

	host->answer = echo;
	open_network(host);
	give_keys(host, &pair, 1);
	peer = curve_socket(host, ZMQ_DEALER, &pair);
	zmq_setsockopt(peer.socket, ZMQ_ROUTING_ID, "console", 7);
	zmq_connect(peer.socket, address_of(host, NULL));
	assert_int_equal(refusal(peer),
			 GRIDCALL__V1__ERROR_CODE__ERROR_BAD_REQUEST);
	assert_int_equal(host->taken, 0);
	peer_close(peer);
	close_network(host);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_the_ports_it_found),
		TEST(lets_a_key_into_the_feeds_of_its_jurisdiction),
		TEST(lets_only_those_who_may_listen_into_voice),
		TEST(lets_nobody_in_with_another_key),
		TEST(puts_peers_off_until_the_keys_are_known),
		TEST(puts_out_whose_key_is_taken_away),
		TEST(puts_out_whose_jurisdiction_shrinks),
		TEST(disturbs_nobody_when_keys_are_added),
		TEST(says_whose_request_it_is),
		TEST(refuses_requests_of_a_key_taken_away),
		TEST(refuses_a_routing_id_of_the_peers_choice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
