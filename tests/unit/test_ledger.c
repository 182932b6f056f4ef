/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/ledger_bench.h"

#include "gateway/record/ledger_mark.h"

/* ---- writing ---- */

static void check_durable(void *data, const struct ledger_event *event)
{
	struct bench *bench = data;
	char sql[96];

	snprintf(sql, sizeof(sql),
		 "SELECT count(*) FROM event WHERE id & 1099511627775=%" PRIu64,
		 event->seq);
	assert_int_equal(ask_file(bench->path, sql), 1);
	on_event(data, event);
}

static void an_event_is_durable_before_it_is_told(void **state)
{
	struct bench *bench = *state;

	bench->config.on_event = check_durable;
	open_it(bench);
	commit_and_wait(bench, GRID_07, "");
	assert_int_equal(bench->told, 1);
}

static void the_bytes_told_are_a_whole_event(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__Event *event;

	open_it(bench);
	commit_and_wait(bench, GRID_08, "");
	commit_and_wait(bench, GRID_07, "C1");
	event = gridcall__v1__event__unpack(NULL, bench->payload_len,
					    bench->payload);
	assert_non_null(event);
	assert_string_equal(event->epoch, ledger_epoch(bench->ledger));
	assert_int_equal(strlen(event->epoch), 16);
	assert_int_equal(event->seq, 2);
	assert_int_equal(event->topic_seq, 1);
	assert_string_equal(event->gateway, "GW1");
	assert_string_equal(event->topic, GRID_07);
	assert_true(event->time_us > INT64_C(1600000000000000));
	assert_int_equal(event->body_case, GRIDCALL__V1__EVENT__BODY_REPLY);
	assert_string_equal(event->reply->call, "C1");
	assert_int_equal(event->reply->headcount, 18);
	gridcall__v1__event__free_unpacked(event, NULL);
}

static void many_batches_share_one_transaction(void **state)
{
	struct bench *bench = *state;
	struct ledger_stats stats;
	int i;

	open_it(bench);
	for (i = 0; i < 2000; i++)
		commit_one(bench, i % 3 ? GRID_07 : GRID_08, "");
	UNTIL(bench->done == 2000);
	ledger_stats(bench->ledger, &stats);
	assert_int_equal(stats.events, 2000);
	assert_int_equal(stats.queued, 0);
	assert_true(stats.commits < 1000);
	assert_true(stats.slowest_us > 0);
	assert_string_equal(stats.trouble, "");
	assert_false(bench->out_of_order);
	assert_int_equal(ledger_seq(bench->ledger), 2000);
}

static void done_names_the_events_of_its_batch(void **state)
{
	struct bench *bench = *state;
	struct ledger_batch *batch;

	open_it(bench);
	commit_and_wait(bench, GRID_07, "");
	batch = ledger_batch_alloc(bench->ledger);
	add_reply(batch, GRID_07, "", 1);
	add_reply(batch, GRID_08, "", 2);
	add_reply(batch, GRID_08, "", 3);
	ledger_commit(bench->ledger, batch, on_done, bench);
	UNTIL(bench->done == 2);
	assert_int_equal(bench->first, 2);
	assert_int_equal(bench->last, 4);
	assert_int_equal(bench->told, 4);
	ledger_commit(bench->ledger, ledger_batch_alloc(bench->ledger), on_done,
		      bench);
	UNTIL(bench->done == 3);
	assert_int_equal(bench->first, 0);
	assert_int_equal(bench->last, 0);
}

static void a_topic_that_breaks_the_rules_is_refused(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;
	struct ledger_batch *batch;

	open_it(bench);
	batch = ledger_batch_alloc(bench->ledger);
	assert_int_equal(ledger_batch_event(batch, "gc1.x", "", &event),
			 -EINVAL);
	/* Volatile kinds have no place in the ledger. */
	assert_int_equal(ledger_batch_event(batch,
					    "gc1.440106.440106530000.07.voice",
					    "", &event),
			 -EINVAL);
	ledger_batch_free(batch);
	ledger_batch_free(NULL);
}

static void numbers_go_on_over_a_restart(void **state)
{
	struct bench *bench = *state;
	char epoch[32];

	open_it(bench);
	strcpy(epoch, ledger_epoch(bench->ledger));
	commit_and_wait(bench, GRID_07, "");
	commit_and_wait(bench, GRID_08, "");
	close_it(bench);
	open_it(bench);
	assert_string_equal(ledger_epoch(bench->ledger), epoch);
	assert_int_equal(ledger_seq(bench->ledger), 2);
	commit_and_wait(bench, GRID_07, "");
	commit_and_wait(bench, GRID_07, "");
	assert_int_equal(bench->last_seq, 4);
	assert_int_equal(bench->topic_seq[0], 3);
	assert_false(bench->out_of_order);
}

static void closing_writes_and_tells_what_is_queued(void **state)
{
	struct bench *bench = *state;
	int i;

	open_it(bench);
	for (i = 0; i < 300; i++)
		commit_one(bench, GRID_07, "");
	close_it(bench);
	assert_int_equal(bench->told, 300);
	assert_int_equal(bench->done, 300);
	open_it(bench);
	assert_int_equal(ledger_seq(bench->ledger), 300);
}

/* The child writes for ever and says on a pipe what it was told. */
static void tell_pipe(void *data, const struct ledger_event *event)
{
	int *fd = data;

	if (write(*fd, &event->seq, sizeof(event->seq)) < 0)
		_exit(1);
}

static void write_for_ever(struct bench *bench, int fd)
{
	struct ledger_stats stats;
	unsigned int i = 0;

	bench->config.on_event = tell_pipe;
	bench->config.on_trouble = NULL;
	bench->config.data = &fd;
	bench->ledger = ledger_open(NULL, &bench->config, &bench->why);
	for (;;) {
		ledger_stats(bench->ledger, &stats);
		for (; stats.queued < 50; stats.queued++, i++) {
			struct ledger_batch *batch;

			batch = ledger_batch_alloc(bench->ledger);
			add_reply(batch, i % 3 ? GRID_07 : GRID_08, "", i);
			add_reply(batch, i % 2 ? OTHER : GRID_07, "", i);
			ledger_commit(bench->ledger, batch, NULL, NULL);
		}
		osmo_select_main(0);
	}
}

static uint64_t kill_in_mid_stream(struct bench *bench, uint64_t after)
{
	uint64_t seq = 0, last = 0;
	int fds[2];
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (!child) {
		close(fds[0]);
		write_for_ever(bench, fds[1]);
	}
	close(fds[1]);
	while (last < after && read(fds[0], &seq, sizeof(seq)) == sizeof(seq))
		last = seq;
	kill(child, SIGKILL);
	while (read(fds[0], &seq, sizeof(seq)) == sizeof(seq))
		last = seq;
	waitpid(child, NULL, 0);
	close(fds[0]);
	return last;
}

static void a_killed_gateway_keeps_every_event_it_told(void **state)
{
	static const char gaps[] =
		"SELECT count(*) FROM (SELECT topic FROM event GROUP BY topic"
		" HAVING max(topic_seq)<>count(*) OR min(topic_seq)<>1)";
	static const char tails[] =
		"SELECT count(*) FROM tail WHERE topic_seq<>(SELECT count(*)"
		" FROM event WHERE event.topic=tail.id)";
	struct bench *bench = *state;
	uint64_t told = 0;
	char epoch[32];
	int round;

	for (round = 1; round <= 3; round++) {
		told = kill_in_mid_stream(bench, told + 700);
		open_it(bench);
		assert_true(ledger_seq(bench->ledger) >= told);
		if (round > 1)
			assert_string_equal(ledger_epoch(bench->ledger), epoch);
		strcpy(epoch, ledger_epoch(bench->ledger));
		assert_int_equal(
			ask_file(bench->path, "SELECT count(*) FROM event"),
			ledger_seq(bench->ledger));
		assert_int_equal(ask_file(bench->path, gaps), 0);
		assert_int_equal(ask_file(bench->path, tails), 0);
		told = ledger_seq(bench->ledger);
		close_it(bench);
	}
}

/* ---- refusing ---- */

static void refuse(struct bench *bench, const char *part)
{
	bench->why.text[0] = '\0';
	assert_null(ledger_open(NULL, &bench->config, &bench->why));
	if (!strstr(bench->why.text, part))
		fail_msg("'%s' lacks '%s'", bench->why.text, part);
}

static void a_second_opener_is_refused_by_name(void **state)
{
	struct bench *bench = *state;
	char part[64];

	open_it(bench);
	snprintf(part, sizeof(part), "in use by process %d", (int)getpid());
	refuse(bench, part);
	commit_and_wait(bench, GRID_07, "");
}

static void a_newer_schema_is_refused(void **state)
{
	struct bench *bench = *state;
	struct database *database;
	char why[128];

	open_it(bench);
	close_it(bench);
	assert_int_equal(database_open(&database, bench->path, DATABASE_WRITE,
				       why, sizeof(why)),
			 0);
	database_run(database, "UPDATE meta SET value='3' WHERE name='schema'");
	database_close(database);
	refuse(bench, "schema 3 and this program knows 2");
}

/* ---- older schemas ---- */

#define EPOCH_OF_SCHEMA_1 "eba0711c301f4bed"

/* The file of an older program, with its mark. */
static void put_old_file(struct bench *bench, int64_t schema)
{
	struct ledger_mark mark = {.seq = 2, .closed = true};
	struct database *database;
	char why[128], sql[16384];
	FILE *file;
	size_t len;
	int fd;

	snprintf(sql, sizeof(sql), "tests/data/ledger/schema_%" PRId64 ".sql",
		 schema);
	file = fopen(sql, "r");
	assert_non_null(file);
	len = fread(sql, 1, sizeof(sql) - 1, file);
	fclose(file);
	sql[len] = '\0';
	assert_int_equal(database_open(&database, bench->path, DATABASE_CREATE,
				       why, sizeof(why)),
			 0);
	assert_int_equal(database_run(database, sql), 0);
	database_close(database);
	fd = ledger_mark_open(bench->path, &(struct ledger_mark){0});
	strcpy(mark.epoch, EPOCH_OF_SCHEMA_1);
	assert_int_equal(ledger_mark_write(fd, &mark), 0);
	close(fd);
}

static void read_kept_reply(struct ledger_reader *reader, void *data)
{
	static const uint8_t digest[32] = "a";
	struct seen *seen = data;
	uint8_t *reply;
	size_t len;

	assert_int_equal(ledger_reader_idempotency(reader, NULL, "li", "k",
						   digest, &reply, &len),
			 0);
	assert_int_equal(len, 5);
	assert_memory_equal(reply, "first", 5);
	talloc_free(reply);
	see_events_after(reader, seen, 0);
}

static bool count_key(void *data, const uint8_t *key, size_t len)
{
	struct seen *seen = data;

	seen->count++;
	return true;
}

static void read_key_count(struct ledger_reader *reader, void *data)
{
	assert_int_equal(ledger_reader_keys(reader, count_key, data), 0);
}

static void a_ledger_of_schema_1_is_brought_to_this(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__Key key = GRIDCALL__V1__KEY__INIT;
	struct seen kept = {0}, keys = {0};
	struct ledger_batch *batch;

	put_old_file(bench, 1);
	open_it(bench);
	assert_string_equal(ledger_epoch(bench->ledger), EPOCH_OF_SCHEMA_1);
	assert_int_equal(ledger_seq(bench->ledger), 2);
	ledger_read_now(bench->ledger, read_kept_reply, &kept);
	assert_int_equal(kept.count, 2);
	ledger_read_now(bench->ledger, read_key_count, &keys);
	assert_int_equal(keys.count, 0);
	batch = ledger_batch_alloc(bench->ledger);
	key.public_key = (char *)"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
	ledger_batch_key(batch, &key);
	ledger_commit(bench->ledger, batch, NULL, NULL);
	commit_and_wait(bench, GRID_07, "");
	assert_int_equal(bench->last_seq, 3);
	close_it(bench);
	/* And once more, as a file of this schema. */
	open_it(bench);
	ledger_read_now(bench->ledger, read_key_count, &keys);
	assert_int_equal(keys.count, 1);
}

/* But for quotes and spaces, which a renamed column leaves otherwise. */
#define SHAPE                                                                  \
	"SELECT group_concat(replace(replace(sql,'\"',''),' ',''),';') FROM"   \
	" (SELECT sql FROM sqlite_schema WHERE sql<>'' ORDER BY name)"

static void shape_of(const char *path, char shape[4096])
{
	struct database *database;
	char why[128];

	assert_int_equal(
		database_open(&database, path, DATABASE_READ, why, sizeof(why)),
		0);
	assert_int_equal(database_text(database, SHAPE, shape, 4096), 0);
	database_close(database);
}

static void an_older_ledger_gets_the_very_tables_of_a_new_one(void **state)
{
	struct bench *bench = *state;
	char brought[4096], made[4096];

	put_old_file(bench, 1);
	open_it(bench);
	close_it(bench);
	shape_of(bench->path, brought);
	run_shell("rm '%s' '%s.mark'", bench->path, bench->path);
	open_it(bench);
	close_it(bench);
	shape_of(bench->path, made);
	assert_string_equal(brought, made);
}

static void another_gateways_old_ledger_is_left_as_it_is(void **state)
{
	struct bench *bench = *state;

	put_old_file(bench, 1);
	bench->config.gateway = "GW2";
	refuse(bench, "belongs to gateway 'GW1'");
	assert_int_equal(ask_file(bench->path, "SELECT value FROM meta"
					       " WHERE name='schema'"),
			 1);
	assert_int_equal(ask_file(bench->path, "SELECT count(*) FROM key"), 1);
}

static void another_gateways_ledger_is_refused(void **state)
{
	struct bench *bench = *state;

	open_it(bench);
	close_it(bench);
	bench->config.gateway = "GW2";
	refuse(bench, "belongs to gateway 'GW1'");
	bench->config.gateway = "gw 2";
	refuse(bench, "is not 1 to 12 of 0-9 A-Z");
}

static void what_is_no_ledger_is_refused(void **state)
{
	struct bench *bench = *state;
	struct database *database;
	char why[128];

	run_shell("yes no database | head -c 9999 >'%s'", bench->path, "");
	refuse(bench, "is not a database");
	unlink(bench->path);
	assert_int_equal(database_open(&database, bench->path, DATABASE_CREATE,
				       why, sizeof(why)),
			 0);
	database_run(database, "CREATE TABLE songs(name)");
	database_close(database);
	refuse(bench, "a database of another program");
	bench->config.path = "/nowhere/ledger";
	refuse(bench, "the folder of the ledger '/nowhere/ledger'");
}

/* ---- epochs ---- */

static void a_copy_put_back_begins_a_new_epoch(void **state)
{
	struct bench *bench = *state;
	char epoch[32];

	open_it(bench);
	strcpy(epoch, ledger_epoch(bench->ledger));
	commit_and_wait(bench, GRID_07, "C1");
	close_it(bench);
	run_shell("cp '%s' '%s.old'", bench->path, bench->path);
	open_it(bench);
	commit_and_wait(bench, GRID_07, "C1");
	close_it(bench);
	run_shell("cp '%s.old' '%s'", bench->path, bench->path);
	bench->topic_seq[0] = 0;
	open_it(bench);
	assert_string_not_equal(ledger_epoch(bench->ledger), epoch);
	assert_int_equal(ledger_seq(bench->ledger), 0);
	commit_and_wait(bench, GRID_07, "C1");
	assert_int_equal(bench->first, 1);
	assert_int_equal(bench->topic_seq[0], 1);
	strcpy(epoch, ledger_epoch(bench->ledger));
	close_it(bench);
	open_it(bench);
	assert_string_equal(ledger_epoch(bench->ledger), epoch);
	assert_int_equal(ledger_seq(bench->ledger), 1);
}

static void a_copy_elsewhere_begins_a_new_epoch(void **state)
{
	struct bench *bench = *state;
	char epoch[32], copy[128];

	open_it(bench);
	strcpy(epoch, ledger_epoch(bench->ledger));
	commit_and_wait(bench, GRID_07, "");
	close_it(bench);
	snprintf(copy, sizeof(copy), "%s.copy", bench->path);
	run_shell("cp '%s' '%s'", bench->path, copy);
	bench->config.path = copy;
	open_it(bench);
	assert_string_not_equal(ledger_epoch(bench->ledger), epoch);
	close_it(bench);
	bench->config.path = bench->path;
	bench->config.restored = true;
	open_it(bench);
	assert_string_not_equal(ledger_epoch(bench->ledger), epoch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_event_is_durable_before_it_is_told),
		TEST(the_bytes_told_are_a_whole_event),
		TEST(many_batches_share_one_transaction),
		TEST(done_names_the_events_of_its_batch),
		TEST(a_topic_that_breaks_the_rules_is_refused),
		TEST(numbers_go_on_over_a_restart),
		TEST(closing_writes_and_tells_what_is_queued),
		TEST(a_killed_gateway_keeps_every_event_it_told),
		TEST(a_second_opener_is_refused_by_name),
		TEST(a_newer_schema_is_refused),
		TEST(a_ledger_of_schema_1_is_brought_to_this),
		TEST(an_older_ledger_gets_the_very_tables_of_a_new_one),
		TEST(another_gateways_old_ledger_is_left_as_it_is),
		TEST(another_gateways_ledger_is_refused),
		TEST(what_is_no_ledger_is_refused),
		TEST(a_copy_put_back_begins_a_new_epoch),
		TEST(a_copy_elsewhere_begins_a_new_epoch),
	};

	log_init(&log_setup, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
