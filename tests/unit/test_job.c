/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/job.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <osmocom/core/select.h>
#include <osmocom/core/talloc.h>

struct piece {
	int number;
	pthread_t worked_on;
	bool done;
};

static int finished[8];
static int finished_count;

static void work(void *arg)
{
	((struct piece *)arg)->worked_on = pthread_self();
}

static void done(void *arg)
{
	struct piece *piece = arg;

	piece->done = true;
	finished[finished_count++] = piece->number;
}

static void work_is_done_beside_main_and_told_on_main_in_order(void **state)
{
	struct job_queue *queue = job_queue_alloc(NULL);
	struct piece pieces[5] = {{0}};
	int i;

	finished_count = 0;
	for (i = 0; i < 5; i++) {
		pieces[i].number = i;
		assert_int_equal(job_add(queue, work, done, &pieces[i]), 0);
	}
	while (finished_count < 5)
		osmo_select_main(0);
	for (i = 0; i < 5; i++) {
		assert_int_equal(finished[i], i);
		assert_false(
			pthread_equal(pieces[i].worked_on, pthread_self()));
	}
	assert_true(job_is_alive(queue));
	job_queue_free(queue);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void wait_at_gate(void *arg)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
}

static void nothing_done(void *arg)
{
}

static void a_job_that_never_ends_is_noticed(void **state)
{
	struct job_queue *queue = job_queue_alloc(NULL);
	int checks = 0;

	pthread_mutex_lock(&gate);
	assert_int_equal(job_add(queue, wait_at_gate, nothing_done, NULL), 0);
	while (job_is_alive(queue) && checks < 1000)
		checks++;
	assert_in_range(checks, 10, 100);
	pthread_mutex_unlock(&gate);
	job_queue_free(queue);
}

static void what_waits_at_the_end_is_worked_and_told(void **state)
{
	struct job_queue *queue = job_queue_alloc(NULL);
	struct piece pieces[3] = {{.number = 0}, {.number = 1}, {.number = 2}};
	int i;

	finished_count = 0;
	for (i = 0; i < 3; i++)
		assert_int_equal(job_add(queue, work, done, &pieces[i]), 0);
	assert_null(job_queue_free(queue));
	assert_int_equal(finished_count, 3);
	for (i = 0; i < 3; i++) {
		assert_true(pieces[i].done);
		assert_false(
			pthread_equal(pieces[i].worked_on, pthread_self()));
	}
}

static void more_jobs_than_it_holds_are_refused(void **state)
{
	struct job_queue *queue = job_queue_alloc(NULL);
	int taken = 0;

	pthread_mutex_lock(&gate);
	while (!job_add(queue, wait_at_gate, nothing_done, NULL))
		taken++;
	assert_int_equal(taken, 4096);
	pthread_mutex_unlock(&gate);
	job_queue_free(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			work_is_done_beside_main_and_told_on_main_in_order),
		cmocka_unit_test(what_waits_at_the_end_is_worked_and_told),
		cmocka_unit_test(a_job_that_never_ends_is_noticed),
		cmocka_unit_test(more_jobs_than_it_holds_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
