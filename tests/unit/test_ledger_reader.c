/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/ledger_bench.h"

#include <semaphore.h>

static void read_after_one(struct ledger_reader *reader, void *data)
{
	struct seen *seen = data;

	see_events_after(reader, seen, 1);
	seen->seq = ledger_reader_seq(reader);
}

static void a_reader_sees_what_was_committed_before(void **state)
{
	struct bench *bench = *state;
	struct seen seen = {0};

	open_it(bench);
	commit_one(bench, GRID_07, "");
	commit_one(bench, GRID_08, "");
	commit_one(bench, GRID_07, "");
	read_all(bench, &seen, read_after_one);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.seqs[0], 2);
	assert_int_equal(seen.seqs[1], 3);
	assert_int_equal(seen.seq, 3);
	seen = (struct seen){.max = 1};
	read_all(bench, &seen, read_after_one);
	assert_int_equal(seen.count, 1);
}

static void read_call(struct ledger_reader *reader, void *data)
{
	assert_int_equal(ledger_reader_call(reader, "C1", see_event, data), 0);
}

static void the_events_of_a_call_span_epochs(void **state)
{
	struct bench *bench = *state;
	struct seen seen = {0};

	open_it(bench);
	commit_one(bench, GRID_07, "");
	commit_one(bench, GRID_07, "C1");
	commit_one(bench, GRID_07, "C2");
	close_it(bench);
	bench->config.restored = true;
	open_it(bench);
	bench->topic_seq[0] = 0;
	commit_one(bench, GRID_07, "C1");
	read_all(bench, &seen, read_call);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.seqs[0], 2);
	assert_int_equal(seen.seqs[1], 1);
	seen = (struct seen){0};
	read_all(bench, &seen, read_after_one);
	assert_int_equal(seen.count, 0);
	assert_int_equal(seen.seq, 1);
}

static bool see_tail(void *data, const char *topic, uint64_t topic_seq)
{
	struct seen *seen = data;
	size_t len = strlen(seen->text);

	snprintf(seen->text + len, sizeof(seen->text) - len, "%s=%" PRIu64 " ",
		 topic + 4, topic_seq);
	return true;
}

static void read_tails(struct ledger_reader *reader, void *data)
{
	static char station[] = "gc1.440106.440106530000.";
	static char grid[] = "gc1.440106.440106530000.08.";
	static char all[] = "";
	struct seen *seen = data;
	const char *const list[] = {grid, station, all};
	struct prefixes prefixes;

	assert_int_equal(prefixes_make(&prefixes, list, seen->max), 0);
	assert_int_equal(ledger_reader_tails(reader, &prefixes, see_tail, seen),
			 0);
	prefixes_clear(&prefixes);
}

static void tails_are_told_once_and_in_order(void **state)
{
	struct bench *bench = *state;
	struct seen seen = {.max = 0};

	open_it(bench);
	commit_one(bench, GRID_07, "");
	commit_one(bench, GRID_08, "");
	commit_one(bench, GRID_08, "");
	commit_one(bench, OTHER, "");
	read_all(bench, &seen, read_tails);
	assert_string_equal(seen.text, "");
	seen = (struct seen){.max = 1};
	read_all(bench, &seen, read_tails);
	assert_string_equal(seen.text, "440106.440106530000.08.reply=2 ");
	seen = (struct seen){.max = 2};
	read_all(bench, &seen, read_tails);
	assert_string_equal(seen.text, "440106.440106530000.07.reply=1 "
				       "440106.440106530000.08.reply=2 ");
	seen = (struct seen){.max = 3};
	read_all(bench, &seen, read_tails);
	assert_string_equal(seen.text, "440103.440103000000.01.call=1 "
				       "440106.440106530000.07.reply=1 "
				       "440106.440106530000.08.reply=2 ");
}

static bool see_seq(void *data, const struct ledger_event *event)
{
	struct seen *seen = data;
	size_t len = strlen(seen->text);

	snprintf(seen->text + len, sizeof(seen->text) - len, "%d ",
		 (int)event->seq);
	return true;
}

static void read_replies(struct ledger_reader *reader, void *data)
{
	assert_int_equal(ledger_reader_kind(reader, "reply", see_seq, data), 0);
}

static void events_of_one_kind_come_in_order_of_all_topics(void **state)
{
	struct bench *bench = *state;
	struct seen seen = {0};

	open_it(bench);
	commit_one(bench, GRID_08, "");
	commit_one(bench, OTHER, ""); /* a call */
	commit_one(bench, GRID_07, "");
	commit_one(bench, GRID_08, "");
	read_all(bench, &seen, read_replies);
	assert_string_equal(seen.text, "1 3 4 ");
}

static void recent_topics_are_told_newest_first(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__TopicTail tails[4];

	open_it(bench);
	assert_int_equal(ledger_recent(bench->ledger, "", tails, 4), 0);
	commit_one(bench, GRID_07, "");
	commit_one(bench, OTHER, "");
	commit_one(bench, GRID_07, "");
	commit_and_wait(bench, GRID_08, "");
	UNTIL(bench->done == 4);
	assert_int_equal(ledger_recent(bench->ledger, "", tails, 4), 3);
	assert_string_equal(tails[0].topic, GRID_08);
	assert_string_equal(tails[1].topic, GRID_07);
	assert_int_equal(tails[1].topic_seq, 2);
	assert_int_equal(ledger_recent(bench->ledger, "", tails, 1), 1);
	assert_int_equal(ledger_recent(bench->ledger, "gc1.440103.", tails, 4),
			 1);
	assert_string_equal(tails[0].topic, OTHER);
}

static void put_call(struct bench *bench, const char *id, bool open,
		     int64_t started_us)
{
	Gridcall__V1__CallSummary summary = GRIDCALL__V1__CALL_SUMMARY__INIT;
	struct ledger_batch *batch = ledger_batch_alloc(bench->ledger);

	summary.call = (char *)id;
	summary.started_at_us = started_us;
	ledger_batch_call(batch, open, &summary);
	ledger_commit(bench->ledger, batch, NULL, NULL);
}

static bool see_call(void *data, const uint8_t *bytes, size_t len)
{
	struct seen *seen = data;
	Gridcall__V1__CallSummary *summary;

	summary = gridcall__v1__call_summary__unpack(NULL, len, bytes);
	assert_non_null(summary);
	strcat(seen->text, summary->call);
	gridcall__v1__call_summary__free_unpacked(summary, NULL);
	return true;
}

static void read_open_calls(struct ledger_reader *reader, void *data)
{
	assert_int_equal(ledger_reader_calls(reader, true, see_call, data), 0);
}

static void read_calls(struct ledger_reader *reader, void *data)
{
	assert_int_equal(ledger_reader_calls(reader, false, see_call, data), 0);
}

static void open_calls_are_found_after_a_restart(void **state)
{
	struct bench *bench = *state;
	struct seen seen = {0};

	open_it(bench);
	put_call(bench, "a", true, 1);
	put_call(bench, "b", true, 3);
	put_call(bench, "c", true, 2);
	put_call(bench, "b", false, 3);
	close_it(bench);
	open_it(bench);
	ledger_read_now(bench->ledger, read_open_calls, &seen);
	assert_string_equal(seen.text, "ca");
	seen.text[0] = '\0';
	ledger_read_now(bench->ledger, read_calls, &seen);
	assert_string_equal(seen.text, "bca");
}

static const uint8_t digest_a[32] = "a";
static const uint8_t digest_b[32] = "b";

static void read_idempotency(struct ledger_reader *reader, void *data)
{
	uint8_t *reply;
	size_t len;

	assert_int_equal(ledger_reader_idempotency(reader, NULL, "li", "k",
						   digest_a, &reply, &len),
			 0);
	assert_int_equal(len, 5);
	assert_memory_equal(reply, "first", 5);
	talloc_free(reply);
	assert_int_equal(ledger_reader_idempotency(reader, NULL, "li", "k",
						   digest_b, &reply, &len),
			 -EEXIST);
	assert_int_equal(ledger_reader_idempotency(reader, NULL, "wu", "k",
						   digest_a, &reply, &len),
			 -ENOENT);
}

static void an_idempotency_key_keeps_its_first_reply(void **state)
{
	struct bench *bench = *state;
	struct ledger_batch *batch;
	struct seen seen = {0};

	open_it(bench);
	batch = ledger_batch_alloc(bench->ledger);
	ledger_batch_idempotency(batch, "li", "k", digest_a,
				 (const uint8_t *)"first", 5);
	ledger_commit(bench->ledger, batch, NULL, NULL);
	batch = ledger_batch_alloc(bench->ledger);
	ledger_batch_idempotency(batch, "li", "k", digest_b,
				 (const uint8_t *)"second", 6);
	ledger_commit(bench->ledger, batch, NULL, NULL);
	read_all(bench, &seen, read_idempotency);
}

static void an_idempotency_key_is_forgotten_after_seven_days(void **state)
{
	struct bench *bench = *state;
	struct database *database;
	struct ledger_batch *batch;
	char why[128];

	open_it(bench);
	batch = ledger_batch_alloc(bench->ledger);
	ledger_batch_idempotency(batch, "li", "k", digest_a, NULL, 0);
	ledger_commit(bench->ledger, batch, NULL, NULL);
	close_it(bench);
	assert_int_equal(database_open(&database, bench->path, DATABASE_WRITE,
				       why, sizeof(why)),
			 0);
	database_run(database,
		     "UPDATE idempotency SET time_us=time_us-604801000000");
	database_close(database);
	open_it(bench);
	commit_and_wait(bench, GRID_07, "");
	assert_int_equal(
		ask_file(bench->path, "SELECT count(*) FROM idempotency"), 0);
}

static bool see_key(void *data, const uint8_t *bytes, size_t len)
{
	struct seen *seen = data;
	Gridcall__V1__Key *key = gridcall__v1__key__unpack(NULL, len, bytes);

	assert_non_null(key);
	snprintf(seen->text + strlen(seen->text),
		 sizeof(seen->text) - strlen(seen->text), "%s=%s@%d;",
		 key->public_key, key->name, (int)key->expires_at_us);
	gridcall__v1__key__free_unpacked(key, NULL);
	return true;
}

static void read_keys(struct ledger_reader *reader, void *data)
{
	struct seen *seen = data;

	seen->text[0] = '\0';
	assert_int_equal(ledger_reader_keys(reader, see_key, seen), 0);
}

static void put_key(struct bench *bench, const char *public_key,
		    const char *name, int64_t expires_at_us)
{
	struct ledger_batch *batch = ledger_batch_alloc(bench->ledger);
	Gridcall__V1__Key key = GRIDCALL__V1__KEY__INIT;

	key.public_key = (char *)public_key;
	key.name = (char *)name;
	key.expires_at_us = expires_at_us;
	ledger_batch_key(batch, &key);
	ledger_commit(bench->ledger, batch, NULL, NULL);
}

static void a_key_is_kept_by_its_public_half(void **state)
{
	struct bench *bench = *state;
	struct ledger_batch *batch;
	struct seen seen = {0};

	open_it(bench);
	put_key(bench, "B", "li", 0);
	put_key(bench, "A", "li", 0);
	put_key(bench, "a", "wu", 0); /* Z85 tells letters by their case */
	put_key(bench, "B", "li", 7);
	read_all(bench, &seen, read_keys);
	assert_string_equal(seen.text, "A=li@0;B=li@7;a=wu@0;");
	batch = ledger_batch_alloc(bench->ledger);
	ledger_batch_key_gone(batch, "A");
	ledger_commit(bench->ledger, batch, NULL, NULL);
	commit_and_wait(bench, GRID_07, "");
	close_it(bench);
	open_it(bench);
	ledger_read_now(bench->ledger, read_keys, &seen);
	assert_string_equal(seen.text, "B=li@7;a=wu@0;");
}

static void read_directory(struct ledger_reader *reader, void *data)
{
	struct directory *directory = ledger_reader_directory(reader, NULL);
	const struct unit *unit;

	assert_non_null(directory);
	assert_int_equal(directory_unit_count(directory), 1);
	assert_int_equal(directory_channel_count(directory), 1);
	unit = directory_find_number(directory, "CH1", "07");
	assert_non_null(unit);
	assert_string_equal(unit->name, "正佳广场");
	assert_string_equal(unit->tags[1], "mall");
	assert_true(directory_find_channel(directory, "CH1")->repeater);
	talloc_free(directory);
}

static void the_directory_is_rebuilt_from_its_rows(void **state)
{
	char *tags[] = {(char *)"plaza", (char *)"mall"};
	Gridcall__V1__Unit unit = GRIDCALL__V1__UNIT__INIT;
	Gridcall__V1__Channel channel = GRIDCALL__V1__CHANNEL__INIT;
	struct bench *bench = *state;
	struct ledger_batch *batch;
	struct seen seen = {0};

	open_it(bench);
	batch = ledger_batch_alloc(bench->ledger);
	channel.code = (char *)"CH1";
	channel.kind = (char *)"repeater";
	ledger_batch_channel(batch, &channel);
	channel.code = (char *)"CH2";
	ledger_batch_channel(batch, &channel);
	unit.channel = (char *)"CH1";
	unit.number = (char *)"07";
	unit.name = (char *)"正佳广场";
	unit.tags = tags;
	unit.n_tags = 2;
	unit.code = (char *)"TH-1";
	ledger_batch_unit(batch, &unit);
	unit.code = (char *)"TH-2";
	ledger_batch_unit(batch, &unit);
	ledger_commit(bench->ledger, batch, NULL, NULL);
	batch = ledger_batch_alloc(bench->ledger);
	ledger_batch_unit_gone(batch, "TH-2");
	ledger_batch_channel_gone(batch, "CH2");
	ledger_commit(bench->ledger, batch, NULL, NULL);
	read_all(bench, &seen, read_directory);
}

static sem_t begun, go_on;

static void hang(struct ledger_reader *reader, void *data)
{
	sem_post(&begun);
	sem_wait(&go_on);
}

static void a_thread_that_hangs_is_named(void **state)
{
	struct bench *bench = *state;
	struct seen seen = {0};
	const char *name = "";

	open_it(bench);
	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	ledger_read(bench->ledger, hang, on_read, &seen);
	sem_wait(&begun);
	/* It has just begun something; then nothing comes of it. */
	assert_true(ledger_is_alive(bench->ledger, &name));
	assert_false(ledger_is_alive(bench->ledger, &name));
	assert_string_equal(name, "ledger-reader");
	sem_post(&go_on);
	UNTIL(seen.done);
	commit_and_wait(bench, GRID_07, "");
	assert_true(ledger_is_alive(bench->ledger, &name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reader_sees_what_was_committed_before),
		TEST(the_events_of_a_call_span_epochs),
		TEST(tails_are_told_once_and_in_order),
		TEST(events_of_one_kind_come_in_order_of_all_topics),
		TEST(recent_topics_are_told_newest_first),
		TEST(open_calls_are_found_after_a_restart),
		TEST(an_idempotency_key_keeps_its_first_reply),
		TEST(an_idempotency_key_is_forgotten_after_seven_days),
		TEST(a_key_is_kept_by_its_public_half),
		TEST(the_directory_is_rebuilt_from_its_rows),
		TEST(a_thread_that_hangs_is_named),
	};

	log_init(&log_setup, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
