/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * site_bench.h - a whole gateway in a test, asked by whoever the test says
 *
 * Ledger, directory, keys, calls, jobs and commands are the real ones.  What is
 * invented is a radio that is silent and a service that brings requests in and
 * keeps their replies.
 *
 *   CH1  home 440106.440106530000.07   units A1 A2, and A3 of grid 08
 *   CH2  home 440103.440103000000.01   units B1 B2
 *   CH3  home as CH1, grids of both    units S1 of CH1's grid, S2 of CH2's
 */
#pragma once

#include "codecs/audiofile.h"
#include "gateway/control/turnstile.h"
#include "gateway/clock.h"
#include "gateway/control/command.h"
#include "gateway/control/keyring.h"
#include "gateway/control/turnstile.h"
#include "gateway/job.h"
#include "gateway/log.h"
#include "gateway/radios.h"
#include "gateway/record/directory_builder.h"
#include "proto/z85.h"
#include "tests/unit/silent_radio.h"

#include <osmocom/core/application.h>
#include <osmocom/core/select.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* Nobody waits outside. */
static const struct turnstile_rate site_rate = {
	.rows_burst = 1u << 30,
	.rows_per_s = 1u << 30,
	.bytes_burst = 1u << 30,
	.bytes_per_s = 1u << 30,
	.waiting_max = 64,
	.waiting_max_over = 64,
};

#define ERROR(name) GRIDCALL__V1__ERROR_CODE__ERROR_##name
#define BODY(name)  GRIDCALL__V1__REQUEST__BODY_##name

#define GRID_A  "440106.440106530000.07"
#define GRID_A8 "440106.440106530000.08"
#define GRID_B  "440103.440103000000.01"

#define AUDITS_MAX 64
#define SITE_ID    "GC1"

/* Of each district, and of everything. */
#define ROLES_ALL "viewer,officer,supervisor,engineer"

struct audit_seen {
	char topic[TOPIC_MAX];
	Gridcall__V1__AuditEvent *event;
	Gridcall__V1__Event *whole;
};

struct site {
	void *ctx;
	char folder[64];
	char prompts[96];
	char recordings[96];
	struct gateway *gateway;
	struct gridcall_bridge *bridge;
	int slots[3];
	unsigned int names; /* of keys */
	/* how the next request comes */
	const char *asker;
	uint64_t connection;
	uint64_t waited_us;
	uint64_t put_us; /* when the last was handed in */
	/* what came back */
	Gridcall__V1__Reply *reply; /* the last */
	unsigned int replies;
	Gridcall__V1__Reply *by_token[16];
	uint64_t token;
	uint64_t events;
	char last_unit[96]; /* topic, code and column of a unit's event */
	struct audit_seen audits[AUDITS_MAX];
	size_t audit_count;
};

static struct site site;

static const char *const site_channels[] = {"CH1", "CH2", "CH3"};

/* Turn the main loop until the condition holds; alarm() ends a hang. */
#define UNTIL(condition)                                                       \
	do {                                                                   \
		alarm(60);                                                     \
		while (!(condition))                                           \
			osmo_select_main(0);                                   \
		alarm(0);                                                      \
	} while (0)

static const struct log_info_cat site_categories[] = {
	[DMAIN] = {.name = "DMAIN", .loglevel = LOGL_FATAL},
	[DVOICE] = {.name = "DVOICE", .loglevel = LOGL_FATAL},
	[DCALL] = {.name = "DCALL", .loglevel = LOGL_FATAL},
	[DRECORD] = {.name = "DRECORD", .loglevel = LOGL_FATAL},
	[DCONTROL] = {.name = "DCONTROL", .loglevel = LOGL_FATAL},
	[DPLUGIN] = {.name = "DPLUGIN", .loglevel = LOGL_FATAL},
};
static const struct log_info site_log = {
	.cat = site_categories,
	.num_cat = ARRAY_SIZE(site_categories),
};

/* ---- a service ---- */

static int desk_open(void **state, const struct gridcall_service_host *host,
		     struct gridcall_bridge *bridge,
		     const struct gridcall_option *options,
		     struct gridcall_why *why)
{
	site.bridge = bridge;
	*state = &site;
	return 0;
}

static void desk_reply(void *state, uint64_t token, const uint8_t *data,
		       size_t len)
{
	Gridcall__V1__Reply **place =
		&site.by_token[token % ARRAY_SIZE(site.by_token)];

	assert_null(*place);
	*place = gridcall__v1__reply__unpack(NULL, len, data);
	assert_non_null(*place);
	site.reply = *place;
	site.replies++;
}

static int desk_publish(void *state, const struct gridcall_message *message)
{
	return 0;
}

static void desk_close(void *state)
{
}

static const struct gridcall_service desk_service = {
	.head = {.name = "desk", .kind = GRIDCALL_SERVICE},
	.open = desk_open,
	.publish = desk_publish,
	.reply = desk_reply,
	.close = desk_close,
};

/* ---- the gateway's rooms ---- */

static void site_event(void *data, const struct ledger_event *row)
{
	Gridcall__V1__Event *event =
		gridcall__v1__event__unpack(NULL, row->len, row->payload);
	struct audit_seen *seen = &site.audits[site.audit_count];

	site.events++;
	assert_non_null(event);
	if (event->body_case == GRIDCALL__V1__EVENT__BODY_UNIT)
		snprintf(site.last_unit, sizeof(site.last_unit), "%s %s %s",
			 row->topic, event->unit->unit->code,
			 event->unit->n_columns ? event->unit->columns[0] : "");
	if (event->body_case != GRIDCALL__V1__EVENT__BODY_AUDIT ||
	    site.audit_count == AUDITS_MAX) {
		gridcall__v1__event__free_unpacked(event, NULL);
		return;
	}
	snprintf(seen->topic, sizeof(seen->topic), "%s", row->topic);
	seen->whole = event;
	seen->event = event->audit;
	site.audit_count++;
}

static void site_trouble(void *data, const char *sentence)
{
}

static void site_signal(void *data, const struct signal *signal)
{
	if (site.gateway->calls)
		calls_signal(site.gateway->calls, signal);
}

static const struct directory *site_directory(void *data)
{
	return site.gateway->directory;
}

static int site_slot(void *data, const char *channel)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(site_channels); i++)
		if (!strcmp(channel, site_channels[i]))
			return site.slots[i];
	return -1;
}

static const struct channel_entry *site_channel(void *data, uint32_t slot)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(site_channels); i++)
		if (site.slots[i] == (int)slot)
			return directory_find_channel(site.gateway->directory,
						      site_channels[i]);
	return NULL;
}

static void site_job(void *data, void (*work)(void *arg),
		     void (*done)(void *arg), void *arg)
{
	assert_int_equal(job_add(site.gateway->jobs, work, done, arg), 0);
}

static void site_publish(void *data, const char *topic, const uint8_t *payload,
			 size_t len)
{
}

static inline void add_channel(struct directory_builder *builder,
			       const char *code, const char *home,
			       const char *other)
{
	char *grids[] = {(char *)home, (char *)other, NULL};
	struct channel_entry channel = {
		.code = code,
		.name = code,
		.home = home,
		.grids = grids,
		.driver = "silent",
		.address = "",
		.tx_limit_s = 60,
		.over_limit_s = 60,
		.signalling = "dtmf",
	};

	directory_builder_channel(builder, &channel);
}

static inline void add_unit(struct directory_builder *builder, const char *code,
			    const char *area, const char *channel)
{
	char district[8], station[16], grid[16], number[4];
	static char *keypad[] = {(char *)"keypad", NULL};
	struct unit unit = {
		.code = code,
		.name = code,
		.spoken = code,
		.category = area[5] == '6' ? "GZ:A" : "XJ:A",
		.district = district,
		.station = station,
		.grid = grid,
		.channel = channel,
		.number = number,
		.answers_by = keypad,
		.strength = 10,
	};

	assert_int_equal(
		sscanf(area, "%7[^.].%15[^.].%15s", district, station, grid),
		3);
	snprintf(number, sizeof(number), "0%c", code[1]);
	directory_builder_unit(builder, &unit);
}

static inline struct directory *make_directory(void *ctx)
{
	struct directory_builder *builder = directory_builder_alloc(ctx);

	add_channel(builder, "CH1", GRID_A, NULL);
	add_channel(builder, "CH2", GRID_B, NULL);
	add_channel(builder, "CH3", GRID_A, GRID_B);
	add_unit(builder, "A1", GRID_A, "CH1");
	add_unit(builder, "A2", GRID_A, "CH1");
	add_unit(builder, "A3", GRID_A8, "CH1");
	add_unit(builder, "B1", GRID_B, "CH2");
	add_unit(builder, "B2", GRID_B, "CH2");
	add_unit(builder, "S1", GRID_A, "CH3");
	add_unit(builder, "S2", GRID_B, "CH3");
	return directory_builder_finish(builder);
}

static inline void write_prompt(const char *name)
{
	uint8_t silence[3200] = {0};
	struct audiofile_writer *writer;
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/zh/%s.wav", site.prompts, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	writer = audiofile_writer_open(file, AUDIOFILE_L16, 8000);
	audiofile_writer_put(writer, silence, sizeof(silence));
	audiofile_writer_close(writer);
	fclose(file);
}

static inline void make_folders(void)
{
	char path[192];

	strcpy(site.folder, "/tmp/test_site.XXXXXX");
	assert_non_null(mkdtemp(site.folder));
	snprintf(site.prompts, sizeof(site.prompts), "%s/prompts", site.folder);
	snprintf(site.recordings, sizeof(site.recordings), "%s/recordings",
		 site.folder);
	mkdir(site.recordings, 0700);
	mkdir(site.prompts, 0700);
	snprintf(path, sizeof(path), "%s/zh", site.prompts);
	mkdir(path, 0700);
	write_prompt("announce");
}

static inline void open_voice(struct gateway *gateway)
{
	struct voice_config config = {.workers = 1, .on_signal = site_signal};
	struct channel_config channel = {.tx_limit_s = 60, .over_limit_s = 60};
	struct gridcall_why why = {""};
	size_t i;

	gateway->voice = voice_alloc(gateway, &config, &why);
	assert_string_equal(why.text, "");
	for (i = 0; i < ARRAY_SIZE(site_channels); i++) {
		OSMO_STRLCPY_ARRAY(channel.code, site_channels[i]);
		site.slots[i] = voice_open(gateway->voice, &channel,
					   &silent_driver, NULL, &why);
		assert_true(site.slots[i] >= 0);
	}
	for (i = 0; i < ARRAY_SIZE(site_channels); i++)
		UNTIL(voice_state(gateway->voice, (uint32_t)site.slots[i]) ==
		      CHANNEL_IDLE);
	gateway->radios =
		radios_alloc(gateway, gateway->voice, gateway->plugins);
}

static inline void open_calls(struct gateway *gateway)
{
	struct calls_config config = {
		.gateway = SITE_ID,
		.voice = gateway->voice,
		.ledger = gateway->ledger,
		.directory = site_directory,
		.slot = site_slot,
		.channel = site_channel,
		.publish = site_publish,
		.job = site_job,
	};
	struct calls_settings *settings;

	gateway->calls = calls_alloc(gateway, &config);
	settings = calls_settings(gateway->calls);
	settings->silence_ms = 60000; /* calls stay open */
	settings->prompts = site.prompts;
	settings->announcements = site.folder;
	calls_resume(gateway->calls);
}

/* libosmocore keeps counters in a list that none may leave: one gateway. */
static struct gateway *the_gateway(void)
{
	static struct gateway *gateway;
	static void *ctx;

	if (gateway)
		return gateway;
	osmo_init_logging2(NULL, &site_log);
	log_set_log_level(osmo_stderr_target, LOGL_FATAL);
	ctx = talloc_named_const(NULL, 0, "test");
	rate_ctr_init(ctx);
	gateway = gateway_alloc(ctx);
	return gateway;
}

static int set_up(void **state)
{
	struct ledger_config config = {.gateway = SITE_ID,
				       .on_event = site_event,
				       .on_trouble = site_trouble};
	struct services_config services = {0};
	struct gridcall_why why = {""};
	struct gateway *gateway = the_gateway();
	char path[96];

	memset(&site, 0, sizeof(site));
	make_folders();
	snprintf(path, sizeof(path), "%s/ledger.db", site.folder);
	config.path = path;
	site.gateway = gateway;
	site.asker = "local";
	gateway->running.id = (char *)SITE_ID;
	gateway->running.recordings = site.recordings;
	gateway->ledger = ledger_open(gateway, &config, &why);
	assert_string_equal(why.text, "");
	gateway->jobs = job_queue_alloc(gateway);
	gateway->turnstile = turnstile_alloc(gateway, &site_rate);
	assert_non_null(gateway->turnstile);
	gateway->keyring = keyring_alloc(gateway);
	gateway->directory = make_directory(gateway);
	gateway->services = services_alloc(gateway, &services);
	assert_int_equal(
		services_open(gateway->services, &desk_service, NULL, &why), 0);
	open_voice(gateway);
	open_calls(gateway);
	*state = &site;
	return 0;
}

static int tear_down(void **state)
{
	struct gateway *gateway = site.gateway;
	char text[128];
	size_t i;

	UNTIL(llist_empty(&gateway->commands));
	gateway->calls = calls_free(gateway->calls);
	gateway->radios = radios_free(gateway->radios);
	gateway->voice = voice_free(gateway->voice);
	gateway->turnstile = turnstile_free(gateway->turnstile);
	gateway->jobs = job_queue_free(gateway->jobs);
	gateway->turnstile = turnstile_free(gateway->turnstile);
	gateway->ledger = ledger_close(gateway->ledger);
	gateway->services = services_free(gateway->services);
	TALLOC_FREE(gateway->directory);
	TALLOC_FREE(gateway->keyring);
	TALLOC_FREE(gateway->audit);
	TALLOC_FREE(gateway->census);
	gateway->stopping = false;
	gateway->trouble[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(site.by_token); i++)
		gridcall__v1__reply__free_unpacked(site.by_token[i], NULL);
	for (i = 0; i < site.audit_count; i++)
		gridcall__v1__event__free_unpacked(site.audits[i].whole, NULL);
	snprintf(text, sizeof(text), "rm -rf '%s'", site.folder);
	assert_int_equal(system(text), 0);
	return 0;
}

/* ---- who asks ---- */

static inline size_t split(char *text, char **words, size_t max)
{
	size_t count = 0;
	char *word;

	while ((word = strsep(&text, ",")) && count < max)
		if (word[0])
			words[count++] = word;
	return count;
}

/* A key for a name; roles and areas are lists with commas. */
static inline void enrol(const char *name, const char *roles, const char *areas)
{
	Gridcall__V1__Key key = GRIDCALL__V1__KEY__INIT;
	char roles_text[64], areas_text[256], public_key[Z85_KEY_CHARS + 1];
	uint8_t bytes[Z85_KEY_BYTES] = {0}, packed[512];
	char *role[8], *area[16];
	struct fault fault = {0};

	snprintf(roles_text, sizeof(roles_text), "%s", roles);
	snprintf(areas_text, sizeof(areas_text), "%s", areas);
	bytes[0] = (uint8_t)++site.names;
	assert_int_equal(z85_encode(public_key, bytes, sizeof(bytes)), 0);
	key.name = (char *)name;
	key.public_key = public_key;
	key.roles = role;
	key.n_roles = split(roles_text, role, ARRAY_SIZE(role));
	key.jurisdiction = area;
	key.n_jurisdiction = split(areas_text, area, ARRAY_SIZE(area));
	key.created_at_us = clock_utc_us() + site.names;
	key.created_by = (char *)"local";
	if (keyring_load(site.gateway->keyring, packed,
			 gridcall__v1__key__pack(&key, packed), clock_utc_us(),
			 &fault))
		fail_msg("%s", fault.sentence);
}

/* From now on name asks, who has every role, in these areas. */
static inline void ask_as(const char *name, const char *areas)
{
	if (strcmp(name, "local"))
		enrol(name, ROLES_ALL, areas);
	site.asker = name;
}

/* ---- asking ---- */

/* Hand a request in; its token. */
static inline uint64_t put(const Gridcall__V1__Request *request)
{
	size_t len = gridcall__v1__request__get_packed_size(request);
	uint8_t *packed = malloc(len + 1);
	uint64_t token = ++site.token;
	Gridcall__V1__Reply **place =
		&site.by_token[token % ARRAY_SIZE(site.by_token)];

	gridcall__v1__reply__free_unpacked(*place, NULL);
	*place = NULL;
	gridcall__v1__request__pack(request, packed);
	site.put_us = clock_now_us();
	command_request(site.gateway,
			&(struct service_request){
				.bridge = (struct bridge *)site.bridge,
				.token = token,
				.principal = site.asker,
				.address = "10.0.0.9",
				.connection = site.connection,
				.data = packed,
				.len = len,
				.received_us = site.put_us - site.waited_us,
			});
	free(packed);
	return token;
}

/* Wait for the reply to a request handed in. */
static inline const Gridcall__V1__Reply *reply_to(uint64_t token)
{
	Gridcall__V1__Reply **place =
		&site.by_token[token % ARRAY_SIZE(site.by_token)];

	UNTIL(*place);
	return *place;
}

/* And wait for its reply. */
static inline const Gridcall__V1__Reply *
ask(const Gridcall__V1__Request *request)
{
	unsigned int before = site.replies;

	(void)put(request);
	UNTIL(site.replies > before);
	return site.reply;
}

static inline void assert_done(void)
{
	if (site.reply->error)
		fail_msg("%s", site.reply->error->sentence);
}

static inline void assert_refused(int code, const char *words)
{
	assert_non_null(site.reply->error);
	if ((int)site.reply->error->code != code ||
	    !strstr(site.reply->error->sentence, words))
		fail_msg("code %d: %s", site.reply->error->code,
			 site.reply->error->sentence);
}

static inline void site_told(void *data, uint64_t first, uint64_t last)
{
	*(bool *)data = true;
}

/* Everything that was committed has been told. */
static inline void settle(void)
{
	bool told = false;

	ledger_commit(site.gateway->ledger,
		      ledger_batch_alloc(site.gateway->ledger), site_told,
		      &told);
	UNTIL(told);
}

static inline const Gridcall__V1__AuditEvent *last_audit(void)
{
	settle();
	assert_true(site.audit_count > 0);
	return site.audits[site.audit_count - 1].event;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
