/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/inbox.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static int is_readable(struct inbox *inbox)
{
	struct pollfd fd = {.fd = inbox_fd(inbox), .events = POLLIN};

	return poll(&fd, 1, 0);
}

static void gives_items_in_the_order_they_came(void **state)
{
	struct inbox *inbox = inbox_alloc(3, sizeof(int));
	int i, item;

	for (i = 0; i < 100; i++) {
		assert_int_equal(inbox_put(inbox, &i), 0);
		assert_int_equal(inbox_take(inbox, &item), 0);
		assert_int_equal(item, i);
	}
	inbox_free(inbox);
}

static void refuses_and_counts_when_full(void **state)
{
	struct inbox *inbox = inbox_alloc(2, sizeof(int));
	int item = 7;

	assert_int_equal(inbox_put(inbox, &item), 0);
	assert_int_equal(inbox_put(inbox, &item), 0);
	assert_int_equal(inbox_put(inbox, &item), -ENOSPC);
	assert_int_equal(inbox_refused(inbox), 1);
	assert_int_equal(inbox_peak(inbox), 2);
	inbox_free(inbox);
}

static void is_readable_only_while_something_waits(void **state)
{
	struct inbox *inbox = inbox_alloc(2, sizeof(int));
	int item = 7;

	assert_int_equal(is_readable(inbox), 0);
	inbox_put(inbox, &item);
	assert_int_equal(is_readable(inbox), 1);
	inbox_take(inbox, &item);
	assert_int_equal(is_readable(inbox), 0);
	assert_int_equal(inbox_take(inbox, &item), -EAGAIN);
	inbox_free(inbox);
}

#define EACH 20000

static void *put_many(void *arg)
{
	struct inbox *inbox = arg;
	int i;

	for (i = 0; i < EACH;)
		if (!inbox_put(inbox, &i))
			i++;
	return NULL;
}

static void loses_nothing_between_threads(void **state)
{
	struct inbox *inbox = inbox_alloc(16, sizeof(int));
	pthread_t threads[2];
	long long sum = 0;
	int taken = 0;
	int item, i;

	for (i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, put_many, inbox);
	while (taken < 2 * EACH) {
		struct pollfd fd = {.fd = inbox_fd(inbox), .events = POLLIN};

		poll(&fd, 1, -1);
		while (!inbox_take(inbox, &item)) {
			sum += item;
			taken++;
		}
	}
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_true(sum == (long long)EACH * (EACH - 1));
	inbox_free(inbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_items_in_the_order_they_came),
		cmocka_unit_test(refuses_and_counts_when_full),
		cmocka_unit_test(is_readable_only_while_something_waits),
		cmocka_unit_test(loses_nothing_between_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
