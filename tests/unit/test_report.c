/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The fold of a call's events, and how an answer is graded.
 */
#include "gateway/call/report.h"
#include "gateway/call/reply.h"
#include "gateway/call/sentence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <talloc.h>
#include <cmocka.h>

#define TOPIC "gc1.440106.440106530000.07.call"

struct bench {
	struct report *report;
	uint64_t seq;
};

static int set_up(void **state)
{
	struct bench *bench = talloc_zero(NULL, struct bench);

	bench->report = report_alloc(bench, "C1");
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	talloc_free(*state);
	return 0;
}

static void add_event(struct bench *bench, Gridcall__V1__Event *event)
{
	bench->seq++;
	event->topic = (char *)TOPIC;
	report_add(bench->report, bench->seq, (int64_t)bench->seq * 1000000,
		   event);
}

static void add_call(struct bench *bench, Gridcall__V1__CallEvent *call)
{
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;

	call->call = (char *)"C1";
	event.body_case = GRIDCALL__V1__EVENT__BODY_CALL;
	event.call = call;
	add_event(bench, &event);
}

static void start_on(struct bench *bench, const char *one, const char *other)
{
	Gridcall__V1__CallOptions options = GRIDCALL__V1__CALL_OPTIONS__INIT;
	Gridcall__V1__CallStarted started = GRIDCALL__V1__CALL_STARTED__INIT;
	Gridcall__V1__CallEvent call = GRIDCALL__V1__CALL_EVENT__INIT;
	Gridcall__V1__CalledUnit units[2] = {GRIDCALL__V1__CALLED_UNIT__INIT,
					     GRIDCALL__V1__CALLED_UNIT__INIT};
	Gridcall__V1__CalledUnit *list[2] = {&units[0], &units[1]};

	units[0].unit = (char *)"U1";
	units[1].unit = (char *)"U2";
	units[0].channel = (char *)one;
	units[1].channel = (char *)other;
	started.options = &options;
	started.units = list;
	started.n_units = 2;
	call.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_STARTED;
	call.started = &started;
	add_call(bench, &call);
}

static void start_two(struct bench *bench)
{
	start_on(bench, "CH1", "CH1");
}

static void add_hold(struct bench *bench, const char *channel, bool held)
{
	Gridcall__V1__CallHeld hold = GRIDCALL__V1__CALL_HELD__INIT;
	Gridcall__V1__CallResumed resumed = GRIDCALL__V1__CALL_RESUMED__INIT;
	Gridcall__V1__CallEvent call = GRIDCALL__V1__CALL_EVENT__INIT;

	hold.channel = (char *)channel;
	resumed.channel = (char *)channel;
	if (held) {
		call.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_HELD;
		call.held = &hold;
	} else {
		call.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_RESUMED;
		call.resumed = &resumed;
	}
	add_call(bench, &call);
}

static const char *state_of(struct bench *bench)
{
	return report_message(bench->report)->summary->state;
}

static void add_turn(struct bench *bench, const char *unit,
		     Gridcall__V1__UnitState state, uint32_t sent_ms)
{
	Gridcall__V1__CallTurn turn = GRIDCALL__V1__CALL_TURN__INIT;
	Gridcall__V1__CallEvent call = GRIDCALL__V1__CALL_EVENT__INIT;

	turn.unit = (char *)unit;
	turn.channel = (char *)"CH1";
	turn.state = state;
	turn.round = 1;
	turn.sent_ms = sent_ms;
	call.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_TURN;
	call.turn = &turn;
	add_call(bench, &call);
}

static void add_reply(struct bench *bench, uint32_t count,
		      Gridcall__V1__Grade grade, uint64_t replaces)
{
	Gridcall__V1__ReplyEvent reply = GRIDCALL__V1__REPLY_EVENT__INIT;
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;

	reply.call = (char *)"C1";
	reply.unit = (char *)"U1";
	reply.headcount_stated_case =
		GRIDCALL__V1__REPLY_EVENT__HEADCOUNT_STATED_HEADCOUNT;
	reply.headcount = count;
	reply.grade = grade;
	reply.replaces = replaces;
	reply.over = (char *)"CH1-1";
	reply.after_ms = 2000;
	reply.answered_at_us = 12000000;
	event.body_case = GRIDCALL__V1__EVENT__BODY_REPLY;
	event.reply = &reply;
	add_event(bench, &event);
}

static void add_over(struct bench *bench)
{
	Gridcall__V1__OverEvent over = GRIDCALL__V1__OVER_EVENT__INIT;
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;

	over.call = (char *)"C1";
	over.over = (char *)"CH1-1";
	over.recording = (char *)"a.wav";
	over.began_at_us = 11000000;
	over.length_ms = 1500;
	event.body_case = GRIDCALL__V1__EVENT__BODY_OVER;
	event.over = &over;
	add_event(bench, &event);
}

static void measures_the_least_a_call_needs(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__Report *report;

	start_two(bench);
	add_turn(bench, "U1", GRIDCALL__V1__UNIT_STATE__UNIT_CALLED, 900);
	add_reply(bench, 18, GRIDCALL__V1__GRADE__GRADE_AGREES, 0);
	add_over(bench);
	report = report_message(bench->report);
	/* 900 sent, 2000 to the #, 500 more until the carrier dropped */
	assert_int_equal(report->least_ms, 3400);
	assert_int_equal(report->took_ms, 3000);
	assert_string_equal(report->units[0]->recording, "a.wav");
	assert_int_equal(report->summary->agrees, 1);
	assert_int_equal(report->summary->pending, 1);
}

static void lets_no_doubt_displace_a_certain_answer(void **state)
{
	struct bench *bench = *state;
	const Gridcall__V1__ReportUnit *unit;

	start_two(bench);
	add_reply(bench, 18, GRIDCALL__V1__GRADE__GRADE_AGREES, 0);
	add_reply(bench, 16, GRIDCALL__V1__GRADE__GRADE_DOUBTFUL, 0);
	unit = report_message(bench->report)->units[0];
	assert_int_equal(unit->reply->headcount, 18);
	assert_int_equal(unit->n_others, 1);
	assert_int_equal(unit->others[0]->headcount, 16);
	add_reply(bench, 17, GRIDCALL__V1__GRADE__GRADE_DOUBTFUL,
		  unit->reply_seq);
	unit = report_message(bench->report)->units[0];
	assert_int_equal(unit->reply->headcount, 17);
	assert_int_equal(unit->grade, GRIDCALL__V1__GRADE__GRADE_DOUBTFUL);
}

static void knows_where_a_restart_goes_on(void **state)
{
	struct bench *bench = *state;

	start_two(bench);
	assert_null(report_open_unit(bench->report, "CH1"));
	add_turn(bench, "U1", GRIDCALL__V1__UNIT_STATE__UNIT_CALLED, 0);
	add_turn(bench, "U1", GRIDCALL__V1__UNIT_STATE__UNIT_SILENT, 0);
	add_turn(bench, "U2", GRIDCALL__V1__UNIT_STATE__UNIT_CALLED, 0);
	assert_string_equal(report_open_unit(bench->report, "CH1"), "U2");
	assert_string_equal(report_area(bench->report, "U2"),
			    "440106.440106530000.07");
	assert_int_equal(report_message(bench->report)->summary->silent, 1);
}

static void is_held_when_alarms_hold_all_that_is_left(void **state)
{
	struct bench *bench = *state;

	start_on(bench, "CH1", "CH2");
	add_turn(bench, "U1", GRIDCALL__V1__UNIT_STATE__UNIT_CALLED, 0);
	add_hold(bench, "CH2", true);
	assert_string_equal(state_of(bench), "asking");
	add_reply(bench, 18, GRIDCALL__V1__GRADE__GRADE_AGREES, 0);
	assert_string_equal(state_of(bench), "held");
	assert_string_equal(report_call_state(bench->report), "asking");
	add_hold(bench, "CH2", false);
	assert_string_equal(state_of(bench), "asking");
}

static void is_held_while_who_was_heard_may_answer_yet(void **state)
{
	struct bench *bench = *state;

	start_two(bench);
	add_reply(bench, 18, GRIDCALL__V1__GRADE__GRADE_AGREES, 0);
	add_turn(bench, "U2", GRIDCALL__V1__UNIT_STATE__UNIT_CALLED, 0);
	add_turn(bench, "U2", GRIDCALL__V1__UNIT_STATE__UNIT_HEARD, 0);
	add_hold(bench, "CH1", true);
	assert_string_equal(state_of(bench), "held");
}

static void lets_no_neighbours_count_displace_a_doubtful_one(void **state)
{
	struct bench *bench = *state;

	start_two(bench);
	add_reply(bench, 18, GRIDCALL__V1__GRADE__GRADE_DOUBTFUL, 0);
	add_reply(bench, 12, GRIDCALL__V1__GRADE__GRADE_DOUBTFUL, 0);
	assert_int_equal(
		report_message(bench->report)->units[0]->reply->headcount, 18);
}

static void ignores_events_of_other_calls(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__AlarmEvent alarm = GRIDCALL__V1__ALARM_EVENT__INIT;
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;

	alarm.call = (char *)"C2";
	event.body_case = GRIDCALL__V1__EVENT__BODY_ALARM;
	event.alarm = &alarm;
	add_event(bench, &event);
	assert_int_equal(report_message(bench->report)->n_alarms, 0);
	assert_int_equal(report_last_us(bench->report), 0);
}

static void grades_an_answer(void **state)
{
	struct answer answer = {.kind = ANSWER_COUNT, .count = 18};

	assert_int_equal(reply_grade(&answer, 0, 18),
			 GRIDCALL__V1__GRADE__GRADE_AGREES);
	assert_int_equal(reply_grade(&answer, 0, 17),
			 GRIDCALL__V1__GRADE__GRADE_ATTENTION);
	assert_int_equal(reply_grade(&answer, DOUBT_LOST, 18),
			 GRIDCALL__V1__GRADE__GRADE_DOUBTFUL);
	strcpy(answer.situation, "0");
	assert_int_equal(reply_grade(&answer, 0, 18),
			 GRIDCALL__V1__GRADE__GRADE_AGREES);
	strcpy(answer.situation, "2");
	assert_int_equal(reply_grade(&answer, 0, 18),
			 GRIDCALL__V1__GRADE__GRADE_ATTENTION);
}

static void writes_as_an_officer_would(void **state)
{
	struct bench *bench = *state;
	Gridcall__V1__ReplyEvent reply = GRIDCALL__V1__REPLY_EVENT__INIT;

	reply.headcount_stated_case =
		GRIDCALL__V1__REPLY_EVENT__HEADCOUNT_STATED_HEADCOUNT;
	reply.headcount = 18;
	reply.situation = (char *)"2";
	reply.late = true;
	assert_string_equal(sentence_of_reply(bench, "zh", "正佳广场", &reply),
			    "正佳广场18人在岗,需要支援,迟到应答");
	assert_string_equal(sentence_of_reply(bench, "en", "Plaza", &reply),
			    "Plaza: 18 on duty, needs support, late");
}

static void gives_reasons_in_the_officers_language(void **state)
{
	const char *reason = "keys that are no whole answer";

	assert_string_equal(sentence_of_reason("zh", reason), "按键不完整");
	assert_string_equal(sentence_of_reason("en", reason), reason);
	assert_string_equal(sentence_of_reason("zh", "按键不完整"),
			    "按键不完整");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(measures_the_least_a_call_needs),
		TEST(lets_no_doubt_displace_a_certain_answer),
		TEST(knows_where_a_restart_goes_on),
		TEST(is_held_when_alarms_hold_all_that_is_left),
		TEST(is_held_while_who_was_heard_may_answer_yet),
		TEST(lets_no_neighbours_count_displace_a_doubtful_one),
		TEST(ignores_events_of_other_calls),
		TEST(grades_an_answer),
		TEST(writes_as_an_officer_would),
		TEST(gives_reasons_in_the_officers_language),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
