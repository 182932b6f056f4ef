/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whole roll-calls over an invented radio.
 */
#include "tests/unit/call_bench.h"

static void asks_each_in_order_and_ends(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__Report *report;

	SCRIPT(1, "18#");
	SCRIPT(2, "*02*18*0#");
	SCRIPT(3, "17#");
	start(bench, "grid=07", NULL);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 U2 U3 ");
	assert_int_equal(bench->replies, 3);
	assert_int_equal(bench->overs, 3);
	report = read_report(bench);
	assert_string_equal(report->summary->state, "ended");
	assert_int_equal(report->summary->agrees, 2);
	assert_int_equal(report->summary->attention, 1);
	assert_int_equal(unit_of(report, 3)->reply->headcount, 17);
	assert_string_equal(unit_of(report, 2)->reply->situation, "0");
	assert_string_equal(unit_of(report, 1)->reply->sentence,
			    "正佳广场18人在岗");
	assert_string_equal(unit_of(report, 2)->reply->sentence,
			    "正佳广场18人在岗,情况正常");
	assert_true(report->least_ms > 0);
	assert_true(report->took_ms > 0);
	assert_int_equal(calls_open_count(bench->calls), 0);
}

static void asks_the_silent_again(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__Report *report;

	SCRIPT(1, "", "18#");
	SCRIPT(2, "18#");
	start(bench, "grid=07 limit=3", NULL);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 U2 U3 U1 U3 ");
	report = read_report(bench);
	assert_int_equal(report->summary->agrees, 2);
	assert_int_equal(report->summary->silent, 1);
	assert_int_equal(unit_of(report, 1)->round, 2);
}

static void says_again_after_keys_that_are_no_answer(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__Report *report;

	SCRIPT(1, "1#", "18#");
	SCRIPT(2, "18#");
	SCRIPT(3, "18#");
	start(bench, "grid=07", NULL);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 U2 U3 ");
	assert_int_equal(bench->plays, 6); /* with one 请重报 */
	assert_int_equal(bench->heard, 1);
	report = read_report(bench);
	assert_int_equal(report->summary->agrees, 3);
}

static void files_a_named_answer_out_of_turn(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__Report *report;

	SCRIPT(1, "*02*18#", "");
	SCRIPT(3, "18#");
	start(bench, "grid=07", NULL);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 U3 U1 ");
	report = read_report(bench);
	assert_int_equal(unit_of(report, 2)->grade,
			 GRIDCALL__V1__GRADE__GRADE_AGREES);
	assert_false(unit_of(report, 2)->reply->late);
	assert_int_equal(report->summary->silent, 1);
}

static void keeps_an_unknown_number_as_heard(void **state)
{
	struct bench *bench = *state;

	SCRIPT(1, "*77*18#", "18#");
	SCRIPT(2, "18#");
	SCRIPT(3, "18#");
	start(bench, "grid=07", NULL);
	UNTIL(bench, bench->ended);
	assert_int_equal(bench->heard, 1);
	assert_string_equal(bench->turn->unit, "U1");
	assert_int_equal(bench->replies, 3);
}

static void holds_the_channel_for_an_alarm(void **state)
{
	struct bench *bench = *state;
	struct ledger_batch *batch;
	struct fault fault = {0};

	SCRIPT(1, "**110#", "18#");
	SCRIPT(2, "18#");
	SCRIPT(3, "18#");
	start(bench, "grid=07", NULL);
	UNTIL(bench, bench->alarms && bench->held && bench->overs);
	assert_string_equal(bench->alarm->kind, "police");
	assert_string_equal(bench->alarm->unit, "");
	bench->called = -1;
	UNTIL(bench, bench->plays == 3); /* acknowledged aloud */
	assert_int_equal(bench->called_count, 1);
	batch = ledger_batch_alloc(bench->ledger);
	assert_int_equal(
		calls_release(bench->calls, &officer, "CH1", batch, &fault), 0);
	ledger_commit(bench->ledger, batch, NULL, NULL);
	UNTIL(bench, bench->ended);
	assert_true(bench->alarm->released);
	assert_string_equal(bench->alarm->principal, "wang");
	assert_string_equal(bench->order, "U1 U1 U2 U3 ");
	assert_int_equal(read_report(bench)->summary->agrees, 3);
}

static void cancel_unkeys_at_once(void **state)
{
	struct bench *bench = *state;
	struct ledger_batch *batch;
	struct fault fault = {0};

	write_prompt(bench, "long", 500);
	restart_as(bench, false);
	Gridcall__V1__CallOptions options = GRIDCALL__V1__CALL_OPTIONS__INIT;
	options.announcement = (char *)"long";
	start(bench, "grid=07", &options);
	UNTIL(bench, atomic_load(&radio.keyed));
	batch = ledger_batch_alloc(bench->ledger);
	assert_int_equal(calls_cancel(bench->calls, &officer, bench->call,
				      "wrong units", batch, &fault),
			 0);
	ledger_commit(bench->ledger, batch, NULL, NULL);
	UNTIL(bench, bench->ended && !atomic_load(&radio.keyed));
	assert_string_equal(read_report(bench)->summary->state, "cancelled");
	assert_int_equal(read_report(bench)->summary->not_asked, 3);
	assert_int_equal(bench->called_count, 0);
}

static void goes_on_after_a_pause(void **state)
{
	struct bench *bench = *state;
	struct ledger_batch *batch;
	struct fault fault = {0};

	SCRIPT(1, "", "18#");
	SCRIPT(2, "18#");
	SCRIPT(3, "18#");
	start(bench, "grid=07", NULL);
	UNTIL(bench, bench->plays == 2);
	batch = ledger_batch_alloc(bench->ledger);
	assert_int_equal(calls_pause(bench->calls, &officer, bench->call,
				     "a real call", batch, &fault),
			 0);
	ledger_commit(bench->ledger, batch, NULL, NULL);
	UNTIL(bench, bench->held);
	assert_string_equal(read_report(bench)->summary->state, "paused");
	batch = ledger_batch_alloc(bench->ledger);
	assert_int_equal(calls_continue(bench->calls, &officer, bench->call,
					batch, &fault),
			 0);
	ledger_commit(bench->ledger, batch, NULL, NULL);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 U1 U2 U3 ");
	assert_int_equal(read_report(bench)->summary->agrees, 3);
}

static void keeps_a_late_answer(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__ReportUnit *unit;

	SCRIPT(2, "18#");
	SCRIPT(3, "18#");
	Gridcall__V1__CallOptions options = GRIDCALL__V1__CALL_OPTIONS__INIT;
	options.rounds = 1;
	start(bench, "grid=07", &options);
	UNTIL(bench, bench->ended);
	assert_int_equal(read_report(bench)->summary->silent, 1);
	say("*01*18#");
	UNTIL(bench, bench->replies == 3 && bench->overs == 3);
	unit = unit_of(read_report(bench), 1);
	assert_true(unit->reply->late);
	assert_int_equal(unit->state, GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED);
	say("18#");
	UNTIL(bench, bench->overs == 4);
	assert_int_equal(bench->replies, 3);
}

static void goes_on_after_a_restart(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__Report *report;

	SCRIPT(1, "18#");
	SCRIPT(2, "", "18#");
	SCRIPT(3, "18#");
	start(bench, "grid=07", NULL);
	UNTIL(bench, bench->plays == 3);
	leave(bench);
	begin(bench);
	calls_resume(bench->calls);
	assert_int_equal(calls_open_count(bench->calls), 1);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 U2 U2 U3 ");
	report = read_report(bench);
	assert_int_equal(report->summary->agrees, 3);
	assert_string_equal(report->summary->state, "ended");
}

static void leaves_out_cues_that_a_repeater_makes_needless(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__CallOptions options = GRIDCALL__V1__CALL_OPTIONS__INIT;

	options.silence_ms = 900;
	restart_as(bench, true);
	SCRIPT(1, "18#");
	SCRIPT(2, "", "18#");
	SCRIPT(3, "18#");
	start(bench, "grid=07", &options);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 U2 U3 U2 ");
	/* announcement, U3 after the silent U2, U2 again, done */
	assert_int_equal(bench->plays, 4);
	assert_int_equal(read_report(bench)->summary->agrees, 3);
}

static void plans_before_it_sends(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__PlanRequest request = GRIDCALL__V1__PLAN_REQUEST__INIT;
	Gridcall__V1__CallOptions options = GRIDCALL__V1__CALL_OPTIONS__INIT;
	Gridcall__V1__Plan *plan = NULL;
	struct fault fault = {0};

	request.selector = (char *)"";
	assert_int_equal(calls_plan(bench->calls, bench->ctx, &officer,
				    &request, &plan, &fault),
			 0);
	assert_int_equal(plan->units, 4);
	assert_int_equal(plan->reach, 4);
	assert_int_equal(plan->n_channels, 1);
	/* 80 ms announced, cues of 3 * 40 + 80, 4 answers, 40 done */
	assert_int_equal(plan->airtime_ms, 80 + 200 + 4 * 5500 + 40);
	assert_int_equal(plan->channels[0]->longest_ms,
			 80 + 2 * (200 + 4 * 300) + 40);
	assert_int_equal(plan->channels[0]->n_warnings, 1); /* U4 by number */
	request.selector = (char *)"grid=99";
	assert_true(calls_plan(bench->calls, bench->ctx, &officer, &request,
			       &plan, &fault) < 0);
	request.selector = (char *)"";
	request.options = &options;
	options.mode = GRIDCALL__V1__CALL_MODE__MODE_HUNT;
	assert_true(calls_plan(bench->calls, bench->ctx, &officer, &request,
			       &plan, &fault) < 0);
	assert_non_null(strstr(fault.sentence, "not yet built"));
	options.mode = GRIDCALL__V1__CALL_MODE__MODE_TURN;
	options.announcement = (char *)"nowhere";
	assert_true(calls_plan(bench->calls, bench->ctx, &officer, &request,
			       &plan, &fault) < 0);
}

static void keeps_both_of_two_counts_that_differ(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__ReportUnit *unit;

	SCRIPT(1, "18#");
	SCRIPT(2, "*01*17#", "18#");
	SCRIPT(3, "*01*17#", "18#");
	start(bench, "grid=07", NULL);
	UNTIL(bench, bench->ended);
	unit = unit_of(read_report(bench), 1);
	assert_int_equal(unit->grade, GRIDCALL__V1__GRADE__GRADE_ATTENTION);
	assert_int_equal(unit->reply->headcount, 17);
	assert_int_equal(unit->n_others, 1); /* the third, equal, merged */
	assert_int_equal(unit->others[0]->headcount, 18);
}

static void joins_an_answer_that_broke_off_but_doubts_it(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__CallOptions options = GRIDCALL__V1__CALL_OPTIONS__INIT;
	const Gridcall__V1__ReportUnit *unit;

	options.rounds = 1;
	options.silence_ms = 500;
	SCRIPT(1, "*01*");
	start(bench, "grid=07 limit=1", &options);
	UNTIL(bench, bench->heard == 1);
	bench->called = -1;
	say("18#");
	UNTIL(bench, bench->ended);
	unit = unit_of(read_report(bench), 1);
	assert_int_equal(unit->grade, GRIDCALL__V1__GRADE__GRADE_DOUBTFUL);
	assert_int_equal(unit->reply->headcount, 18);
	assert_string_equal(unit->reply->doubts[0], "joined");
}

static void hears_speech_and_leaves_it_to_an_officer(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__ConfirmRequest request =
		GRIDCALL__V1__CONFIRM_REQUEST__INIT;
	const Gridcall__V1__ReportUnit *unit;
	struct ledger_batch *batch;
	struct fault fault = {0};

	SCRIPT(1, "~");
	start(bench, "grid=07 limit=1", NULL);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 ");
	unit = unit_of(read_report(bench), 1);
	assert_int_equal(unit->state, GRIDCALL__V1__UNIT_STATE__UNIT_HEARD);
	request.call = bench->call;
	request.unit = (char *)"U1";
	request.headcount_stated_case =
		GRIDCALL__V1__CONFIRM_REQUEST__HEADCOUNT_STATED_HEADCOUNT;
	request.headcount = 18;
	batch = ledger_batch_alloc(bench->ledger);
	assert_int_equal(
		calls_confirm(bench->calls, &officer, &request, batch, &fault),
		0);
	ledger_commit(bench->ledger, batch, NULL, NULL);
	UNTIL(bench, bench->replies == 1);
	unit = unit_of(read_report(bench), 1);
	assert_int_equal(unit->grade, GRIDCALL__V1__GRADE__GRADE_AGREES);
	assert_string_equal(unit->reply->via, "officer");
	assert_string_equal(unit->reply->principal, "wang");
}

static void waits_while_the_ledger_cant_write(void **state)
{
	struct bench *bench = *state;

	SCRIPT(1, "", "18#");
	SCRIPT(2, "18#");
	SCRIPT(3, "18#");
	start(bench, "grid=07", NULL);
	UNTIL(bench, bench->plays == 2);
	calls_trouble(bench->calls, "the disk is full");
	UNTIL(bench, bench->held);
	assert_int_equal(bench->called_count, 1);
	assert_string_equal(read_report(bench)->summary->reason,
			    "the disk is full");
	calls_trouble(bench->calls, NULL);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 U1 U2 U3 ");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(asks_each_in_order_and_ends),
		TEST(asks_the_silent_again),
		TEST(says_again_after_keys_that_are_no_answer),
		TEST(files_a_named_answer_out_of_turn),
		TEST(keeps_an_unknown_number_as_heard),
		TEST(holds_the_channel_for_an_alarm),
		TEST(cancel_unkeys_at_once),
		TEST(goes_on_after_a_pause),
		TEST(keeps_a_late_answer),
		TEST(goes_on_after_a_restart),
		TEST(leaves_out_cues_that_a_repeater_makes_needless),
		TEST(plans_before_it_sends),
		TEST(keeps_both_of_two_counts_that_differ),
		TEST(joins_an_answer_that_broke_off_but_doubts_it),
		TEST(hears_speech_and_leaves_it_to_an_officer),
		TEST(waits_while_the_ledger_cant_write),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
