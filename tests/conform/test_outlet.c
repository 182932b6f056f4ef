/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test_outlet.c - the feeds of the built ZeroMQ service: who gets what
 */
#include "tests/conform/service_peer.h"

#include <sched.h>

static void carries_exactly_its_jurisdiction(void **state)
{
	struct host *host = *state;
	char feed[96];
	const struct gridcall_option options[] = {{"feed", feed}, {NULL, NULL}};
	struct peer peer;

	sprintf(feed, "tianhe  %s gc1.440106.", host->feed);
	open_as(host, options);
	sprintf(feed, "tianhe %s gc1.440106.\n", host->feed);
	assert_string_equal(host->told, feed);
	peer = peer_open(ZMQ_SUB, host->feed);
	join_feed(host, peer);
	publish(host, "gc1.440105.1.07.reply", "neighbour");
	publish(host, "gc1.440106.1.07.reply", "ours");
	publish(host, "gc1.440103.1.07.call", "neighbour");
	publish(host, "gc1.gateway.GZ01.audit", "everybody's");
	publish(host, "gc1.440106.1.07.voice", "who hears is asked");
	publish(host, STATUS, "beat");
	assert_string_equal(receive(peer), "gc1.440106.1.07.reply ours");
	assert_string_equal(receive(peer), STATUS " beat");
	peer_close(peer);
	close_service(host);
}

/* One feed for all, one for a district, one that carries its voice. */
static void open_three(struct host *host, char feeds[3][96])
{
	const struct gridcall_option options[] = {{"feed", feeds[0]},
						  {"feed", feeds[1]},
						  {"feed", feeds[2]},
						  {NULL, NULL}};

	sprintf(feeds[0], "all %s gc1.", host->feed);
	sprintf(feeds[1], "tianhe %s1 gc1.440106.", host->feed);
	sprintf(feeds[2], "live %s2 gc1.440106.1. voice", host->feed);
	open_as(host, options);
	sprintf(feeds[1], "%s1", host->feed);
	sprintf(feeds[2], "%s2", host->feed);
}

static void carries_several_feeds(void **state)
{
	struct host *host = *state;
	struct peer all, district, live;
	char feeds[3][96];

	open_three(host, feeds);
	all = peer_open(ZMQ_SUB, host->feed);
	district = peer_open(ZMQ_SUB, feeds[1]);
	live = peer_open(ZMQ_SUB, feeds[2]);
	join_feed(host, all);
	join_feed(host, district);
	join_feed(host, live);
	publish(host, STATUS, "begin");
	publish(host, "gc1.gateway.GZ01.audit", "who did what");
	publish(host, "gc1.440105.1.07.reply", "elsewhere");
	publish(host, "gc1.440106.2.07.reply", "near");
	publish(host, "gc1.440106.1.07.voice", "live");
	publish(host, "gc1.440106.1.07.over", "here");
	while (strcmp(receive(all), STATUS " begin"))
		;
	while (strcmp(receive(district), STATUS " begin"))
		;
	while (strcmp(receive(live), STATUS " begin"))
		;
	assert_string_equal(receive(all),
			    "gc1.gateway.GZ01.audit who did what");
	assert_string_equal(receive(all), "gc1.440105.1.07.reply elsewhere");
	assert_string_equal(receive(all), "gc1.440106.2.07.reply near");
	assert_string_equal(receive(all), "gc1.440106.1.07.over here");
	assert_string_equal(receive(district), "gc1.440106.2.07.reply near");
	assert_string_equal(receive(district), "gc1.440106.1.07.over here");
	assert_string_equal(receive(live), "gc1.440106.1.07.voice live");
	assert_string_equal(receive(live), "gc1.440106.1.07.over here");
	peer_close(live);
	peer_close(district);
	peer_close(all);
	close_service(host);
}

static void hands_a_message_to_the_feed_it_names(void **state)
{
	struct host *host = *state;
	struct gridcall_message message = {.topic = STATUS,
					   .payload = (const uint8_t *)"yours",
					   .len = 5,
					   .feed = "tianhe"};
	struct peer all, district;
	char feeds[3][96];

	open_three(host, feeds);
	all = peer_open(ZMQ_SUB, host->feed);
	district = peer_open(ZMQ_SUB, feeds[1]);
	join_feed(host, all);
	join_feed(host, district);
	publish(host, STATUS, "begin");
	assert_int_equal(host->service->publish(host->state, &message), 0);
	/* Its name does not make it carry what is not in its area. */
	message.topic = "gc1.440105.1.07.reply";
	assert_int_equal(host->service->publish(host->state, &message), 0);
	message.topic = STATUS;
	message.feed = "nobody";
	assert_int_equal(host->service->publish(host->state, &message), 0);
	publish(host, STATUS, "end");
	while (strcmp(receive(all), STATUS " begin"))
		;
	while (strcmp(receive(district), STATUS " begin"))
		;
	assert_string_equal(receive(all), STATUS " end");
	assert_string_equal(receive(district), STATUS " yours");
	assert_string_equal(receive(district), STATUS " end");
	peer_close(district);
	peer_close(all);
	close_service(host);
}

static void is_not_held_up_by_a_stuck_subscriber(void **state)
{
	static char text[1001];
	struct host *host = *state;
	struct peer stuck, reader;
	int one = 1;
	int i;

	memset(text, 'x', 1000);
	open_with(host, "subscriber_backlog", "100");
	stuck = peer_open(ZMQ_SUB, host->feed);
	zmq_setsockopt(stuck.socket, ZMQ_RCVHWM, &one, sizeof(one));
	join_feed(host, stuck);
	/* Far more than every queue and pipe on the way can hold. */
	for (i = 0; i < 50000; i++)
		assert_int_equal(publish(host, "gc1.440106.1.7.over", text), 0);
	/* A reader that came earlier might be swamped by them too. */
	while (counter(host, "messages_published") < 50000)
		sched_yield();
	reader = peer_open(ZMQ_SUB, host->feed);
	join_feed(host, reader);
	assert_true(counter(host, "messages_published") > 50000);
	assert_int_equal(counter(host, "messages_dropped"), 0);
	peer_close(reader);
	peer_close(stuck);
	close_service(host);
}

static void counts_what_its_backlog_can_not_hold(void **state)
{
	struct host *host = *state;
	struct peer peer;
	int i;

	open_with(host, "backlog", "10");
	peer = peer_open(ZMQ_DEALER, host->commands);
	/* Nobody is there to answer it. */
	host_set(host, &host->mute, true);
	host_set(host, &host->stuck, true);
	zmq_send(peer.socket, "", 0, 0);
	pthread_mutex_lock(&host->lock);
	while (!host->taken)
		pthread_cond_wait(&host->changed, &host->lock);
	pthread_mutex_unlock(&host->lock);
	for (i = 0; i < 10; i++)
		assert_int_equal(publish(host, STATUS, "kept"), 0);
	assert_int_equal(publish(host, STATUS, "lost"), -EAGAIN);
	assert_int_equal(counter(host, "messages_dropped"), 1);
	host_set(host, &host->stuck, false);
	peer_close(peer);
	close_service(host);
}

static void sends_what_is_queued_before_it_closes(void **state)
{
	struct host *host = *state;
	struct peer peer;
	char text[64];
	int i;

	open_with(host, NULL, NULL);
	peer = peer_open(ZMQ_SUB, host->feed);
	join_feed(host, peer);
	for (i = 0; i < 500; i++) {
		sprintf(text, "%d", i);
		publish(host, STATUS, text);
	}
	close_service(host);
	for (i = 0; i < 500; i++) {
		sprintf(text, STATUS " %d", i);
		assert_string_equal(receive(peer), text);
	}
	peer_close(peer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(carries_exactly_its_jurisdiction),
		TEST(carries_several_feeds),
		TEST(hands_a_message_to_the_feed_it_names),
		TEST(is_not_held_up_by_a_stuck_subscriber),
		TEST(counts_what_its_backlog_can_not_hold),
		TEST(sends_what_is_queued_before_it_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
