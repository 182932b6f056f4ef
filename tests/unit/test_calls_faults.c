/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Roll-calls when radios jam or fail, the directory changes, the daemon stops.
 */
#include "tests/unit/call_bench.h"

#define UNREACHABLE GRIDCALL__V1__UNIT_STATE__UNIT_UNREACHABLE

/* Overs that take their time need more of it. */
static void start_paced(struct bench *bench, const char *selector)
{
	Gridcall__V1__CallOptions options = GRIDCALL__V1__CALL_OPTIONS__INIT;

	options.silence_ms = 900;
	start(bench, selector, &options);
}

static void a_unit_on_a_jammed_channel_is_asked_again_later(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__Report *report;

	bench->paced = true;
	bench->over_limit_s = 1;
	restart(bench);
	calls_settings(bench->calls)->busy_ms = 800;
	/* Three seconds: U1's own, then all of U2's patience. */
	SCRIPT(1, "=");
	SCRIPT(2, "18#");
	SCRIPT(3, "18#");
	start_paced(bench, "grid=07");
	UNTIL(bench, bench->called_count == 3);
	assert_int_equal(unit_of(read_report(bench), 2)->state, UNREACHABLE);
	assert_string_equal(unit_of(read_report(bench), 2)->reason,
			    "信道一直被占用");
	UNTIL(bench, bench->ended);
	report = read_report(bench);
	assert_string_equal(bench->order, "U1 U2 U3 U2 ");
	assert_int_equal(report->summary->heard, 1);
	assert_int_equal(report->summary->agrees, 2);
}

static void a_unit_that_jams_whenever_it_is_asked_does_not_stay(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__Report *report;

	bench->paced = true;
	bench->over_limit_s = 1;
	restart(bench);
	SCRIPT(1, "=", "=", "=", "=", "=", "=", "=", "=");
	SCRIPT(2, "18#");
	start_paced(bench, "grid=07 limit=2");
	UNTIL(bench, bench->ended);
	report = read_report(bench);
	assert_true(bench->said[0] < ASKINGS);
	assert_int_equal(report->summary->agrees, 1);
}

static void a_radio_that_fails_for_long_makes_the_rest_unreachable(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__Report *report;

	calls_settings(bench->calls)->busy_ms = 200;
	SCRIPT(1, "18#");
	start(bench, "grid=07", NULL);
	UNTIL(bench, bench->called_count == 2);
	set_fault(1);
	UNTIL(bench, bench->ended);
	report = read_report(bench);
	assert_int_equal(report->summary->agrees, 1);
	assert_int_equal(report->summary->not_asked, 2);
	assert_int_equal(unit_of(report, 2)->state, UNREACHABLE);
	assert_string_equal(unit_of(report, 3)->reason, "电台故障");
}

static void a_radio_that_comes_back_is_cued_again(void **state)
{
	struct bench *bench = *state;

	SCRIPT(1, "", "18#");
	SCRIPT(2, "18#");
	start(bench, "grid=07 limit=2", NULL);
	UNTIL(bench, bench->plays == 2);
	set_fault(1);
	UNTIL(bench,
	      voice_state(bench->voice, (uint32_t)bench->slot) == CHANNEL_DOWN);
	set_fault(-1);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 U1 U2 ");
	assert_int_equal(read_report(bench)->summary->agrees, 2);
}

static void a_unit_gone_from_the_directory_is_not_asked(void **state)
{
	struct bench *bench = *state;
	struct directory *before = bench->directory;
	const Gridcall__V1__Report *report;

	SCRIPT(1, "", "18#");
	SCRIPT(3, "18#");
	start(bench, "grid=07", NULL);
	UNTIL(bench, bench->plays == 2);
	bench->gone = 2;
	make_directory(bench);
	calls_directory_changed(bench->calls);
	talloc_free(before);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 U3 U1 ");
	report = read_report(bench);
	assert_int_equal(unit_of(report, 2)->state, UNREACHABLE);
	assert_string_equal(unit_of(report, 2)->reason, "已不在名录中");
	assert_int_equal(report->summary->agrees, 2);
}

/* As the daemon stops: no more asking, radios closed, then forgotten. */
static void stop(struct bench *bench)
{
	calls_stop(bench->calls);
	bench->voice = voice_free(bench->voice);
	bench->slot = -1;
	bench->calls = calls_free(bench->calls);
	bench->ledger = ledger_close(bench->ledger);
	run_jobs(bench);
}

static void start_again(struct bench *bench)
{
	begin(bench);
	calls_resume(bench->calls);
	run_jobs(bench);
}

static void a_stop_makes_nobody_unreachable(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__Report *report;

	SCRIPT(1, "18#");
	SCRIPT(2, "", "18#");
	SCRIPT(3, "18#");
	start(bench, "grid=07", NULL);
	UNTIL(bench, bench->plays == 3);
	stop(bench);
	assert_false(atomic_load(&radio.keyed));
	start_again(bench);
	report = read_report(bench);
	assert_string_equal(report->summary->state, "asking");
	assert_int_equal(report->summary->not_asked, 0);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 U2 U2 U3 ");
	assert_int_equal(read_report(bench)->summary->agrees, 3);
}

static void an_answer_during_a_stop_is_kept_and_nobody_else_asked(void **state)
{
	struct bench *bench = *state;

	SCRIPT(1, "18#");
	SCRIPT(3, "18#");
	start(bench, "grid=07", NULL);
	UNTIL(bench, bench->plays == 3);
	calls_stop(bench->calls);
	say("18#");
	UNTIL(bench, bench->overs == 2 && bench->replies == 2);
	stop(bench);
	assert_string_equal(bench->order, "U1 U2 ");
	start_again(bench);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 U2 U3 ");
	assert_int_equal(read_report(bench)->summary->agrees, 3);
}

static void an_over_cut_by_a_stop_is_recorded_and_judges_nothing(void **state)
{
	struct bench *bench = *state;

	bench->paced = true;
	restart(bench);
	SCRIPT(1, "1818181818181818", "18#");
	start_paced(bench, "grid=07 limit=1");
	UNTIL(bench, bench->tones >= 2);
	stop(bench);
	assert_int_equal(bench->overs, 1);
	assert_int_equal(bench->heard, 0);
	assert_int_equal(bench->replies, 0);
	start_again(bench);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 U1 ");
	assert_int_equal(read_report(bench)->summary->agrees, 1);
}

static void nothing_starts_while_the_gateway_stops(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__StartRequest request = GRIDCALL__V1__START_REQUEST__INIT;
	Gridcall__V1__PlanRequest spec = GRIDCALL__V1__PLAN_REQUEST__INIT;
	struct ledger_batch *batch = ledger_batch_alloc(bench->ledger);
	Gridcall__V1__StartReply *reply;
	struct fault fault = {0};

	request.spec = &spec;
	calls_stop(bench->calls);
	assert_true(calls_start(bench->calls, bench->ctx, &officer, &request,
				batch, &reply, &fault) < 0);
	assert_non_null(strstr(fault.sentence, "stopping"));
	ledger_batch_free(batch);
}

static void after_a_long_time_down_it_waits_for_the_officer(void **state)
{
	struct bench *bench = *state;
	struct ledger_batch *batch;
	struct fault fault = {0};

	SCRIPT(1, "", "18#");
	start(bench, "grid=07 limit=1", NULL);
	UNTIL(bench, bench->plays == 2);
	leave(bench);
	begin(bench);
	calls_settings(bench->calls)->resume_within_s = 0;
	calls_resume(bench->calls);
	UNTIL(bench, bench->held);
	assert_string_equal(read_report(bench)->summary->state, "held");
	assert_non_null(strstr(read_report(bench)->summary->reason,
			       "the gateway was down"));
	assert_int_equal(bench->called_count, 1);
	batch = ledger_batch_alloc(bench->ledger);
	assert_int_equal(calls_continue(bench->calls, &officer, bench->call,
					batch, &fault),
			 0);
	ledger_commit(bench->ledger, batch, NULL, NULL);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 U1 ");
	assert_int_equal(read_report(bench)->summary->agrees, 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_unit_on_a_jammed_channel_is_asked_again_later),
		TEST(a_unit_that_jams_whenever_it_is_asked_does_not_stay),
		TEST(a_radio_that_fails_for_long_makes_the_rest_unreachable),
		TEST(a_radio_that_comes_back_is_cued_again),
		TEST(a_unit_gone_from_the_directory_is_not_asked),
		TEST(a_stop_makes_nobody_unreachable),
		TEST(an_answer_during_a_stop_is_kept_and_nobody_else_asked),
		TEST(an_over_cut_by_a_stop_is_recorded_and_judges_nothing),
		TEST(nothing_starts_while_the_gateway_stops),
		TEST(after_a_long_time_down_it_waits_for_the_officer),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
