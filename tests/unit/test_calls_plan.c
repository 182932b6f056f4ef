/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Who is asked, with which announcement, and how calls share a channel.
 */
#include "tests/unit/call_bench.h"

#include <sys/stat.h>

/* Whenever the test runs. */
#define NEVER "Mo-Su off"

static int plan(struct bench *bench, Gridcall__V1__CallOptions *options,
		Gridcall__V1__Plan **message, struct fault *fault)
{
	Gridcall__V1__PlanRequest request = GRIDCALL__V1__PLAN_REQUEST__INIT;

	request.selector = (char *)"grid=07";
	request.options = options;
	*fault = (struct fault){0};
	return calls_plan(bench->calls, bench->ctx, &officer, &request, message,
			  fault);
}

static void a_unit_off_duty_is_not_asked(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__Report *report;

	bench->duty[1] = NEVER;
	restart(bench);
	SCRIPT(1, "18#");
	SCRIPT(2, "18#");
	SCRIPT(3, "18#");
	start(bench, "grid=07", NULL);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 U3 ");
	report = read_report(bench);
	assert_int_equal(unit_of(report, 2)->state,
			 GRIDCALL__V1__UNIT_STATE__UNIT_OFF_DUTY);
	assert_int_equal(report->summary->not_asked, 1);
}

static void ignore_duty_asks_it_all_the_same(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__CallOptions options = GRIDCALL__V1__CALL_OPTIONS__INIT;

	bench->duty[1] = NEVER;
	restart(bench);
	SCRIPT(1, "18#");
	SCRIPT(2, "18#");
	SCRIPT(3, "18#");
	options.ignore_duty = true;
	start(bench, "grid=07", &options);
	UNTIL(bench, bench->ended);
	assert_string_equal(bench->order, "U1 U2 U3 ");
	assert_int_equal(read_report(bench)->summary->agrees, 3);
}

static void others_get_the_channel_after_every_few_turns(void **state)
{
	struct bench *bench = *state;

	calls_settings(bench->calls)->yield_every = 2;
	calls_settings(bench->calls)->yield_ms = 700;
	SCRIPT(1, "18#");
	SCRIPT(2, "18#");
	SCRIPT(3, "18#");
	start(bench, "grid=07", NULL);
	UNTIL(bench, bench->ended);
	/* Before U3 there was the yield, whatever else there was. */
	assert_true(bench->began_us[2] - bench->began_us[1] >= 700000);
	assert_int_equal(read_report(bench)->summary->agrees, 3);
}

static void a_code_answers_a_pull_test_and_a_count_does_not(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__CallOptions options = GRIDCALL__V1__CALL_OPTIONS__INIT;
	const Gridcall__V1__Report *report;

	options.kind = GRIDCALL__V1__CALL_KIND__KIND_PULL_TEST;
	SCRIPT(1, "**1#");
	SCRIPT(2, "18#", "**2#");
	SCRIPT(3, "**4#");
	start(bench, "grid=07", &options);
	UNTIL(bench, bench->ended);
	report = read_report(bench);
	assert_string_equal(unit_of(report, 1)->reply->code, "1");
	assert_string_equal(unit_of(report, 2)->reply->code, "2");
	assert_int_equal(unit_of(report, 3)->grade,
			 GRIDCALL__V1__GRADE__GRADE_ATTENTION);
	assert_int_equal(bench->heard, 1);
	assert_string_equal(bench->turn->reason, "人数不属于本次呼叫");
}

static void a_code_is_no_answer_to_a_roll_call(void **state)
{
	struct bench *bench = *state;

	SCRIPT(1, "**1#", "18#");
	start(bench, "grid=07 limit=1", NULL);
	UNTIL(bench, bench->ended);
	assert_int_equal(bench->heard, 1);
	assert_int_equal(bench->replies, 1);
	assert_int_equal(bench->reply->headcount, 18);
}

static uint8_t *read_file(struct bench *bench, const char *name, size_t *len)
{
	char path[256];
	uint8_t *data;
	struct stat st;
	FILE *file;

	snprintf(path, sizeof(path), "tests/data/audio/%s", name);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	*len = (size_t)st.st_size;
	data = talloc_size(bench->ctx, *len);
	assert_int_equal(fread(data, 1, *len, file), *len);
	fclose(file);
	return data;
}

static void an_ogg_opus_file_announces(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__CallOptions options = GRIDCALL__V1__CALL_OPTIONS__INIT;
	ProtobufCBinaryData *file = &options.announcement_file;

	file->data = read_file(bench, "ffmpeg_mono.opus", &file->len);
	SCRIPT(1, "18#");
	start(bench, "grid=07 limit=1", &options);
	UNTIL(bench, bench->ended);
	assert_int_equal(read_report(bench)->summary->agrees, 1);
	assert_int_equal(bench->plays, 3); /* announced, cue, done */
}

static void
a_file_that_cant_be_decoded_ends_its_call_with_the_reason(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__CallOptions options = GRIDCALL__V1__CALL_OPTIONS__INIT;
	ProtobufCBinaryData *file = &options.announcement_file;
	const Gridcall__V1__ReportUnit *unit;
	size_t i;

	/* Its head and its last page stand; what it says is gone. */
	file->data = read_file(bench, "ffmpeg_mono.opus", &file->len);
	for (i = 200; i + 400 < file->len; i++)
		file->data[i] = (uint8_t)(i * 7);
	start(bench, "grid=07 limit=1", &options);
	UNTIL(bench, bench->ended);
	unit = unit_of(read_report(bench), 1);
	assert_int_equal(unit->state,
			 GRIDCALL__V1__UNIT_STATE__UNIT_UNREACHABLE);
	assert_string_equal(unit->reason, "通告录音无法读取");
	assert_int_equal(bench->called_count, 0);
}

static void a_second_call_on_a_channel_waits_for_the_first(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__Plan *second;
	struct fault fault;
	char first[40];

	SCRIPT(1, "", "18#", "17#");
	SCRIPT(2, "18#", "17#");
	start(bench, "grid=07 limit=2", NULL);
	UNTIL(bench, bench->plays == 2);
	strcpy(first, bench->call);
	assert_int_equal(plan(bench, NULL, &second, &fault), 0);
	assert_true(second->channels[0]->wait_ms > 0);
	start(bench, "grid=07 limit=2", NULL);
	UNTIL(bench, bench->started == 2);
	assert_string_equal(read_report(bench)->summary->state, "queued");
	assert_string_equal(calls_on_channel(bench->calls, "CH1"), first);
	UNTIL(bench, bench->ended == 1);
	UNTIL(bench, bench->ended == 2);
	assert_string_equal(bench->order, "U1 U2 U1 U1 U2 ");
	assert_int_equal(unit_of(read_report(bench), 2)->reply->headcount, 17);
}

static void an_announcement_past_the_transmit_time_out_is_refused(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__CallOptions options = GRIDCALL__V1__CALL_OPTIONS__INIT;
	Gridcall__V1__Plan *message;
	struct fault fault;

	write_prompt(bench, "long", 70); /* 1.4 s */
	options.announcement = (char *)"long";
	bench->tx_limit_s = 2;
	restart(bench);
	assert_int_equal(plan(bench, &options, &message, &fault), 0);
	bench->tx_limit_s = 1;
	restart(bench);
	assert_true(plan(bench, &options, &message, &fault) < 0);
	assert_non_null(strstr(fault.sentence, "at most 1 s at a time"));
}

static void an_announcement_added_meanwhile_is_soon_found(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__CallOptions options = GRIDCALL__V1__CALL_OPTIONS__INIT;
	Gridcall__V1__Plan *message;
	struct fault fault;

	options.announcement = (char *)"added";
	assert_true(plan(bench, &options, &message, &fault) < 0);
	assert_non_null(strstr(fault.sentence, "no announcement added.wav in"));
	assert_non_null(strstr(fault.sentence, bench->prompts));
	write_prompt(bench, "added", CUE_FRAMES);
	/* Nothing tells when: asking is what makes it look. */
	alarm(30);
	while (plan(bench, &options, &message, &fault) < 0)
		run_jobs(bench);
	alarm(0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_unit_off_duty_is_not_asked),
		TEST(ignore_duty_asks_it_all_the_same),
		TEST(others_get_the_channel_after_every_few_turns),
		TEST(a_code_answers_a_pull_test_and_a_count_does_not),
		TEST(a_code_is_no_answer_to_a_roll_call),
		TEST(an_ogg_opus_file_announces),
		TEST(a_file_that_cant_be_decoded_ends_its_call_with_the_reason),
		TEST(a_second_call_on_a_channel_waits_for_the_first),
		TEST(an_announcement_past_the_transmit_time_out_is_refused),
		TEST(an_announcement_added_meanwhile_is_soon_found),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
