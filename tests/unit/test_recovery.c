/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "proto/recovery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/topic.h"

#define STATUS     "gc1.gateway.GZ01.status"
#define TOPICS     4
#define EVENTS_MAX 20000
#define PAGE       7 /* events that a replay's answer holds here */

/* Event seq lies on topic owner[seq]; the last is not subscribed to. */
struct gateway {
	char epoch[20];
	uint64_t seq;
	uint64_t trimmed; /* events up to here are gone */
	uint64_t topic_seq[EVENTS_MAX];
	uint8_t owner[EVENTS_MAX];
	int64_t time_us;
	int64_t up_since_us;
	uint64_t tail[TOPICS];
	int64_t changed_us[TOPICS];
	uint64_t replays;
};

struct subscriber {
	struct recovery *recovery;
	uint64_t given[TOPICS]; /* last topic_seq, by topic */
	uint64_t count;
	uint64_t breaks;
	uint64_t volatiles;
	bool trimmed;
	uint64_t go_on_after; /* UINT64_MAX: as it is told */
};

static const char *const topics[TOPICS] = {
	"gc1.440106.1.07.call",
	"gc1.440106.1.07.reply",
	"gc1.440106.2.08.reply",
	"gc1.440103.1.01.reply",
};

static const char *const prefixes[] = {"gc1.440106."};

static size_t topic_index(const char *topic)
{
	size_t i = 0;

	while (strcmp(topics[i], topic))
		assert_true(++i < TOPICS);
	return i;
}

static void on_event(void *data, const struct gridcall_event *event)
{
	struct subscriber *subscriber = data;
	size_t i = topic_index(event->topic);

	assert_int_equal(event->topic_seq, subscriber->given[i] + 1);
	assert_int_equal(event->event->seq, event->seq);
	assert_true(i < TOPICS - 1);
	subscriber->given[i] = event->topic_seq;
	subscriber->count++;
}

static void on_volatile(void *data, const char *topic, const uint8_t *payload,
			size_t len)
{
	((struct subscriber *)data)->volatiles++;
}

static void on_break(void *data, const struct gridcall_break *now,
		     uint64_t *after_seq)
{
	struct subscriber *subscriber = data;

	subscriber->breaks++;
	subscriber->trimmed = now->trimmed;
	assert_int_equal(*after_seq, now->seq);
	if (subscriber->go_on_after != UINT64_MAX)
		*after_seq = subscriber->go_on_after;
}

static void subscribe(struct subscriber *subscriber, const char *position)
{
	struct gridcall_interest config = {.prefixes = prefixes,
					   .position = position,
					   .on_event = on_event,
					   .on_volatile = on_volatile,
					   .on_break = on_break,
					   .prefix_count = 1,
					   .data = subscriber};

	subscriber->recovery = recovery_alloc(&config);
	assert_non_null(subscriber->recovery);
}

static void commit(struct gateway *gateway, size_t owner)
{
	uint64_t seq = ++gateway->seq;

	assert_true(seq < EVENTS_MAX);
	gateway->owner[seq] = (uint8_t)owner;
	gateway->topic_seq[seq] = ++gateway->tail[owner];
	gateway->time_us += 1000;
	gateway->changed_us[owner] = gateway->time_us;
}

static ProtobufCBinaryData pack_event(const struct gateway *gateway,
				      uint64_t seq)
{
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;
	ProtobufCBinaryData bytes;

	event.epoch = (char *)gateway->epoch;
	event.seq = seq;
	event.gateway = (char *)"GZ01";
	event.topic = (char *)topics[gateway->owner[seq]];
	event.topic_seq = gateway->topic_seq[seq];
	bytes.len = gridcall__v1__event__get_packed_size(&event);
	bytes.data = malloc(bytes.len);
	gridcall__v1__event__pack(&event, bytes.data);
	return bytes;
}

static void publish(struct gateway *gateway, struct subscriber *subscriber,
		    uint64_t seq)
{
	const char *topic = topics[gateway->owner[seq]];
	ProtobufCBinaryData bytes;

	if (gateway->owner[seq] == TOPICS - 1)
		return;
	bytes = pack_event(gateway, seq);
	recovery_message(subscriber->recovery, topic, strlen(topic), bytes.data,
			 bytes.len);
	free(bytes.data);
}

static void with_status(struct gateway *gateway, struct subscriber *subscriber,
			bool asked)
{
	Gridcall__V1__Status status = GRIDCALL__V1__STATUS__INIT;
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__TopicTail tails[TOPICS];
	Gridcall__V1__TopicTail *list[TOPICS];
	uint8_t bytes[1024];
	size_t i;

	status.gateway = (char *)"GZ01";
	status.epoch = gateway->epoch;
	status.seq = gateway->seq;
	status.time_us = gateway->time_us;
	status.up_since_us = gateway->up_since_us;
	status.topics = list;
	for (i = 0; i < TOPICS; i++) {
		gridcall__v1__topic_tail__init(&tails[i]);
		tails[i].topic = (char *)topics[i];
		tails[i].topic_seq = gateway->tail[i];
		if (gateway->changed_us[i] > gateway->time_us - 30000000)
			list[status.n_topics++] = &tails[i];
	}
	reply.body_case = GRIDCALL__V1__REPLY__BODY_STATUS;
	reply.status = &status;
	if (asked)
		assert_int_equal(recovery_reply(subscriber->recovery, &reply),
				 0);
	else
		recovery_message(subscriber->recovery, STATUS, strlen(STATUS),
				 bytes,
				 gridcall__v1__status__pack(&status, bytes));
}

static void beat(struct gateway *gateway, struct subscriber *subscriber,
		 int64_t after_us)
{
	gateway->time_us += after_us;
	with_status(gateway, subscriber, false);
}

static int refuse(struct subscriber *subscriber, Gridcall__V1__ErrorCode code)
{
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__Error error = GRIDCALL__V1__ERROR__INIT;

	error.code = code;
	reply.error = &error;
	return recovery_reply(subscriber->recovery, &reply);
}

static void answer_replay(struct gateway *gateway,
			  struct subscriber *subscriber)
{
	Gridcall__V1__ReplayRequest request;
	Gridcall__V1__ReplayReply page = GRIDCALL__V1__REPLAY_REPLY__INIT;
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__TopicTail tails[TOPICS];
	Gridcall__V1__TopicTail *list[TOPICS];
	ProtobufCBinaryData events[PAGE];
	uint64_t seq;
	size_t i;

	gateway->replays++;
	recovery_replay(subscriber->recovery, &request);
	if (strcmp(request.epoch, gateway->epoch) ||
	    request.after_seq < gateway->trimmed) {
		refuse(subscriber,
		       GRIDCALL__V1__ERROR_CODE__ERROR_NEED_SNAPSHOT);
		return;
	}
	page.epoch = gateway->epoch;
	page.events = events;
	page.topics = list;
	for (seq = request.after_seq + 1;
	     seq <= gateway->seq && page.n_events < PAGE; seq++)
		if (gateway->owner[seq] != TOPICS - 1)
			events[page.n_events++] = pack_event(gateway, seq);
	page.through_seq = seq - 1;
	page.more = seq <= gateway->seq;
	for (i = 0; !page.more && i < TOPICS - 1; i++) {
		gridcall__v1__topic_tail__init(&tails[i]);
		tails[i].topic = (char *)topics[i];
		tails[i].topic_seq = gateway->tail[i];
		list[page.n_topics++] = &tails[i];
	}
	reply.body_case = GRIDCALL__V1__REPLY__BODY_REPLAY;
	reply.replay = &page;
	assert_int_equal(recovery_reply(subscriber->recovery, &reply), 0);
	for (i = 0; i < page.n_events; i++)
		free(events[i].data);
}

/* One question, if there is one. */
static bool serve(struct gateway *gateway, struct subscriber *subscriber)
{
	enum recovery_need need = recovery_need(subscriber->recovery);

	if (need == RECOVERY_STATUS)
		with_status(gateway, subscriber, true);
	if (need == RECOVERY_REPLAY)
		answer_replay(gateway, subscriber);
	return need != RECOVERY_NOTHING;
}

static void serve_all(struct gateway *gateway, struct subscriber *subscriber)
{
	while (serve(gateway, subscriber))
		;
}

static void assert_whole(const struct gateway *gateway,
			 const struct subscriber *subscriber)
{
	size_t i;

	for (i = 0; i < TOPICS - 1; i++)
		assert_int_equal(subscriber->given[i], gateway->tail[i]);
}

static struct gateway *gateway_alloc(void)
{
	struct gateway *gateway = calloc(1, sizeof(*gateway));

	strcpy(gateway->epoch, "00000000000000aa");
	gateway->time_us = 1700000000000000;
	return gateway;
}

struct world {
	struct gateway *gateway;
	struct subscriber subscriber;
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->gateway = gateway_alloc();
	world->subscriber.go_on_after = UINT64_MAX;
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	recovery_free(world->subscriber.recovery);
	free(world->gateway);
	free(world);
	return 0;
}

static void start(struct world *world, const char *position)
{
	subscribe(&world->subscriber, position);
	serve_all(world->gateway, &world->subscriber);
}

static void gives_only_what_comes_now(void **state)
{
	struct world *world = *state;

	commit(world->gateway, 0);
	world->subscriber.given[0] = 1; /* not to be given */
	start(world, NULL);
	assert_int_equal(world->subscriber.count, 0);
	commit(world->gateway, 0);
	publish(world->gateway, &world->subscriber, 2);
	assert_int_equal(world->subscriber.count, 1);
}

static void gives_the_whole_history_in_pages(void **state)
{
	struct world *world = *state;
	int i;

	for (i = 0; i < 100; i++)
		commit(world->gateway, (size_t)i % TOPICS);
	start(world, "- 0");
	assert_whole(world->gateway, &world->subscriber);
	assert_int_equal(world->subscriber.count, 75);
	assert_true(world->gateway->replays > 75 / PAGE);
}

static void fills_a_hole_as_soon_as_it_shows(void **state)
{
	struct world *world = *state;

	start(world, NULL);
	commit(world->gateway, 1);
	commit(world->gateway, 0);
	commit(world->gateway, 1);
	publish(world->gateway, &world->subscriber, 3);
	assert_int_equal(recovery_need(world->subscriber.recovery),
			 RECOVERY_REPLAY);
	serve_all(world->gateway, &world->subscriber);
	assert_whole(world->gateway, &world->subscriber);
	assert_int_equal(recovery_stats(world->subscriber.recovery)->gaps, 1);
}

static void fills_a_lost_last_event_at_the_heartbeat(void **state)
{
	struct world *world = *state;

	start(world, NULL);
	commit(world->gateway, 2);
	beat(world->gateway, &world->subscriber, 1000000);
	serve_all(world->gateway, &world->subscriber);
	assert_whole(world->gateway, &world->subscriber);
}

static void asks_nothing_while_nothing_is_lost(void **state)
{
	struct world *world = *state;
	const char *epoch;
	int i;

	start(world, NULL);
	world->gateway->replays = 0;
	for (i = 0; i < 1000; i++) {
		commit(world->gateway, (size_t)i % TOPICS);
		publish(world->gateway, &world->subscriber,
			world->gateway->seq);
		beat(world->gateway, &world->subscriber, 1000000);
		assert_false(serve(world->gateway, &world->subscriber));
	}
	assert_int_equal(world->gateway->replays, 0);
	assert_int_equal(world->subscriber.volatiles, 1000);
	assert_int_equal(recovery_through(world->subscriber.recovery, &epoch),
			 1000);
	assert_string_equal(epoch, world->gateway->epoch);
}

static void doubts_a_silence_longer_than_heartbeats_cover(void **state)
{
	struct world *world = *state;

	start(world, NULL);
	commit(world->gateway, 2);
	/* Its tail is not told any more. */
	beat(world->gateway, &world->subscriber, 60000000);
	serve_all(world->gateway, &world->subscriber);
	assert_whole(world->gateway, &world->subscriber);
}

static void doubts_a_gateway_that_was_restarted(void **state)
{
	struct world *world = *state;

	start(world, NULL);
	commit(world->gateway, 2);
	world->gateway->changed_us[2] = 0;
	world->gateway->up_since_us++;
	beat(world->gateway, &world->subscriber, 1000000);
	serve_all(world->gateway, &world->subscriber);
	assert_whole(world->gateway, &world->subscriber);
}

static void drops_what_it_gave_before(void **state)
{
	struct world *world = *state;

	start(world, NULL);
	commit(world->gateway, 0);
	publish(world->gateway, &world->subscriber, 1);
	publish(world->gateway, &world->subscriber, 1);
	assert_int_equal(world->subscriber.count, 1);
	assert_int_equal(recovery_stats(world->subscriber.recovery)->duplicates,
			 1);
}

static void tells_a_new_epoch_and_starts_after_it(void **state)
{
	struct world *world = *state;

	commit(world->gateway, 0);
	start(world, "- 0");
	strcpy(world->gateway->epoch, "00000000000000bb");
	beat(world->gateway, &world->subscriber, 1000000);
	serve_all(world->gateway, &world->subscriber);
	assert_int_equal(world->subscriber.breaks, 1);
	assert_false(world->subscriber.trimmed);
	assert_int_equal(world->subscriber.count, 1);
	commit(world->gateway, 0);
	publish(world->gateway, &world->subscriber, 2);
	assert_int_equal(world->subscriber.count, 2);
}

static void gives_the_history_of_a_new_epoch_when_asked_to(void **state)
{
	struct world *world = *state;

	commit(world->gateway, 0);
	world->subscriber.go_on_after = 0;
	start(world, "00000000000000cc 17");
	assert_int_equal(world->subscriber.breaks, 1);
	assert_whole(world->gateway, &world->subscriber);
}

static void tells_that_history_was_trimmed(void **state)
{
	struct world *world = *state;

	while (world->gateway->seq < 20)
		commit(world->gateway, 0);
	world->gateway->trimmed = 10;
	world->subscriber.go_on_after = 0; /* what is gone can't be had */
	start(world, "00000000000000aa 5");
	assert_int_equal(world->gateway->replays, 2);
	assert_true(world->subscriber.trimmed);
	assert_int_equal(world->subscriber.count, 0);
}

static void asks_again_when_refused(void **state)
{
	struct world *world = *state;

	subscribe(&world->subscriber, NULL);
	assert_true(refuse(&world->subscriber,
			   GRIDCALL__V1__ERROR_CODE__ERROR_BUSY) < 0);
	assert_int_equal(recovery_need(world->subscriber.recovery),
			 RECOVERY_STATUS);
}

static void counts_garbage_and_goes_on(void **state)
{
	const char *reply = topics[1];
	const uint8_t junk[] = {0xff, 0xff, 0xff};
	struct world *world = *state;
	struct recovery *recovery;

	start(world, NULL);
	recovery = world->subscriber.recovery;
	recovery_message(recovery, "x", 1, junk, 3);
	recovery_message(recovery, reply, strlen(reply), junk, 3);
	recovery_message(recovery, reply, strlen(reply), NULL, 0);
	recovery_message(recovery, STATUS, strlen(STATUS), junk, 3);
	assert_int_equal(recovery_stats(recovery)->garbage, 4);
	commit(world->gateway, 0);
	publish(world->gateway, &world->subscriber, 1);
	assert_int_equal(world->subscriber.count, 1);
}

/* ---- anything may be lost, doubled or late, at either side ---- */

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void restart(struct subscriber *subscriber)
{
	char position[512];

	assert_true(recovery_position(subscriber->recovery, position,
				      sizeof(position)) < sizeof(position));
	recovery_free(subscriber->recovery);
	subscribe(subscriber, position);
}

static void one_step(struct world *world, uint32_t *seed)
{
	uint32_t dice = next_random(seed) % 100;

	if (dice < 50) {
		commit(world->gateway, next_random(seed) % TOPICS);
		if (next_random(seed) % 8)
			publish(world->gateway, &world->subscriber,
				world->gateway->seq);
	} else if (dice < 60) {
		world->gateway->time_us += 1000000;
		if (next_random(seed) % 4)
			beat(world->gateway, &world->subscriber, 0);
	} else if (dice < 90) {
		serve(world->gateway, &world->subscriber);
	} else if (dice < 92) {
		restart(&world->subscriber);
	} else if (dice < 94) {
		world->gateway->up_since_us = world->gateway->time_us;
	} else if (dice < 95) {
		world->gateway->time_us += 40000000;
	} else if (world->gateway->seq) {
		publish(world->gateway, &world->subscriber,
			1 + next_random(seed) % world->gateway->seq);
	}
}

static void gives_each_event_once_and_in_order_whatever_is_lost(void **state)
{
	uint32_t run;
	int step;

	for (run = 1; run <= 300; run++) {
		uint32_t seed = run * 2654435761u;
		struct world world = {.gateway = gateway_alloc()};

		subscribe(&world.subscriber, "- 0");
		for (step = 0; step < 600; step++)
			one_step(&world, &seed);
		beat(world.gateway, &world.subscriber, 1000000);
		serve_all(world.gateway, &world.subscriber);
		assert_whole(world.gateway, &world.subscriber);
		assert_int_equal(world.subscriber.breaks, 0);
		recovery_free(world.subscriber.recovery);
		free(world.gateway);
	}
}

static void survives_more_than_it_can_hold_during_a_replay(void **state)
{
	static uint8_t large[1 << 20];
	struct world *world = *state;
	int i;

	subscribe(&world->subscriber, "- 0");
	commit(world->gateway, 0);
	for (i = 0; i < 100; i++)
		recovery_message(world->subscriber.recovery, topics[1],
				 strlen(topics[1]), large, sizeof(large));
	assert_int_equal(recovery_stats(world->subscriber.recovery)->overflows,
			 1);
	serve_all(world->gateway, &world->subscriber);
	assert_whole(world->gateway, &world->subscriber);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gives_only_what_comes_now),
		TEST(gives_the_whole_history_in_pages),
		TEST(fills_a_hole_as_soon_as_it_shows),
		TEST(fills_a_lost_last_event_at_the_heartbeat),
		TEST(asks_nothing_while_nothing_is_lost),
		TEST(doubts_a_silence_longer_than_heartbeats_cover),
		TEST(doubts_a_gateway_that_was_restarted),
		TEST(drops_what_it_gave_before),
		TEST(tells_a_new_epoch_and_starts_after_it),
		TEST(gives_the_history_of_a_new_epoch_when_asked_to),
		TEST(tells_that_history_was_trimmed),
		TEST(asks_again_when_refused),
		TEST(counts_garbage_and_goes_on),
		TEST(gives_each_event_once_and_in_order_whatever_is_lost),
		TEST(survives_more_than_it_can_hold_during_a_replay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
