/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/hand.h"

static void an_id_is_split_off_either_end(void **state)
{
	struct hand hand = fresh(150);
	struct answer answer;

	by_radio(&hand, "47A1");
	hand.at_ms += 400;
	by_hand(&hand, "18#");
	answer = take_as(&hand, "id=4", true);
	assert_count(answer, "", 18, "", 0);
	assert_string_equal(answer.radio_id, "47A1");
	assert_string_equal(answer.raw, "18#");
	hand.at_ms += 400;
	by_radio(&hand, "47A1");
	assert_string_equal(take_as(&hand, "id=4", true).raw, "18#");

	hand = fresh(500);
	by_hand(&hand, "18#");
	by_radio(&hand, "4711");
	answer = take_as(&hand, "id=4", true);
	assert_count(answer, "", 18, "", 0);
	assert_string_equal(answer.radio_id, "4711");
	/* Where no ID is set up it is what it looks like. */
	assert_count(take(&hand), "", 18, "", DOUBT_CORRECTION);
}

static void an_id_alone_is_no_answer(void **state)
{
	struct hand hand = fresh(100);
	struct answer answer;

	by_radio(&hand, "4711");
	answer = take_as(&hand, "id=4", true);
	assert_int_equal(answer.kind, ANSWER_NONE);
	assert_string_equal(answer.radio_id, "4711");
	assert_string_equal(answer.raw, "");
}

static void fingers_make_no_id(void **state)
{
	struct hand hand = fresh(200);

	by_hand(&hand, "4711");
	assert_heard(take_as(&hand, "id=4", true), 0);
	/* Quick, but uneven. */
	hand = fresh(200);
	key(&hand, "47", 60, 60);
	key(&hand, "11", 90, 60);
	assert_heard(take_as(&hand, "id=4", true), 0);
	/* Regular, but slow; regular, but with a star; too close; too late. */
	hand = fresh(200);
	key(&hand, "4711", 130, 130);
	assert_heard(take_as(&hand, "id=4", true), 0);
	hand = fresh(200);
	key(&hand, "4*11", 60, 60);
	assert_heard(take_as(&hand, "id=4", true), 0);
	hand = fresh(200);
	key(&hand, "471118#", 60, 60);
	assert_heard(take_as(&hand, "id=4", true), 0);
	hand = fresh(501);
	key(&hand, "4711", 60, 60);
	hand.at_ms += 200;
	key(&hand, "18#", 60, 60);
	assert_heard(take_as(&hand, "id=4", true), 0);
	/* One answer keyed at a machine's pace is still an answer. */
	hand = fresh(200);
	key(&hand, "*07*18#", 60, 60);
	assert_count(take_as(&hand, "id=4", true), "07", 18, "", 0);
}

static void two_ids_that_differ_are_not_one_radio(void **state)
{
	struct hand hand = fresh(200);

	by_radio(&hand, "4711");
	hand.at_ms += 400;
	by_hand(&hand, "18#");
	hand.at_ms += 400;
	by_radio(&hand, "4712");
	assert_count(take_as(&hand, "id=4", true), "", 18, "",
		     DOUBT_CORRECTION);
}

static void the_panic_code_comes_with_an_id_or_from_a_machine(void **state)
{
	struct hand hand = fresh(200);
	struct answer answer;

	by_radio(&hand, "47110");
	hand.at_ms += 300;
	key(&hand, "119", 60, 60);
	answer = take_as(&hand, "id=5;panic=119", true);
	assert_int_equal(answer.kind, ANSWER_PANIC);
	assert_string_equal(answer.radio_id, "47110");
	assert_string_equal(answer.raw, "119");
	assert_int_equal(answer.doubts, 0);
	assert_int_equal(take_as(&hand, "id=5;panic=119", false).kind,
			 ANSWER_NONE);

	hand = fresh(200);
	key(&hand, "119", 60, 60);
	answer = take_as(&hand, "panic=119", true);
	assert_int_equal(answer.kind, ANSWER_PANIC);
	assert_int_equal(answer.doubts, 0);
	/* It may be what is left of an ID of four digits. */
	answer = take_as(&hand, "id=4;panic=119", true);
	assert_int_equal(answer.kind, ANSWER_PANIC);
	assert_int_equal(answer.doubts, DOUBT_DAMAGED);
	assert_heard(take_as(&hand, "id=4", true), 0);

	hand = fresh(200);
	by_hand(&hand, "119");
	assert_heard(take_as(&hand, "panic=119", true), 0);
	hand = fresh(200);
	key(&hand, "119#", 60, 60);
	assert_heard(take_as(&hand, "panic=119", true), 0);
}

static void a_panic_code_as_wide_as_an_id_is_told_from_it(void **state)
{
	struct hand hand = fresh(200);
	struct answer answer;

	key(&hand, "119", 60, 60);
	hand.at_ms += 300;
	key(&hand, "471", 60, 60);
	answer = take_as(&hand, "id=3;panic=119", true);
	assert_int_equal(answer.kind, ANSWER_PANIC);
	assert_string_equal(answer.radio_id, "471");
	hand = fresh(200);
	key(&hand, "119", 60, 60);
	answer = take_as(&hand, "id=3;panic=119", true);
	assert_int_equal(answer.kind, ANSWER_PANIC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_is_split_off_either_end),
		cmocka_unit_test(an_id_alone_is_no_answer),
		cmocka_unit_test(fingers_make_no_id),
		cmocka_unit_test(two_ids_that_differ_are_not_one_radio),
		cmocka_unit_test(
			the_panic_code_comes_with_an_id_or_from_a_machine),
		cmocka_unit_test(a_panic_code_as_wide_as_an_id_is_told_from_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
