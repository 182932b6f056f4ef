/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/ledger_bench.h"

#include "proto/topic.h"

#define EVENTS 9000
#define GRIDS  64

/* What a question is asked with, and what came of it. */
struct asked {
	struct bench *bench;
	bool done;
	const char *const *list;
	size_t list_count;
	uint64_t after_seq;
	uint64_t work_max;
	uint64_t limit;
	uint64_t stop_at; /* work of the asker's own stop; 0: never */
	uint64_t questions;
	uint64_t count;
	uint64_t seqs[EVENTS];
	struct ledger_selected selected;
};

static size_t grid_of[EVENTS + 1]; /* by seq */

static void name(char topic[TOPIC_MAX], size_t grid)
{
	snprintf(topic, TOPIC_MAX, "gc1.440106.%zu.%02zu.reply", grid % 4,
		 grid);
}

/* One busy grid, and others that are the rarer the greater their number. */
static size_t draw_grid(void)
{
	size_t grid = 0;

	while (grid < GRIDS - 1 && rand() % 8)
		grid++;
	return grid;
}

static void fill(struct bench *bench)
{
	struct ledger_batch *batch = ledger_batch_alloc(bench->ledger);
	char topic[TOPIC_MAX];
	size_t seq;

	srand(1);
	for (seq = 1; seq <= EVENTS; seq++) {
		grid_of[seq] = draw_grid();
		name(topic, grid_of[seq]);
		add_reply(batch, topic, "", 18);
	}
	ledger_commit(bench->ledger, batch, on_done, bench);
	UNTIL(bench->done == 1);
}

static bool take(void *data, const struct ledger_event *event)
{
	struct asked *asked = data;
	char topic[TOPIC_MAX];

	if (asked->count == asked->limit)
		return false;
	name(topic, grid_of[event->seq]);
	assert_string_equal(event->topic, topic);
	asked->seqs[asked->count++] = event->seq;
	return true;
}

static bool stop(void *data)
{
	struct asked *asked = data;

	return asked->stop_at && asked->count >= asked->stop_at;
}

static void ask(struct ledger_reader *reader, void *data)
{
	struct asked *asked = data;
	struct ledger_selection selection = {.after_seq = asked->after_seq,
					     .work_max = asked->work_max,
					     .visit = take,
					     .should_stop = stop,
					     .data = asked};
	struct prefixes prefixes;

	assert_int_equal(
		prefixes_make(&prefixes, asked->list, asked->list_count), 0);
	selection.prefixes = &prefixes;
	assert_int_equal(
		ledger_reader_select(reader, &selection, &asked->selected), 0);
	prefixes_clear(&prefixes);
}

static void on_asked(void *data)
{
	((struct asked *)data)->done = true;
}

static bool is_listed(const struct asked *asked, uint64_t seq)
{
	char topic[TOPIC_MAX];
	size_t i;

	name(topic, grid_of[seq]);
	for (i = 0; i < asked->list_count; i++)
		if (!strncmp(topic, asked->list[i], strlen(asked->list[i])))
			return true;
	return false;
}

/* Page by page to the end; each page is judged against a look at each. */
static void ask_all(struct bench *bench, struct asked *asked)
{
	uint64_t seq, i;

	do {
		asked->count = 0;
		asked->done = false;
		ledger_read(bench->ledger, ask, on_asked, asked);
		UNTIL(asked->done);
		asked->questions++;
		for (seq = asked->after_seq + 1, i = 0;
		     seq <= asked->selected.through_seq; seq++)
			if (is_listed(asked, seq))
				assert_int_equal(asked->seqs[i++], seq);
		assert_int_equal(i, asked->count);
		if (asked->selected.more)
			assert_true(asked->selected.through_seq >
				    asked->after_seq);
		asked->after_seq = asked->selected.through_seq;
	} while (asked->selected.more);
	assert_int_equal(asked->selected.through_seq, EVENTS);
}

/* All that one prefix selects; asked says how. */
static void ask_prefix(struct bench *bench, const char *prefix,
		       struct asked *asked)
{
	const char *const list[] = {prefix};

	asked->list = list;
	asked->list_count = 1;
	asked->limit = EVENTS;
	open_it(bench);
	fill(bench);
	ask_all(bench, asked);
	asked->list = NULL;
}

static void a_rare_grid_is_found_by_its_topic(void **state)
{
	struct asked asked = {.work_max = 1000000};

	ask_prefix(*state, "gc1.440106.2.62.", &asked);
	assert_int_equal(asked.questions, 1);
	/* Far fewer rows than there are: the rest was not read in order. */
	assert_true(asked.selected.work < EVENTS / 3);
}

static void a_wide_selection_is_read_in_order(void **state)
{
	struct asked asked = {.work_max = 1000000};

	ask_prefix(*state, "gc1.440106.", &asked);
	assert_int_equal(asked.questions, 1);
	assert_int_equal(asked.selected.work, EVENTS);
}

static void a_question_leaves_off_at_its_bound(void **state)
{
	struct asked asked = {.work_max = 100};

	ask_prefix(*state, "gc1.440103.", &asked);
	assert_int_equal(asked.questions, EVENTS / 100);
}

static void a_question_leaves_off_when_nobody_waits_for_it(void **state)
{
	struct asked asked = {.work_max = 1000000, .stop_at = 3000};

	ask_prefix(*state, "", &asked);
	assert_true(asked.questions > 2);
}

static void every_selection_gets_all_of_it_once_and_in_order(void **state)
{
	static char texts[GRIDS][TOPIC_MAX];
	const char *list[GRIDS];
	struct bench *bench = *state;
	size_t round, i;

	open_it(bench);
	fill(bench);
	for (round = 0; round < 60; round++) {
		struct asked asked = {.list = list,
				      .list_count = (size_t)rand() % GRIDS,
				      .work_max = 3000 + rand() % 10000,
				      .limit = 1 + rand() % 1000,
				      .after_seq = rand() % 3000};

		for (i = 0; i < asked.list_count; i++) {
			name(texts[i], (size_t)rand() % GRIDS);
			if (rand() % 2) /* the grid instead of its topic */
				*(strrchr(texts[i], '.') + 1) = '\0';
			list[i] = texts[i];
		}
		ask_all(bench, &asked);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_rare_grid_is_found_by_its_topic),
		TEST(a_wide_selection_is_read_in_order),
		TEST(a_question_leaves_off_at_its_bound),
		TEST(a_question_leaves_off_when_nobody_waits_for_it),
		TEST(every_selection_gets_all_of_it_once_and_in_order),
	};

	log_init(&log_setup, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
