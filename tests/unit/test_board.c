/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/cli/board_draw.h"
#include "gateway/cli/texts.h"
#include "gateway/cli/width.h"

#define START_US  1767225600000000 /* 2026-01-01 00:00:00 UTC */
#define UNITS_MAX 64
#define CALL      "GC1-7"
#define TOPIC     "gc1.440106.440106530000.07.call"
#define CALLED    GRIDCALL__V1__UNIT_STATE__UNIT_CALLED
#define HEARD     GRIDCALL__V1__UNIT_STATE__UNIT_HEARD
#define SILENT    GRIDCALL__V1__UNIT_STATE__UNIT_SILENT
#define AGREES    GRIDCALL__V1__GRADE__GRADE_AGREES
#define ATTENTION GRIDCALL__V1__GRADE__GRADE_ATTENTION
#define DOUBTFUL  GRIDCALL__V1__GRADE__GRADE_DOUBTFUL

static uint64_t seq;

static void add(struct board *board, Gridcall__V1__Event *event)
{
	event->seq = ++seq;
	event->time_us = START_US + (int64_t)seq * 1000000;
	board_add(board, event);
}

static void add_call(struct board *board, const char *topic,
		     Gridcall__V1__CallEvent *call)
{
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;

	event.topic = (char *)topic;
	event.body_case = GRIDCALL__V1__EVENT__BODY_CALL;
	event.call = call;
	call->call = (char *)CALL;
	call->exercise = true;
	add(board, &event);
}

/* count units U01 ... of channel, each of 18 people. */
static void start(struct board *board, const char *topic, const char *channel,
		  int count)
{
	Gridcall__V1__CallEvent call = GRIDCALL__V1__CALL_EVENT__INIT;
	Gridcall__V1__CallStarted started = GRIDCALL__V1__CALL_STARTED__INIT;
	Gridcall__V1__CalledUnit units[UNITS_MAX];
	Gridcall__V1__CalledUnit *list[UNITS_MAX];
	char codes[UNITS_MAX][24];
	char *channels[] = {(char *)channel};
	int i;

	for (i = 0; i < count; i++) {
		gridcall__v1__called_unit__init(&units[i]);
		snprintf(codes[i], sizeof(codes[i]), "%.6s-%02d", channel,
			 i + 1);
		units[i].unit = codes[i];
		units[i].number = codes[i] + strlen(codes[i]) - 2;
		units[i].channel = (char *)channel;
		units[i].name = (char *)"正佳广场最小应急单元";
		units[i].expected = 18;
		list[i] = &units[i];
	}
	started.n_units = (size_t)count;
	started.units = list;
	started.n_channels = 1;
	started.channels = channels;
	call.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_STARTED;
	call.started = &started;
	add_call(board, topic, &call);
}

static void turn(struct board *board, const char *unit,
		 Gridcall__V1__UnitState state, const char *over)
{
	Gridcall__V1__CallEvent call = GRIDCALL__V1__CALL_EVENT__INIT;
	Gridcall__V1__CallTurn body = GRIDCALL__V1__CALL_TURN__INIT;

	body.unit = (char *)unit;
	body.channel = (char *)"TH07";
	body.state = state;
	body.round = 1;
	body.over = (char *)over;
	call.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_TURN;
	call.turn = &body;
	add_call(board, TOPIC, &call);
}

/* The seq of the reply. */
static uint64_t reply(struct board *board, const char *unit,
		      Gridcall__V1__Grade grade, uint32_t headcount)
{
	static char *doubts[] = {(char *)"no_end"};
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;
	Gridcall__V1__ReplyEvent body = GRIDCALL__V1__REPLY_EVENT__INIT;

	event.body_case = GRIDCALL__V1__EVENT__BODY_REPLY;
	event.reply = &body;
	body.call = (char *)CALL;
	body.unit = (char *)unit;
	body.channel = (char *)"TH07";
	body.grade = grade;
	body.headcount_stated_case =
		GRIDCALL__V1__REPLY_EVENT__HEADCOUNT_STATED_HEADCOUNT;
	body.headcount = headcount;
	body.situation = (char *)"0";
	body.after_ms = 2100;
	body.expected = 18;
	body.over = (char *)"O1";
	body.raw = (char *)"18";
	body.n_doubts = grade == DOUBTFUL;
	body.doubts = doubts;
	add(board, &event);
	return seq;
}

static void over(struct board *board, const char *id, const char *recording)
{
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;
	Gridcall__V1__OverEvent body = GRIDCALL__V1__OVER_EVENT__INIT;

	event.body_case = GRIDCALL__V1__EVENT__BODY_OVER;
	event.over = &body;
	body.call = (char *)CALL;
	body.channel = (char *)"TH07";
	body.over = (char *)id;
	body.recording = (char *)recording;
	add(board, &event);
}

static void alarm_event(struct board *board, bool taken_back)
{
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;
	Gridcall__V1__AlarmEvent body = GRIDCALL__V1__ALARM_EVENT__INIT;

	event.body_case = GRIDCALL__V1__EVENT__BODY_ALARM;
	event.alarm = &body;
	body.alarm = (char *)"A1";
	body.channel = (char *)"TH07";
	body.kind = (char *)"fire";
	body.taken_back = taken_back;
	add(board, &event);
}

static void end(struct board *board, const char *topic)
{
	Gridcall__V1__CallEvent call = GRIDCALL__V1__CALL_EVENT__INIT;
	Gridcall__V1__CallEnded body = GRIDCALL__V1__CALL_ENDED__INIT;

	call.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_ENDED;
	call.ended = &body;
	add_call(board, topic, &call);
}

static char *draw(const struct board *board, size_t width, size_t height)
{
	struct board_view view = {.width = width,
				  .height = height,
				  .now_us = START_US + 60000000};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	board_draw(board, &view, out);
	fclose(out);
	return text;
}

static void shows(const struct board *board, const char *expected)
{
	char *text = draw(board, 100, 30);

	if (!strstr(text, expected))
		fail_msg("no '%s' in:\n%s", expected, text);
	free(text);
}

static void shows_not(const struct board *board, const char *unexpected)
{
	char *text = draw(board, 100, 30);

	if (strstr(text, unexpected))
		fail_msg("'%s' in:\n%s", unexpected, text);
	free(text);
}

static int setup(void **state)
{
	struct board *board = board_alloc(CALL);

	seq = 0;
	setenv("LC_ALL", "en_GB.UTF-8", 1);
	texts_init();
	start(board, TOPIC, "TH07", 4);
	*state = board;
	return 0;
}

static int teardown(void **state)
{
	board_free(*state);
	return 0;
}

static void counts_every_unit_in_one_figure(void **state)
{
	struct board *board = *state;
	struct board_figures figures;

	reply(board, "TH07-01", AGREES, 18);
	reply(board, "TH07-02", DOUBTFUL, 18);
	turn(board, "TH07-03", SILENT, "");
	figures = board_count(board, NULL);
	assert_int_equal(figures.units, 4);
	assert_int_equal(figures.agrees, 1);
	assert_int_equal(figures.doubtful, 1);
	assert_int_equal(figures.silent, 1);
	assert_int_equal(figures.pending, 1);
	assert_int_equal(board_count(board, "YX03").units, 0);
}

static void shows_whose_turn_it_is(void **state)
{
	struct board *board = *state;

	turn(board, "TH07-02", CALLED, "");
	shows(board, "> 02 正佳广场\n");
	reply(board, "TH07-02", AGREES, 18);
	shows_not(board, "> 02");
}

static void says_what_was_answered_in_the_officers_language(void **state)
{
	struct board *board = *state;

	reply(board, "TH07-01", AGREES, 18);
	shows(board, "18 people situation normal 2.1 s\n");
	setenv("LC_ALL", "zh_CN.UTF-8", 1);
	texts_init();
	shows(board, "18人 情况正常 2.1 s\n");
}

static void a_doubtful_answer_never_displaces_a_certain_one(void **state)
{
	struct board *board = *state;
	const struct board_unit *unit;

	reply(board, "TH07-01", AGREES, 18);
	reply(board, "TH07-01", DOUBTFUL, 81);
	unit = board_unit_find(board, "TH07-01");
	assert_int_equal(unit->grade, AGREES);
	assert_int_equal(unit->headcount, 18);
	reply(board, "TH07-01", ATTENTION, 17);
	assert_int_equal(unit->grade, ATTENTION);
	assert_int_equal(unit->headcount, 17);
}

static void asked_again_a_unit_keeps_what_it_answered(void **state)
{
	struct board *board = *state;

	reply(board, "TH07-01", AGREES, 18);
	turn(board, "TH07-01", CALLED, "");
	assert_int_equal(board_count(board, NULL).agrees, 1);
	turn(board, "TH07-01", SILENT, "");
	assert_int_equal(board_count(board, NULL).agrees, 0);
	assert_int_equal(board_count(board, NULL).silent, 1);
}

static void finds_the_recording_before_and_after_its_over(void **state)
{
	struct board *board = *state;

	turn(board, "TH07-01", HEARD, "O7");
	over(board, "O7", "TH07/7.opus");
	shows(board, "TH07/7.opus");
	over(board, "O8", "TH07/8.opus");
	turn(board, "TH07-02", HEARD, "O8");
	shows(board, "TH07/8.opus");
}

static void puts_the_gravest_first(void **state)
{
	struct board *board = *state;
	char *text;

	turn(board, "TH07-01", SILENT, "");
	turn(board, "TH07-02", HEARD, "O7");
	reply(board, "TH07-03", DOUBTFUL, 18);
	alarm_event(board, false);
	text = draw(board, 100, 30);
	assert_true(strstr(text, " ALARM ") < strstr(text, "doubtful    TH07"));
	assert_true(strstr(text, "doubtful    TH07") <
		    strstr(text, "heard       TH07"));
	assert_true(strstr(text, "heard       TH07") <
		    strstr(text, "silent      TH07"));
	assert_non_null(strstr(text, "18 people situation normal  "
				     "no final #"));
	free(text);
}

static void puts_the_newest_of_a_kind_first(void **state)
{
	struct board *board = *state;
	char *text;

	turn(board, "TH07-01", SILENT, "");
	turn(board, "TH07-03", SILENT, "");
	turn(board, "TH07-02", SILENT, "");
	text = draw(board, 100, 30);
	assert_true(strstr(text, "TH07     02") < strstr(text, "TH07     03"));
	assert_true(strstr(text, "TH07     03") < strstr(text, "TH07     01"));
	free(text);
}

static void an_alarm_taken_back_is_shown_no_more(void **state)
{
	struct board *board = *state;

	alarm_event(board, false);
	shows(board, " ALARM ");
	alarm_event(board, true);
	shows_not(board, " ALARM ");
}

static void is_over_when_every_grid_has_ended(void **state)
{
	struct board *board = *state;
	static const char other[] = "gc1.440106.440106530000.08.call";

	start(board, other, "TH08", 2);
	assert_false(board_is_over(board));
	end(board, TOPIC);
	assert_false(board_is_over(board));
	end(board, other);
	assert_true(board_is_over(board));
	shows(board, "  ended\n");
}

static void other_calls_change_nothing(void **state)
{
	struct board *board = *state;
	struct board *other = board_alloc("GC1-8");

	start(other, TOPIC, "TH07", 4);
	reply(other, "TH07-01", AGREES, 18);
	assert_int_equal(other->unit_count, 0);
	assert_false(other->started);
	assert_int_equal(board_count(board, NULL).pending, 4);
	board_free(other);
}

/* Neither a line too many nor a column too many, whatever the window. */
static void fits_every_window(void **state)
{
	struct board *board = *state;
	size_t width, height;

	start(board, TOPIC, "YX03", 40);
	reply(board, "TH07-01", AGREES, 18);
	reply(board, "TH07-02", DOUBTFUL, 18);
	turn(board, "TH07-03", CALLED, "");
	for (width = 1; width < 130; width += 3)
		for (height = 1; height < 45; height++) {
			char *text = draw(board, width, height);
			char *at = text;
			size_t lines = 0;

			for (; *at; lines++) {
				size_t len = strcspn(at, "\n");

				at[len] = '\0';
				assert_true(width_of(at) <= width);
				at += len + 1;
			}
			assert_true(lines <= height);
			free(text);
		}
}

static void says_how_many_exceptions_found_no_room(void **state)
{
	struct board *board = *state;
	char unit[24];
	char *text;
	int i;

	start(board, TOPIC, "YX03", 40);
	for (i = 1; i <= 40; i++) {
		snprintf(unit, sizeof(unit), "YX03-%02d", i);
		turn(board, unit, SILENT, "");
	}
	text = draw(board, 80, 24);
	assert_non_null(strstr(text, "For an officer (more 28)"));
	free(text);
}

static void a_report_gives_the_same_picture(void **state)
{
	struct board *board = *state;
	Gridcall__V1__Report report = GRIDCALL__V1__REPORT__INIT;
	Gridcall__V1__CallSummary summary = GRIDCALL__V1__CALL_SUMMARY__INIT;
	Gridcall__V1__CalledUnit called = GRIDCALL__V1__CALLED_UNIT__INIT;
	Gridcall__V1__ReportUnit unit = GRIDCALL__V1__REPORT_UNIT__INIT;
	Gridcall__V1__ReportUnit *units[] = {&unit};

	called.unit = (char *)"TH07-01";
	called.channel = (char *)"TH07";
	unit.unit = &called;
	unit.state = HEARD;
	unit.recording = (char *)"TH07/7.opus";
	summary.state = (char *)"cancelled";
	summary.finish_at_us = START_US;
	report.summary = &summary;
	report.n_units = 1;
	report.units = units;
	board_report(board, &report);
	assert_int_equal(board->unit_count, 1);
	assert_int_equal(board_count(board, NULL).heard, 1);
	assert_string_equal(board->call, CALL);
	assert_true(board_is_over(board));
	shows(board, "TH07/7.opus");
	shows(board, "cancelled");
}

static void tells_one_line_an_event(void **state)
{
	struct board *board = *state;
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;
	Gridcall__V1__AlarmEvent body = GRIDCALL__V1__ALARM_EVENT__INIT;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	event.body_case = GRIDCALL__V1__EVENT__BODY_ALARM;
	event.alarm = &body;
	body.channel = (char *)"TH07";
	body.kind = (char *)"fi\nre";
	body.raw = (char *)"**119#";
	assert_true(board_tell(board, &event, out));
	body.channel = (char *)"elsewhere";
	assert_false(board_tell(board, &event, out));
	fclose(out);
	assert_non_null(strstr(text, "ALARM fi?re **119#\n"));
	assert_ptr_equal(strchr(text, '\n'), text + len - 1);
	free(text);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(counts_every_unit_in_one_figure),
		test(shows_whose_turn_it_is),
		test(says_what_was_answered_in_the_officers_language),
		test(a_doubtful_answer_never_displaces_a_certain_one),
		test(asked_again_a_unit_keeps_what_it_answered),
		test(finds_the_recording_before_and_after_its_over),
		test(puts_the_gravest_first),
		test(puts_the_newest_of_a_kind_first),
		test(an_alarm_taken_back_is_shown_no_more),
		test(is_over_when_every_grid_has_ended),
		test(other_calls_change_nothing),
		test(fits_every_window),
		test(says_how_many_exceptions_found_no_room),
		test(a_report_gives_the_same_picture),
		test(tells_one_line_an_event),
	};

	setenv("LC_ALL", "C", 1);
	width_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
