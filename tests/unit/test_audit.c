/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Who asked for what, as the events of the audit tell it.
 */
#include "gateway/control/audit.h"
#include "tests/unit/site_ask.h"

#define TOPIC "gc1.gateway." SITE_ID ".audit"

static void assert_audit(const char *command, const char *subject)
{
	const Gridcall__V1__AuditEvent *audit = last_audit();

	assert_string_equal(site.audits[site.audit_count - 1].topic, TOPIC);
	assert_string_equal(audit->command, command);
	assert_string_equal(audit->subject, subject);
	assert_string_equal(audit->principal, site.asker);
	assert_string_equal(audit->address, "10.0.0.9");
	assert_false(audit->refused);
	assert_string_equal(audit->reason, "");
}

static void assert_audited(size_t count)
{
	settle();
	assert_int_equal(site.audit_count, count);
}

static void import(const char *units_csv, bool dry_run)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ImportRequest body = GRIDCALL__V1__IMPORT_REQUEST__INIT;

	request.body_case = BODY(IMPORT);
	request.import = &body;
	body.units_csv.data = (uint8_t *)units_csv;
	body.units_csv.len = strlen(units_csv);
	body.dry_run = dry_run;
	ask(&request);
	assert_done();
}

static void what_changes_something_is_told_with_who_and_what(void **state)
{
	const char *call;
	char both[64];

	ask_as("wang", "gc1.");
	call = start("code=A1");
	assert_audit("start", call);
	hold(BODY(PAUSE), call);
	assert_audit("pause", call);
	hold(BODY(RESUME), call);
	assert_audit("resume", call);
	confirm(call, "A1");
	snprintf(both, sizeof(both), "%s A1", call);
	assert_audit("confirm", both);
	hold(BODY(CANCEL), call);
	assert_audit("cancel", call);
	assert_audited(5);
}

static void looking_and_planning_is_not_told(void **state)
{
	const char *call = start("code=A1");

	assert_audited(1);
	(void)units("", 0);
	(void)channels();
	(void)calls();
	(void)report(call);
	(void)plan("");
	assert_audited(1);
}

static void an_import_is_told_when_it_is_done(void **state)
{
	static const char files[] =
		"code,name,spoken,aliases,category,district,station,grid,zone,"
		"channel,number,radio_ids,answers_by,strength,duty,phone,lon,"
		"lat,crs,cameras,tags\n"
		"A1,A1,,,GZ:A,440106,440106530000,07,,CH1,01,,keypad,3,,,,,,,"
		"\n";

	import(files, true);
	assert_audited(0);
	import(files, false);
	assert_audit("import", "0 added, 1 changed, 6 removed");
	assert_audited(1);
}

static void a_recording_is_told_where_it_was_made_too(void **state)
{
	record("20261121/CH1/one.wav");
	recording("20261121/CH1/one.wav");
	assert_done();
	assert_audit("recording", "20261121/CH1/one.wav");
	assert_audited(2);
	assert_string_equal(site.audits[0].topic, "gc1." GRID_A ".over");
	assert_string_equal(site.audits[0].event->subject,
			    "20261121/CH1/one.wav");
}

static void a_recording_of_a_channel_that_is_gone_is_told(void **state)
{
	record("20261121/GONE/one.wav");
	recording("20261121/GONE/one.wav");
	assert_done();
	assert_audit("recording", "20261121/GONE/one.wav");
	assert_audited(1);
}

static void a_recording_that_is_not_there_is_not_told(void **state)
{
	recording("20261121/CH1/one.wav");
	assert_refused(ERROR(NOT_FOUND), "there is no recording");
	assert_audited(0);
}

static void assert_refusal(const char *command, const char *subject)
{
	const Gridcall__V1__AuditEvent *audit = last_audit();

	assert_true(audit->refused);
	assert_string_equal(audit->command, command);
	assert_string_equal(audit->subject, subject);
	assert_string_equal(audit->principal, site.asker);
	assert_string_equal(audit->reason, site.reply->error->sentence);
}

static void a_refusal_for_want_of_a_right_is_told(void **state)
{
	enrol("viewer", "viewer", "gc1.");
	site.asker = "viewer";
	release("CH1");
	assert_refused(ERROR(NOT_ALLOWED), "needs the role");
	assert_refusal("release", "CH1");
}

static void one_without_a_key_is_refused_and_told(void **state)
{
	site.asker = "nobody";
	assert_null(units("", 0));
	assert_refused(ERROR(NOT_ALLOWED), "'nobody'");
	assert_refusal("units", "");
}

static void a_refusal_for_want_of_jurisdiction_is_told(void **state)
{
	const char *call = start("code=A1");

	record("20261121/CH1/one.wav");
	ask_as("other", "gc1.440103.");
	release("CH3");
	assert_refusal("release", "CH3");
	/* Also where the answer is that there is no such thing. */
	hold(BODY(CANCEL), call);
	assert_refused(ERROR(NOT_FOUND), "no call");
	assert_refusal("cancel", call);
	recording("20261121/CH1/one.wav");
	assert_refused(ERROR(NOT_FOUND), "no recording");
	assert_refusal("recording", "20261121/CH1/one.wav");
	assert_null(report(call));
	assert_refusal("report", call);
	assert_audited(5);
}

static void other_refusals_are_not_told(void **state)
{
	hold(BODY(CANCEL), "00000000-000000-0000");
	release("CH1");
	assert_null(report("00000000-000000-0000"));
	assert_null(start_plan("p0000000000000000", NULL));
	assert_audited(0);
	ask_as("other", "gc1.440103.");
	hold(BODY(CANCEL), "00000000-000000-0000");
	assert_null(report("00000000-000000-0000"));
	assert_audited(0);
}

static void refusals_are_told_ten_times_a_minute_of_each(void **state)
{
	const size_t most = AUDIT_REFUSALS_A_MINUTE;
	size_t i;

	site.asker = "flood";
	for (i = 0; i < 3 * most; i++)
		assert_null(units("", 0));
	assert_audited(most);
	/* Another's are told all the same. */
	site.asker = "other";
	assert_null(units("", 0));
	assert_audited(most + 1);
	site.asker = "flood";
	assert_null(units("", 0));
	assert_audited(most + 1);
}

static void what_was_not_told_is_counted_with_the_next(void **state)
{
	const size_t most = AUDIT_REFUSALS_A_MINUTE;
	const Gridcall__V1__AuditEvent *audit;
	size_t i;

	site.asker = "flood";
	site.waited_us = 60000000; /* they came a minute ago */
	for (i = 0; i < most + 3; i++)
		assert_null(units("", 0));
	assert_audited(most);
	site.waited_us = 0;
	assert_null(units("", 0));
	assert_audited(most + 1);
	audit = last_audit();
	assert_non_null(strstr(audit->reason, "3 more were refused before it"));
	assert_null(units("", 0));
	assert_null(strstr(last_audit()->reason, "more were refused"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_changes_something_is_told_with_who_and_what),
		TEST(looking_and_planning_is_not_told),
		TEST(an_import_is_told_when_it_is_done),
		TEST(a_recording_is_told_where_it_was_made_too),
		TEST(a_recording_of_a_channel_that_is_gone_is_told),
		TEST(a_recording_that_is_not_there_is_not_told),
		TEST(a_refusal_for_want_of_a_right_is_told),
		TEST(one_without_a_key_is_refused_and_told),
		TEST(a_refusal_for_want_of_jurisdiction_is_told),
		TEST(other_refusals_are_not_told),
		TEST(refusals_are_told_ten_times_a_minute_of_each),
		TEST(what_was_not_told_is_counted_with_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
