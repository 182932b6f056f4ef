/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test_curve.c - a client over TCP: its key, its feeds, what it does meanwhile
 */
#include "tests/unit/tiny_gateway.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define LONG 20000 /* ms; only a broken client needs them */

struct world {
	struct tiny *tiny;
	struct gridcall_client *client;
	struct gridcall_subscription *feed;
	struct gridcall_fault fault;
	uint64_t last; /* seq of the last event given */
	uint64_t count;
	char trouble[512];
	unsigned int pages;
	char units[16];
	uint64_t breaks;
	unsigned int answers;
	int rc;
	uint32_t packets;
	uint32_t lost;
	bool talk_over;
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct gridcall_config config = {0};

	world->tiny = tiny_open();
	config.key_file = world->tiny->key_file;
	world->client = gridcall_open(&config, &world->fault);
	assert_non_null(world->client);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	gridcall_unsubscribe(world->feed);
	gridcall_close(world->client);
	tiny_close(world->tiny);
	free(world);
	return 0;
}

static void reopen(struct world *world, const struct gridcall_keyfile *key)
{
	struct gridcall_config config = {.address = world->tiny->key.commands,
					 .key = key};

	gridcall_close(world->client);
	world->client = gridcall_open(&config, &world->fault);
	assert_non_null(world->client);
}

static int ask(struct world *world, int deadline_ms)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__StatusRequest status = GRIDCALL__V1__STATUS_REQUEST__INIT;
	struct gridcall_patience patience = {.deadline_ms = deadline_ms};
	Gridcall__V1__Reply *reply;
	int rc;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_STATUS;
	request.status = &status;
	rc = gridcall_ask(world->client, &request, &patience, &reply,
			  &world->fault);
	if (!rc)
		gridcall_reply_free(reply);
	return rc;
}

/* One turn of somebody's loop. */
static void turn(struct world *world)
{
	struct pollfd fd = {.fd = gridcall_fd(world->client), .events = POLLIN};

	(void)poll(&fd, 1, LONG);
	gridcall_process(world->client);
}

/* ----------------------------------------------------------------- keys -- */

static void comes_in_by_its_key_file_alone(void **state)
{
	assert_int_equal(ask(*state, LONG), 0);
}

static void says_that_its_key_is_refused(void **state)
{
	struct world *world = *state;

	world->tiny->admits = false;
	assert_int_equal(ask(world, LONG), -EACCES);
	assert_non_null(strstr(world->fault.sentence,
			       "refuses the key of 'dispatch110'"));
}

static void comes_in_once_its_key_is_admitted(void **state)
{
	struct world *world = *state;
	int rc = -EACCES;

	world->tiny->admits = false;
	assert_int_equal(ask(world, LONG), -EACCES);
	world->tiny->admits = true;
	while (rc == -EACCES)
		rc = ask(world, LONG);
	assert_int_equal(rc, 0);
}

static void says_that_a_gateway_wants_a_key(void **state)
{
	struct world *world = *state;

	reopen(world, NULL);
	assert_int_equal(ask(world, LONG), -EACCES);
	assert_non_null(strstr(world->fault.sentence, "without a key"));
}

static void says_that_the_gateway_is_another_one(void **state)
{
	struct world *world = *state;
	struct gridcall_keyfile key = world->tiny->key;

	strcpy(key.server_key, key.public_key);
	reopen(world, &key);
	assert_int_equal(ask(world, LONG), -EACCES);
	assert_non_null(strstr(world->fault.sentence, "server-key"));
}

static void refuses_a_network_without_the_key_of_its_gateway(void **state)
{
	struct world *world = *state;
	struct gridcall_keyfile key = world->tiny->key;
	struct gridcall_config config = {.key = &key};

	key.server_key[0] = '\0';
	assert_null(gridcall_open(&config, &world->fault));
	assert_non_null(strstr(world->fault.sentence, "server-key"));
}

static void says_at_once_that_nobody_listens_at_a_port(void **state)
{
	struct world *world = *state;
	struct gridcall_config config = {.address = "tcp://127.0.0.1:1",
					 .key = &world->tiny->key};

	gridcall_close(world->client);
	world->client = gridcall_open(&config, NULL);
	assert_int_equal(ask(world, LONG), -ECONNREFUSED);
}

/* ------------------------------------------------------------- not waiting */

static void on_answer(void *data, const struct gridcall_answer *answer)
{
	struct world *world = data;

	world->answers++;
	world->rc = answer->rc;
	assert_true(!answer->reply == (answer->rc != 0));
}

static uint64_t post(struct world *world, int deadline_ms)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__StatusRequest status = GRIDCALL__V1__STATUS_REQUEST__INIT;
	struct gridcall_sent sent = {.on_answer = on_answer,
				     .data = world,
				     .deadline_ms = deadline_ms};
	uint64_t id;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_STATUS;
	request.status = &status;
	id = gridcall_send(world->client, &request, &sent, &world->fault);
	assert_true(id);
	return id;
}

static void tells_every_answer_once(void **state)
{
	struct world *world = *state;
	int i;

	for (i = 0; i < 100; i++)
		(void)post(world, LONG);
	while (world->answers < 100)
		turn(world);
	assert_int_equal(world->rc, 0);
}

static void keeps_answers_that_come_while_it_waits_for_another(void **state)
{
	struct world *world = *state;

	(void)post(world, LONG);
	assert_int_equal(ask(world, LONG), 0);
	assert_int_equal(world->answers, 0);
	while (!world->answers)
		turn(world);
	assert_int_equal(world->rc, 0);
}

static void tells_a_deadline_that_passed(void **state)
{
	struct world *world = *state;

	world->tiny->mute = true;
	(void)post(world, 1);
	while (!world->answers)
		turn(world);
	assert_int_equal(world->rc, -ETIMEDOUT);
}

static void withdraws_what_is_cancelled(void **state)
{
	struct world *world = *state;

	world->tiny->mute = true;
	gridcall_cancel(world->client, post(world, LONG));
	gridcall_cancel(world->client, 12345);
	while (!world->tiny->withdrawn)
		(void)ask(world, 1);
	assert_int_equal(world->answers, 0);
	assert_int_equal(world->tiny->withdrawn, 1);
}

/* --------------------------------------------------------------- events -- */

static void on_event(void *data, const struct gridcall_event *event)
{
	struct world *world = data;

	assert_int_equal(event->seq, world->last + 1);
	world->last = event->seq;
	world->count++;
}

static void on_trouble(void *data, const char *sentence)
{
	struct world *world = data;

	snprintf(world->trouble, sizeof(world->trouble), "%s",
		 sentence ? sentence : "");
}

static void on_break(void *data, const struct gridcall_break *now,
		     uint64_t *after_seq)
{
	((struct world *)data)->breaks++;
}

static void on_snapshot(void *data, const struct gridcall_page *page)
{
	struct world *world = data;

	if (page->first)
		world->units[0] = '\0';
	strcat(world->units, page->reply->units[0]->code);
	world->pages++;
	if (page->last)
		world->last = page->reply->through_seq;
}

static void subscribe(struct world *world, struct gridcall_interest interest)
{
	interest.on_event = on_event;
	interest.on_trouble = on_trouble;
	interest.on_break = on_break;
	interest.data = world;
	world->feed =
		gridcall_subscribe(world->client, &interest, &world->fault);
	assert_non_null(world->feed);
}

static void follow(struct world *world)
{
	while (world->last < world->tiny->seq)
		turn(world);
}

static void finds_its_feed_and_its_areas_by_whoami(void **state)
{
	struct world *world = *state;

	world->tiny->seq = 2500;
	subscribe(world, (struct gridcall_interest){.position = "- 0"});
	follow(world);
	world->tiny->seq = 2600;
	follow(world);
	assert_int_equal(world->count, 2600);
	assert_true(gridcall_is_whole(world->feed));
	assert_string_equal(world->trouble, "");
}

static void takes_a_named_feed_with_the_key_of_its_gateway(void **state)
{
	struct world *world = *state;
	char address[80];

	snprintf(address, sizeof(address), "tcp://127.0.0.1%s",
		 strrchr(world->tiny->feed, ':'));
	subscribe(world, (struct gridcall_interest){.feed = address,
						    .position = "- 0"});
	world->tiny->seq = 5;
	follow(world);
	while (!gridcall_is_whole(world->feed))
		turn(world);
	world->tiny->seq = 6;
	follow(world);
	assert_string_equal(world->trouble, "");
}

static void refuses_to_give_events_to_nobody(void **state)
{
	struct world *world = *state;
	struct gridcall_interest interest = {.position = "- 0"};

	assert_null(
		gridcall_subscribe(world->client, &interest, &world->fault));
	assert_non_null(strstr(world->fault.sentence, "nobody"));
}

static void says_that_no_feed_carries_an_area(void **state)
{
	static const char *const other[] = {"gc1.440103."};
	struct world *world = *state;

	subscribe(world, (struct gridcall_interest){.prefixes = other,
						    .prefix_count = 1});
	while (!world->trouble[0])
		turn(world);
	assert_non_null(strstr(world->trouble, "gc1.440103."));
}

static void tells_a_refused_key_as_trouble_until_it_is_admitted(void **state)
{
	struct world *world = *state;

	world->tiny->admits = false;
	world->tiny->seq = 10;
	subscribe(world, (struct gridcall_interest){.position = "- 0"});
	while (!world->trouble[0])
		turn(world);
	assert_non_null(strstr(world->trouble, "refuses the key"));
	world->tiny->admits = true;
	follow(world);
	while (world->trouble[0])
		turn(world);
}

static void takes_a_snapshot_at_the_start_and_goes_on_after_it(void **state)
{
	struct world *world = *state;

	world->tiny->seq = 70;
	subscribe(world,
		  (struct gridcall_interest){.on_snapshot = on_snapshot});
	follow(world);
	world->tiny->seq = 90;
	follow(world);
	assert_string_equal(world->units, "U1U2");
	assert_int_equal(world->pages, 2);
	assert_int_equal(world->count, 20);
	assert_int_equal(world->breaks, 0);
}

static void takes_a_snapshot_when_history_was_trimmed(void **state)
{
	struct world *world = *state;
	char position[64];

	world->tiny->seq = 70;
	world->tiny->trimmed = true;
	world->last = 5;
	subscribe(world,
		  (struct gridcall_interest){.position = TINY_EPOCH " 5",
					     .on_snapshot = on_snapshot});
	while (!gridcall_is_whole(world->feed))
		turn(world);
	assert_int_equal(world->breaks, 1);
	assert_int_equal(world->pages, 2);
	assert_int_equal(world->count, 0);
	gridcall_position(world->feed, position, sizeof(position));
	assert_string_equal(position, TINY_EPOCH " 70");
}

static void has_no_position_before_it_knows_anything(void **state)
{
	struct world *world = *state;
	char position[64] = "x";

	subscribe(world, (struct gridcall_interest){0});
	assert_int_equal(gridcall_position(world->feed, position, 64), 0);
	assert_string_equal(position, "");
}

static void goes_on_where_its_position_file_says(void **state)
{
	struct world *world = *state;
	struct gridcall_interest interest = {.position = "- 0"};
	char path[64];

	snprintf(path, sizeof(path), "%s/position", world->tiny->folder);
	interest.position_file = path;
	world->tiny->seq = 40;
	subscribe(world, interest);
	follow(world);
	world->feed = gridcall_unsubscribe(world->feed);
	world->tiny->seq = 50;
	subscribe(world, interest);
	follow(world);
	assert_int_equal(world->count, 50);
	world->feed = gridcall_unsubscribe(world->feed);
	assert_int_equal(unlink(path), 0);
}

static void refuses_a_position_file_that_holds_something_else(void **state)
{
	struct world *world = *state;
	struct gridcall_interest interest = {
		.on_event = on_event, .position_file = world->tiny->key_file};

	assert_null(
		gridcall_subscribe(world->client, &interest, &world->fault));
	assert_non_null(strstr(world->fault.sentence, "position"));
}

/* ---------------------------------------------------------------- voice -- */

static void on_voice(void *data, const Gridcall__V1__Voice *voice,
		     uint32_t lost)
{
	struct world *world = data;

	assert_string_equal(voice->channel, "TH07");
	assert_memory_equal(voice->packets[0].data, "opus", 4);
	world->packets += (uint32_t)voice->n_packets;
	world->lost += lost;
}

static void hears_a_channel_while_it_holds_the_lease(void **state)
{
	static const char *const channels[] = {"TH07"};
	struct world *world = *state;
	struct gridcall_hearing hearing = {.channels = channels,
					   .channel_count = 1,
					   .on_voice = on_voice,
					   .on_trouble = on_trouble,
					   .data = world};
	struct gridcall_listener *listener;

	listener = gridcall_listen(world->client, &hearing, NULL);
	assert_non_null(listener);
	while (world->packets < 12 || world->tiny->leases < 2)
		turn(world);
	assert_string_equal(world->trouble, "");
	assert_true(world->lost >= 2);
	gridcall_unlisten(listener);
	while (!world->tiny->stopped)
		(void)ask(world, 1);
}

static void on_ended(void *data, int rc, const char *sentence)
{
	struct world *world = data;

	world->talk_over = true;
	world->rc = rc;
}

static struct gridcall_talk *talk_begin(struct world *world)
{
	static const char *const channels[] = {"TH07"};
	struct gridcall_talk_to to = {.channels = channels,
				      .channel_count = 1,
				      .on_ended = on_ended,
				      .data = world};

	return gridcall_talk_begin(world->client, &to, &world->fault);
}

static void brings_every_packet_of_a_talk_in_order(void **state)
{
	struct world *world = *state;
	struct gridcall_talk *talk = talk_begin(world);
	uint8_t bytes[] = {1, 2, 3};
	ProtobufCBinaryData packets[3] = {{3, bytes}, {3, bytes}, {0, NULL}};
	int i;

	for (i = 0; i < 100; i++)
		assert_int_equal(gridcall_talk_packets(talk, packets, 3), 0);
	while (world->tiny->talked < 100)
		turn(world);
	for (i = 0; i < 10; i++)
		assert_int_equal(gridcall_talk_packets(talk, packets, 3), 0);
	assert_int_equal(gridcall_talk_end(talk), 0);
	assert_int_equal(gridcall_talk_packets(talk, packets, 3), -EPIPE);
	while (!world->talk_over)
		turn(world);
	assert_int_equal(world->rc, 0);
	assert_int_equal(world->tiny->talked, 330);
	assert_true(world->tiny->talk_ended);
	gridcall_talk_free(talk);
}

static void holds_ten_seconds_of_a_talk_at_most(void **state)
{
	struct world *world = *state;
	struct gridcall_talk *talk = talk_begin(world);
	ProtobufCBinaryData packet = {0, NULL};
	int count = 0;

	while (!gridcall_talk_packets(talk, &packet, 1))
		count++;
	assert_int_equal(count, 500);
	assert_int_equal(gridcall_talk_packets(talk, &packet, 1), -EAGAIN);
	gridcall_talk_free(talk);
}

static void ends_a_talk_that_is_let_go(void **state)
{
	struct world *world = *state;
	struct gridcall_talk *talk = talk_begin(world);
	ProtobufCBinaryData packet = {0, NULL};

	gridcall_talk_packets(talk, &packet, 1);
	while (!world->tiny->talked)
		turn(world);
	gridcall_talk_free(talk);
	while (!world->tiny->talk_ended)
		(void)ask(world, 1);
	assert_false(world->talk_over);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(comes_in_by_its_key_file_alone),
		TEST(says_that_its_key_is_refused),
		TEST(comes_in_once_its_key_is_admitted),
		TEST(says_that_a_gateway_wants_a_key),
		TEST(says_that_the_gateway_is_another_one),
		TEST(refuses_a_network_without_the_key_of_its_gateway),
		TEST(says_at_once_that_nobody_listens_at_a_port),
		TEST(tells_every_answer_once),
		TEST(keeps_answers_that_come_while_it_waits_for_another),
		TEST(tells_a_deadline_that_passed),
		TEST(withdraws_what_is_cancelled),
		TEST(finds_its_feed_and_its_areas_by_whoami),
		TEST(takes_a_named_feed_with_the_key_of_its_gateway),
		TEST(refuses_to_give_events_to_nobody),
		TEST(says_that_no_feed_carries_an_area),
		TEST(tells_a_refused_key_as_trouble_until_it_is_admitted),
		TEST(takes_a_snapshot_at_the_start_and_goes_on_after_it),
		TEST(takes_a_snapshot_when_history_was_trimmed),
		TEST(has_no_position_before_it_knows_anything),
		TEST(goes_on_where_its_position_file_says),
		TEST(refuses_a_position_file_that_holds_something_else),
		TEST(hears_a_channel_while_it_holds_the_lease),
		TEST(brings_every_packet_of_a_talk_in_order),
		TEST(holds_ten_seconds_of_a_talk_at_most),
		TEST(ends_a_talk_that_is_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
