/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Services of today and of plugin.h 1.0 side by side: what the gateway reads
 * of each, and what each is given.
 */
#include "gateway/services.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <osmocom/core/select.h>
#include <osmocom/core/talloc.h>

/* A plugin; what it was given, in the order of its coming. */
struct service {
	const struct gridcall_service_host *host;
	struct gridcall_bridge *bridge;
	char got[512];
};

static struct service today, old;
static void *services_ctx;
static struct services *services;

static char taken[256]; /* the last request */

/* What a plugin of 1.0 has behind the fields that it knows. */
#define POISON ((void *)(uintptr_t)8)

static int open_service(void **state, struct service *service,
			const struct gridcall_service_host *host,
			struct gridcall_bridge *bridge)
{
	service->host = host;
	service->bridge = bridge;
	*state = service;
	return 0;
}

static int open_today(void **state, const struct gridcall_service_host *host,
		      struct gridcall_bridge *bridge,
		      const struct gridcall_option *options,
		      struct gridcall_why *why)
{
	host->feed(bridge, &(struct gridcall_feed){.name = "all",
						   .address = "tcp://*:1",
						   .jurisdiction = "gc1.",
						   .public_key = "Z85",
						   .voice = 1});
	host->feed(bridge,
		   &(struct gridcall_feed){.name = "tianhe",
					   .address = "ipc:///2",
					   .jurisdiction = "gc1.440106."});
	host->commands(bridge, "tcp://*:3", "Z85");
	return open_service(state, &today, host, bridge);
}

static int open_old(void **state, const struct gridcall_service_host *host,
		    struct gridcall_bridge *bridge,
		    const struct gridcall_option *options,
		    struct gridcall_why *why)
{
	host->feed(bridge,
		   &(struct gridcall_feed){.name = "old",
					   .address = "ipc:///4",
					   .jurisdiction = "gc1.440105.",
					   .public_key = POISON,
					   .voice = 1});
	host->feed(bridge, &(struct gridcall_feed){.name = "second",
						   .address = "ipc:///5",
						   .jurisdiction = "gc1.",
						   .public_key = POISON});
	return open_service(state, &old, host, bridge);
}

static void note(struct service *service, const char *text, const char *more)
{
	size_t len = strlen(service->got);

	snprintf(service->got + len, sizeof(service->got) - len, "%s%s%s\n",
		 text, more ? " " : "", more ? more : "");
}

static int publish(void *state, const struct gridcall_message *message)
{
	note(state, message->topic, message->feed);
	return 0;
}

static void reply(void *state, uint64_t token, const uint8_t *data, size_t len)
{
}

static uint64_t progress(void *state)
{
	return 0;
}

static size_t counters(void *state, struct gridcall_counter *list, size_t max)
{
	return 0;
}

static size_t feed_counters(void *state, const char *name,
			    struct gridcall_counter *list, size_t max)
{
	list[0] = (struct gridcall_counter){.name = name, .value = 7};
	return 100; /* more than anybody has room for */
}

static void keys(void *state, const struct gridcall_key *list, size_t count)
{
	size_t i;

	note(state, "keys", NULL);
	for (i = 0; i < count; i++)
		note(state, list[i].principal, list[i].jurisdiction[0]);
}

static void close_service(void *state)
{
}

static const struct gridcall_service service_today = {
	.head = {.abi_minor = 1, .kind = GRIDCALL_SERVICE, .name = "today"},
	.open = open_today,
	.publish = publish,
	.reply = reply,
	.progress = progress,
	.counters = counters,
	.close = close_service,
	.keys = keys,
	.feed_counters = feed_counters,
};

/* As the loader makes it: what it lacks is NULL. */
static const struct gridcall_service service_old = {
	.head = {.abi_minor = 0, .kind = GRIDCALL_SERVICE, .name = "old"},
	.open = open_old,
	.publish = publish,
	.reply = reply,
	.progress = progress,
	.counters = counters,
	.close = close_service,
};

static void on_request(void *data, const struct service_request *request)
{
	snprintf(taken, sizeof(taken), "%s %s %llu %s", request->principal,
		 request->address, (unsigned long long)request->connection,
		 request->public_key ? (const char *)request->public_key
				     : "none");
}

static int set_up(void **state)
{
	struct services_config config = {.on_request = on_request};

	memset(&today, 0, sizeof(today));
	memset(&old, 0, sizeof(old));
	services_ctx = talloc_named_const(NULL, 0, "test");
	services = services_alloc(services_ctx, &config);
	return services ? 0 : -1;
}

static int tear_down(void **state)
{
	services_free(services);
	return talloc_free(services_ctx);
}

static void open_both(void)
{
	struct gridcall_why why;

	assert_int_equal(services_open(services, &service_today, NULL, &why),
			 0);
	assert_int_equal(services_open(services, &service_old, NULL, &why), 0);
}

static void show_feed(void *data, const char *service,
		      const struct gridcall_feed *feed)
{
	char *text = data;

	sprintf(text + strlen(text), "%s %s %s %s%s\n", service, feed->name,
		feed->jurisdiction,
		feed->public_key ? feed->public_key : "plain",
		feed->voice ? " voice" : "");
}

static void show_entrance(void *data, const char *service, const char *address,
			  const char *public_key)
{
	sprintf(data, "%s %s %s", service, address, public_key);
}

static void reads_of_a_feed_what_its_version_has(void **state)
{
	char text[512] = "";

	open_both();
	services_feeds(services, show_feed, text);
	assert_string_equal(text, "today all gc1. Z85 voice\n"
				  "today tianhe gc1.440106. plain\n"
				  "old old gc1.440105. plain\n"
				  "old second gc1. plain\n");
	services_commands(services, show_entrance, text);
	assert_string_equal(text, "today tcp://*:3 Z85");
}

static void bring(struct service *service,
		  const struct gridcall_request *request)
{
	taken[0] = '\0';
	assert_int_equal(service->host->request(service->bridge, request), 0);
	while (!taken[0])
		osmo_select_main_ctx(0);
}

static void reads_of_a_request_what_its_version_has(void **state)
{
	uint8_t key[32] = "a key";
	struct gridcall_request request = {.principal = "somebody",
					   .address = "192.0.2.1",
					   .connection = 9,
					   .public_key = key};

	open_both();
	bring(&today, &request);
	assert_string_equal(taken, "somebody 192.0.2.1 9 a key");
	request.public_key = NULL;
	bring(&today, &request);
	assert_string_equal(taken, "somebody 192.0.2.1 9 none");
	request.public_key = POISON;
	bring(&old, &request);
	assert_string_equal(taken, "somebody 192.0.2.1 0 none");
}

static bool make(void *data, const char *jurisdiction,
		 struct gridcall_message *message)
{
	message->topic = jurisdiction;
	return true;
}

static void makes_a_heartbeat_for_each_feed(void **state)
{
	open_both();
	services_publish_each(services, make, NULL);
	assert_string_equal(today.got, "gc1. all\ngc1.440106. tianhe\n");
	/* One of 1.0 has one for all its feeds: the first one's. */
	assert_string_equal(old.got, "gc1.440105. old\n");
}

static void keeps_from_an_old_service_what_not_all_may_have(void **state)
{
	static const char *const topics[] = {
		"gc1.gateway.GC1.status", "gc1.gateway.GC1.audit",
		"gc1.440105.1.1.voice", "gc1.440105.1.1.reply"};
	struct gridcall_message message = {0};
	size_t i;

	open_both();
	for (i = 0; i < 4; i++) {
		message.topic = topics[i];
		assert_int_equal(services_publish(services, &message), 0);
	}
	assert_string_equal(old.got, "gc1.gateway.GC1.status\n"
				     "gc1.440105.1.1.reply\n");
	assert_non_null(strstr(today.got, "audit\ngc1.440105.1.1.voice\n"));
}

static void gives_the_keys_now_and_to_who_opens_later(void **state)
{
	const char *jurisdiction[] = {"gc1.", NULL};
	char name[] = "city";
	struct gridcall_key key = {.principal = name,
				   .jurisdiction = jurisdiction};
	struct gridcall_why why;

	assert_int_equal(services_open(services, &service_old, NULL, &why), 0);
	services_keys(services, &key, 1);
	/* It was copied. */
	strcpy(name, "gone");
	jurisdiction[0] = NULL;
	assert_int_equal(services_open(services, &service_today, NULL, &why),
			 0);
	assert_string_equal(today.got, "keys\ncity gc1.\n");
	services_keys(services, NULL, 0);
	assert_string_equal(today.got, "keys\ncity gc1.\nkeys\n");
	assert_string_equal(old.got, "");
}

/* Nobody must be refused for keys that are not read yet. */
static void gives_no_keys_before_it_has_them(void **state)
{
	open_both();
	assert_string_equal(today.got, "");
}

static void counts_by_feed(void **state)
{
	struct gridcall_counter list[2];

	open_both();
	assert_int_equal(
		services_feed_counters(services, "today", "all", list, 2), 2);
	assert_string_equal(list[0].name, "all");
	assert_int_equal(
		services_feed_counters(services, "old", "old", list, 2), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_of_a_feed_what_its_version_has),
		TEST(reads_of_a_request_what_its_version_has),
		TEST(makes_a_heartbeat_for_each_feed),
		TEST(keeps_from_an_old_service_what_not_all_may_have),
		TEST(gives_the_keys_now_and_to_who_opens_later),
		TEST(gives_no_keys_before_it_has_them),
		TEST(counts_by_feed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
