/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_ledger.c - events made durable and published per second
 *
 * Offers events to a real ledger so that a steady number of batches is queued,
 * publishes each through the service zeromq, and counts those that a
 * subscriber got.  Beside it, in the same rounds, a raw SQLite group commit
 * writes rows of the same bytes in groups of the same size: what is left over
 * is the price of numbering, encoding, indexes and publishing.  And JetStream
 * takes the same bytes into its files; it acknowledges before the disk has
 * them, which the ledger does not.
 */
#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/plugin.h"
#include "gateway/record/database.h"
#include "gateway/record/ledger.h"
#include "tests/bench/peer.h"

#include <errno.h>
#include <osmocom/core/application.h>
#include <osmocom/core/select.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#define ROUNDS   5
#define ROUND_US 900000
#define TOPICS   50

/* A whole city's 23,000 answers in 20 s are 1,150 a second: ten times that. */
#define GOAL 11500.0

struct bench {
	char folder[64];
	char path[96];
	struct ledger *ledger;
	const struct gridcall_service *service;
	void *state; /* of the service */
	void *zmq;
	pthread_t subscriber;
	_Atomic uint64_t greeted; /* the subscription is there */
	_Atomic uint64_t got;     /* events, by the subscriber */
	uint8_t payload[512];     /* of the last event, for the raw rows */
	size_t len;
};

static void on_event(void *data, const struct ledger_event *event)
{
	struct bench *bench = data;

	/* Full: the subscriber is behind; wait as a test may, a daemon not. */
	while (bench->service->publish(
		       bench->state,
		       &(struct gridcall_message){.topic = event->topic,
						  .payload = event->payload,
						  .len = event->len,
						  .seq = event->seq}) < 0)
		usleep(100);
	bench->len = event->len < sizeof(bench->payload)
			     ? event->len
			     : sizeof(bench->payload);
	memcpy(bench->payload, event->payload, bench->len);
}

static void commit_reply(struct bench *bench, unsigned int i)
{
	Gridcall__V1__ReplyEvent reply = GRIDCALL__V1__REPLY_EVENT__INIT;
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;
	struct ledger_batch *batch = ledger_batch_alloc(bench->ledger);
	char topic[64];

	snprintf(topic, sizeof(topic), "gc1.440106.440106530000.%u.reply",
		 i % TOPICS);
	reply.call = (char *)"C20261121-0001";
	reply.unit = (char *)"TH-07-001";
	reply.channel = (char *)"TH-07";
	reply.headcount_stated_case =
		GRIDCALL__V1__REPLY_EVENT__HEADCOUNT_STATED_HEADCOUNT;
	reply.headcount = 18;
	reply.via = (char *)"keypad";
	reply.raw = (char *)"*07*18#";
	reply.sentence = (char *)"正佳广场最小应急单元18人已打卡上岗,情况正常";
	reply.heard_at_us = clock_utc_us();
	reply.answered_at_us = reply.heard_at_us;
	event.body_case = GRIDCALL__V1__EVENT__BODY_REPLY;
	event.reply = &reply;
	if (ledger_batch_event(batch, topic, "C20261121-0001", &event))
		abort();
	ledger_commit(bench->ledger, batch, NULL, NULL);
}

/* ---- the subscriber ---- */

static int refuse(struct gridcall_bridge *bridge,
		  const struct gridcall_request *request)
{
	return -EAGAIN;
}

static void no_feed(struct gridcall_bridge *bridge,
		    const struct gridcall_feed *feed)
{
}

static void no_log(struct gridcall_bridge *bridge, enum gridcall_level level,
		   const char *text)
{
}

static void *subscribe(void *arg)
{
	struct bench *bench = arg;
	void *socket = zmq_socket(bench->zmq, ZMQ_SUB);
	char address[128];
	int no_limit = 0;
	int no_wait = 0;
	char frame[1024];
	int len;

	snprintf(address, sizeof(address), "ipc://%s/feed", bench->folder);
	zmq_setsockopt(socket, ZMQ_RCVHWM, &no_limit, sizeof(no_limit));
	zmq_setsockopt(socket, ZMQ_LINGER, &no_wait, sizeof(no_wait));
	zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0);
	zmq_connect(socket, address);
	while ((len = zmq_recv(socket, frame, sizeof(frame), 0)) >= 0) {
		bool is_status =
			len > 6 && !memcmp(frame + len - 6, "status", 6);

		if (zmq_recv(socket, frame, sizeof(frame), 0) < 0)
			break;
		atomic_fetch_add(is_status ? &bench->greeted : &bench->got, 1);
	}
	zmq_close(socket);
	return NULL;
}

static void open_service(struct bench *bench)
{
	static const struct gridcall_service_host host = {
		.size = sizeof(host),
		.request = refuse,
		.feed = no_feed,
		.log = no_log,
	};
	const char *build = getenv("GRIDCALL_BUILD");
	struct plugin_list *list = plugin_list_alloc(NULL);
	char path[256], commands[128], feed[128];
	const struct gridcall_option options[] = {
		{"commands", commands},
		{"feed", feed},
		{"subscriber_backlog", "10000000"},
		{NULL, NULL},
	};
	struct gridcall_why why = {{0}};
	struct plugin *plugin;

	snprintf(path, sizeof(path), "%s/plugins/zeromq.so",
		 build ? build : "build/release");
	snprintf(commands, sizeof(commands), "ipc://%s/commands",
		 bench->folder);
	snprintf(feed, sizeof(feed), "all ipc://%s/feed gc1.", bench->folder);
	plugin = plugin_load(list, path, &why);
	bench->service = plugin ? plugin_service(plugin) : NULL;
	if (!bench->service ||
	    bench->service->open(&bench->state, &host, NULL, options, &why)) {
		fprintf(stderr, "%s\n", why.text);
		exit(1);
	}
	bench->zmq = zmq_ctx_new();
	pthread_create(&bench->subscriber, NULL, subscribe, bench);
	/* Until one comes through, the subscription is not there yet. */
	while (!atomic_load(&bench->greeted)) {
		(void)bench->service->publish(
			bench->state, &(struct gridcall_message){
					      .topic = "gc1.gateway.B.status",
					      .payload = bench->payload,
					      .len = 1});
		usleep(1000);
	}
}

static void close_service(struct bench *bench)
{
	zmq_ctx_shutdown(bench->zmq);
	pthread_join(bench->subscriber, NULL);
	zmq_ctx_term(bench->zmq);
	bench->service->close(bench->state);
}

/* Events published per second while depth batches are kept on their way. */
static double run_ledger(struct bench *bench, unsigned int depth, double *group)
{
	struct ledger_stats before, after;
	uint64_t first = atomic_load(&bench->got), given = first;
	uint64_t began_us = clock_now_us(), took_us;

	ledger_stats(bench->ledger, &before);
	while (clock_now_us() - began_us < ROUND_US) {
		for (; given - atomic_load(&bench->got) < depth; given++)
			commit_reply(bench, (unsigned int)given);
		osmo_select_main(1);
	}
	while (atomic_load(&bench->got) < given)
		osmo_select_main(1);
	took_us = clock_now_us() - began_us;
	ledger_stats(bench->ledger, &after);
	*group = (double)(after.events - before.events) /
		 (double)(after.commits - before.commits);
	return (double)(atomic_load(&bench->got) - first) * 1e6 /
	       (double)took_us;
}

static void insert_raw(struct database *database, const struct bench *bench,
		       int64_t id)
{
	struct statement *statement;

	statement = database_prepare(
		database, "INSERT INTO event VALUES(?1,?2,?3,?4,?5,?6)");
	statement_set_number(statement, 1, id);
	statement_set_number(statement, 2, id % TOPICS);
	statement_set_number(statement, 3, id);
	statement_set_number(statement, 4, id);
	statement_set_text(statement, 5, "C20261121-0001");
	statement_set_blob(statement, 6, bench->payload, bench->len);
	if (statement_run(statement))
		abort();
}

static struct database *open_raw(const struct bench *bench)
{
	struct database *database;
	char path[128], why[128];

	snprintf(path, sizeof(path), "%s/raw", bench->folder);
	if (database_open(&database, path, DATABASE_CREATE, why, sizeof(why)))
		abort();
	database_run(database, "PRAGMA wal_autocheckpoint=1000;"
			       "CREATE TABLE event(id INTEGER PRIMARY KEY,"
			       "topic,topic_seq,time_us,call,payload)");
	return database;
}

static double run_raw(const struct bench *bench, struct database *database,
		      int64_t *id, double group)
{
	uint64_t began_us = clock_now_us(), took_us = 0;
	int64_t first = *id;
	double left;

	while ((took_us = clock_now_us() - began_us) < ROUND_US) {
		database_run(database, "BEGIN IMMEDIATE");
		for (left = group; left > 0; left--)
			insert_raw(database, bench, ++*id);
		if (database_run(database, "COMMIT"))
			abort();
	}
	return (double)(*id - first) * 1e6 / (double)took_us;
}

static int by_value(const void *a, const void *b)
{
	const double *left = a;
	const double *right = b;

	return (*left > *right) - (*left < *right);
}

static double median(double values[ROUNDS])
{
	qsort(values, ROUNDS, sizeof(*values), by_value);
	return values[ROUNDS / 2];
}

static void print_beside(double values[ROUNDS], double jetstream[ROUNDS])
{
	double value = median(values);
	double other = median(jetstream);

	printf("{\"name\":\"ledger_events_beside_jetstream\",\"value\":%.1f,"
	       "\"unit\":\"events/s\",\"against\":\"%.0f events/s that "
	       "JetStream acknowledged unsynced\",\"ratio\":%.3f,"
	       "\"min\":%.1f,\"max\":%.1f}\n",
	       value, other, value / other, values[0], values[ROUNDS - 1]);
}

static void print_row(const char *name, double values[ROUNDS], const char *unit,
		      double against, double goal)
{
	double value = median(values);

	printf("{\"name\":\"%s\",\"value\":%.1f,\"unit\":\"%s\"", name, value,
	       unit);
	if (against > 0)
		printf(",\"against\":\"%.0f rows/s of raw SQLite\","
		       "\"ratio\":%.3f,\"goal\":%.0f,\"met\":%s",
		       against, value / against, goal,
		       value >= goal ? "true" : "false");
	else
		printf(",\"against\":null,\"ratio\":null,\"goal\":null,"
		       "\"met\":null");
	printf(",\"min\":%.1f,\"max\":%.1f}\n", values[0], values[ROUNDS - 1]);
}

static void run_depth(struct bench *bench, struct database *raw, int64_t *id,
		      unsigned int depth)
{
	double told[ROUNDS], alone[ROUNDS], groups[ROUNDS], stream[ROUNDS];
	struct course course = {.folder = bench->folder,
				.port = 20000 + (unsigned int)getpid() % 10000};
	char name[64];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		told[i] = run_ledger(bench, depth, &groups[i]);
		alone[i] = run_raw(bench, raw, id, groups[i]);
		stream[i] = peer_jetstream(&course, bench->payload, bench->len,
					   ROUND_US);
	}
	snprintf(name, sizeof(name), "ledger_events_published_queued_%u",
		 depth);
	print_row(name, told, "events/s", median(alone), GOAL);
	print_beside(told, stream);
	snprintf(name, sizeof(name), "ledger_group_queued_%u", depth);
	print_row(name, groups, "events/commit", 0, 0);
	snprintf(name, sizeof(name), "sqlite_raw_queued_%u", depth);
	print_row(name, alone, "rows/s", 0, 0);
}

static const struct log_info_cat categories[] = {
	[DRECORD] = {.name = "DRECORD", .loglevel = LOGL_FATAL},
};
static const struct log_info log_setup = {
	.cat = categories,
	.num_cat = sizeof(categories) / sizeof(*categories),
};

int main(void)
{
	struct bench bench = {.folder = "build/bench.XXXXXX"};
	struct ledger_config config = {
		.path = bench.path,
		.gateway = "BENCH",
		.on_event = on_event,
		.data = &bench,
	};
	struct gridcall_why why;
	struct database *raw;
	char command[128];
	int64_t id = 0;

	log_init(&log_setup, NULL);
	if (!mkdtemp(bench.folder))
		return 1;
	snprintf(bench.path, sizeof(bench.path), "%s/ledger", bench.folder);
	bench.ledger = ledger_open(NULL, &config, &why);
	if (!bench.ledger) {
		fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	raw = open_raw(&bench);
	open_service(&bench);
	run_depth(&bench, raw, &id, 2000);
	ledger_close(bench.ledger);
	close_service(&bench);
	database_close(raw);
	snprintf(command, sizeof(command), "rm -rf '%s'", bench.folder);
	return system(command) ? 1 : 0;
}
