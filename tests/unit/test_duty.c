/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/duty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define WEEK "Mo-Fr 07:00-19:00; Sa,Su 08:00-18:00; PH off"

enum weekday { SU, MO, TU, WE, TH, FR, SA };

static bool is_on(const char *text, enum weekday day, int hour, int minute)
{
	struct tm tm = {.tm_wday = day, .tm_hour = hour, .tm_min = minute};

	return duty_is_on(text, &tm);
}

static void empty_means_always(void **state)
{
	assert_true(is_on("", SU, 3, 0));
	assert_true(is_on(" ", MO, 23, 59));
	assert_true(duty_is_valid(""));
}

static void weekday_ranges_and_lists_bind_their_days(void **state)
{
	assert_false(is_on(WEEK, MO, 6, 59));
	assert_true(is_on(WEEK, MO, 7, 0));
	assert_true(is_on(WEEK, FR, 18, 59));
	assert_false(is_on(WEEK, FR, 19, 0));
	assert_false(is_on(WEEK, SA, 7, 30));
	assert_true(is_on(WEEK, SU, 8, 0));
	assert_true(is_on("Fr-Mo 08:00-09:00", SU, 8, 30));
	assert_false(is_on("Fr-Mo 08:00-09:00", TU, 8, 30));
}

static void a_day_may_have_several_spans(void **state)
{
	const char *text = "07:00-12:00, 14:00-24:00";

	assert_true(is_on(text, WE, 11, 59));
	assert_false(is_on(text, WE, 12, 0));
	assert_true(is_on(text, WE, 23, 59));
	assert_false(is_on(text, TH, 0, 0));
}

static void a_span_over_midnight_belongs_to_its_first_day(void **state)
{
	const char *text = "Fr 22:00-06:00";

	assert_true(is_on(text, FR, 23, 0));
	assert_true(is_on(text, SA, 5, 59));
	assert_false(is_on(text, SA, 6, 0));
	assert_false(is_on(text, FR, 5, 0));
	assert_true(is_on("Su 22:00-06:00", MO, 1, 0));
}

static void a_later_rule_wins_for_its_days(void **state)
{
	assert_false(is_on("08:00-18:00; We off", WE, 9, 0));
	assert_true(is_on("08:00-18:00; We off", TH, 9, 0));
	assert_true(is_on("We off; 08:00-18:00;", WE, 9, 0));
}

static void a_holiday_follows_its_own_rule(void **state)
{
	struct tm monday = {.tm_wday = MO, .tm_hour = 9};
	struct tm night = {.tm_wday = TU, .tm_hour = 1};
	struct duty_holiday today = {.today = true};
	struct duty_holiday yesterday = {.yesterday = true};

	assert_false(duty_is_on_holiday(WEEK, &monday, today));
	assert_true(duty_is_on_holiday(WEEK, &monday, yesterday));
	assert_true(duty_is_on_holiday("Mo 08:00-18:00", &monday, today));
	assert_true(
		duty_is_on_holiday("Mo 22:00-02:00; PH off", &night, today));
	assert_false(duty_is_on_holiday("Mo 22:00-02:00; PH off", &night,
					yesterday));
}

static void what_is_not_understood_is_named(void **state)
{
	static const char *const bad[] = {
		"Xx 08:00-09:00",
		"Mo 8:00-9:00",
		"Mo 08:00",
		"Mo 08:00-24:01",
		"Mo 08:00-08:00",
		"Mo-PH 08:00-09:00",
		"Mo",
		"Mo,",
		"Mo 08:00-09:00 Tu",
		"Mo 08:60-09:00",
		"Mo 24:00-09:00",
		"always",
		"周一 08:00-09:00",
		"Mo 08:00-09:00,",
	};
	struct fault fault;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		fault.sentence[0] = '\0';
		if (!duty_check(bad[i], &fault))
			fail_msg("'%s' was taken", bad[i]);
		assert_non_null(strstr(fault.sentence, "write duty hours as"));
		assert_true(is_on(bad[i], MO, 3, 0));
	}
	assert_int_equal(duty_check(WEEK, &fault), 0);
	assert_true(duty_is_valid("PH,Sa 09:00-17:00"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_means_always),
		cmocka_unit_test(weekday_ranges_and_lists_bind_their_days),
		cmocka_unit_test(a_day_may_have_several_spans),
		cmocka_unit_test(a_span_over_midnight_belongs_to_its_first_day),
		cmocka_unit_test(a_later_rule_wins_for_its_days),
		cmocka_unit_test(a_holiday_follows_its_own_rule),
		cmocka_unit_test(what_is_not_understood_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
