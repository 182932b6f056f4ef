/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "proto/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/gridcall.pb-c.h"

static void gives(const void *message, const char *expected)
{
	struct json json = {0};

	assert_int_equal(json_message(&json, message), 0);
	assert_string_equal(json.text, expected);
	assert_int_equal(json.len, strlen(expected));
	json_clear(&json);
}

static void string_gives(const char *string, const char *expected)
{
	struct json json = {0};

	assert_int_equal(json_string(&json, string), 0);
	assert_string_equal(json.text, expected);
	json_clear(&json);
}

static void leaves_defaults_out(void **state)
{
	Gridcall__V1__Unit unit = GRIDCALL__V1__UNIT__INIT;

	gives(&unit, "{}");
	unit.code = NULL;
	gives(&unit, "{}");
}

static void names_fields_as_the_contract_does(void **state)
{
	Gridcall__V1__Unit unit = GRIDCALL__V1__UNIT__INIT;
	char *tags[] = {(char *)"school", (char *)"天河"};

	unit.code = (char *)"U1";
	unit.strength = 18;
	unit.n_tags = 2;
	unit.tags = tags;
	gives(&unit, "{\"code\":\"U1\",\"strength\":18,"
		     "\"tags\":[\"school\",\"天河\"]}");
}

static void shows_a_zero_that_was_stated(void **state)
{
	Gridcall__V1__ReplyEvent reply = GRIDCALL__V1__REPLY_EVENT__INIT;

	gives(&reply, "{}");
	reply.headcount_stated_case =
		GRIDCALL__V1__REPLY_EVENT__HEADCOUNT_STATED_HEADCOUNT;
	gives(&reply, "{\"headcount\":0}");
}

static void nests_only_the_member_that_is_set(void **state)
{
	Gridcall__V1__AlarmEvent alarm = GRIDCALL__V1__ALARM_EVENT__INIT;
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;

	alarm.exercise = 1;
	event.epoch = (char *)"00ff00ff00ff00ff";
	event.seq = UINT64_MAX;
	event.time_us = INT64_MIN;
	event.body_case = GRIDCALL__V1__EVENT__BODY_ALARM;
	event.alarm = &alarm;
	gives(&event, "{\"epoch\":\"00ff00ff00ff00ff\","
		      "\"seq\":18446744073709551615,"
		      "\"time_us\":-9223372036854775808,"
		      "\"alarm\":{\"exercise\":true}}");
}

static void names_enum_values_in_lower_case(void **state)
{
	Gridcall__V1__CallTurn turn = GRIDCALL__V1__CALL_TURN__INIT;

	turn.state = GRIDCALL__V1__UNIT_STATE__UNIT_SILENT;
	gives(&turn, "{\"state\":\"unit_silent\"}");
	turn.state = (Gridcall__V1__UnitState)77;
	gives(&turn, "{\"state\":77}");
}

static void writes_negative_levels(void **state)
{
	Gridcall__V1__OverEvent over = GRIDCALL__V1__OVER_EVENT__INIT;

	over.level_mdb = -12500;
	gives(&over, "{\"level_mdb\":-12500}");
}

static void writes_bytes_as_base64(void **state)
{
	static const char *const expected[] = {
		"{}",
		"{\"file\":\"Zg==\"}",
		"{\"file\":\"Zm8=\"}",
		"{\"file\":\"Zm9v\"}",
		"{\"file\":\"Zm9vYg==\"}",
		"{\"file\":\"Zm9vYmE=\"}",
		"{\"file\":\"Zm9vYmFy\"}",
	};
	Gridcall__V1__RecordingReply reply =
		GRIDCALL__V1__RECORDING_REPLY__INIT;
	size_t len;

	reply.file.data = (uint8_t *)"foobar";
	for (len = 0; len <= 6; len++) {
		reply.file.len = len;
		gives(&reply, expected[len]);
	}
}

static void writes_lists_of_messages_and_bytes(void **state)
{
	ProtobufCBinaryData events[] = {{1, (uint8_t *)"\xff"}, {0, NULL}};
	Gridcall__V1__TopicTail tail = GRIDCALL__V1__TOPIC_TAIL__INIT;
	Gridcall__V1__TopicTail *tails[] = {&tail, &tail};
	Gridcall__V1__ReplayReply reply = GRIDCALL__V1__REPLAY_REPLY__INIT;

	tail.topic_seq = 3;
	reply.n_events = 2;
	reply.events = events;
	reply.n_topics = 2;
	reply.topics = tails;
	gives(&reply, "{\"events\":[\"/w==\",\"\"],"
		      "\"topics\":[{\"topic_seq\":3},{\"topic_seq\":3}]}");
}

static void keeps_utf8(void **state)
{
	string_gives("正佳广场 18人", "\"正佳广场 18人\"");
	string_gives("\xf0\x9f\x93\xbb", "\"\xf0\x9f\x93\xbb\"");
}

static void escapes_what_would_act(void **state)
{
	string_gives("a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
	string_gives("\b\t\n\f\r\x01\x1b[2J\x7f",
		     "\"\\b\\t\\n\\f\\r\\u0001\\u001b[2J\\u007f\"");
	/* The one-character form of ESC [. */
	string_gives("\xc2\x9b"
		     "2J",
		     "\"\\u009b2J\"");
}

static void replaces_what_is_not_utf8(void **state)
{
	string_gives("a\xff"
		     "b",
		     "\"a\xef\xbf\xbd"
		     "b\"");
	string_gives("\xe6\xad", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	/* An overlong slash, a surrogate, past the last character. */
	string_gives("\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	string_gives("\xed\xa0\x80",
		     "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	string_gives("\xf4\x90\x80\x80",
		     "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void grows_as_needed(void **state)
{
	struct json json = {0};
	int i;

	for (i = 0; i < 5000; i++)
		assert_int_equal(json_raw(&json, "0123456789"), 0);
	assert_int_equal(json.len, 50000);
	assert_int_equal(strlen(json.text), 50000);
	json_reset(&json);
	assert_string_equal(json.text, "");
	json_clear(&json);
	assert_null(json.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_defaults_out),
		cmocka_unit_test(names_fields_as_the_contract_does),
		cmocka_unit_test(shows_a_zero_that_was_stated),
		cmocka_unit_test(nests_only_the_member_that_is_set),
		cmocka_unit_test(names_enum_values_in_lower_case),
		cmocka_unit_test(writes_negative_levels),
		cmocka_unit_test(writes_bytes_as_base64),
		cmocka_unit_test(writes_lists_of_messages_and_bytes),
		cmocka_unit_test(keeps_utf8),
		cmocka_unit_test(escapes_what_would_act),
		cmocka_unit_test(replaces_what_is_not_utf8),
		cmocka_unit_test(grows_as_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
