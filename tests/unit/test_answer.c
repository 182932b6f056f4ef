/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/hand.h"

static void reads_every_form_of_an_answer(void **state)
{
	assert_count(heard("18#"), "", 18, "", 0);
	assert_count(heard("03*2#"), "", 3, "2", 0);
	assert_count(heard("*07*18#"), "07", 18, "", 0);
	assert_count(heard("*07*18*0#"), "07", 18, "0", 0);
	assert_code(heard("**110#"), "", "110", 0);
	assert_code(heard("**0#"), "", "0", 0);
	assert_code(heard("*07**3#"), "07", "3", 0);
}

static void keeps_the_keys_and_tells_when_the_last_one_ended(void **state)
{
	struct hand hand = fresh(500);
	struct answer answer;

	by_hand(&hand, "03*2#");
	answer = take(&hand);
	assert_string_equal(answer.raw, "03*2#");
	assert_int_equal(answer.end_ms, hand.tones[4].end_ms);
}

static void nonsense_is_heard_and_never_guessed_at(void **state)
{
	static const char *const nonsense[] = {
		"999#",  "8#",       "#",          "##",     "5*07*18#",
		"18*7#", "18*#",     "*07*18*22#", "*7*18#", "*007*18#",
		"*07#",  "*07*18*#", "1A8#",       "A18#",   "18*2*1#",
		"110#",  "*",        "07*18#",     "7",
	};
	size_t i;

	for (i = 0; i < sizeof(nonsense) / sizeof(*nonsense); i++)
		assert_heard(heard(nonsense[i]), 0);
	assert_heard(heard("1234567890123456789012345678901234567890"), 0);
	assert_string_equal(heard("999#").raw, "999#");
}

static void a_damaged_code_is_a_possible_alarm(void **state)
{
	static const char *const damaged[] = {
		"**##",     "**11#",   "**1110#", "**111#",
		"**#",      "***110#", "5**110#", "*7**110#",
		"**110*1#", "**",      "**1A0#",  "18**110#",
	};
	size_t i;

	for (i = 0; i < sizeof(damaged) / sizeof(*damaged); i++)
		assert_heard(heard(damaged[i]), DOUBT_DAMAGED);
}

static void of_several_answers_the_last_stands(void **state)
{
	struct answer answer = heard("17#18*1#");

	assert_count(answer, "", 18, "1", 0);
	assert_true(answer.corrected);
	assert_string_equal(answer.raw, "17#18*1#");
	/* Said twice is not corrected; another unit's is another answer. */
	assert_false(heard("18#18#").corrected);
	assert_false(heard("18##").corrected);
	assert_false(heard("*07*17#*08*18#").corrected);
}

static void an_alarm_outranks_what_else_is_keyed(void **state)
{
	struct hand hand = fresh(500);
	struct answer answer;

	assert_code(heard("18#**110#"), "", "110", 0);
	assert_code(heard("**110#18#"), "", "110", 0);
	assert_code(heard("**110#8#1"), "", "110", 0);
	assert_code(heard("**110#**1#"), "", "110", 0);
	assert_code(heard("**11#**110#"), "", "110", 0);
	assert_code(heard("18#**110"), "", "110", DOUBT_NO_END);
	assert_code(heard("18#**1#"), "", "1", 0);
	assert_code(heard("**110#**11#"), "", "110", 0);
	/* What takes it back is the later word about it. */
	assert_code(heard("**110#**0#"), "", "0", 0);
	assert_code(heard("**110#**0#18#"), "", "0", 0);
	assert_code(heard("**0#**110#"), "", "110", 0);
	assert_code(heard("**110#**0#8#"), "", "0", DOUBT_CORRECTION);
	by_hand(&hand, "**110#18#");
	answer = take(&hand);
	assert_string_equal(answer.raw, "**110#18#");
	assert_int_equal(answer.end_ms, hand.tones[5].end_ms);
}

static void a_possible_alarm_outranks_a_count(void **state)
{
	assert_heard(heard("18#**11#"), DOUBT_DAMAGED);
	assert_heard(heard("**11#18#"), DOUBT_DAMAGED);
	assert_heard(heard("**1#**11"), DOUBT_DAMAGED);
	assert_heard(heard("**0#**11#"), DOUBT_DAMAGED);
}

static void an_answer_is_told_at_its_end_and_not_before(void **state)
{
	struct hand hand = fresh(500);

	assert_int_equal(take_as(&hand, "", false).kind, ANSWER_NONE);
	by_hand(&hand, "*07*18");
	assert_int_equal(take_as(&hand, "", false).kind, ANSWER_NONE);
	by_hand(&hand, "#");
	assert_count(take_as(&hand, "", false), "07", 18, "", 0);
	by_hand(&hand, "*07*1");
	assert_int_equal(take_as(&hand, "", false).kind, ANSWER_NONE);
	by_hand(&hand, "9#");
	assert_count(take_as(&hand, "", false), "07", 19, "", 0);
	by_hand(&hand, "8#");
	assert_int_equal(take_as(&hand, "", false).kind, ANSWER_NONE);
	assert_string_equal(take_as(&hand, "", false).raw, "*07*18#*07*19#8#");
}

static void more_keys_than_are_kept_leave_a_doubt(void **state)
{
	struct hand hand = fresh(500);
	int i;

	for (i = 0; i < 21; i++)
		by_hand(&hand, "18#");
	assert_count(take(&hand), "", 18, "", 0);
	by_hand(&hand, "18#19#");
	assert_int_equal(take(&hand).kind, ANSWER_COUNT);
	assert_true(take(&hand).doubts & DOUBT_CORRECTION);
	assert_int_equal(strlen(take(&hand).raw), OVER_TONES_MAX);
}

static enum answer_kind join(const struct hand *one, const struct hand *two,
			     struct answer *answer)
{
	struct answer_format format = make_format("id=4");

	return answer_join(&format, one->tones, one->count, two->tones,
			   two->count, 1500, answer);
}

static void an_answer_in_two_overs_is_joined_and_doubtful(void **state)
{
	struct hand one = fresh(500);
	struct hand two = fresh(500);
	struct answer answer;

	by_hand(&one, "*07*1");
	by_hand(&two, "8#");
	join(&one, &two, &answer);
	assert_count(answer, "07", 18, "", DOUBT_JOINED);
	assert_string_equal(answer.raw, "*07*18#");
	assert_int_equal(answer.end_ms,
			 one.tones[4].end_ms + 1500 + two.tones[1].end_ms);
	two = fresh(500);
	by_hand(&two, "9");
	join(&one, &two, &answer);
	assert_count(answer, "07", 19, "", DOUBT_JOINED | DOUBT_NO_END);
}

static void overs_of_two_radios_are_not_joined(void **state)
{
	struct hand one = fresh(200);
	struct hand two = fresh(200);
	struct answer answer;

	by_radio(&one, "4711");
	one.at_ms += 400;
	by_hand(&one, "1");
	by_radio(&two, "4711");
	two.at_ms += 400;
	by_hand(&two, "8#");
	join(&one, &two, &answer);
	assert_count(answer, "", 18, "", DOUBT_JOINED);
	assert_string_equal(answer.radio_id, "4711");
	two.tones[3].digit = '2';
	join(&one, &two, &answer);
	assert_heard(answer, DOUBT_JOINED);
	assert_string_equal(answer.raw, "18#");
	assert_string_equal(answer.radio_id, "");
}

static void nothing_is_nothing(void **state)
{
	struct answer_format format = make_format("id=4;panic=119");
	struct answer answer;

	assert_int_equal(
		answer_parse(&format, NULL, 0, OVER_FRESH, true, &answer),
		ANSWER_NONE);
	assert_int_equal(answer_join(&format, NULL, 0, NULL, 0, 0, &answer),
			 ANSWER_NONE);
	assert_int_equal(answer.doubts, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_form_of_an_answer),
		cmocka_unit_test(
			keeps_the_keys_and_tells_when_the_last_one_ended),
		cmocka_unit_test(nonsense_is_heard_and_never_guessed_at),
		cmocka_unit_test(a_damaged_code_is_a_possible_alarm),
		cmocka_unit_test(of_several_answers_the_last_stands),
		cmocka_unit_test(an_alarm_outranks_what_else_is_keyed),
		cmocka_unit_test(a_possible_alarm_outranks_a_count),
		cmocka_unit_test(an_answer_is_told_at_its_end_and_not_before),
		cmocka_unit_test(more_keys_than_are_kept_leave_a_doubt),
		cmocka_unit_test(an_answer_in_two_overs_is_joined_and_doubtful),
		cmocka_unit_test(overs_of_two_radios_are_not_joined),
		cmocka_unit_test(nothing_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
