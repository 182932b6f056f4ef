/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Roll-calls on a repeater, where units hear each other: nobody is given a
 * neighbour's count.
 */
#include "tests/unit/call_bench.h"

#define AGREES   GRIDCALL__V1__GRADE__GRADE_AGREES
#define DOUBTFUL GRIDCALL__V1__GRADE__GRADE_DOUBTFUL

static void call_with_silence(struct bench *bench, uint32_t silence_ms)
{
	Gridcall__V1__CallOptions options = GRIDCALL__V1__CALL_OPTIONS__INIT;

	options.silence_ms = silence_ms;
	restart_as(bench, true);
	start(bench, "grid=07", &options);
}

static void call_on_repeater(struct bench *bench)
{
	call_with_silence(bench, 900);
}

static void an_equal_count_after_say_again_is_certain(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__ReportUnit *unit;

	SCRIPT(1, "<18#", "<18#");
	SCRIPT(2, "18#");
	SCRIPT(3, "18#");
	call_on_repeater(bench);
	UNTIL(bench, bench->ended);
	unit = unit_of(read_report(bench), 1);
	assert_int_equal(unit->grade, AGREES);
	assert_int_equal(unit->reply->n_doubts, 0);
	assert_int_equal(unit->reply->replaces, unit->reply_seq - 2);
	assert_string_equal(unit->others[0]->doubts[0], "front");
	/* Its turn passed like any other: U2 needed no cue. */
	assert_string_equal(bench->order, "U1 U2 U3 ");
	assert_int_equal(bench->plays, 3); /* announced, 请重报, done */
	assert_int_equal(bench->frames[1], REPEAT_FRAMES);
}

static void another_count_after_say_again_is_not_confirmed(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__ReportUnit *unit;

	SCRIPT(1, "<18#", "<16#");
	SCRIPT(2, "18#");
	SCRIPT(3, "18#");
	call_with_silence(bench, 120000); /* nobody waits for more */
	UNTIL(bench, bench->ended);
	unit = unit_of(read_report(bench), 1);
	assert_int_equal(unit->grade, DOUBTFUL);
	assert_int_equal(unit->reply->headcount, 16);
	/* It was answered as well as it will be: passed, and U2 was cued. */
	assert_string_equal(bench->order, "U1 U2 U3 ");
	assert_int_equal(bench->plays, 4);
}

static void a_neighbours_count_never_replaces_a_units_own(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__ReportUnit *unit;

	SCRIPT(1, "<18#", "1#");
	SCRIPT(2, "18#");
	SCRIPT(3, "18#");
	call_on_repeater(bench);
	UNTIL(bench, bench->overs == 2);
	say("12#"); /* U2's, which took that for U1's answer */
	UNTIL(bench, bench->ended);
	unit = unit_of(read_report(bench), 1);
	assert_int_equal(unit->grade, DOUBTFUL);
	assert_int_equal(unit->reply->headcount, 18);
	assert_int_equal(unit->n_others, 1);
	assert_int_equal(unit->others[0]->headcount, 12);
	assert_string_equal(unit->others[0]->doubts[0], "unnamed");
	assert_int_equal(read_report(bench)->summary->agrees, 2);
}

static void a_count_after_another_over_is_asked_for_by_name(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__ReportUnit *unit;

	SCRIPT(1, "~", "18#");
	SCRIPT(2, "18#");
	SCRIPT(3, "18#");
	call_on_repeater(bench);
	UNTIL(bench, bench->overs == 1);
	say("12#"); /* U2's, which heard U1 speak */
	UNTIL(bench, bench->replies == 1);
	assert_string_equal(bench->reply->doubts[0], "unnamed");
	UNTIL(bench, bench->ended);
	unit = unit_of(read_report(bench), 1);
	assert_int_equal(unit->grade, AGREES);
	assert_int_equal(unit->reply->headcount, 18);
	assert_string_equal(bench->order, "U1 U2 U3 ");
	assert_int_equal(bench->plays, 3); /* announced, U1's cue, done */
	assert_int_equal(bench->frames[1], CUE_FRAMES);
}

static void a_count_after_anothers_named_answer_is_doubted(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__Report *report;

	SCRIPT(1, "*03*17#", "18#");
	SCRIPT(2, "18#");
	call_on_repeater(bench);
	UNTIL(bench, bench->replies == 1);
	say("12#");
	UNTIL(bench, bench->replies == 2);
	assert_string_equal(bench->reply->doubts[0], "unnamed");
	UNTIL(bench, bench->ended);
	report = read_report(bench);
	assert_int_equal(unit_of(report, 1)->reply->headcount, 18);
	assert_int_equal(unit_of(report, 1)->grade, AGREES);
	assert_int_equal(unit_of(report, 3)->reply->headcount, 17);
}

static void a_key_touched_is_nobodys_answer(void **state)
{
	struct bench *bench = *state;

	SCRIPT(1, "-", "");
	SCRIPT(2, "18#");
	SCRIPT(3, "18#");
	call_on_repeater(bench);
	UNTIL(bench, bench->overs == 1);
	say("18#");
	UNTIL(bench, bench->ended);
	assert_int_equal(unit_of(read_report(bench), 1)->grade, AGREES);
	assert_int_equal(bench->plays, 2); /* announced, done */
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(an_equal_count_after_say_again_is_certain),
		TEST(another_count_after_say_again_is_not_confirmed),
		TEST(a_neighbours_count_never_replaces_a_units_own),
		TEST(a_count_after_another_over_is_asked_for_by_name),
		TEST(a_count_after_anothers_named_answer_is_doubted),
		TEST(a_key_touched_is_nobodys_answer),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
