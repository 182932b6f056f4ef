/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Units that are left out of calls, with a reason and until a time.
 */
#include "gateway/record/ledger_query.h"
#include "tests/unit/site_ask.h"

#define HOUR_US  (INT64_C(3600) * 1000000)
#define DISTRICT "gc1.440106."

static void excuse(const char *codes, const char *reason, int64_t until_us)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ExcuseRequest body = GRIDCALL__V1__EXCUSE_REQUEST__INIT;
	char text[128], *units_[16];

	snprintf(text, sizeof(text), "%s", codes);
	request.body_case = BODY(EXCUSE);
	request.excuse = &body;
	body.n_units = split(text, units_, ARRAY_SIZE(units_));
	body.units = units_;
	body.reason = (char *)reason;
	body.until_us = until_us;
	ask(&request);
}

static int64_t soon(void)
{
	return clock_utc_us() + HOUR_US;
}

static const struct unit *unit_of(const char *code)
{
	return directory_find_unit(site.gateway->directory, code);
}

static bool is_excused(const char *code)
{
	return unit_is_excused(unit_of(code), clock_utc_us());
}

static void an_excused_unit_is_not_asked_and_the_plan_says_why(void **state)
{
	const Gridcall__V1__CalledUnit *called;

	excuse("A2", "停电检修", soon());
	assert_done();
	plan("district=440106");
	assert_done();
	assert_int_equal(site.reply->plan->units, 4);
	assert_int_equal(site.reply->plan->reach, 3);
	assert_int_equal(site.reply->plan->n_not_asked, 1);
	called = site.reply->plan->not_asked[0];
	assert_string_equal(called->unit, "A2");
	assert_int_equal(called->state, GRIDCALL__V1__UNIT_STATE__UNIT_EXCUSED);
	assert_string_equal(called->reason, "停电检修");
}

static void duty_that_is_ignored_leaves_it_excused(void **state)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__PlanRequest body = GRIDCALL__V1__PLAN_REQUEST__INIT;
	Gridcall__V1__CallOptions options = GRIDCALL__V1__CALL_OPTIONS__INIT;

	excuse("A2", "no power", soon());
	request.body_case = BODY(PLAN);
	request.plan = &body;
	body.options = &options;
	body.selector = (char *)"code=A1,A2";
	options.ignore_duty = true;
	ask(&request);
	assert_int_equal(site.reply->plan->reach, 1);
}

static void a_report_leaves_it_out_and_says_why(void **state)
{
	const Gridcall__V1__Report *message;
	const char *call;

	excuse("A2", "no power", soon());
	call = start("code=A1,A2");
	message = report(call);
	assert_int_equal(message->summary->not_asked, 1);
	assert_int_equal(message->summary->pending, 1);
	assert_int_equal(message->units[1]->state,
			 GRIDCALL__V1__UNIT_STATE__UNIT_EXCUSED);
	assert_string_equal(message->units[1]->reason, "no power");
	/* The call goes on as it was planned. */
	excuse("A1", "late", soon());
	assert_done();
	assert_int_equal(report(call)->summary->pending, 1);
}

static void no_call_starts_with_none_to_ask(void **state)
{
	excuse("A1", "no power", soon());
	assert_null(start_plan("", "code=A1"));
	assert_refused(ERROR(CONFLICT), "can be asked now");
}

static void it_ends_by_time(void **state)
{
	excuse("A1", "no power", clock_utc_us() + 50000);
	assert_done();
	while (is_excused("A1"))
		osmo_select_main(1);
	assert_int_equal(plan("code=A1")->plan->reach, 1);
}

static void it_ends_by_the_officers_word(void **state)
{
	excuse("A1,A2", "no power", soon());
	assert_done();
	excuse("A1", "", 0);
	assert_done();
	assert_false(is_excused("A1"));
	assert_string_equal(unit_of("A1")->excused_reason, "");
	assert_true(is_excused("A2"));
}

static void units_show_it(void **state)
{
	const Gridcall__V1__UnitsReply *reply;
	int64_t until_us = soon();

	excuse("A1", "no power", until_us);
	reply = units("code=A1", 0);
	assert_int_equal(reply->units[0]->excused_until_us, until_us);
	assert_string_equal(reply->units[0]->excused_reason, "no power");
}

static void it_is_told_on_the_grid_of_each_and_audited(void **state)
{
	site.last_unit[0] = '\0';
	excuse("A1,A2", "no power", soon());
	assert_done();
	settle();
	assert_int_equal(site.events, 3);
	assert_string_equal(site.last_unit, "gc1." GRID_A ".unit A2 excused");
	assert_string_equal(last_audit()->command, "excuse");
	assert_string_equal(last_audit()->subject, "A1 and 1 more");
	/* To end what is none changes nothing. */
	excuse("S1", "", 0);
	assert_done();
	settle();
	assert_int_equal(site.events, 4);
	assert_string_equal(last_audit()->subject, "S1");
}

static void reread(struct ledger_reader *reader, void *data)
{
	struct directory **directory = data;

	*directory = ledger_reader_directory(reader, NULL);
}

static void it_outlasts_a_restart(void **state)
{
	struct directory *directory = NULL;
	const struct unit *unit;

	excuse("A1", "no power", soon());
	assert_done();
	settle();
	ledger_read_now(site.gateway->ledger, reread, &directory);
	assert_non_null(directory);
	unit = directory_find_unit(directory, "A1");
	assert_true(unit_is_excused(unit, clock_utc_us()));
	assert_string_equal(unit->excused_reason, "no power");
	talloc_free(directory);
}

static void it_outlasts_an_import(void **state)
{
	static const char files[] =
		"code,name,spoken,aliases,category,district,station,grid,zone,"
		"channel,number,radio_ids,answers_by,strength,duty,phone,lon,"
		"lat,crs,cameras,tags\n"
		"A1,renamed,,,GZ:A,440106,440106530000,07,,CH1,01,,keypad,3,,,"
		",,,,\n";
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ImportRequest body = GRIDCALL__V1__IMPORT_REQUEST__INIT;
	struct directory *directory = NULL;

	excuse("A1,A2", "no power", soon());
	request.body_case = BODY(IMPORT);
	request.import = &body;
	body.units_csv.data = (uint8_t *)files;
	body.units_csv.len = strlen(files);
	ask(&request);
	assert_done();
	assert_true(site.reply->import->done);
	assert_string_equal(unit_of("A1")->name, "renamed");
	assert_true(is_excused("A1"));
	settle();
	ledger_read_now(site.gateway->ledger, reread, &directory);
	assert_true(unit_is_excused(directory_find_unit(directory, "A1"),
				    clock_utc_us()));
	talloc_free(directory);
}

static void only_their_own_units_are_excused(void **state)
{
	char *real;

	ask_as("district", DISTRICT);
	excuse("A1", "no power", soon());
	assert_done();
	excuse("A2,B1", "no power", soon());
	assert_int_equal(site.reply->error->code, ERROR(NOT_FOUND));
	assert_false(is_excused("A2"));
	real = sentence();
	excuse("A2,Z1", "no power", soon());
	assert_int_equal(site.reply->error->code, ERROR(NOT_FOUND));
	assert_same_words(real, "B1", sentence(), "Z1");
}

static void what_makes_no_sense_is_refused(void **state)
{
	char longest[200];

	memset(longest, 'x', sizeof(longest));
	longest[121] = '\0';
	excuse("", "no power", soon());
	assert_refused(ERROR(BAD_ARGUMENT), "name 1 to");
	excuse("A1", "", soon());
	assert_refused(ERROR(BAD_ARGUMENT), "has a reason");
	excuse("A1", longest, soon());
	assert_refused(ERROR(BAD_ARGUMENT), "one line of at most");
	excuse("A1", "two\nlines", soon());
	assert_refused(ERROR(BAD_ARGUMENT), "one line of at most");
	excuse("A1", "no power", clock_utc_us() - 1);
	assert_refused(ERROR(BAD_ARGUMENT), "would end before");
	excuse("A1", "no power", -1);
	assert_refused(ERROR(BAD_ARGUMENT), "would end before");
	excuse("A1", "no power", INT64_MAX);
	assert_refused(ERROR(BAD_ARGUMENT), "at most a year");
	assert_false(is_excused("A1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_excused_unit_is_not_asked_and_the_plan_says_why),
		TEST(duty_that_is_ignored_leaves_it_excused),
		TEST(a_report_leaves_it_out_and_says_why),
		TEST(no_call_starts_with_none_to_ask),
		TEST(it_ends_by_time),
		TEST(it_ends_by_the_officers_word),
		TEST(units_show_it),
		TEST(it_is_told_on_the_grid_of_each_and_audited),
		TEST(it_outlasts_a_restart),
		TEST(it_outlasts_an_import),
		TEST(only_their_own_units_are_excused),
		TEST(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
