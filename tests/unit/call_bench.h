/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * call_bench.h - the call engine on one invented radio, for its tests
 *
 * Ledger, directory, voice and codecs are the real ones; only the radio is
 * invented.
 */
#pragma once

#include "gateway/call/report.h"
#include "gateway/clock.h"
#include "gateway/log.h"
#include "tests/unit/call_house.h"

#include <osmocom/core/application.h>

static const struct log_info_cat test_cats[] = {
	[DMAIN] = {.name = "DMAIN", .enabled = 1, .loglevel = LOGL_NOTICE},
	[DVOICE] = {.name = "DVOICE", .enabled = 1, .loglevel = LOGL_NOTICE},
	[DCALL] = {.name = "DCALL", .enabled = 1, .loglevel = LOGL_DEBUG},
	[DRECORD] = {.name = "DRECORD", .enabled = 1, .loglevel = LOGL_NOTICE},
};
static const struct log_info test_log = {.cat = test_cats,
					 .num_cat = ARRAY_SIZE(test_cats)};

static inline void open_radio(struct bench *bench)
{
	struct channel_config config = {.code = "CH1",
					.repeater = bench->repeater,
					.tx_limit_s = 60,
					.over_limit_s = 60};
	struct gridcall_why why = {""};

	if (bench->over_limit_s)
		config.over_limit_s = bench->over_limit_s;
	/* A repeater's overs are dated by their sound. */
	radio.is_paced = bench->repeater || bench->paced;
	bench->slot =
		voice_open(bench->voice, &config, &radio_driver, NULL, &why);
	assert_string_equal(why.text, "");
	assert_true(bench->slot >= 0);
}

/* Told without the ledger. */
static inline void on_published(void *data, const char *topic,
				const uint8_t *payload, size_t len)
{
	struct bench *bench = data;
	Gridcall__V1__Event *event =
		gridcall__v1__event__unpack(NULL, len, payload);

	assert_non_null(event);
	assert_string_equal(topic, "gc1." HOME ".alarm");
	assert_string_equal(event->topic, topic);
	assert_string_equal(event->gateway, "GW1");
	assert_int_equal(event->seq, 0);
	assert_int_equal(event->topic_seq, 0);
	assert_int_equal(event->body_case, GRIDCALL__V1__EVENT__BODY_ALARM);
	assert_string_equal(event->alarm->raw, "**110#");
	bench->published++;
	gridcall__v1__event__free_unpacked(event, NULL);
}

/* Open the ledger, the radio and the engine: a daemon starts. */
static inline void begin(struct bench *bench)
{
	struct ledger_config ledger = {.path = bench->path,
				       .gateway = "GW1",
				       .on_event = on_event,
				       .on_trouble = on_trouble,
				       .data = bench};
	struct voice_config voice = {
		.workers = 1, .on_signal = on_signal, .data = bench};
	struct gridcall_why why = {""};
	struct calls_config config = {.gateway = "GW1",
				      .directory = get_directory,
				      .slot = get_slot,
				      .channel = get_channel,
				      .publish = on_published,
				      .job = queue_job,
				      .data = bench};
	struct calls_settings *settings;

	bench->ledger = ledger_open(bench->ctx, &ledger, &why);
	assert_string_equal(why.text, "");
	bench->seq = ledger_seq(bench->ledger);
	bench->voice = voice_alloc(bench->ctx, &voice, &why);
	assert_string_equal(why.text, "");
	open_radio(bench);
	UNTIL(bench,
	      voice_state(bench->voice, (uint32_t)bench->slot) == CHANNEL_IDLE);
	config.voice = bench->voice;
	config.ledger = bench->ledger;
	bench->calls = calls_alloc(bench->ctx, &config);
	settings = calls_settings(bench->calls);
	settings->silence_ms = 300;
	settings->yield_every = 0;
	settings->yield_ms = 40;
	settings->busy_ms = 2000;
	settings->prompts = bench->prompts;
	settings->announcements = bench->kept;
}

/* The daemon goes: nothing is saved on the way out. */
static inline void leave(struct bench *bench)
{
	bench->calls = calls_free(bench->calls);
	bench->voice = voice_free(bench->voice);
	bench->ledger = ledger_close(bench->ledger);
	run_jobs(bench);
}

static inline int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!osmo_log_info)
		osmo_init_logging2(NULL, &test_log);
	log_set_log_level(osmo_stderr_target,
			  getenv("TEST_LOG") ? LOGL_DEBUG : LOGL_FATAL);
	bench->ctx = talloc_new(NULL);
	bench->called = -1;
	INIT_LLIST_HEAD(&bench->jobs);
	strcpy(bench->folder, "/tmp/test_calls.XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(bench->path, sizeof(bench->path), "%s/ledger", bench->folder);
	snprintf(bench->prompts, sizeof(bench->prompts), "%s/prompts",
		 bench->folder);
	snprintf(bench->kept, sizeof(bench->kept), "%s/kept", bench->folder);
	write_prompts(bench);
	make_directory(bench);
	begin(bench);
	calls_resume(bench->calls);
	run_jobs(bench);
	*state = bench;
	return 0;
}

static inline int tear_down(void **state)
{
	struct bench *bench = *state;
	char command[128];

	leave(bench);
	assert_false(atomic_load(&radio.keyed));
	if (bench->reply)
		gridcall__v1__reply_event__free_unpacked(bench->reply, NULL);
	if (bench->alarm)
		gridcall__v1__alarm_event__free_unpacked(bench->alarm, NULL);
	talloc_free(bench->ctx);
	snprintf(command, sizeof(command), "rm -rf '%s'", bench->folder);
	assert_int_equal(system(command), 0);
	free(bench);
	return 0;
}

/* ---------------------------------------------------------------- officer --
 */

static const struct calls_principal officer = {.name = "wang",
					       .address = "local"};

static inline void on_started(void *data, uint64_t first, uint64_t last)
{
	struct bench *bench = data;

	calls_started(bench->calls, bench->call);
}

static inline void start(struct bench *bench, const char *selector,
			 Gridcall__V1__CallOptions *options)
{
	Gridcall__V1__StartRequest request = GRIDCALL__V1__START_REQUEST__INIT;
	Gridcall__V1__PlanRequest spec = GRIDCALL__V1__PLAN_REQUEST__INIT;
	struct ledger_batch *batch = ledger_batch_alloc(bench->ledger);
	Gridcall__V1__StartReply *reply = NULL;
	struct fault fault = {0};

	spec.selector = (char *)selector;
	spec.options = options;
	request.spec = &spec;
	if (calls_start(bench->calls, bench->ctx, &officer, &request, batch,
			&reply, &fault) < 0)
		fail_msg("%s", fault.sentence);
	snprintf(bench->call, sizeof(bench->call), "%s", reply->call);
	ledger_commit(bench->ledger, batch, on_started, bench);
}

static inline void read_work(struct ledger_reader *reader, void *data)
{
	assert_int_equal(report_read(reader, data), 0);
}

static inline const Gridcall__V1__Report *read_report(struct bench *bench)
{
	struct report *report = report_alloc(bench->ctx, bench->call);

	ledger_read_now(bench->ledger, read_work, report);
	return report_message(report);
}

/* ------------------------------------------------------------- what is said --
 */

/* What a unit says each time it is asked. */
#define SCRIPT(unit, ...)                                                      \
	do {                                                                   \
		const char *const lines_[] = {__VA_ARGS__};                    \
		memcpy(bench->script[(unit)-1], lines_, sizeof(lines_));       \
	} while (0)

static inline const Gridcall__V1__ReportUnit *
unit_of(const Gridcall__V1__Report *report, int unit)
{
	assert_true((size_t)unit <= report->n_units);
	return report->units[unit - 1];
}

static inline void restart(struct bench *bench)
{
	leave(bench);
	make_directory(bench);
	begin(bench);
	calls_resume(bench->calls);
	run_jobs(bench);
}

/* The daemon is started again, on another kind of channel. */
static inline void restart_as(struct bench *bench, bool repeater)
{
	bench->repeater = repeater;
	restart(bench);
}

/* An officer lets calls go on after an alarm. */
static inline void release(struct bench *bench)
{
	struct ledger_batch *batch = ledger_batch_alloc(bench->ledger);
	struct fault fault = {0};

	if (calls_release(bench->calls, &officer, "CH1", batch, &fault) < 0)
		fail_msg("%s", fault.sentence);
	ledger_commit(bench->ledger, batch, NULL, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
