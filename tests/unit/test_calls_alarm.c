/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Alarms: held over restarts, told while the ledger can't write, and what may
 * be one.
 */
#include "tests/unit/call_bench.h"

static void an_alarm_of_no_call_holds_the_next_one(void **state)
{
	struct bench *bench = *state;

	SCRIPT(1, "18#");
	say("**110#");
	UNTIL(bench, bench->alarms == 1 && bench->overs == 1);
	assert_string_equal(bench->alarm->call, "");
	start(bench, "grid=07 limit=1", NULL);
	UNTIL(bench, bench->held);
	assert_string_equal(read_report(bench)->summary->state, "held");
	assert_int_equal(bench->called_count, 0);
	release(bench);
	UNTIL(bench, bench->ended);
	assert_int_equal(read_report(bench)->summary->agrees, 1);
}

static void its_hold_survives_a_restart(void **state)
{
	struct bench *bench = *state;

	SCRIPT(1, "18#");
	say("**110#");
	UNTIL(bench, bench->alarms == 1 && bench->overs == 1);
	restart(bench);
	start(bench, "grid=07 limit=1", NULL);
	UNTIL(bench, bench->held);
	assert_string_equal(read_report(bench)->summary->state, "held");
	release(bench);
	UNTIL(bench, bench->ended && bench->alarms == 2);
	assert_true(bench->alarm->released);
	assert_int_equal(bench->called_count, 1);
}

static void a_hold_that_was_released_is_gone_after_a_restart(void **state)
{
	struct bench *bench = *state;

	SCRIPT(1, "18#");
	say("**110#");
	UNTIL(bench, bench->alarms == 1 && bench->overs == 1);
	release(bench);
	UNTIL(bench, bench->alarms == 2);
	restart(bench);
	start(bench, "grid=07 limit=1", NULL);
	UNTIL(bench, bench->ended);
	assert_int_equal(bench->held, 0);
}

static void a_held_call_is_held_after_a_restart_and_goes_on(void **state)
{
	struct bench *bench = *state;

	SCRIPT(1, "**110#", "18#");
	SCRIPT(2, "18#");
	start(bench, "grid=07 limit=2", NULL);
	UNTIL(bench, bench->alarms && bench->held && bench->overs);
	bench->called = -1;
	restart(bench);
	assert_string_equal(read_report(bench)->summary->state, "held");
	/* Released, it goes on by itself: nobody had paused it. */
	release(bench);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 U1 U2 ");
	assert_int_equal(read_report(bench)->summary->agrees, 2);
}

static void an_alarm_is_told_at_once_while_the_ledger_cant_write(void **state)
{
	struct bench *bench = *state;

	calls_trouble(bench->calls, "the disk is full");
	say("**110#");
	UNTIL(bench, bench->alarms == 1 && bench->plays == 1);
	assert_int_equal(bench->published, 1);
	assert_int_equal(bench->plays, 1); /* acknowledged once */
	calls_trouble(bench->calls, NULL);
}

static void an_alarm_on_its_way_to_a_disk_that_refuses_is_told(void **state)
{
	struct bench *bench = *state;

	bench->break_at_key = true;
	say("**110#");
	UNTIL(bench, bench->alarms == 1 && bench->plays == 1);
	assert_int_equal(bench->published, 1);
	calls_trouble(bench->calls, NULL);
}

static void an_alarm_that_is_recorded_is_told_once(void **state)
{
	struct bench *bench = *state;

	say("**110#");
	UNTIL(bench, bench->alarms == 1 && bench->plays == 1);
	calls_trouble(bench->calls, "the disk is full");
	assert_int_equal(bench->published, 0);
	calls_trouble(bench->calls, NULL);
}

static void an_alarm_dialled_in_a_jam_is_still_an_alarm(void **state)
{
	struct bench *bench = *state;

	bench->paced = true;
	bench->over_limit_s = 1;
	restart(bench);
	say("=**110#");
	UNTIL(bench, bench->alarms == 1);
	assert_int_equal(bench->overs, 1);
}

static void
a_damaged_code_is_a_possible_alarm_with_or_without_a_call(void **state)
{
	struct bench *bench = *state;

	say("<**110#");
	UNTIL(bench, bench->overs == 1);
	assert_int_equal(bench->possible, 1);
	SCRIPT(1, "**11", "18#");
	start(bench, "grid=07 limit=1", NULL);
	UNTIL(bench, bench->ended);
	assert_int_equal(bench->possible, 2);
	assert_string_equal(bench->turn->reason, "可能是报警");
	assert_int_equal(bench->alarms, 0);
	say("**110#");
	UNTIL(bench, bench->overs == 4);
	assert_int_equal(bench->alarms, 1);
	assert_int_equal(bench->possible, 2); /* that one is certain */
}

/* 请重报 would have whoever raised it answer for the unit that was asked. */
static void after_a_possible_alarm_the_unit_is_asked_by_name(void **state)
{
	struct bench *bench = *state;

	SCRIPT(1, "11**110#", "18#");
	SCRIPT(2, "*110#", "18#");
	start(bench, "grid=07 limit=2", NULL);
	UNTIL(bench, bench->ended);
	assert_int_equal(bench->possible, 1);
	assert_int_equal(bench->plays, 6);
	assert_int_equal(bench->frames[2], bench->frames[1]);
	assert_int_equal(bench->frames[4], bench->frames[3]);
	assert_int_equal(read_report(bench)->summary->agrees, 2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(an_alarm_of_no_call_holds_the_next_one),
		TEST(its_hold_survives_a_restart),
		TEST(a_hold_that_was_released_is_gone_after_a_restart),
		TEST(a_held_call_is_held_after_a_restart_and_goes_on),
		TEST(an_alarm_is_told_at_once_while_the_ledger_cant_write),
		TEST(an_alarm_on_its_way_to_a_disk_that_refuses_is_told),
		TEST(an_alarm_that_is_recorded_is_told_once),
		TEST(an_alarm_dialled_in_a_jam_is_still_an_alarm),
		TEST(a_damaged_code_is_a_possible_alarm_with_or_without_a_call),
		TEST(after_a_possible_alarm_the_unit_is_asked_by_name),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
