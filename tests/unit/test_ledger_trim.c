/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/ledger_bench.h"

#define ALARM     "gc1.440106.440106530000.07.alarm"
#define KEEP_DAYS 30
#define COUNT     "SELECT count(*) FROM event"

static void commit_many(struct bench *bench, unsigned int count,
			const char *call)
{
	struct ledger_batch *batch = ledger_batch_alloc(bench->ledger);
	unsigned int before = bench->done;

	while (count--)
		add_reply(batch, GRID_07, call, 18);
	ledger_commit(bench->ledger, batch, on_done, bench);
	UNTIL(bench->done > before);
}

static void commit_alarm(struct bench *bench, const char *id, bool released)
{
	Gridcall__V1__AlarmEvent body = GRIDCALL__V1__ALARM_EVENT__INIT;
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;
	struct ledger_batch *batch = ledger_batch_alloc(bench->ledger);
	unsigned int before = bench->done;

	body.alarm = (char *)id;
	body.released = released;
	event.body_case = GRIDCALL__V1__EVENT__BODY_ALARM;
	event.alarm = &body;
	assert_int_equal(ledger_batch_event(batch, ALARM, "", &event), 0);
	ledger_commit(bench->ledger, batch, on_done, bench);
	UNTIL(bench->done > before);
}

static void set_call(struct bench *bench, const char *id, bool open)
{
	Gridcall__V1__CallSummary summary = GRIDCALL__V1__CALL_SUMMARY__INIT;
	struct ledger_batch *batch = ledger_batch_alloc(bench->ledger);
	unsigned int before = bench->done;

	summary.call = (char *)id;
	summary.started_at_us = 1;
	ledger_batch_call(batch, open, &summary);
	ledger_commit(bench->ledger, batch, on_done, bench);
	UNTIL(bench->done > before);
}

/* Close it, make events older than what is kept, open it again. */
static void age(struct bench *bench, const char *which, uint32_t keep_days)
{
	struct database *database;
	char sql[160];
	char why[128];

	close_it(bench);
	assert_int_equal(database_open(&database, bench->path, DATABASE_WRITE,
				       why, sizeof(why)),
			 0);
	snprintf(sql, sizeof(sql),
		 "UPDATE event SET time_us=time_us-31*86400000000 WHERE %s",
		 which);
	assert_int_equal(database_run(database, sql), 0);
	database_close(database);
	bench->config.keep_days = keep_days;
	open_it(bench);
}

/* Steps are taken by the writer, which tells nobody: look again and again. */
static void await(struct bench *bench, const char *sql, int64_t number)
{
	alarm(60);
	while (ask_file(bench->path, sql) != number)
		osmo_select_main(1);
	alarm(0);
}

/* A pass has been all through when a call without events is gone. */
static void await_pass(struct bench *bench)
{
	await(bench, "SELECT count(*) FROM call WHERE id='witness'", 0);
}

static void read_first(struct ledger_reader *reader, void *data)
{
	*(uint64_t *)data = ledger_reader_first_seq(reader);
}

static uint64_t first_seq(struct bench *bench)
{
	uint64_t seq = 0;

	ledger_read_now(bench->ledger, read_first, &seq);
	return seq;
}

static void every_event_is_kept_unless_told_otherwise(void **state)
{
	struct bench *bench = *state;

	open_it(bench);
	commit_many(bench, 10, "");
	age(bench, "1", 0);
	commit_many(bench, 1, "");
	assert_int_equal(ask_file(bench->path, COUNT), 11);
	assert_int_equal(first_seq(bench), 1);
}

static void what_is_too_old_goes_and_numbers_go_on(void **state)
{
	struct bench *bench = *state;

	open_it(bench);
	commit_many(bench, 1000, "");
	age(bench, "(id & 1048575) <= 700", KEEP_DAYS);
	await(bench, COUNT, 300);
	assert_int_equal(first_seq(bench), 701);
	assert_int_equal(ask_file(bench->path, "SELECT topic_seq FROM tail"),
			 1000);
	commit_many(bench, 1, "");
	assert_int_equal(bench->first, 1001);
	assert_false(bench->out_of_order);
}

static void the_newest_event_stays_for_the_numbers(void **state)
{
	struct bench *bench = *state;
	char epoch[32];

	open_it(bench);
	commit_many(bench, 300, "");
	strcpy(epoch, ledger_epoch(bench->ledger));
	age(bench, "1", KEEP_DAYS);
	await(bench, COUNT, 1);
	close_it(bench);
	open_it(bench);
	assert_string_equal(ledger_epoch(bench->ledger), epoch);
	assert_int_equal(ledger_seq(bench->ledger), 300);
	assert_int_equal(first_seq(bench), 300);
}

static void a_call_that_is_open_or_young_in_part_stays_whole(void **state)
{
	struct bench *bench = *state;

	open_it(bench);
	set_call(bench, "open", true);
	set_call(bench, "young", false);
	set_call(bench, "old", false);
	set_call(bench, "witness", false);
	commit_many(bench, 5, "open");
	commit_many(bench, 5, "young");
	commit_many(bench, 5, "old");
	commit_many(bench, 1, "young");
	age(bench, "(id & 1048575) <= 15", KEEP_DAYS);
	await_pass(bench);
	assert_int_equal(ask_file(bench->path, COUNT), 11);
	assert_int_equal(ask_file(bench->path, COUNT " WHERE call='old'"), 0);
	assert_int_equal(ask_file(bench->path, "SELECT count(*) FROM call"), 2);
	/* From there on nothing is missing, though some before is kept. */
	assert_int_equal(first_seq(bench), 16);
}

static void an_alarm_that_nobody_released_stays(void **state)
{
	struct bench *bench = *state;

	open_it(bench);
	set_call(bench, "witness", false);
	commit_alarm(bench, "A1", false);
	commit_alarm(bench, "A2", false);
	commit_alarm(bench, "A1", true);
	commit_many(bench, 1, "");
	age(bench, "(id & 1048575) <= 3", KEEP_DAYS);
	await_pass(bench);
	assert_int_equal(ask_file(bench->path, COUNT), 2);
	assert_int_equal(
		ask_file(bench->path, COUNT " WHERE (id & 1048575) = 2"), 1);
}

static void a_clock_that_was_wrong_for_a_while_ages_nothing(void **state)
{
	struct bench *bench = *state;

	open_it(bench);
	set_call(bench, "witness", false);
	commit_many(bench, 10, "");
	age(bench, "(id & 1048575) BETWEEN 3 AND 7", KEEP_DAYS);
	await_pass(bench);
	assert_int_equal(ask_file(bench->path, COUNT), 10);
	assert_int_equal(first_seq(bench), 1);
}

static void a_new_epoch_has_its_whole_history(void **state)
{
	struct bench *bench = *state;

	open_it(bench);
	commit_many(bench, 20, "");
	age(bench, "(id & 1048575) <= 10", KEEP_DAYS);
	await(bench, COUNT, 10);
	close_it(bench);
	bench->config.restored = true;
	open_it(bench);
	assert_int_equal(first_seq(bench), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_event_is_kept_unless_told_otherwise),
		TEST(what_is_too_old_goes_and_numbers_go_on),
		TEST(the_newest_event_stays_for_the_numbers),
		TEST(a_call_that_is_open_or_young_in_part_stays_whole),
		TEST(an_alarm_that_nobody_released_stays),
		TEST(a_clock_that_was_wrong_for_a_while_ages_nothing),
		TEST(a_new_epoch_has_its_whole_history),
	};

	log_init(&log_setup, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
