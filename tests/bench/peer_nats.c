/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * peer_nats.c - nats-server as a feed, and JetStream as a ledger
 *
 * JetStream acknowledges before the disk has it and syncs its files every two
 * minutes; the ledger tells nobody before the disk has it.
 */
#include "tests/bench/peer.h"

#include <errno.h>
#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WINDOW 512 /* publishes to JetStream on their way */

struct broker {
	pid_t process;
	natsConnection *connection;
};

static void check(natsStatus status, const char *what)
{
	if (status == NATS_OK)
		return;
	fprintf(stderr, "%s: %s\n", what, natsStatus_GetText(status));
	exit(1);
}

static natsConnection *connect_one(const struct course *course)
{
	natsConnection *connection;
	natsOptions *options;

	check(natsOptions_Create(&options), "natsOptions_Create");
	check(natsOptions_SetURL(options, course->address), "natsOptions");
	check(natsOptions_SetNoRandomize(options, true), "natsOptions");
	if (course->sealed) {
		check(natsOptions_SetSecure(options, true), "natsOptions");
		check(natsOptions_SkipServerVerification(options, true),
		      "natsOptions");
	}
	check(natsConnection_Connect(&connection, options),
	      "natsConnection_Connect");
	natsOptions_Destroy(options);
	return connection;
}

static pid_t start(struct course *course)
{
	char text[4000], tls[1300] = "";

	if (course->sealed) {
		peer_make_certificate(course);
		snprintf(tls, sizeof(tls),
			 "tls { cert_file: \"%s/cert.pem\","
			 " key_file: \"%s/key.pem\" }\n",
			 course->folder, course->folder);
	}
	snprintf(course->address, sizeof(course->address),
		 "nats://127.0.0.1:%u", course->port);
	/* Slow readers are waited for and not cut, as with the other peers. */
	snprintf(text, sizeof(text),
		 "listen: 127.0.0.1:%u\nmax_pending: 2GB\n"
		 "write_deadline: \"60s\"\n"
		 "jetstream { store_dir: \"%s/jetstream%u\","
		 " max_memory_store: 1MB, max_file_store: 4GB }\n%s",
		 course->port, course->folder, course->store, tls);
	return peer_start_broker(course, "nats-server", text);
}

static void *nats_open(struct course *course)
{
	struct broker *broker = calloc(1, sizeof(*broker));

	broker->process = start(course);
	broker->connection = connect_one(course);
	return broker;
}

static int nats_publish(void *state, const char *topic, const void *data,
			size_t len)
{
	struct broker *broker = state;
	natsStatus status = natsConnection_Publish(broker->connection, topic,
						   data, (int)len);

	return status == NATS_OK ? 0 : -EIO;
}

static void nats_flush(void *state)
{
	struct broker *broker = state;

	check(natsConnection_Flush(broker->connection), "natsConnection_Flush");
}

static void nats_close(void *state)
{
	struct broker *broker = state;

	natsConnection_Destroy(broker->connection);
	peer_stop_broker(broker->process);
	free(broker);
}

static pid_t nats_process(void *state)
{
	return ((struct broker *)state)->process;
}

/* ------------------------------------------------------- subscribers ---- */

struct one {
	struct tally *tally;
	unsigned int number;
};

static void on_message(natsConnection *connection,
		       natsSubscription *subscription, natsMsg *message,
		       void *data)
{
	struct one *one = data;

	tally_take(one->tally, one->number, natsMsg_GetData(message),
		   (size_t)natsMsg_GetDataLength(message));
	natsMsg_Destroy(message);
}

static void nats_subscribe(const struct course *course)
{
	static struct one all[PEER_SUBSCRIBERS_MAX];
	natsSubscription *subscription;
	unsigned int i;

	for (i = 0; i < course->subscribers; i++) {
		natsConnection *connection = connect_one(course);

		all[i].tally = course->tally;
		all[i].number = i;
		check(natsConnection_Subscribe(&subscription, connection,
					       "gc1.>", on_message, &all[i]),
		      "natsConnection_Subscribe");
		check(natsSubscription_SetPendingLimits(subscription, -1, -1),
		      "natsSubscription_SetPendingLimits");
	}
	for (;;)
		pause();
}

#define NATS                                                                   \
	.open = nats_open, .publish = nats_publish, .flush = nats_flush,       \
	.close = nats_close, .process = nats_process,                          \
	.subscribe = nats_subscribe

const struct peer peer_nats = {.name = "nats-server", NATS};
const struct peer peer_nats_tls = {
	.name = "nats-server, TLS", .sealed = true, NATS};

/* --------------------------------------------------------- JetStream ---- */

static void make_stream(jsCtx *context)
{
	static const char *subjects[] = {"gc1.>"};
	jsStreamConfig config;
	jsErrCode code;

	check(jsStreamConfig_Init(&config), "jsStreamConfig_Init");
	config.Name = "EVENTS";
	config.Subjects = subjects;
	config.SubjectsLen = 1;
	config.Storage = js_FileStorage;
	check(js_AddStream(NULL, context, &config, NULL, &code),
	      "js_AddStream");
}

static double publish_for(jsCtx *context, const void *data, size_t len,
			  int64_t run_us)
{
	int64_t began_us = peer_now_us(), took_us;
	jsPubOptions wait;
	double published = 0;

	jsPubOptions_Init(&wait);
	wait.MaxWait = 30000;
	while (peer_now_us() - began_us < run_us) {
		check(js_PublishAsync(context, "gc1.440106.1.07.reply", data,
				      (int)len, NULL),
		      "js_PublishAsync");
		published++;
	}
	check(js_PublishAsyncComplete(context, &wait),
	      "js_PublishAsyncComplete");
	took_us = peer_now_us() - began_us;
	return published * 1e6 / (double)took_us;
}

double peer_jetstream(struct course *course, const void *data, size_t len,
		      int64_t run_us)
{
	static unsigned int stores;
	struct broker *broker;
	jsOptions options;
	jsCtx *context;
	double rate;

	course->store = ++stores;
	broker = nats_open(course);
	check(jsOptions_Init(&options), "jsOptions_Init");
	options.PublishAsync.MaxPending = WINDOW;
	check(natsConnection_JetStream(&context, broker->connection, &options),
	      "natsConnection_JetStream");
	make_stream(context);
	rate = publish_for(context, data, len, run_us);
	jsCtx_Destroy(context);
	nats_close(broker);
	return rate;
}
