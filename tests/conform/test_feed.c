/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test_feed.c - a client's feed over the built ZeroMQ service loses nothing
 *
 * The gateway's side commits events and keeps some of them from the feed, as a
 * full queue would; the client must have them all, once and in order.
 */
#include "tests/conform/service_host.h"

#include <inttypes.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define STATUS   "gc1.gateway.GZ01.status"
#define TOPICS   3
#define PATIENCE 20000 /* ms; only a broken feed needs them */

/* Event seq lies on topic seq modulo 3. */
static const char *const topics[TOPICS] = {
	"gc1.440106.1.07.reply",
	"gc1.440106.1.07.call",
	"gc1.440106.2.01.over",
};

struct ledger {
	char epoch[20];
	uint64_t seq;
	uint64_t told; /* heartbeats */
};

struct world {
	struct host host;
	struct ledger ledger; /* below the host's lock */
	struct gridcall_client *client;
	struct gridcall_subscription *feed;
	uint64_t given[TOPICS];
	uint64_t count;
	uint64_t breaks;
	char last_epoch[20];
};

static uint64_t topic_seq(uint64_t seq, uint64_t topic)
{
	return topic ? (seq + TOPICS - topic) / TOPICS : seq / TOPICS;
}

static ProtobufCBinaryData pack_event(const struct ledger *ledger, uint64_t seq)
{
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;
	ProtobufCBinaryData bytes;

	event.epoch = (char *)ledger->epoch;
	event.seq = seq;
	event.gateway = (char *)"GZ01";
	event.topic = (char *)topics[seq % TOPICS];
	event.topic_seq = topic_seq(seq, seq % TOPICS);
	bytes.len = gridcall__v1__event__get_packed_size(&event);
	bytes.data = malloc(bytes.len);
	gridcall__v1__event__pack(&event, bytes.data);
	return bytes;
}

static Gridcall__V1__TopicTail **make_tails(const struct ledger *ledger,
					    Gridcall__V1__TopicTail *tails,
					    Gridcall__V1__TopicTail **list)
{
	size_t i;

	for (i = 0; i < TOPICS; i++) {
		gridcall__v1__topic_tail__init(&tails[i]);
		tails[i].topic = (char *)topics[i];
		tails[i].topic_seq = topic_seq(ledger->seq, i);
		list[i] = &tails[i];
	}
	return list;
}

static void fill_status(const struct ledger *ledger,
			Gridcall__V1__Status *status)
{
	gridcall__v1__status__init(status);
	status->gateway = (char *)"GZ01";
	status->epoch = (char *)ledger->epoch;
	status->seq = ledger->seq;
	status->time_us = 1700000000000000;
	status->up_since_us = 1600000000000000;
}

static uint8_t *pack_reply(Gridcall__V1__Reply *reply, size_t *len)
{
	uint8_t *bytes;

	*len = gridcall__v1__reply__get_packed_size(reply);
	bytes = malloc(*len);
	gridcall__v1__reply__pack(reply, bytes);
	return bytes;
}

static uint8_t *answer_replay(const struct ledger *ledger,
			      const Gridcall__V1__ReplayRequest *request,
			      Gridcall__V1__Reply *reply, size_t *len)
{
	Gridcall__V1__ReplayReply page = GRIDCALL__V1__REPLAY_REPLY__INIT;
	Gridcall__V1__Error error = GRIDCALL__V1__ERROR__INIT;
	Gridcall__V1__TopicTail tails[TOPICS];
	Gridcall__V1__TopicTail *list[TOPICS];
	ProtobufCBinaryData events[50];
	uint64_t seq = request->after_seq;
	uint8_t *bytes;

	if (strcmp(request->epoch, ledger->epoch)) {
		error.code = GRIDCALL__V1__ERROR_CODE__ERROR_NEED_SNAPSHOT;
		reply->error = &error;
		return pack_reply(reply, len);
	}
	while (seq < ledger->seq && page.n_events < 50)
		events[page.n_events++] = pack_event(ledger, ++seq);
	page.epoch = (char *)ledger->epoch;
	page.events = events;
	page.through_seq = seq;
	page.more = seq < ledger->seq;
	page.n_topics = page.more ? 0 : TOPICS;
	page.topics = make_tails(ledger, tails, list);
	reply->body_case = GRIDCALL__V1__REPLY__BODY_REPLAY;
	reply->replay = &page;
	bytes = pack_reply(reply, len);
	while (page.n_events)
		free(events[--page.n_events].data);
	return bytes;
}

/* On the host's thread, below its lock. */
static uint8_t *answer(struct host *host, const uint8_t *data, size_t *len)
{
	struct ledger *ledger = host->data;
	Gridcall__V1__Request *request =
		gridcall__v1__request__unpack(NULL, *len, data);
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__Status status;
	uint8_t *bytes;

	reply.id = request->id;
	if (request->body_case == GRIDCALL__V1__REQUEST__BODY_REPLAY) {
		bytes = answer_replay(ledger, request->replay, &reply, len);
	} else {
		fill_status(ledger, &status);
		reply.body_case = GRIDCALL__V1__REPLY__BODY_STATUS;
		reply.status = &status;
		bytes = pack_reply(&reply, len);
	}
	gridcall__v1__request__free_unpacked(request, NULL);
	return bytes;
}

static void send(struct host *host, const char *topic, const uint8_t *data,
		 size_t len)
{
	struct gridcall_message message = {
		.topic = topic, .payload = data, .len = len};

	assert_int_equal(host->service->publish(host->state, &message), 0);
}

/* Commit count events; every lost-th of them never reaches the feed. */
static void commit(struct world *world, int count, int lost)
{
	struct host *host = &world->host;

	pthread_mutex_lock(&host->lock);
	while (count--) {
		uint64_t seq = ++world->ledger.seq;
		ProtobufCBinaryData bytes = pack_event(&world->ledger, seq);

		if (!lost || seq % (uint64_t)lost)
			send(host, topics[seq % TOPICS], bytes.data, bytes.len);
		free(bytes.data);
	}
	pthread_mutex_unlock(&host->lock);
}

static void beat(struct world *world)
{
	struct host *host = &world->host;
	Gridcall__V1__TopicTail tails[TOPICS];
	Gridcall__V1__TopicTail *list[TOPICS];
	Gridcall__V1__Status status;
	uint8_t bytes[1024];

	pthread_mutex_lock(&host->lock);
	fill_status(&world->ledger, &status);
	status.n_topics = TOPICS;
	status.topics = make_tails(&world->ledger, tails, list);
	send(host, STATUS, bytes, gridcall__v1__status__pack(&status, bytes));
	pthread_mutex_unlock(&host->lock);
}

static void on_event(void *data, const struct gridcall_event *event)
{
	struct world *world = data;
	uint64_t topic = event->seq % TOPICS;

	assert_string_equal(event->topic, topics[topic]);
	assert_int_equal(event->topic_seq, world->given[topic] + 1);
	world->given[topic] = event->topic_seq;
	world->count++;
}

static void on_break(void *data, const struct gridcall_break *now,
		     uint64_t *after_seq)
{
	struct world *world = data;

	world->breaks++;
	snprintf(world->last_epoch, sizeof(world->last_epoch), "%s",
		 now->epoch);
	memset(world->given, 0, sizeof(world->given));
	world->count = 0;
	*after_seq = 0;
}

static void subscribe(struct world *world, const char *position)
{
	static const char *const prefixes[] = {"gc1.440106.1.", "gc1.440106."};
	struct gridcall_interest config = {.feed = world->host.feed,
					   .prefixes = prefixes,
					   .prefix_count = 2,
					   .position = position,
					   .on_event = on_event,
					   .on_break = on_break,
					   .data = world};

	world->feed = gridcall_subscribe(world->client, &config, NULL);
	assert_non_null(world->feed);
}

/* As a stranger's loop would; heartbeats come until everything is there. */
static void follow(struct world *world)
{
	struct pollfd fd = {.fd = gridcall_fd(world->client), .events = POLLIN};
	uint64_t before = world->count;
	int idle = PATIENCE / 10; /* turns without a new event */

	while (idle && (world->count < world->ledger.seq ||
			!gridcall_is_whole(world->feed))) {
		if (!poll(&fd, 1, 10)) {
			beat(world);
			idle--;
		}
		gridcall_process(world->client);
		if (world->count != before)
			idle = PATIENCE / 10;
		before = world->count;
	}
	assert_int_equal(world->count, world->ledger.seq);
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct host *host = &world->host;
	struct gridcall_option options[3] = {{"commands", host->commands},
					     {"feed", host->everything}};

	host_init(host);
	host->answer = answer;
	host->data = &world->ledger;
	strcpy(world->ledger.epoch, "00000000000000aa");
	assert_int_equal(host->service->open(&host->state, &host_table,
					     (struct gridcall_bridge *)host,
					     options, &host->why),
			 0);
	pthread_create(&host->thread, NULL, host_main, host);
	world->client = open_client(host, NULL);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	struct host *host = &world->host;

	gridcall_unsubscribe(world->feed);
	gridcall_close(world->client);
	host_set(host, &host->stopping, true);
	pthread_join(host->thread, NULL);
	host->service->close(host->state);
	assert_int_equal(rmdir(host->folder), 0);
	free(world);
	return 0;
}

static void brings_history_and_what_follows(void **state)
{
	struct world *world = *state;

	commit(world, 500, 0);
	subscribe(world, "- 0");
	follow(world);
	commit(world, 20000, 0);
	follow(world);
	assert_int_equal(world->breaks, 0);
}

static void fills_every_hole(void **state)
{
	struct world *world = *state;
	struct gridcall_stats stats;
	int i;

	subscribe(world, "- 0");
	follow(world);
	for (i = 0; i < 20; i++) {
		commit(world, 50, 7);
		follow(world);
	}
	gridcall_get_stats(world->feed, &stats);
	assert_true(stats.recovered > 0);
}

static void fills_a_hole_that_is_the_last_event(void **state)
{
	struct world *world = *state;

	subscribe(world, "- 0");
	follow(world);
	commit(world, 1, 1);
	follow(world);
}

static void goes_on_where_it_was_closed(void **state)
{
	struct world *world = *state;
	char position[256];

	subscribe(world, "- 0");
	commit(world, 100, 9);
	follow(world);
	gridcall_position(world->feed, position, sizeof(position));
	world->feed = gridcall_unsubscribe(world->feed);
	commit(world, 1000, 0);
	subscribe(world, position);
	follow(world);
	assert_int_equal(world->breaks, 0);
}

static void tells_that_the_ledger_is_another(void **state)
{
	struct world *world = *state;

	subscribe(world, "- 0");
	commit(world, 30, 0);
	follow(world);
	pthread_mutex_lock(&world->host.lock);
	strcpy(world->ledger.epoch, "00000000000000bb");
	pthread_mutex_unlock(&world->host.lock);
	commit(world, 30, 0);
	follow(world);
	assert_int_equal(world->breaks, 1);
	assert_string_equal(world->last_epoch, "00000000000000bb");
}

static bool was_asked(struct host *host)
{
	bool asked;

	pthread_mutex_lock(&host->lock);
	asked = host->taken > 0;
	pthread_mutex_unlock(&host->lock);
	return asked;
}

static void keeps_on_asking_a_gateway_that_is_busy(void **state)
{
	struct world *world = *state;
	struct pollfd fd = {.events = POLLIN};

	commit(world, 10, 0);
	host_set(&world->host, &world->host.busy, true);
	subscribe(world, "- 0");
	fd.fd = gridcall_fd(world->client);
	while (!was_asked(&world->host) && poll(&fd, 1, PATIENCE) > 0)
		gridcall_process(world->client);
	host_set(&world->host, &world->host.busy, false);
	follow(world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(brings_history_and_what_follows),
		TEST(fills_every_hole),
		TEST(fills_a_hole_that_is_the_last_event),
		TEST(goes_on_where_it_was_closed),
		TEST(tells_that_the_ledger_is_another),
		TEST(keeps_on_asking_a_gateway_that_is_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
