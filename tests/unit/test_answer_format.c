/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/hand.h"

static void a_column_is_read_with_its_defaults(void **state)
{
	struct answer_format format =
		make_format(" dtmf ; unit=3;situation=1;id=5;panic=1199;");

	assert_int_equal(format.unit_width, 3);
	assert_int_equal(format.count_width, 2);
	assert_int_equal(format.situation_width, 1);
	assert_int_equal(format.id_width, 5);
	assert_string_equal(format.panic, "1199");
	assert_string_equal(format.codes[0], "110");
	assert_string_equal(format.codes[7], "0");
	assert_string_equal(format.codes[8], "");
	assert_string_equal(format.situations[3], "9");
	assert_int_equal(make_format("id=0").id_width, 0);
}

/* Refused, with a sentence that holds these words. */
static void assert_refused(const char *signalling, const char *const *codes,
			   const char *const *situations, const char *words)
{
	struct answer_format format = {.unit_width = 77};
	struct fault fault = {0};

	assert_true(answer_format_parse(&format, signalling, codes, situations,
					&fault) < 0);
	if (!strstr(fault.sentence, words))
		fail_msg("'%s' does not say '%s'", fault.sentence, words);
	assert_int_equal(format.unit_width, 77);
}

static void a_column_that_is_wrong_is_refused_with_a_sentence(void **state)
{
	assert_refused("unit=5", NULL, NULL, "'unit=5': write a width from 1");
	assert_refused("unit=22", NULL, NULL, "write a width from 1 to 4");
	assert_refused("unit", NULL, NULL, "write a width");
	assert_refused("situation=3", NULL, NULL, "from 1 to 2");
	assert_refused("id=2", NULL, NULL, "from 3 to 8");
	assert_refused("panic=1x9", NULL, NULL, "2 to 7 digits");
	assert_refused("panic=12345678", NULL, NULL, "2 to 7 digits");
	assert_refused("dtmf=1", NULL, NULL, "takes no value");
	assert_refused("dtmf;uint=2", NULL, NULL, "'uint=2': unknown word");
	assert_refused("unit=2;unit=2", NULL, NULL, "written twice");
}

static void what_one_lost_key_could_change_is_refused(void **state)
{
	static const char *const within[] = {"1", "11", "110", NULL};
	static const char *const doubled[] = {"5", "55", NULL};
	static const char *const twice[] = {"5", "5", NULL};
	static const char *const letters[] = {"1A", NULL};
	static const char *const lengthy[] = {"1101", NULL};
	static const char *const wide[] = {"00", "18", NULL};
	static const char *const none[] = {NULL};

	assert_refused("count=3", NULL, NULL, "code 110 is as long as");
	assert_refused("count=1", none, NULL, "both 1 digits wide");
	assert_refused("situation=2", NULL, wide, "both 2 digits wide");
	assert_refused("count=4", within, NULL, "code 11 becomes 1 when");
	assert_refused("count=4", doubled, NULL, "code 55 becomes 5 when");
	assert_refused("panic=19", NULL, NULL, "panic=19 is as long as");
	assert_refused("situation=2;count=4", NULL, NULL, "'0' of the site");
	assert_refused("", twice, NULL, "twice");
	assert_refused("", letters, NULL, "not 1 to 3 digits");
	assert_refused("", lengthy, NULL, "not 1 to 3 digits");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_column_is_read_with_its_defaults),
		cmocka_unit_test(
			a_column_that_is_wrong_is_refused_with_a_sentence),
		cmocka_unit_test(what_one_lost_key_could_change_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
