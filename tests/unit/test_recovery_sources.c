/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test_recovery_sources.c - several feeds between them lose nothing
 *
 * Feed 0 carries topic 0, feed 1 topic 1; event seq lies on topic seq % 2.
 */
#include "proto/recovery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define STATUS "gc1.gateway.GZ01.status"
#define EPOCH  "00000000000000aa"

static const char *const topics[] = {"gc1.440106.1.07.reply",
				     "gc1.440105.1.07.reply"};
static const char *const prefixes[] = {"gc1.440106.", "gc1.440105."};

struct world {
	struct recovery *recovery;
	uint64_t given[2]; /* last topic_seq */
};

static uint64_t topic_seq(uint64_t seq, size_t topic)
{
	return topic ? (seq + 1) / 2 : seq / 2;
}

static void on_event(void *data, const struct gridcall_event *event)
{
	struct world *world = data;
	size_t topic = event->seq % 2;

	assert_int_equal(event->topic_seq, world->given[topic] + 1);
	world->given[topic] = event->topic_seq;
}

static size_t pack(uint64_t seq, uint8_t bytes[128])
{
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;

	event.epoch = (char *)EPOCH;
	event.gateway = (char *)"GZ01";
	event.seq = seq;
	event.topic = (char *)topics[seq % 2];
	event.topic_seq = topic_seq(seq, seq % 2);
	return gridcall__v1__event__pack(&event, bytes);
}

static void send(struct world *world, uint64_t seq)
{
	uint8_t bytes[128];
	const char *topic = topics[seq % 2];
	size_t len = pack(seq, bytes);

	recovery_from(world->recovery, seq % 2);
	recovery_message(world->recovery, topic, strlen(topic), bytes, len);
}

static void fill_status(Gridcall__V1__Status *status, uint64_t seq)
{
	gridcall__v1__status__init(status);
	status->epoch = (char *)EPOCH;
	status->gateway = (char *)"GZ01";
	status->seq = seq;
	status->time_us = 1000000;
}

/* The heartbeat of one feed, which tells its own topic alone. */
static void beat(struct world *world, size_t feed, uint64_t seq)
{
	Gridcall__V1__TopicTail tail = GRIDCALL__V1__TOPIC_TAIL__INIT;
	Gridcall__V1__TopicTail *tails[] = {&tail};
	Gridcall__V1__Status status;
	uint8_t bytes[256];

	fill_status(&status, seq);
	tail.topic = (char *)topics[feed];
	tail.topic_seq = topic_seq(seq, feed);
	status.topics = tails;
	status.n_topics = 1;
	recovery_from(world->recovery, feed);
	recovery_message(world->recovery, STATUS, strlen(STATUS), bytes,
			 gridcall__v1__status__pack(&status, bytes));
}

static void answer_status(struct world *world, uint64_t seq)
{
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__Status status;

	fill_status(&status, seq);
	reply.body_case = GRIDCALL__V1__REPLY__BODY_STATUS;
	reply.status = &status;
	assert_int_equal(recovery_reply(world->recovery, &reply), 0);
}

static uint64_t answer_replay(struct world *world, uint64_t seq)
{
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__ReplayReply page = GRIDCALL__V1__REPLAY_REPLY__INIT;
	Gridcall__V1__ReplayRequest request;
	ProtobufCBinaryData events[100];
	uint8_t bytes[100][128];

	assert_int_equal(recovery_need(world->recovery), RECOVERY_REPLAY);
	recovery_replay(world->recovery, &request);
	page.epoch = (char *)EPOCH;
	page.events = events;
	while (request.after_seq + page.n_events < seq) {
		size_t i = page.n_events++;

		events[i].data = bytes[i];
		events[i].len = pack(request.after_seq + i + 1, bytes[i]);
	}
	page.through_seq = seq;
	reply.body_case = GRIDCALL__V1__REPLY__BODY_REPLAY;
	reply.replay = &page;
	assert_int_equal(recovery_reply(world->recovery, &reply), 0);
	return request.after_seq;
}

static uint64_t through(const struct world *world)
{
	const char *epoch;

	return recovery_through(world->recovery, &epoch);
}

static int set_up(void **state)
{
	static struct world world;
	struct gridcall_interest interest = {.prefixes = prefixes,
					     .prefix_count = 2,
					     .position = "- 0",
					     .on_event = on_event,
					     .data = &world};

	world = (struct world){0};
	world.recovery = recovery_alloc(&interest);
	recovery_set_sources(world.recovery, 2);
	answer_status(&world, 10);
	assert_int_equal(answer_replay(&world, 10), 0);
	assert_int_equal(recovery_need(world.recovery), RECOVERY_NOTHING);
	*state = &world;
	return 0;
}

static int tear_down(void **state)
{
	recovery_free(((struct world *)*state)->recovery);
	return 0;
}

static void is_whole_as_far_as_every_feed_says_so(void **state)
{
	struct world *world = *state;

	send(world, 11);
	send(world, 12);
	beat(world, 0, 12);
	assert_int_equal(through(world), 10);
	beat(world, 1, 12);
	assert_int_equal(through(world), 12);
	assert_int_equal(recovery_need(world->recovery), RECOVERY_NOTHING);
}

/* Had feed 0 spoken for both, event 11 would be behind the position. */
static void fills_a_hole_in_one_feed_while_the_other_is_well(void **state)
{
	struct world *world = *state;

	send(world, 12);
	beat(world, 0, 12);
	beat(world, 1, 12);
	assert_true(answer_replay(world, 12) < 11);
	assert_int_equal(world->given[0], 6);
	assert_int_equal(world->given[1], 6);
	assert_int_equal(through(world), 12);
}

static void goes_over_the_end_of_history_when_its_feeds_change(void **state)
{
	struct world *world = *state;

	recovery_set_sources(world->recovery, 1);
	assert_int_equal(answer_replay(world, 14), 10);
	assert_int_equal(world->given[0], 7);
	assert_int_equal(world->given[1], 7);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(is_whole_as_far_as_every_feed_says_so),
		TEST(fills_a_hole_in_one_feed_while_the_other_is_well),
		TEST(goes_over_the_end_of_history_when_its_feeds_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
