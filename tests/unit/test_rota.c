/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/rota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static int set_up(void **state)
{
	*state = rota_alloc(NULL);
	return 0;
}

static int tear_down(void **state)
{
	rota_free(*state);
	return 0;
}

static void put(struct rota *rota, const char *principal, uint64_t connection,
		const char *item)
{
	const struct rota_asker asker = {principal, connection};

	rota_put(rota, &asker, (void *)item);
}

static void takes(struct rota *rota, const char *items)
{
	for (; *items; items++) {
		const char *item = rota_take(rota);

		assert_non_null(item);
		assert_int_equal(*item, *items);
	}
	assert_true(rota_is_empty(rota));
	assert_null(rota_take(rota));
}

static void one_asker_keeps_his_order(void **state)
{
	put(*state, "dispatch110", 0, "a");
	put(*state, "dispatch110", 0, "b");
	put(*state, "dispatch110", 0, "c");
	takes(*state, "abc");
}

static void a_newcomer_waits_for_one_of_each(void **state)
{
	put(*state, "grids", 0, "a");
	put(*state, "grids", 0, "b");
	put(*state, "grids", 0, "c");
	put(*state, "video", 0, "d");
	put(*state, "video", 0, "e");
	put(*state, "officer", 0, "x");
	takes(*state, "adxbec");
}

static void connections_of_one_name_are_askers_of_their_own(void **state)
{
	put(*state, "local", 1, "a");
	put(*state, "local", 1, "b");
	put(*state, "local", 2, "c");
	takes(*state, "acb");
}

static void who_was_served_comes_again_at_the_end(void **state)
{
	put(*state, "grids", 0, "a");
	put(*state, "grids", 0, "b");
	put(*state, "officer", 0, "x");
	assert_int_equal(*(char *)rota_take(*state), 'a');
	put(*state, "officer", 0, "y");
	put(*state, "video", 0, "d");
	takes(*state, "xbdy");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_asker_keeps_his_order),
		TEST(a_newcomer_waits_for_one_of_each),
		TEST(connections_of_one_name_are_askers_of_their_own),
		TEST(who_was_served_comes_again_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
