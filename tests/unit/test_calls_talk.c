/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An officer's live voice holds the channel's call, and lets it go on.
 */
#include "tests/unit/call_bench.h"

static void talk(struct bench *bench)
{
	calls_talk_began(bench->calls, "officer", "CH1");
}

static void end_talk(struct bench *bench)
{
	calls_talk_ended(bench->calls, "officer", "CH1");
}

static void a_held_unit_is_asked_again_when_nobody_talks(void **state)
{
	struct bench *bench = *state;

	SCRIPT(1, "18#");
	SCRIPT(2, "18#");
	bench->deaf = true;
	start(bench, "grid=07 limit=2", NULL);
	UNTIL(bench, bench->called_count == 1);
	talk(bench);
	UNTIL(bench, bench->held == 1);
	assert_string_equal(read_report(bench)->summary->state, "held");
	assert_string_equal(read_report(bench)->summary->reason,
			    "officer talks on channel CH1");
	bench->deaf = false;
	end_talk(bench);
	UNTIL(bench, bench->ended);
	assert_int_equal(bench->resumed, 1);
	assert_string_equal(bench->order, "U1 U1 U2 ");
	assert_int_equal(read_report(bench)->summary->agrees, 2);
}

static void as_many_must_end_as_began(void **state)
{
	struct bench *bench = *state;

	SCRIPT(1, "18#");
	talk(bench);
	talk(bench);
	start(bench, "grid=07 limit=1", NULL);
	UNTIL(bench, bench->held == 1);
	end_talk(bench);
	assert_int_equal(bench->resumed, 0);
	assert_string_equal(read_report(bench)->summary->state, "held");
	end_talk(bench);
	end_talk(bench); /* one too many */
	UNTIL(bench, bench->ended);
	assert_int_equal(bench->resumed, 1);
	assert_int_equal(read_report(bench)->summary->agrees, 1);
}

static void an_alarm_outranks_who_talks(void **state)
{
	struct bench *bench = *state;

	SCRIPT(1, "**110#", "18#");
	start(bench, "grid=07 limit=1", NULL);
	UNTIL(bench, bench->alarms && bench->held == 1);
	talk(bench);
	UNTIL(bench, bench->held == 2);
	assert_non_null(strstr(read_report(bench)->summary->reason, "alarm"));
	end_talk(bench);
	UNTIL(bench, bench->held == 3);
	assert_string_equal(read_report(bench)->summary->state, "held");
	talk(bench);
	release(bench);
	UNTIL(bench, bench->held == 5);
	assert_int_equal(bench->resumed, 0);
	assert_string_equal(read_report(bench)->summary->reason,
			    "officer talks on channel CH1");
	end_talk(bench);
	UNTIL(bench, bench->ended);
	assert_int_equal(bench->resumed, 1);
}

static void after_a_restart_nobody_talks(void **state)
{
	struct bench *bench = *state;

	SCRIPT(1, "18#");
	bench->deaf = true;
	start(bench, "grid=07 limit=1", NULL);
	UNTIL(bench, bench->called_count == 1);
	talk(bench);
	UNTIL(bench, bench->held == 1);
	bench->called = -1;
	bench->deaf = false;
	restart(bench);
	UNTIL(bench, bench->resumed == 1);
	assert_string_not_equal(read_report(bench)->summary->state, "held");
	UNTIL(bench, bench->ended);
	assert_int_equal(read_report(bench)->summary->agrees, 1);
}

static void a_channel_that_is_not_there_is_not_held(void **state)
{
	struct bench *bench = *state;

	calls_talk_began(bench->calls, "officer", "NO");
	calls_talk_ended(bench->calls, "officer", "NO");
	SCRIPT(1, "18#");
	start(bench, "grid=07 limit=1", NULL);
	UNTIL(bench, bench->ended);
	assert_int_equal(bench->held, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_held_unit_is_asked_again_when_nobody_talks),
		TEST(as_many_must_end_as_began),
		TEST(an_alarm_outranks_who_talks),
		TEST(after_a_restart_nobody_talks),
		TEST(a_channel_that_is_not_there_is_not_held),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
