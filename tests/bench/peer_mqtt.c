/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * peer_mqtt.c - mosquitto as a feed
 *
 * An MQTT topic has slashes where ours has dots.
 */
#include "tests/bench/peer.h"

#include <errno.h>
#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEPALIVE_S 60

struct broker {
	pid_t process;
	int qos;
	struct mosquitto *client;
};

static void check(int rc, const char *what)
{
	if (rc == MOSQ_ERR_SUCCESS)
		return;
	fprintf(stderr, "%s: %s\n", what, mosquitto_strerror(rc));
	exit(1);
}

static void seal(const struct course *course, struct mosquitto *client)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/cert.pem", course->folder);
	check(mosquitto_tls_set(client, path, NULL, NULL, NULL, NULL),
	      "mosquitto_tls_set");
	check(mosquitto_tls_insecure_set(client, true),
	      "mosquitto_tls_insecure_set");
}

static struct mosquitto *connect_one(const struct course *course, void *data)
{
	struct mosquitto *client = mosquitto_new(NULL, true, data);

	if (!client)
		exit(1);
	/* Nothing is dropped or held back for want of a place. */
	check(mosquitto_max_inflight_messages_set(client, 0), "mosquitto_max");
	check(mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1),
	      "mosquitto_int_option");
	if (course->sealed)
		seal(course, client);
	check(mosquitto_connect(client, "127.0.0.1", (int)course->port,
				KEEPALIVE_S),
	      "mosquitto_connect");
	return client;
}

static void *mqtt_open(struct course *course)
{
	struct broker *broker = calloc(1, sizeof(*broker));
	char text[3000], tls[1300] = "";

	mosquitto_lib_init();
	if (course->sealed) {
		peer_make_certificate(course);
		snprintf(tls, sizeof(tls),
			 "certfile %s/cert.pem\nkeyfile %s/key.pem\n",
			 course->folder, course->folder);
	}
	snprintf(text, sizeof(text),
		 "listener %u 127.0.0.1\nallow_anonymous true\n"
		 "max_queued_messages 0\nmax_inflight_messages 0\n"
		 "set_tcp_nodelay true\nlog_dest none\nuser root\n%s",
		 course->port, tls);
	broker->process = peer_start_broker(course, "mosquitto", text);
	broker->qos = course->qos;
	broker->client = connect_one(course, NULL);
	check(mosquitto_loop_start(broker->client), "mosquitto_loop_start");
	return broker;
}

static int mqtt_publish(void *state, const char *topic, const void *data,
			size_t len)
{
	struct broker *broker = state;
	char slashed[64];
	size_t i;

	for (i = 0; topic[i] && i + 1 < sizeof(slashed); i++)
		slashed[i] = topic[i] == '.' ? '/' : topic[i];
	slashed[i] = '\0';
	return mosquitto_publish(broker->client, NULL, slashed, (int)len, data,
				 broker->qos, false)
		       ? -EIO
		       : 0;
}

static void mqtt_flush(void *state)
{
}

static void mqtt_close(void *state)
{
	struct broker *broker = state;

	mosquitto_disconnect(broker->client);
	mosquitto_loop_stop(broker->client, true);
	mosquitto_destroy(broker->client);
	mosquitto_lib_cleanup();
	peer_stop_broker(broker->process);
	free(broker);
}

static pid_t mqtt_process(void *state)
{
	return ((struct broker *)state)->process;
}

/* ------------------------------------------------------- subscribers ---- */

struct one {
	struct tally *tally;
	unsigned int number;
};

static void on_message(struct mosquitto *client, void *data,
		       const struct mosquitto_message *message)
{
	struct one *one = data;

	tally_take(one->tally, one->number, message->payload,
		   (size_t)message->payloadlen);
}

static void mqtt_subscribe(const struct course *course)
{
	static struct one all[PEER_SUBSCRIBERS_MAX];
	unsigned int i;

	mosquitto_lib_init();
	for (i = 0; i < course->subscribers; i++) {
		struct mosquitto *client;

		all[i].tally = course->tally;
		all[i].number = i;
		client = connect_one(course, &all[i]);
		mosquitto_message_callback_set(client, on_message);
		check(mosquitto_subscribe(client, NULL, "gc1/#", course->qos),
		      "mosquitto_subscribe");
		check(mosquitto_loop_start(client), "mosquitto_loop_start");
	}
	for (;;)
		pause();
}

#define MQTT                                                                   \
	.open = mqtt_open, .publish = mqtt_publish, .flush = mqtt_flush,       \
	.close = mqtt_close, .process = mqtt_process,                          \
	.subscribe = mqtt_subscribe

const struct peer peer_mqtt_0 = {.name = "mosquitto, QoS 0", .qos = 0, MQTT};
const struct peer peer_mqtt_1 = {.name = "mosquitto, QoS 1", .qos = 1, MQTT};
const struct peer peer_mqtt_0_tls = {
	.name = "mosquitto, QoS 0, TLS", .sealed = true, MQTT};
const struct peer peer_mqtt_1_tls = {
	.name = "mosquitto, QoS 1, TLS", .sealed = true, .qos = 1, MQTT};
