/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test_attack.c - peers that mean harm: what they get, and that nobody else
 * notices
 *
 * A reader with a key in force follows a numbered stream during each attack and
 * must have every message of it, once and in order.
 */
#include "tests/conform/curve_peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define HALF_OPEN     300
#define SUBSCRIPTIONS 10000
#define LARGE         (1 << 20)

struct world {
	struct host *host;
	struct pair pairs[2]; /* the reader's, the attacker's */
	struct peer reader;
	int next; /* number of the next message */
};

static struct world begin(struct host *host)
{
	struct world world = {.host = host,
			      .pairs = {pair_new("reader", everything),
					pair_new("insider", everything)}};

	open_network(host);
	give_keys(host, world.pairs, 2);
	world.reader = curve_peer(host, ZMQ_SUB, &world.pairs[0], "all");
	join_feed(host, world.reader);
	return world;
}

/* Without heartbeats, which others need to join. */
static const char *receive_event(struct peer peer)
{
	const char *text;

	do {
		text = receive(peer);
	} while (!strncmp(text, STATUS, strlen(STATUS)));
	return text;
}

/* Some more of the stream, and the reader has it all. */
static void stream(struct world *world, int count)
{
	char text[16], wanted[64];
	int i;

	for (i = 0; i < count; i++) {
		sprintf(text, "%d", world->next + i);
		assert_int_equal(publish(world->host, TOPIC, text), 0);
	}
	for (i = 0; i < count; i++) {
		sprintf(wanted, TOPIC " %d", world->next + i);
		assert_string_equal(receive_event(world->reader), wanted);
	}
	world->next += count;
}

static void end(struct world *world)
{
	stream(world, 100);
	assert_int_equal(counter(world->host, "messages_dropped"), 0);
	assert_int_equal(feed_counter(world->host, "all", "times_closed"), 0);
	peer_close(world->reader);
	close_network(world->host);
}

static int raw_connect(const char *address)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

/* Greeting of ZMTP 3.0 with the name of a mechanism. */
static void greeting(uint8_t bytes[64], const char *mechanism)
{
	memset(bytes, 0, 64);
	bytes[0] = 0xff;
	bytes[9] = 0x7f;
	bytes[10] = 3;
	memcpy(bytes + 12, mechanism, strlen(mechanism));
}

static void bears_half_open_handshakes(void **state)
{
	struct world world = begin(*state);
	const char *feeds[] = {"all", "tianhe", NULL};
	int fds[HALF_OPEN];
	uint8_t bytes[64];
	int i;

	greeting(bytes, "CURVE");
	for (i = 0; i < HALF_OPEN; i++) {
		fds[i] = raw_connect(address_of(world.host, feeds[i % 3]));
		/* Nothing, a part of the greeting, all of it. */
		(void)!send(fds[i], bytes, (size_t)(i % 4) * 21, MSG_NOSIGNAL);
	}
	stream(&world, 1000);
	for (i = 0; i < HALF_OPEN; i++)
		close(fds[i]);
	end(&world);
}

/* Whether the other side hangs up. */
static void is_cut(int fd)
{
	struct timeval patience = {.tv_sec = PATIENCE / 1000};
	char bytes[256];
	ssize_t len;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	do {
		len = recv(fd, bytes, sizeof(bytes), 0);
	} while (len > 0);
	assert_true(len == 0 || errno == ECONNRESET);
	close(fd);
}

static void cuts_who_does_not_speak_curve(void **state)
{
	static const char *const texts[] = {
		"GET / HTTP/1.1\r\nHost: gridcall\r\n\r\n          "
		"                                              ",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	};
	struct world world = begin(*state);
	const char *feeds[] = {"all", NULL};
	uint8_t bytes[64];
	int fd, i;

	for (i = 0; i < 4; i++) {
		fd = raw_connect(address_of(world.host, feeds[i % 2]));
		send(fd, texts[i / 2], strlen(texts[i / 2]), MSG_NOSIGNAL);
		is_cut(fd);
	}
	/* Other mechanisms, the first two versions of ZMTP. */
	for (i = 0; i < 4; i++) {
		fd = raw_connect(address_of(world.host, feeds[i % 2]));
		greeting(bytes, i < 2 ? "NULL" : "PLAIN");
		send(fd, bytes, 64, MSG_NOSIGNAL);
		send(fd, "\x04\x19\x05READY\x0bSocket-Type\0\0\0\3SUB", 27,
		     MSG_NOSIGNAL);
		is_cut(fd);
		fd = raw_connect(address_of(world.host, feeds[i % 2]));
		send(fd, "\xff\0\0\0\0\0\0\0\1\x7f\1\2\0\0\1\1", 16,
		     MSG_NOSIGNAL);
		is_cut(fd);
		fd = raw_connect(address_of(world.host, feeds[i % 2]));
		send(fd, "\1\0\2\1\0", 5, MSG_NOSIGNAL);
		is_cut(fd);
	}
	end(&world);
}

/* A command that says it has more bytes than any handshake. */
static void cuts_a_handshake_that_is_too_large(void **state)
{
	struct world world = begin(*state);
	uint8_t bytes[64];
	int fd = raw_connect(address_of(world.host, "all"));

	greeting(bytes, "CURVE");
	send(fd, bytes, 64, MSG_NOSIGNAL);
	send(fd, "\x06\x7f\xff\xff\xff\xff\xff\xff\xff\x05HELLO", 15,
	     MSG_NOSIGNAL);
	is_cut(fd);
	fd = raw_connect(address_of(world.host, "all"));
	send(fd, bytes, 64, MSG_NOSIGNAL);
	send(fd, "\x06\0\0\0\0\0\0\x20\0\x05HELLO", 15, MSG_NOSIGNAL);
	is_cut(fd);
	end(&world);
}

/* An XSUB may send messages up; a PUB must not mind them. */
static void ignores_messages_that_come_up_a_feed(void **state)
{
	struct world world = begin(*state);
	struct peer peer =
		curve_peer(world.host, ZMQ_XSUB, &world.pairs[1], "all");
	char text[64];
	int i;

	for (i = 0; i < 1000; i++) {
		sprintf(text, "\1gc1.%06d.", i);
		zmq_send(peer.socket, text, strlen(text), 0);
		zmq_send(peer.socket, TOPIC, strlen(TOPIC), ZMQ_SNDMORE);
		zmq_send(peer.socket, "forged", 6, 0);
	}
	zmq_send(peer.socket, "\1", 1, 0);
	join_feed(world.host, peer);
	stream(&world, 1000);
	/* What it sent went to nobody, and it is a subscriber like others. */
	assert_string_equal(receive_event(peer), TOPIC " 0");
	peer_close(peer);
	end(&world);
}

static void cuts_a_subscription_that_is_too_large(void **state)
{
	struct world world = begin(*state);
	struct peer peer;
	char *large = malloc(LARGE);
	uint64_t before;

	/* Nobody who goes by the rules is near the limit. */
	peer = curve_socket(world.host, ZMQ_XSUB, &world.pairs[1]);
	memset(large, 'i', 255);
	zmq_setsockopt(peer.socket, ZMQ_ROUTING_ID, large, 255);
	zmq_connect(peer.socket, address_of(world.host, "all"));
	zmq_send(peer.socket, "\1", 1, 0);
	join_feed(world.host, peer);
	before = feed_counter(world.host, "all", "handshakes_admitted");
	memset(large, 'x', LARGE);
	zmq_send(peer.socket, large, LARGE, 0);
	/* It comes back by itself. */
	await_counter(world.host, "all", "handshakes_admitted", before + 1);
	free(large);
	peer_close(peer);
	end(&world);
}

static void bears_subscriptions_and_disconnects(void **state)
{
	struct world world = begin(*state);
	char text[32];
	int i, k;

	for (i = 0; i < 20; i++) {
		struct peer peer =
			curve_socket(world.host, ZMQ_XSUB, &world.pairs[1]);

		zmq_connect(peer.socket, address_of(world.host, "all"));
		for (k = 0; k < SUBSCRIPTIONS / 20; k++) {
			sprintf(text, "\1gc1.%06d.%d.", i, k);
			zmq_send(peer.socket, text, strlen(text), 0);
		}
		/* Half of them leave in the middle of it. */
		if (i % 2)
			await_counter(world.host, "all", "handshakes_admitted",
				      (uint64_t)i / 2 + 2);
		peer_close(peer);
		stream(&world, 10);
	}
	end(&world);
}

/* As large as the largest page of a replay; what is small comes back. */
static uint8_t *megabyte(struct host *host, const uint8_t *data, size_t *len)
{
	uint8_t *bytes;

	if (*len != 3) {
		bytes = malloc(*len);
		memcpy(bytes, data, *len);
		return bytes;
	}
	*len = 1 << 20;
	return calloc(1, *len);
}

static void answers_others_while_one_never_reads(void **state)
{
	struct world world = begin(*state);
	struct host *host = world.host;
	struct peer deaf, asker;
	char bytes[64];
	int small = 1;
	int i;

	host->answer = megabyte;
	deaf = curve_socket(host, ZMQ_DEALER, &world.pairs[1]);
	zmq_setsockopt(deaf.socket, ZMQ_RCVHWM, &small, sizeof(small));
	zmq_connect(deaf.socket, address_of(host, NULL));
	asker = curve_peer(host, ZMQ_DEALER, &world.pairs[0], NULL);
	for (i = 0; i < 60; i++)
		zmq_send(deaf.socket, "big", 3, 0);
	for (i = 0; i < 50; i++) {
		zmq_send(asker.socket, "small", 5, 0);
		assert_int_equal(zmq_recv(asker.socket, bytes, 64, 0), 5);
	}
	stream(&world, 100);
	/* Much of the 60 MiB was never kept for it. */
	for (i = 0; i < PATIENCE && counter(host, "replies_unroutable") < 20;
	     i++)
		usleep(1000);
	assert_true(counter(host, "replies_unroutable") >= 20);
	peer_close(deaf);
	peer_close(asker);
	end(&world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bears_half_open_handshakes),
		TEST(cuts_who_does_not_speak_curve),
		TEST(cuts_a_handshake_that_is_too_large),
		TEST(ignores_messages_that_come_up_a_feed),
		TEST(cuts_a_subscription_that_is_too_large),
		TEST(bears_subscriptions_and_disconnects),
		TEST(answers_others_while_one_never_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
