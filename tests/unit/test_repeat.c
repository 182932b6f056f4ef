/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Requests that come twice, are given up, or are too late half way.
 */
#include "tests/unit/site_ask.h"

#define DISTRICT_A "gc1.440106."
#define DISTRICT_B "gc1.440103."

static const char units_csv[] =
	"code,name,spoken,aliases,category,district,station,grid,zone,"
	"channel,number,radio_ids,answers_by,strength,duty,phone,lon,"
	"lat,crs,cameras,tags\n"
	"A1,A1,,,GZ:A,440106,440106530000,07,,CH1,01,,keypad,3,,,,,,,\n";

/* ---- the same key again ---- */

static void start_under(const char *key, const char *selector)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__StartRequest body = GRIDCALL__V1__START_REQUEST__INIT;
	Gridcall__V1__PlanRequest spec = GRIDCALL__V1__PLAN_REQUEST__INIT;

	request.idempotency_key = (char *)key;
	request.body_case = BODY(START);
	request.start = &body;
	body.spec = &spec;
	spec.selector = (char *)selector;
	ask(&request);
}

static void started_under(char call[40], const char *key, const char *selector)
{
	start_under(key, selector);
	assert_done();
	strcpy(call, site.reply->start->call);
}

static void a_repeat_gets_the_first_reply_and_does_nothing(void **state)
{
	char first[40], again[40];
	uint64_t events;

	started_under(first, "k", "code=A1");
	settle();
	events = site.events;
	started_under(again, "k", "code=A1");
	assert_string_equal(again, first);
	settle();
	assert_int_equal(site.events, events);
}

static void another_body_under_the_same_key_is_refused(void **state)
{
	char call[40];

	started_under(call, "k", "code=A1");
	start_under("k", "code=A2");
	assert_refused(ERROR(CONFLICT), "was used for another request");
}

static void two_principals_do_not_share_their_keys(void **state)
{
	char first[40], second[40];

	ask_as("one", "gc1.");
	started_under(first, "k", "code=A1");
	ask_as("two", "gc1.");
	started_under(second, "k", "code=A1");
	assert_string_not_equal(second, first);
	start_under("k", "code=A2");
	assert_refused(ERROR(CONFLICT), "was used for another request");
}

static void a_repeat_without_the_right_any_more_is_refused(void **state)
{
	char call[40];

	enrol("wang", "officer", "gc1.");
	site.asker = "wang";
	started_under(call, "k", "code=A1");
	enrol("wang", "viewer", "gc1.");
	start_under("k", "code=A1");
	assert_refused(ERROR(NOT_ALLOWED), "needs the role");
}

static void a_repeat_outside_the_jurisdiction_is_refused(void **state)
{
	char call[40];

	ask_as("wang", "gc1.");
	started_under(call, "k", "code=A1,B1");
	ask_as("wang", DISTRICT_A);
	start_under("k", "code=A1,B1");
	assert_refused(ERROR(CONFLICT), "under another jurisdiction");
	ask_as("wang", DISTRICT_B);
	start_under("k", "code=A1,B1");
	assert_refused(ERROR(CONFLICT), "under another jurisdiction");
	ask_as("wang", "gc1.");
	start_under("k", "code=A1,B1");
	assert_done();
	assert_string_equal(site.reply->start->call, call);
}

static uint64_t put_start(const char *key)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__StartRequest body = GRIDCALL__V1__START_REQUEST__INIT;
	Gridcall__V1__PlanRequest spec = GRIDCALL__V1__PLAN_REQUEST__INIT;

	request.id = (char *)"r1";
	request.idempotency_key = (char *)key;
	request.body_case = BODY(START);
	request.start = &body;
	body.spec = &spec;
	spec.selector = (char *)"code=A1";
	return put(&request);
}

static void a_repeat_of_what_is_under_way_is_told_to_wait(void **state)
{
	uint64_t first = put_start("k");
	uint64_t second = put_start("k");

	assert_int_equal(reply_to(second)->error->code, ERROR(BUSY));
	assert_null(reply_to(first)->error);
}

/* ---- given up ---- */

static uint64_t put_report(const char *call)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ReportRequest body = GRIDCALL__V1__REPORT_REQUEST__INIT;

	request.id = (char *)"r1";
	request.body_case = BODY(REPORT);
	request.report = &body;
	body.call = (char *)call;
	return put(&request);
}

static uint64_t put_calls(void)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__CallsRequest body = GRIDCALL__V1__CALLS_REQUEST__INIT;

	request.id = (char *)"r1";
	request.body_case = BODY(CALLS);
	request.calls = &body;
	return put(&request);
}

static uint64_t put_import(uint32_t deadline_ms)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ImportRequest body = GRIDCALL__V1__IMPORT_REQUEST__INIT;

	request.id = (char *)"r1";
	request.deadline_ms = deadline_ms;
	request.body_case = BODY(IMPORT);
	request.import = &body;
	body.units_csv.data = (uint8_t *)units_csv;
	body.units_csv.len = strlen(units_csv);
	return put(&request);
}

static bool withdraw(const char *id)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__WithdrawRequest body =
		GRIDCALL__V1__WITHDRAW_REQUEST__INIT;
	const Gridcall__V1__Reply *reply;

	request.body_case = BODY(WITHDRAW);
	request.withdraw = &body;
	body.id = (char *)id;
	reply = reply_to(put(&request));
	assert_null(reply->error);
	return reply->withdraw->found;
}

static void assert_withdrawn(uint64_t token)
{
	assert_non_null(reply_to(token)->error);
	assert_int_equal(reply_to(token)->error->code, ERROR(WITHDRAWN));
}

static void a_report_and_a_list_are_withdrawn(void **state)
{
	const char *call = start("code=A1");
	uint64_t token = put_report(call);

	assert_true(withdraw("r1"));
	assert_withdrawn(token);
	token = put_calls();
	assert_true(withdraw("r1"));
	assert_withdrawn(token);
	/* It was replied to. */
	assert_false(withdraw("r1"));
}

static void an_import_that_is_withdrawn_changes_nothing(void **state)
{
	const struct directory *before = site.gateway->directory;
	uint64_t token = put_import(0);

	assert_true(withdraw("r1"));
	assert_withdrawn(token);
	settle();
	assert_ptr_equal(site.gateway->directory, before);
	assert_int_equal(site.events, 0);
	/* And leaves the way free for the next. */
	assert_null(reply_to(put_import(0))->error);
}

static void what_is_late_half_way_is_not_done(void **state)
{
	const struct directory *before = site.gateway->directory;
	uint64_t token;

	/* The deadline passes while main looks at something else. */
	site.waited_us = 3600000000 - 20000;
	token = put_import(3600000);
	while (clock_now_us() <= site.put_us + 20000)
		;
	assert_non_null(reply_to(token)->error);
	assert_int_equal(reply_to(token)->error->code, ERROR(TOO_LATE));
	settle();
	assert_ptr_equal(site.gateway->directory, before);
	assert_int_equal(site.events, 0);
}

static void what_was_committed_is_replied_to_as_done(void **state)
{
	uint64_t token = put_start("");

	assert_true(withdraw("r1"));
	assert_null(reply_to(token)->error);
	assert_int_equal(calls()->n_calls, 1);
}

static void a_key_under_look_up_is_withdrawn(void **state)
{
	uint64_t token = put_start("k");

	assert_true(withdraw("r1"));
	assert_withdrawn(token);
	assert_int_equal(calls()->n_calls, 0);
	/* Nothing was kept under the key. */
	token = put_start("k");
	assert_null(reply_to(token)->error);
}

static void only_its_own_connection_withdraws_it(void **state)
{
	uint64_t token;

	site.connection = 1;
	token = put_import(0);
	site.connection = 2;
	assert_false(withdraw("r1"));
	assert_null(reply_to(token)->error);
}

/* More than main looks through by itself. */
static void grow_directory(unsigned int count)
{
	struct directory_builder *builder =
		directory_builder_alloc(site.gateway);
	char code[16];
	unsigned int i;

	add_channel(builder, "CH1", GRID_A, NULL);
	for (i = 0; i < count; i++) {
		snprintf(code, sizeof(code), "U%05u", i);
		add_unit(builder, code, GRID_A, "CH1");
	}
	gateway_swap_directory(site.gateway, directory_builder_finish(builder));
}

static uint64_t put_units(void)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__UnitsRequest body = GRIDCALL__V1__UNITS_REQUEST__INIT;

	request.id = (char *)"r1";
	request.body_case = BODY(UNITS);
	request.units = &body;
	return put(&request);
}

static void a_long_list_of_units_is_withdrawn(void **state)
{
	uint64_t token;

	grow_directory(5000);
	token = put_units();
	assert_true(withdraw("r1"));
	assert_withdrawn(token);
	token = put_units();
	assert_int_equal(reply_to(token)->units->n_units, 5000);
	assert_string_equal(reply_to(token)->id, "r1");
}

static void a_long_list_is_of_the_directory_it_began_with(void **state)
{
	uint64_t token;

	grow_directory(5000);
	token = put_units();
	grow_directory(3000);
	grow_directory(2500);
	assert_int_equal(reply_to(token)->units->n_units, 5000);
	assert_int_equal(reply_to(put_units())->units->n_units, 2500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_repeat_gets_the_first_reply_and_does_nothing),
		TEST(another_body_under_the_same_key_is_refused),
		TEST(two_principals_do_not_share_their_keys),
		TEST(a_repeat_without_the_right_any_more_is_refused),
		TEST(a_repeat_outside_the_jurisdiction_is_refused),
		TEST(a_repeat_of_what_is_under_way_is_told_to_wait),
		TEST(a_report_and_a_list_are_withdrawn),
		TEST(an_import_that_is_withdrawn_changes_nothing),
		TEST(what_is_late_half_way_is_not_done),
		TEST(what_was_committed_is_replied_to_as_done),
		TEST(a_key_under_look_up_is_withdrawn),
		TEST(only_its_own_connection_withdraws_it),
		TEST(a_long_list_of_units_is_withdrawn),
		TEST(a_long_list_is_of_the_directory_it_began_with),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
