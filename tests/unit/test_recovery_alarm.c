/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An alarm that the gateway can't record yet reaches a subscriber at once.
 */
#include "proto/recovery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define TOPIC "gc1.440106.440106530000.07.alarm"

struct heard {
	unsigned int events;
	unsigned int volatiles;
};

static void on_event(void *data, const struct gridcall_event *event)
{
	((struct heard *)data)->events++;
}

static void on_volatile(void *data, const char *topic, const uint8_t *payload,
			size_t len)
{
	struct heard *heard = data;

	assert_string_equal(topic, TOPIC);
	heard->volatiles++;
}

static struct recovery *subscribe(struct heard *heard)
{
	static const char *const prefixes[] = {"gc1."};
	struct gridcall_interest config = {.prefixes = prefixes,
					   .prefix_count = 1,
					   .position = "- 0",
					   .on_event = on_event,
					   .on_volatile = on_volatile,
					   .data = heard};
	struct recovery *recovery = recovery_alloc(&config);

	assert_non_null(recovery);
	return recovery;
}

static void send_alarm(struct recovery *recovery, uint64_t seq)
{
	Gridcall__V1__AlarmEvent alarm = GRIDCALL__V1__ALARM_EVENT__INIT;
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;
	uint8_t packed[256];

	alarm.alarm = (char *)"CH1-1";
	event.gateway = (char *)"GC1";
	event.epoch = (char *)(seq ? "0123456789abcdef" : "");
	event.topic = (char *)TOPIC;
	event.seq = seq;
	event.topic_seq = seq;
	event.body_case = GRIDCALL__V1__EVENT__BODY_ALARM;
	event.alarm = &alarm;
	recovery_message(recovery, TOPIC, strlen(TOPIC), packed,
			 gridcall__v1__event__pack(&event, packed));
}

static void an_unnumbered_alarm_waits_for_no_replay(void **state)
{
	struct heard heard = {0};
	struct recovery *recovery = subscribe(&heard);

	send_alarm(recovery, 0);
	assert_int_equal(heard.volatiles, 1);
	assert_int_equal(heard.events, 0);
	assert_int_equal(recovery_stats(recovery)->garbage, 0);
	recovery_free(recovery);
}

static void a_numbered_alarm_waits_for_its_place(void **state)
{
	struct heard heard = {0};
	struct recovery *recovery = subscribe(&heard);

	send_alarm(recovery, 5);
	assert_int_equal(heard.volatiles, 0);
	assert_int_equal(heard.events, 0); /* 1 to 4 come first */
	recovery_free(recovery);
}

static void an_alarm_that_is_garbage_is_not_told(void **state)
{
	struct heard heard = {0};
	struct recovery *recovery = subscribe(&heard);

	recovery_message(recovery, TOPIC, strlen(TOPIC),
			 (const uint8_t *)"\xff\xff", 2);
	assert_int_equal(heard.volatiles, 0);
	recovery_free(recovery);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unnumbered_alarm_waits_for_no_replay),
		cmocka_unit_test(a_numbered_alarm_waits_for_its_place),
		cmocka_unit_test(an_alarm_that_is_garbage_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
