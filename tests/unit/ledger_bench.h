/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ledger_bench.h - a ledger in a folder of its own, for the tests of ledgers
 *
 * Holds what the ledger told, and turns the main loop until something has
 * happened.
 */
#pragma once

#include "gateway/record/ledger.h"

#include "gateway/log.h"
#include "gateway/record/database.h"
#include "gateway/record/directory.h"
#include "gateway/record/ledger_query.h"
#include "gateway/record/ledger_select.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <osmocom/core/application.h>
#include <osmocom/core/select.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <talloc.h>
#include <unistd.h>
#include <cmocka.h>

#define GRID_07 "gc1.440106.440106530000.07.reply"
#define GRID_08 "gc1.440106.440106530000.08.reply"
#define OTHER   "gc1.440103.440103000000.01.call"

/* A ledger in a folder of its own, and what it told. */
struct bench {
	char folder[64];
	char path[96];
	struct ledger_config config;
	struct ledger *ledger;
	struct gridcall_why why;
	uint64_t told;
	uint64_t last_seq;
	unsigned int done;
	uint64_t first, last; /* of the last done */
	unsigned int troubles, relieved;
	char trouble[256];
	uint64_t topic_seq[2]; /* of GRID_07 and GRID_08 */
	bool out_of_order;
	uint8_t *payload; /* of the last event */
	size_t payload_len;
};

static inline void on_event(void *data, const struct ledger_event *event)
{
	struct bench *bench = data;
	bool is_08 = !strcmp(event->topic, GRID_08);

	if (event->seq != bench->last_seq + 1)
		bench->out_of_order = true;
	bench->last_seq = event->seq;
	if (is_08 || !strcmp(event->topic, GRID_07)) {
		if (event->topic_seq != bench->topic_seq[is_08] + 1)
			bench->out_of_order = true;
		bench->topic_seq[is_08] = event->topic_seq;
	}
	bench->told++;
	free(bench->payload);
	bench->payload = malloc(event->len);
	memcpy(bench->payload, event->payload, event->len);
	bench->payload_len = event->len;
}

static inline void on_trouble(void *data, const char *sentence)
{
	struct bench *bench = data;

	if (!sentence) {
		bench->relieved++;
		return;
	}
	bench->troubles++;
	snprintf(bench->trouble, sizeof(bench->trouble), "%s", sentence);
}

static inline void on_done(void *data, uint64_t first, uint64_t last)
{
	struct bench *bench = data;

	bench->done++;
	bench->first = first;
	bench->last = last;
}

static inline int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	strcpy(bench->folder, "/tmp/test_ledger.XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(bench->path, sizeof(bench->path), "%s/ledger", bench->folder);
	bench->config = (struct ledger_config){
		.path = bench->path,
		.gateway = "GW1",
		.on_event = on_event,
		.on_trouble = on_trouble,
		.data = bench,
	};
	*state = bench;
	return 0;
}

static inline int tear_down(void **state)
{
	struct bench *bench = *state;
	char command[128];

	ledger_close(bench->ledger);
	(void)umount2(bench->folder, MNT_DETACH); /* of a test that failed */
	snprintf(command, sizeof(command), "rm -rf '%s'", bench->folder);
	assert_int_equal(system(command), 0);
	free(bench->payload);
	free(bench);
	return 0;
}

static inline void open_it(struct bench *bench)
{
	bench->why.text[0] = '\0';
	bench->ledger = ledger_open(NULL, &bench->config, &bench->why);
	assert_string_equal(bench->why.text, "");
	assert_non_null(bench->ledger);
	bench->last_seq = ledger_seq(bench->ledger);
}

static inline void close_it(struct bench *bench)
{
	bench->ledger = ledger_close(bench->ledger);
}

/* Turn the main loop until the condition holds; alarm() ends a hang. */
#define UNTIL(condition)                                                       \
	do {                                                                   \
		alarm(60);                                                     \
		while (!(condition))                                           \
			osmo_select_main(0);                                   \
		alarm(0);                                                      \
	} while (0)

static inline void add_reply(struct ledger_batch *batch, const char *topic,
			     const char *call, uint32_t headcount)
{
	Gridcall__V1__ReplyEvent reply = GRIDCALL__V1__REPLY_EVENT__INIT;
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;

	reply.call = (char *)call;
	reply.unit = (char *)"TH-001";
	reply.headcount_stated_case =
		GRIDCALL__V1__REPLY_EVENT__HEADCOUNT_STATED_HEADCOUNT;
	reply.headcount = headcount;
	event.body_case = GRIDCALL__V1__EVENT__BODY_REPLY;
	event.reply = &reply;
	/* A careless maker: the writer's head must win. */
	event.seq = 999;
	event.topic = (char *)"nonsense";
	assert_int_equal(ledger_batch_event(batch, topic, call, &event), 0);
}

static inline void commit_one(struct bench *bench, const char *topic,
			      const char *call)
{
	struct ledger_batch *batch = ledger_batch_alloc(bench->ledger);

	add_reply(batch, topic, call, 18);
	ledger_commit(bench->ledger, batch, on_done, bench);
}

static inline void commit_and_wait(struct bench *bench, const char *topic,
				   const char *call)
{
	unsigned int before = bench->done;

	commit_one(bench, topic, call);
	UNTIL(bench->done > before);
}

static inline int64_t ask_file(const char *path, const char *sql)
{
	struct database *database;
	int64_t number = -1;
	char why[128];

	assert_int_equal(
		database_open(&database, path, DATABASE_READ, why, sizeof(why)),
		0);
	assert_int_equal(database_number(database, sql, &number), 0);
	database_close(database);
	return number;
}

static inline void run_shell(const char *format, const char *a, const char *b)
{
	char command[512];

	snprintf(command, sizeof(command), format, a, b);
	assert_int_equal(system(command), 0);
}

struct seen {
	struct bench *bench;
	bool done;
	unsigned int count, max;
	uint64_t seqs[16];
	char text[256];
	uint64_t seq;
};

static inline bool see_event(void *data, const struct ledger_event *event)
{
	struct seen *seen = data;

	seen->seqs[seen->count++] = event->seq;
	return !seen->max || seen->count < seen->max;
}

/* [reader] Every event after a seq. */
static inline void see_events_after(struct ledger_reader *reader,
				    struct seen *seen, uint64_t after_seq)
{
	static const char *const everything[] = {""};
	struct ledger_selection selection = {.after_seq = after_seq,
					     .work_max = 100,
					     .visit = see_event,
					     .data = seen};
	struct ledger_selected selected;
	struct prefixes prefixes;

	assert_int_equal(prefixes_make(&prefixes, everything, 1), 0);
	selection.prefixes = &prefixes;
	assert_int_equal(ledger_reader_select(reader, &selection, &selected),
			 0);
	prefixes_clear(&prefixes);
}

static inline void on_read(void *data)
{
	struct seen *seen = data;

	seen->done = true;
}

static inline void read_all(struct bench *bench, struct seen *seen,
			    void (*work)(struct ledger_reader *reader,
					 void *data))
{
	seen->bench = bench;
	seen->done = false;
	ledger_read(bench->ledger, work, on_read, seen);
	UNTIL(seen->done);
}

static const struct log_info_cat categories[] = {
	[DRECORD] = {.name = "DRECORD", .enabled = 0, .loglevel = LOGL_FATAL},
};
static const struct log_info log_setup = {
	.cat = categories,
	.num_cat = sizeof(categories) / sizeof(*categories),
};

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
