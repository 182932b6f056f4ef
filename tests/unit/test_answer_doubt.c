/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/hand.h"

static void without_its_end_it_is_doubtful(void **state)
{
	assert_count(heard("18"), "", 18, "", DOUBT_NO_END);
	assert_count(heard("*07*18*2"), "07", 18, "2", DOUBT_NO_END);
	assert_code(heard("**110"), "", "110", DOUBT_NO_END);
	assert_heard(heard("*07*1"), 0);
	assert_heard(heard("**11"), DOUBT_DAMAGED);
}

static void a_correction_that_cannot_be_read_is_a_doubt(void **state)
{
	assert_count(heard("17#8#"), "", 17, "", DOUBT_CORRECTION);
	assert_count(heard("17#8"), "", 17, "", DOUBT_CORRECTION);
	assert_count(heard("17#18#A"), "", 18, "", DOUBT_CORRECTION);
	assert_count(heard("17#18"), "", 18, "", DOUBT_NO_END);
	assert_count(heard("17#8#19#"), "", 19, "", DOUBT_CORRECTION);
	assert_count(heard("8#18#"), "", 18, "", DOUBT_CORRECTION);
}

static void a_bare_answer_after_a_name_may_be_anybodys(void **state)
{
	assert_count(heard("*07*17#18#"), "", 18, "", DOUBT_CORRECTION);
	assert_true(heard("*07*17#18#").corrected);
	/* Two units at once: of the first name only parts were heard. */
	assert_count(heard("*7*3*11#105#15#"), "", 15, "", DOUBT_CORRECTION);
	assert_count(heard("*7*17#*07*18#"), "07", 18, "", 0);
	assert_code(heard("*07*17#**110#"), "", "110", 0);
}

static void a_front_that_may_be_cut_is_a_doubt(void **state)
{
	struct hand hand = fresh(60);

	key(&hand, "18#", 80, 50);
	assert_count(take(&hand), "", 18, "", DOUBT_FRONT);
	hand = fresh(61);
	key(&hand, "18#", 80, 50);
	assert_count(take(&hand), "", 18, "", 0);
	/* After our own sending a key may have gone by. */
	hand.front = OVER_AFTER_TX;
	assert_count(take(&hand), "", 18, "", DOUBT_FRONT);
	hand = fresh(300);
	hand.front = OVER_AFTER_TX;
	by_hand(&hand, "18#");
	assert_count(take(&hand), "", 18, "", DOUBT_FRONT);
	hand = fresh(301);
	hand.front = OVER_AFTER_TX;
	by_hand(&hand, "18#");
	assert_count(take(&hand), "", 18, "", 0);
}

static void a_silence_shorter_than_the_pauses_may_hide_a_key(void **state)
{
	struct hand hand = fresh(399);

	key(&hand, "10#", 100, 400);
	assert_count(take(&hand), "", 10, "", DOUBT_FRONT);
	hand = fresh(400);
	key(&hand, "10#", 100, 400);
	assert_count(take(&hand), "", 10, "", 0);
	/* What begins with # has lost what it ended. */
	assert_count(heard("#18#"), "", 18, "", DOUBT_FRONT);
}

static void a_bare_answer_on_a_carrier_that_ran_on_is_doubtful(void **state)
{
	struct hand hand = fresh(2000);

	hand.front = OVER_CONTINUED;
	by_hand(&hand, "18#");
	assert_count(take(&hand), "", 18, "", DOUBT_FRONT);
	hand = fresh(2000);
	hand.front = OVER_CONTINUED;
	by_hand(&hand, "*07*18#");
	assert_count(take(&hand), "07", 18, "", 0);
	/* An ID at key-up shows where this radio's keys begin. */
	hand = fresh(200);
	hand.front = OVER_CONTINUED;
	by_radio(&hand, "4711");
	hand.at_ms += 600;
	by_hand(&hand, "18#");
	assert_count(take_as(&hand, "id=4", true), "", 18, "", 0);
}

static void a_pause_twice_the_others_is_a_doubt(void **state)
{
	struct hand hand = fresh(900);

	key(&hand, "18", 100, 300);
	hand.at_ms += 300;
	key(&hand, "#", 100, 0);
	assert_count(take(&hand), "", 18, "", DOUBT_PAUSE);
	hand.tones[2].begin_ms--;
	assert_count(take(&hand), "", 18, "", 0);
	/* Quick fingers: what the detector's grid adds is none. */
	hand = fresh(900);
	key(&hand, "*07*18", 80, 50);
	hand.at_ms += 100;
	key(&hand, "#", 80, 0);
	assert_count(take(&hand), "07", 18, "", 0);
	hand.tones[6].begin_ms += 20;
	assert_count(take(&hand), "07", 18, "", DOUBT_PAUSE);
}

static void the_pause_before_a_correction_is_none_inside(void **state)
{
	struct hand hand = fresh(500);

	by_hand(&hand, "17#");
	hand.at_ms += 3000;
	by_hand(&hand, "18#");
	assert_count(take(&hand), "", 18, "", 0);
}

static void audio_lost_inside_is_a_doubt(void **state)
{
	struct hand hand = fresh(1000);

	by_hand(&hand, "18#");
	hand.tones[2].lost_ms = 20;
	assert_count(take(&hand), "", 18, "", DOUBT_LOST);
	hand.tones[2].lost_ms = 0;
	/* Before it: a frame somewhere in a long silence hides no key. */
	hand.tones[0].lost_ms = 20;
	assert_count(take(&hand), "", 18, "", 0);
	hand.tones[0].lost_ms = 100;
	assert_count(take(&hand), "", 18, "", DOUBT_LOST);
	hand = fresh(200);
	by_hand(&hand, "18#");
	hand.tones[0].lost_ms = 20;
	assert_count(take(&hand), "", 18, "", DOUBT_LOST);
	/* Between an ID and the answer it may hide one. */
	hand = fresh(150);
	by_radio(&hand, "4711");
	hand.at_ms += 200;
	key(&hand, "18#", 100, 400);
	hand.tones[4].lost_ms = 20;
	assert_count(take_as(&hand, "id=4", true), "", 18, "", DOUBT_LOST);
}

static void every_doubt_has_a_word(void **state)
{
	uint32_t bit;
	int count = 0;

	for (bit = 1; answer_doubt_name(bit); bit <<= 1)
		count++;
	assert_int_equal(bit, DOUBT_CORRECTION << 1);
	assert_int_equal(count, 9);
	assert_string_equal(answer_doubt_name(DOUBT_NO_END), "no_end");
	assert_string_equal(answer_doubt_name(DOUBT_DAMAGED), "damaged");
	assert_null(answer_doubt_name(0));
	assert_null(answer_doubt_name(DOUBT_LOST | DOUBT_PAUSE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_its_end_it_is_doubtful),
		cmocka_unit_test(a_correction_that_cannot_be_read_is_a_doubt),
		cmocka_unit_test(a_bare_answer_after_a_name_may_be_anybodys),
		cmocka_unit_test(a_front_that_may_be_cut_is_a_doubt),
		cmocka_unit_test(
			a_silence_shorter_than_the_pauses_may_hide_a_key),
		cmocka_unit_test(
			a_bare_answer_on_a_carrier_that_ran_on_is_doubtful),
		cmocka_unit_test(a_pause_twice_the_others_is_a_doubt),
		cmocka_unit_test(the_pause_before_a_correction_is_none_inside),
		cmocka_unit_test(audio_lost_inside_is_a_doubt),
		cmocka_unit_test(every_doubt_has_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
