/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What somebody who is not of everything sees, and what he may do to it.
 */
#include "gateway/control/jurisdiction.h"
#include "gateway/control/census.h"
#include "tests/unit/site_ask.h"

#define DISTRICT_A "gc1.440106."
#define STATION_A  "gc1.440106.440106530000."
#define GRID_07    "gc1.440106.440106530000.07."
#define DISTRICT_B "gc1.440103."

/* ---- what is whose ---- */

static struct principal principal_of(const char *area)
{
	struct principal principal = {.roles = ROLE_OFFICER, .areas = 1};

	strcpy(principal.jurisdiction[0], area);
	return principal;
}

static void a_unit_is_theirs_by_its_grid(void **state)
{
	const struct directory *directory = site.gateway->directory;
	const struct unit *unit = directory_find_unit(directory, "A1");
	struct principal mine = principal_of(GRID_07);
	struct principal next = principal_of(DISTRICT_B);
	struct principal none = {0};

	assert_true(unit_is_theirs(&mine, unit));
	assert_false(unit_is_theirs(&next, unit));
	assert_false(unit_is_theirs(&none, unit));
	assert_false(
		unit_is_theirs(&mine, directory_find_unit(directory, "A3")));
	/* One area of several is enough. */
	strcpy(next.jurisdiction[next.areas++], STATION_A);
	assert_true(unit_is_theirs(&next, unit));
}

static void a_channel_is_seen_by_its_grids_and_theirs_by_its_home(void **state)
{
	const struct directory *directory = site.gateway->directory;
	const struct channel_entry *shared =
		directory_find_channel(directory, "CH3");
	struct principal home = principal_of(GRID_07);
	struct principal guest = principal_of(DISTRICT_B);
	struct principal stranger = principal_of("gc1.440104.");

	assert_true(channel_is_theirs(&home, shared));
	assert_true(channel_is_seen(&home, shared));
	assert_false(channel_is_theirs(&guest, shared));
	assert_true(channel_is_seen(&guest, shared));
	assert_false(channel_is_seen(&stranger, shared));
}

static void one_of_everything_has_no_scope(void **state)
{
	struct principal principal = principal_of(AUTHORITY_EVERYTHING);
	struct scope scope;

	assert_null(jurisdiction_of(&principal, &scope));
	principal = principal_of(DISTRICT_A);
	assert_ptr_equal(jurisdiction_of(&principal, &scope), &scope);
	principal.areas = 0;
	assert_ptr_equal(jurisdiction_of(&principal, &scope), &scope);
}

/* ---- looking ---- */

static void assert_units(const char *selector, const char *codes)
{
	const Gridcall__V1__UnitsReply *reply = units(selector, 0);
	char text[128] = "";
	size_t i;

	assert_done();
	for (i = 0; i < reply->n_units; i++) {
		strcat(text, i ? " " : "");
		strcat(text, reply->units[i]->code);
	}
	assert_string_equal(text, codes);
	assert_int_equal(reply->total, reply->n_units);
}

static void everybody_sees_the_units_of_his_area(void **state)
{
	assert_units("", "A1 A2 A3 B1 B2 S1 S2");
	ask_as("district", DISTRICT_A);
	assert_units("", "A1 A2 A3 S1");
	ask_as("grid", GRID_07);
	assert_units("", "A1 A2 S1");
	ask_as("other", DISTRICT_B);
	assert_units("", "B1 B2 S2");
	assert_units("district=440106", "");
	assert_units("channel=CH3", "S2");
	ask_as("stranger", "gc1.440104.");
	assert_units("", "");
	ask_as("both", GRID_07 "," DISTRICT_B);
	assert_units("", "A1 A2 B1 B2 S1 S2");
}

static void a_limit_counts_only_what_is_theirs(void **state)
{
	const Gridcall__V1__UnitsReply *reply;

	ask_as("other", DISTRICT_B);
	assert_units("limit=2", "B1 B2");
	reply = units("", 1);
	assert_int_equal(reply->n_units, 1);
	assert_int_equal(reply->total, 3);
}

static void a_foreign_unit_or_channel_is_one_that_is_not_there(void **state)
{
	char *real;

	ask_as("other", DISTRICT_B);
	assert_null(units("code=A1", 0));
	real = sentence();
	assert_null(units("code=Z1", 0));
	assert_same_words(real, "A1", sentence(), "Z1");
	assert_null(units("channel=CH1", 0));
	real = sentence();
	assert_null(units("channel=CH9", 0));
	assert_same_words(real, "CH1", sentence(), "CH9");
}

static void schemes_of_other_areas_are_not_told(void **state)
{
	assert_null(units("category=A", 0)); /* GZ and XJ */
	ask_as("district", DISTRICT_A);
	assert_units("category=A", "A1 A2 A3 S1");
}

static void channels_are_those_that_are_seen(void **state)
{
	const Gridcall__V1__ChannelsReply *reply = channels();

	assert_int_equal(reply->n_channels, 3);
	assert_int_equal(reply->channels[2]->units, 2);
	ask_as("other", DISTRICT_B);
	reply = channels();
	assert_int_equal(reply->n_channels, 2);
	assert_string_equal(reply->channels[0]->code, "CH2");
	assert_string_equal(reply->channels[1]->code, "CH3");
	/* Of two units on it one is theirs. */
	assert_int_equal(reply->channels[1]->units, 1);
}

static void a_channel_tells_of_a_call_only_whom_it_concerns(void **state)
{
	const char *call = start("code=S1");

	assert_string_equal(channels()->channels[2]->call, call);
	ask_as("grid", GRID_07);
	assert_string_equal(channels()->channels[1]->call, call);
	ask_as("other", DISTRICT_B);
	assert_string_equal(channels()->channels[1]->code, "CH3");
	assert_string_equal(channels()->channels[1]->call, "");
}

static void status_counts_what_is_theirs(void **state)
{
	Gridcall__V1__StatusRequest body = GRIDCALL__V1__STATUS_REQUEST__INIT;
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;

	(void)start("code=A1");
	(void)start("code=B1,S2");
	request.body_case = BODY(STATUS);
	request.status = &body;
	ask(&request);
	assert_int_equal(site.reply->status->units, 7);
	assert_int_equal(site.reply->status->channels, 3);
	assert_int_equal(site.reply->status->calls_open, 2);
	ask_as("grid", GRID_07);
	ask(&request);
	assert_int_equal(site.reply->status->units, 3);
	assert_int_equal(site.reply->status->channels, 2);
	assert_int_equal(site.reply->status->channels_down, 2);
	assert_int_equal(site.reply->status->calls_open, 1);
	ask_as("stranger", "gc1.440104.");
	ask(&request);
	assert_int_equal(site.reply->status->units, 0);
	assert_int_equal(site.reply->status->channels, 0);
	assert_int_equal(site.reply->status->channels_down, 0);
	assert_int_equal(site.reply->status->calls_open, 0);
}

static void status_follows_the_directory(void **state)
{
	static const char files[] =
		"code,name,spoken,aliases,category,district,station,grid,zone,"
		"channel,number,radio_ids,answers_by,strength,duty,phone,lon,"
		"lat,crs,cameras,tags\n"
		"A1,A1,,,GZ:A,440106,440106530000,07,,CH1,01,,keypad,3,,,,,,,"
		"\n";
	Gridcall__V1__StatusRequest body = GRIDCALL__V1__STATUS_REQUEST__INIT;
	Gridcall__V1__ImportRequest import = GRIDCALL__V1__IMPORT_REQUEST__INIT;
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__Status status = GRIDCALL__V1__STATUS__INIT;
	Gridcall__V1__Request change = GRIDCALL__V1__REQUEST__INIT;

	request.body_case = BODY(STATUS);
	request.status = &body;
	change.body_case = BODY(IMPORT);
	change.import = &import;
	import.units_csv.data = (uint8_t *)files;
	import.units_csv.len = strlen(files);
	ask_as("district", DISTRICT_A);
	assert_int_equal(ask(&request)->status->units, 4);
	site.asker = "local";
	ask(&change);
	assert_true(site.reply->import->done);
	site.asker = "district";
	assert_int_equal(ask(&request)->status->units, 1);
	/* A feed of the same area tells the same. */
	census_narrow_feed(site.gateway, DISTRICT_A, &status);
	assert_int_equal(status.units, 1);
	assert_int_equal(status.channels, 2);
	census_narrow_feed(site.gateway, DISTRICT_B, &status);
	assert_int_equal(status.units, 0);
}

/* ---- calling ---- */

static void a_plan_reaches_only_their_units(void **state)
{
	assert_int_equal(plan("")->plan->reach, 7);
	ask_as("other", DISTRICT_B);
	assert_int_equal(plan("")->plan->reach, 3);
	assert_int_equal(site.reply->plan->units, 3);
	assert_int_equal(site.reply->plan->n_channels, 2);
	assert_int_equal(site.reply->plan->n_not_asked, 0);
	plan("district=440106");
	assert_refused(ERROR(NOT_FOUND), "no unit is selected");
}

static void a_call_has_only_the_units_of_who_started_it(void **state)
{
	const Gridcall__V1__Report *whole;
	const char *call;

	ask_as("other", DISTRICT_B);
	call = start("");
	assert_int_equal(site.reply->start->plan->reach, 3);
	ask_as("local", "");
	whole = report(call);
	assert_int_equal(whole->n_units, 3);
}

static void a_plan_is_started_by_who_made_it(void **state)
{
	char *id = strdup(plan("")->plan->plan);
	char *real;

	ask_as("other", DISTRICT_B);
	assert_null(start_plan(id, NULL));
	assert_refused(ERROR(NOT_FOUND), "plan again");
	real = sentence();
	assert_null(start_plan("p0000000000000000", NULL));
	assert_same_words(real, id, sentence(), "p0000000000000000");
	ask_as("local", "");
	assert_non_null(start_plan(id, NULL));
	free(id);
}

static void a_call_is_held_by_who_has_all_of_its_units(void **state)
{
	static const Gridcall__V1__Request__BodyCase hands[] = {
		BODY(PAUSE), BODY(RESUME), BODY(CANCEL)};
	const char *mixed = start("code=A1,B1");
	const char *mine = start("code=A2");
	char other[40];
	char *real;
	size_t i;

	ask_as("district", DISTRICT_A);
	for (i = 0; i < ARRAY_SIZE(hands); i++) {
		hold(hands[i], mixed);
		assert_refused(ERROR(NOT_ALLOWED), "outside the jurisdiction");
	}
	for (i = 0; i < ARRAY_SIZE(hands); i++) {
		hold(hands[i], mine);
		assert_done();
	}
	ask_as("other", DISTRICT_B);
	strcpy(other, mine);
	other[strlen(other) - 1] ^= 1;
	for (i = 0; i < ARRAY_SIZE(hands); i++) {
		hold(hands[i], mine);
		assert_int_equal(site.reply->error->code, ERROR(NOT_FOUND));
		real = sentence();
		hold(hands[i], other);
		assert_int_equal(site.reply->error->code, ERROR(NOT_FOUND));
		assert_same_words(real, mine, sentence(), other);
	}
	ask_as("both", DISTRICT_A "," DISTRICT_B);
	for (i = 0; i < ARRAY_SIZE(hands); i++) {
		hold(hands[i], mixed);
		assert_done();
	}
}

static void an_answer_is_settled_by_who_has_the_unit(void **state)
{
	const char *call = start("code=A1,B1");
	char *real;

	ask_as("district", DISTRICT_A);
	confirm(call, "A1");
	assert_done();
	confirm(call, "B1");
	assert_int_equal(site.reply->error->code, ERROR(NOT_FOUND));
	real = sentence();
	confirm(call, "Z1");
	assert_int_equal(site.reply->error->code, ERROR(NOT_FOUND));
	assert_same_words(real, "B1", sentence(), "Z1");
	ask_as("stranger", "gc1.440104.");
	confirm(call, "A1");
	assert_int_equal(site.reply->error->code, ERROR(NOT_FOUND));
	real = sentence();
	confirm("00000000-000000-0000", "A1");
	assert_same_words(real, call, sentence(), "00000000-000000-0000");
}

static void an_alarm_is_released_by_who_has_the_home(void **state)
{
	char *real;

	ask_as("other", DISTRICT_B);
	release("CH2");
	assert_refused(ERROR(CONFLICT), "no alarm holds channel 'CH2'");
	release("CH3");
	assert_refused(ERROR(NOT_ALLOWED), "its home outside");
	release("CH1");
	assert_int_equal(site.reply->error->code, ERROR(CONFLICT));
	real = sentence();
	release("CH9");
	assert_int_equal(site.reply->error->code, ERROR(CONFLICT));
	assert_same_words(real, "CH1", sentence(), "CH9");
}

static void an_import_needs_everything(void **state)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ImportRequest body = GRIDCALL__V1__IMPORT_REQUEST__INIT;

	request.body_case = BODY(IMPORT);
	request.import = &body;
	ask_as("both", DISTRICT_A "," DISTRICT_B);
	ask(&request);
	assert_refused(ERROR(NOT_ALLOWED), "ask an engineer");
	ask_as("whole", "gc1.");
	ask(&request);
	assert_refused(ERROR(BAD_ARGUMENT), "holds no file");
}

static void a_recording_is_heard_by_who_has_its_channels_home(void **state)
{
	char *real;

	record("20261121/CH1/one.wav");
	record("20261121/CH3/one.wav");
	record("20261121/GONE/one.wav");
	recording("20261121/GONE/one.wav");
	assert_done();
	ask_as("district", DISTRICT_A);
	recording("20261121/CH1/one.wav");
	assert_done();
	recording("20261121/CH3/one.wav");
	assert_done();
	recording("20261121/GONE/one.wav");
	assert_refused(ERROR(NOT_FOUND), "there is no recording");
	ask_as("other", DISTRICT_B);
	recording("20261121/CH3/one.wav");
	assert_refused(ERROR(NOT_ALLOWED), "its home outside");
	recording("20261121/CH1/one.wav");
	assert_int_equal(site.reply->error->code, ERROR(NOT_FOUND));
	real = sentence();
	recording("20261121/CH1/two.wav");
	assert_int_equal(site.reply->error->code, ERROR(NOT_FOUND));
	assert_same_words(real, "one", sentence(), "two");
	/* No way round the channel's name. */
	recording("20261121/CH2/../CH1/one.wav");
	assert_refused(ERROR(BAD_ARGUMENT), "names no recording");
}

/* ---- what became of calls ---- */

static void calls_are_told_by_their_part(void **state)
{
	const Gridcall__V1__CallSummary *summary;
	const char *foreign = start("code=B2");
	const char *mixed = start("code=A1,A3,B1");

	assert_int_equal(calls()->n_calls, 2);
	ask_as("grid", GRID_07);
	assert_int_equal(calls()->n_calls, 1);
	summary = site.reply->calls->calls[0];
	assert_string_equal(summary->call, mixed);
	assert_int_equal(summary->units, 1);
	assert_string_equal(summary->selector, "");
	assert_string_equal(summary->principal, "local");
	assert_int_equal(summary->n_channels, 1);
	assert_string_equal(summary->channels[0], "CH1");
	ask_as("other", DISTRICT_B);
	assert_int_equal(calls()->n_calls, 2);
	assert_string_equal(site.reply->calls->calls[0]->call, mixed);
	assert_string_equal(site.reply->calls->calls[1]->call, foreign);
	/* All of it is theirs: nothing to hide. */
	assert_string_equal(site.reply->calls->calls[1]->selector, "code=B2");
	ask_as("stranger", "gc1.440104.");
	assert_int_equal(calls()->n_calls, 0);
}

static void a_report_is_of_their_part(void **state)
{
	const char *call = start("code=A1,A3,B1");
	const Gridcall__V1__Report *whole, *part;
	char *real;

	confirm(call, "A1");
	confirm(call, "B1");
	assert_done();
	whole = report(call);
	assert_int_equal(whole->n_units, 3);
	assert_int_equal(whole->summary->attention, 2);
	assert_string_equal(whole->summary->selector, "code=A1,A3,B1");
	ask_as("grid", GRID_07);
	part = report(call);
	assert_int_equal(part->n_units, 1);
	assert_string_equal(part->units[0]->unit->unit, "A1");
	assert_int_equal(part->summary->units, 1);
	assert_int_equal(part->summary->attention, 1);
	assert_int_equal(part->summary->pending, 0);
	assert_int_equal(part->summary->n_channels, 1);
	assert_string_equal(part->summary->selector, "");
	ask_as("stranger", "gc1.440104.");
	assert_null(report(call));
	assert_int_equal(site.reply->error->code, ERROR(NOT_FOUND));
	real = sentence();
	assert_null(report("00000000-000000-0000"));
	assert_same_words(real, call, sentence(), "00000000-000000-0000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_unit_is_theirs_by_its_grid),
		TEST(a_channel_is_seen_by_its_grids_and_theirs_by_its_home),
		TEST(one_of_everything_has_no_scope),
		TEST(everybody_sees_the_units_of_his_area),
		TEST(a_limit_counts_only_what_is_theirs),
		TEST(a_foreign_unit_or_channel_is_one_that_is_not_there),
		TEST(schemes_of_other_areas_are_not_told),
		TEST(channels_are_those_that_are_seen),
		TEST(a_channel_tells_of_a_call_only_whom_it_concerns),
		TEST(status_counts_what_is_theirs),
		TEST(status_follows_the_directory),
		TEST(a_plan_reaches_only_their_units),
		TEST(a_call_has_only_the_units_of_who_started_it),
		TEST(a_plan_is_started_by_who_made_it),
		TEST(a_call_is_held_by_who_has_all_of_its_units),
		TEST(an_answer_is_settled_by_who_has_the_unit),
		TEST(an_alarm_is_released_by_who_has_the_home),
		TEST(an_import_needs_everything),
		TEST(a_recording_is_heard_by_who_has_its_channels_home),
		TEST(calls_are_told_by_their_part),
		TEST(a_report_is_of_their_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
