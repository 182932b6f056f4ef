/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/fault.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void a_value_is_never_cut_inside_a_character(void **state)
{
	struct fault fault;

	assert_int_equal(fault_set(&fault, 2, "'%.4s' is no word", "点名"),
			 -EINVAL);
	assert_int_equal(fault.code, 2);
	assert_string_equal(fault.sentence, "'点' is no word");
}

static void who_wants_no_sentence_gets_none(void **state)
{
	assert_int_equal(fault_set(NULL, 2, "%s", ""), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_never_cut_inside_a_character),
		cmocka_unit_test(who_wants_no_sentence_gets_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
