/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_ledger.c - events made durable and told per second
 *
 * Offers events to a real ledger so that a steady number of batches is queued,
 * and counts those told.  Beside it, in the same rounds, a raw SQLite group
 * commit writes rows of the same bytes in groups of the same size: what is
 * left over is the price of numbering, encoding, indexes and telling.
 */
#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/record/database.h"
#include "gateway/record/ledger.h"

#include <inttypes.h>
#include <osmocom/core/application.h>
#include <osmocom/core/select.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS   5
#define ROUND_US 900000
#define TOPICS   50
#define GOAL     0.5 /* of the raw group commit */

struct bench {
	char folder[64];
	char path[96];
	struct ledger *ledger;
	uint64_t told;
	uint8_t payload[512]; /* of the last event, for the raw rows */
	size_t len;
};

static void on_event(void *data, const struct ledger_event *event)
{
	struct bench *bench = data;

	bench->told++;
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

/* Events told per second while depth batches are kept queued. */
static double run_ledger(struct bench *bench, unsigned int depth, double *group)
{
	struct ledger_stats before, after;
	uint64_t first = bench->told, given = bench->told;
	uint64_t began_us = clock_now_us(), took_us;

	ledger_stats(bench->ledger, &before);
	while (clock_now_us() - began_us < ROUND_US) {
		for (; given - bench->told < depth; given++)
			commit_reply(bench, (unsigned int)given);
		osmo_select_main(0);
	}
	while (bench->told < given)
		osmo_select_main(0);
	took_us = clock_now_us() - began_us;
	ledger_stats(bench->ledger, &after);
	*group = (double)(after.events - before.events) /
		 (double)(after.commits - before.commits);
	return (double)(bench->told - first) * 1e6 / (double)took_us;
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

static void print_row(const char *name, double values[ROUNDS], const char *unit,
		      double against, double goal)
{
	double value = median(values);

	printf("{\"name\":\"%s\",\"value\":%.1f,\"unit\":\"%s\"", name, value,
	       unit);
	if (against > 0)
		printf(",\"against\":%.1f,\"ratio\":%.3f,\"goal\":%.2f,"
		       "\"met\":%s",
		       against, value / against, goal,
		       value / against >= goal ? "true" : "false");
	else
		printf(",\"against\":null,\"ratio\":null,\"goal\":null,"
		       "\"met\":null");
	printf(",\"min\":%.1f,\"max\":%.1f}\n", values[0], values[ROUNDS - 1]);
}

static void run_depth(struct bench *bench, struct database *raw, int64_t *id,
		      unsigned int depth)
{
	double told[ROUNDS], alone[ROUNDS], groups[ROUNDS];
	char name[64];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		told[i] = run_ledger(bench, depth, &groups[i]);
		alone[i] = run_raw(bench, raw, id, groups[i]);
	}
	snprintf(name, sizeof(name), "ledger_events_queued_%u", depth);
	print_row(name, told, "events/s", median(alone), GOAL);
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
	struct bench bench = {.folder = "bench_ledger.XXXXXX"};
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
	run_depth(&bench, raw, &id, 2000);
	ledger_close(bench.ledger);
	database_close(raw);
	snprintf(command, sizeof(command), "rm -rf '%s'", bench.folder);
	return system(command) ? 1 : 0;
}
