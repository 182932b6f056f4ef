/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/zeromq/tray.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define MEGABYTE (1u << 20)

static struct tray *tray;
static char sent[64]; /* "peer:size " each */
static char stuck;    /* this peer takes nothing */
static char gone;     /* this one has left */

static struct desk_peer peer_of(char name)
{
	struct desk_peer peer = {.len = 1};

	peer.id[0] = (uint8_t)name;
	return peer;
}

static bool put(char name, size_t size, int64_t now_ms)
{
	struct desk_peer peer = peer_of(name);
	zmq_msg_t message;
	bool done;

	assert_int_equal(zmq_msg_init_size(&message, size), 0);
	done = tray_put(tray, &peer, &message, now_ms);
	/* What was not taken over is still there. */
	assert_int_equal(zmq_msg_size(&message), done ? 0 : size);
	zmq_msg_close(&message);
	return done;
}

static int take(void *data, const struct desk_peer *peer, zmq_msg_t *answer)
{
	size_t len = strlen(sent);

	if (peer->id[0] == (uint8_t)stuck)
		return -EAGAIN;
	if (peer->id[0] == (uint8_t)gone)
		return -EHOSTUNREACH;
	snprintf(sent + len, sizeof(sent) - len, "%c:%zu ", peer->id[0],
		 zmq_msg_size(answer));
	/* As zmq_msg_send() does. */
	zmq_msg_close(answer);
	zmq_msg_init(answer);
	return 0;
}

static int set_up(void **state)
{
	tray = tray_alloc();
	sent[0] = stuck = gone = '\0';
	return tray ? 0 : -1;
}

static int tear_down(void **state)
{
	tray = tray_free(tray);
	return 0;
}

static void keeps_answers_in_order(void **state)
{
	struct desk_peer peer = peer_of('a');

	assert_int_equal(tray_wait_ms(tray, 0), -1);
	assert_false(tray_has(tray, &peer));
	assert_true(put('a', 1, 0));
	assert_true(tray_has(tray, &peer));
	assert_true(put('a', 2, 0));
	assert_true(put('a', 3, 0));
	assert_int_equal(tray_wait_ms(tray, 0), 1);
	assert_int_equal(tray_offer(tray, take, NULL, 1), 0);
	assert_string_equal(sent, "a:1 a:2 a:3 ");
	assert_int_equal(tray_wait_ms(tray, 1), -1);
}

static void goes_on_with_others_while_one_is_stuck(void **state)
{
	assert_true(put('a', 1, 0));
	assert_true(put('b', 2, 0));
	assert_true(put('c', 3, 0));
	stuck = 'b';
	assert_int_equal(tray_offer(tray, take, NULL, 1), 0);
	assert_string_equal(sent, "c:3 a:1 ");
	stuck = '\0';
	assert_int_equal(tray_offer(tray, take, NULL, 1), 0);
	assert_string_equal(sent, "c:3 a:1 b:2 ");
}

static void gives_each_a_megabyte_or_one_answer(void **state)
{
	assert_true(put('a', 4 * MEGABYTE, 0));
	assert_false(put('a', 1, 0));
	assert_true(put('b', MEGABYTE, 0));
	assert_false(put('b', 1, 0));
	assert_true(put('c', 1, 0));
	tray_offer(tray, take, NULL, 1);
	assert_true(put('a', 1, 2));
}

static void gives_all_64_megabytes(void **state)
{
	char name;

	for (name = 1; name <= 64; name++)
		assert_true(put(name, MEGABYTE, 0));
	assert_false(put(name, MEGABYTE, 0));
	tray_offer(tray, take, NULL, 1);
	assert_true(put(name, MEGABYTE, 0));
}

static void counts_what_a_peer_that_left_loses(void **state)
{
	assert_true(put('a', 1, 0));
	assert_true(put('a', 2, 0));
	assert_true(put('b', 3, 0));
	gone = 'a';
	assert_int_equal(tray_offer(tray, take, NULL, 1), 2);
	assert_string_equal(sent, "b:3 ");
}

static void gives_up_one_who_takes_nothing_for_10_seconds(void **state)
{
	assert_true(put('a', 1, 0));
	stuck = 'a';
	assert_int_equal(tray_offer(tray, take, NULL, 9999), 0);
	assert_int_equal(tray_wait_ms(tray, 9999), 20);
	assert_int_equal(tray_offer(tray, take, NULL, 10000), 1);
	assert_int_equal(tray_wait_ms(tray, 10000), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_answers_in_order),
		TEST(goes_on_with_others_while_one_is_stuck),
		TEST(gives_each_a_megabyte_or_one_answer),
		TEST(gives_all_64_megabytes),
		TEST(counts_what_a_peer_that_left_loses),
		TEST(gives_up_one_who_takes_nothing_for_10_seconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
