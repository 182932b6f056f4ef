/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Requests before anything is done: what is refused, with which sentence.
 */
#include "gateway/control/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <osmocom/core/rate_ctr.h>
#include <osmocom/core/talloc.h>

#include "gateway/clock.h"
#include "gateway/gateway.h"

#define ERROR(name) GRIDCALL__V1__ERROR_CODE__ERROR_##name

/* A service in the place of one that carries replies to a peer. */
struct mailbox {
	Gridcall__V1__Reply *reply;
	uint64_t token;
	struct gridcall_bridge *bridge;
};

static struct mailbox mailbox;

static int mailbox_open(void **state, const struct gridcall_service_host *host,
			struct gridcall_bridge *bridge,
			const struct gridcall_option *options,
			struct gridcall_why *why)
{
	mailbox.bridge = bridge;
	*state = &mailbox;
	return 0;
}

static void mailbox_reply(void *state, uint64_t token, const uint8_t *data,
			  size_t len)
{
	assert_null(mailbox.reply);
	mailbox.token = token;
	mailbox.reply = gridcall__v1__reply__unpack(NULL, len, data);
	assert_non_null(mailbox.reply);
}

static void mailbox_close(void *state)
{
}

static const struct gridcall_service mailbox_service = {
	.head = {.name = "mailbox", .kind = GRIDCALL_SERVICE},
	.open = mailbox_open,
	.reply = mailbox_reply,
	.close = mailbox_close,
};

struct bench {
	void *ctx;
	struct gateway *gateway;
	const char *principal;
	uint64_t waited_us;
};

/* One for all: libosmocore keeps counters in a list that none may leave. */
static int set_up_gateway(void **state)
{
	static struct bench bench;
	struct services_config config = {0};
	struct gridcall_why why;

	bench.ctx = talloc_named_const(NULL, 0, "test");
	rate_ctr_init(bench.ctx);
	bench.gateway = gateway_alloc(bench.ctx);
	bench.gateway->services = services_alloc(bench.gateway, &config);
	assert_non_null(bench.gateway->services);
	assert_int_equal(services_open(bench.gateway->services,
				       &mailbox_service, NULL, &why),
			 0);
	*state = &bench;
	return 0;
}

static int set_up(void **state)
{
	struct bench *bench = *state;

	bench->principal = "local";
	bench->waited_us = 0;
	bench->gateway->stopping = false;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	gridcall__v1__reply__free_unpacked(mailbox.reply, NULL);
	mailbox.reply = NULL;
	assert_true(llist_empty(&bench->gateway->commands));
	return 0;
}

static int tear_down_gateway(void **state)
{
	struct bench *bench = *state;

	services_free(bench->gateway->services);
	rate_ctr_group_free(bench->gateway->counters);
	talloc_free(bench->ctx);
	return 0;
}

static void ask_bytes(struct bench *bench, const uint8_t *data, size_t len)
{
	command_request(
		bench->gateway,
		&(struct service_request){
			.bridge = (struct bridge *)mailbox.bridge,
			.token = 7,
			.principal = bench->principal,
			.address = "here",
			.data = data,
			.len = len,
			.received_us = clock_now_us() - bench->waited_us,
		});
	assert_non_null(mailbox.reply);
	assert_int_equal(mailbox.token, 7);
}

static void ask(struct bench *bench, const Gridcall__V1__Request *request)
{
	uint8_t packed[1024];

	assert_true(gridcall__v1__request__get_packed_size(request) <=
		    sizeof(packed));
	ask_bytes(bench, packed, gridcall__v1__request__pack(request, packed));
	assert_string_equal(mailbox.reply->id, request->id);
}

static void assert_refused(int code, const char *words)
{
	assert_non_null(mailbox.reply->error);
	assert_int_equal(mailbox.reply->error->code, code);
	assert_non_null(strstr(mailbox.reply->error->sentence, words));
}

static Gridcall__V1__WhoamiRequest whoami = GRIDCALL__V1__WHOAMI_REQUEST__INIT;

static Gridcall__V1__Request whoami_request(void)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;

	request.id = (char *)"r1";
	request.body_case = GRIDCALL__V1__REQUEST__BODY_WHOAMI;
	request.whoami = &whoami;
	return request;
}

static void a_request_gets_its_reply_under_its_id(void **state)
{
	Gridcall__V1__Request request = whoami_request();

	ask(*state, &request);
	assert_null(mailbox.reply->error);
	assert_string_equal(mailbox.reply->whoami->principal, "local");
	assert_int_equal(mailbox.reply->whoami->n_roles, 4);
}

static void bytes_that_are_no_request_are_told_so(void **state)
{
	static const uint8_t bytes[] = {0xff, 0xff, 0xff};

	ask_bytes(*state, bytes, sizeof(bytes));
	assert_refused(ERROR(BAD_REQUEST), "gridcall.proto");
}

static void a_request_without_a_known_body_is_told_so(void **state)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;

	ask(*state, &request);
	assert_refused(ERROR(BAD_REQUEST), "does not know that command");
}

static void a_stranger_hears_that_it_has_no_key(void **state)
{
	Gridcall__V1__Request request = whoami_request();
	struct bench *bench = *state;

	bench->principal = "somebody";
	ask(bench, &request);
	assert_refused(ERROR(NOT_ALLOWED),
		       "'somebody' has no key in force and may not use whoami");
}

static void text_that_is_no_utf8_is_refused_wherever_it_is(void **state)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__StartRequest start = GRIDCALL__V1__START_REQUEST__INIT;
	Gridcall__V1__PlanRequest spec = GRIDCALL__V1__PLAN_REQUEST__INIT;
	Gridcall__V1__CallOptions options = GRIDCALL__V1__CALL_OPTIONS__INIT;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_START;
	request.start = &start;
	start.spec = &spec;
	spec.options = &options;
	options.title = (char *)"\xc3\x28";
	ask(*state, &request);
	assert_refused(ERROR(BAD_REQUEST), "the field title holds no UTF-8");
}

static void every_text_of_a_list_must_be_utf8(void **state)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ListenRequest listen = GRIDCALL__V1__LISTEN_REQUEST__INIT;
	char *channels[] = {(char *)"一", (char *)"\xff"};

	request.body_case = GRIDCALL__V1__REQUEST__BODY_LISTEN;
	request.listen = &listen;
	listen.channels = channels;
	listen.n_channels = 2;
	ask(*state, &request);
	assert_refused(ERROR(BAD_REQUEST), "the field channels holds no UTF-8");
}

static void an_idempotency_key_that_is_too_long_is_refused(void **state)
{
	Gridcall__V1__Request request = whoami_request();
	char key[130];

	memset(key, 'k', sizeof(key));
	key[129] = '\0';
	request.idempotency_key = key;
	ask(*state, &request);
	assert_refused(ERROR(BAD_ARGUMENT), "use a shorter one");
}

static void a_request_past_its_deadline_is_not_begun(void **state)
{
	Gridcall__V1__Request request = whoami_request();
	struct bench *bench = *state;

	bench->waited_us = 3000000;
	request.deadline_ms = 2000;
	ask(bench, &request);
	assert_refused(ERROR(TOO_LATE), "nothing was done");
}

static void a_request_before_its_deadline_is_carried_out(void **state)
{
	Gridcall__V1__Request request = whoami_request();
	struct bench *bench = *state;

	bench->waited_us = 3000000;
	request.deadline_ms = 3600000;
	ask(bench, &request);
	assert_null(mailbox.reply->error);
}

static void a_request_without_a_deadline_waits_for_ever(void **state)
{
	Gridcall__V1__Request request = whoami_request();
	struct bench *bench = *state;

	bench->waited_us = 3600000000;
	ask(bench, &request);
	assert_null(mailbox.reply->error);
}

static void a_gateway_that_stops_begins_nothing(void **state)
{
	Gridcall__V1__Request request = whoami_request();
	struct bench *bench = *state;

	bench->gateway->stopping = true;
	ask(bench, &request);
	assert_refused(ERROR(UNAVAILABLE), "ask again when it has started");
}

static void work_stops_when_it_is_withdrawn_or_late(void **state)
{
	struct command command = {.received_us = clock_now_us()};

	assert_false(command_should_stop(&command));
	command.deadline_us = clock_now_us() + 3600000000;
	assert_false(command_should_stop(&command));
	command.deadline_us = clock_now_us() - 1;
	assert_true(command_should_stop(&command));
	command.deadline_us = 0;
	atomic_store(&command.withdrawn, true);
	assert_true(command_should_stop(&command));
}

/* As one that waits for the disk stands in the gateway's list. */
static void enlist(struct bench *bench, struct command *waiting,
		   Gridcall__V1__Request *request)
{
	memset(waiting, 0, sizeof(*waiting));
	waiting->gateway = bench->gateway;
	waiting->bridge = (struct bridge *)mailbox.bridge;
	waiting->request = request;
	strcpy(waiting->principal.name, "local");
	llist_add_tail(&waiting->entry, &bench->gateway->commands);
}

static bool withdraw(struct bench *bench, const char *id)
{
	Gridcall__V1__WithdrawRequest body =
		GRIDCALL__V1__WITHDRAW_REQUEST__INIT;
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	bool found;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_WITHDRAW;
	request.withdraw = &body;
	body.id = (char *)id;
	ask(bench, &request);
	assert_null(mailbox.reply->error);
	found = mailbox.reply->withdraw->found;
	gridcall__v1__reply__free_unpacked(mailbox.reply, NULL);
	mailbox.reply = NULL;
	return found;
}

static void a_request_is_withdrawn_by_its_id(void **state)
{
	Gridcall__V1__Request request = whoami_request();
	struct bench *bench = *state;
	struct command waiting;

	enlist(bench, &waiting, &request);
	assert_false(withdraw(bench, "r2"));
	assert_false(command_should_stop(&waiting));
	assert_int_equal(command_check_wanted(&waiting), 0);
	assert_true(withdraw(bench, "r1"));
	assert_true(command_should_stop(&waiting));
	assert_int_not_equal(command_check_wanted(&waiting), 0);
	assert_int_equal(waiting.fault.code, ERROR(WITHDRAWN));
	llist_del(&waiting.entry);
	assert_false(withdraw(bench, "r1"));
}

static void nobody_withdraws_what_another_asked_for(void **state)
{
	Gridcall__V1__Request request = whoami_request();
	struct bench *bench = *state;
	struct command waiting;

	enlist(bench, &waiting, &request);
	strcpy(waiting.principal.name, "somebody");
	assert_false(withdraw(bench, "r1"));
	strcpy(waiting.principal.name, "local");
	waiting.bridge = NULL;
	assert_false(withdraw(bench, "r1"));
	waiting.bridge = (struct bridge *)mailbox.bridge;
	waiting.connection = 1;
	assert_false(withdraw(bench, "r1"));
	assert_false(command_should_stop(&waiting));
	llist_del(&waiting.entry);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_gets_its_reply_under_its_id),
		TEST(bytes_that_are_no_request_are_told_so),
		TEST(a_request_without_a_known_body_is_told_so),
		TEST(a_stranger_hears_that_it_has_no_key),
		TEST(text_that_is_no_utf8_is_refused_wherever_it_is),
		TEST(every_text_of_a_list_must_be_utf8),
		TEST(an_idempotency_key_that_is_too_long_is_refused),
		TEST(a_request_past_its_deadline_is_not_begun),
		TEST(a_request_before_its_deadline_is_carried_out),
		TEST(a_request_without_a_deadline_waits_for_ever),
		TEST(a_gateway_that_stops_begins_nothing),
		TEST(work_stops_when_it_is_withdrawn_or_late),
		TEST(a_request_is_withdrawn_by_its_id),
		TEST(nobody_withdraws_what_another_asked_for),
	};

	return cmocka_run_group_tests(tests, set_up_gateway, tear_down_gateway);
}
