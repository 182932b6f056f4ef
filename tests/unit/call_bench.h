/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * call_bench.h - the call engine on one invented radio, for its tests
 *
 * Ledger, directory, voice and codecs are the real ones; only the radio is
 * invented.  Guards answer by a script: each time the radio stops sending while
 * a unit's turn is open, the next answer of that unit goes on the air.
 */
#pragma once

#include "codecs/audiofile.h"
#include "codecs/dtmf.h"
#include "codecs/encoder.h"
#include "gateway/call/calls.h"
#include "gateway/call/report.h"
#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/record/directory_builder.h"

#include <osmocom/core/application.h>
#include <osmocom/core/select.h>
#include <osmocom/core/utils.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <talloc.h>
#include <unistd.h>
#include <cmocka.h>

#define UNITS          4
#define ASKINGS        8
#define REACTION_TICKS 20 /* where overs take their time */
#define HOME           "440106.440106530000.07"

struct bench {
	char folder[64];
	char path[96];
	char prompts[96];
	char kept[96];
	void *ctx;
	struct ledger *ledger;
	struct voice *voice;
	struct calls *calls;
	struct directory *directory;
	int slot;
	bool repeater;
	struct llist_head jobs;
	/* the guards */
	const char *script[UNITS][ASKINGS];
	unsigned int said[UNITS];
	int called; /* unit whose turn is open; -1 none */
	bool told_uncued;
	bool deaf; /* guards do nothing */
	/* what happened */
	unsigned int started, called_count, ended, held, resumed, replies;
	unsigned int alarms, overs, heard, plays;
	uint64_t seq;
	char call[40];
	char order[256]; /* units in the order in which they were called */
	Gridcall__V1__ReplyEvent *reply; /* the last */
	Gridcall__V1__AlarmEvent *alarm;
	Gridcall__V1__CallTurn *turn; /* the last heard */
};

static const struct log_info_cat test_cats[] = {
	[DMAIN] = {.name = "DMAIN", .enabled = 1, .loglevel = LOGL_NOTICE},
	[DVOICE] = {.name = "DVOICE", .enabled = 1, .loglevel = LOGL_NOTICE},
	[DCALL] = {.name = "DCALL", .enabled = 1, .loglevel = LOGL_DEBUG},
	[DRECORD] = {.name = "DRECORD", .enabled = 1, .loglevel = LOGL_NOTICE},
};
static const struct log_info test_log = {.cat = test_cats,
					 .num_cat = ARRAY_SIZE(test_cats)};

/* -------------------------------------------------------------- the radio --
 */

static struct {
	const struct gridcall_driver_host *host;
	struct gridcall_radio *radio;
	int fd;
	_Atomic bool keyed;
	pthread_mutex_t lock;
	char say[ASKINGS][32];
	unsigned int count;
	bool is_paced; /* sends in real time, else at once */
	int16_t pcm[8000 * 12];
	size_t samples, at; /* of the over that is on */
	unsigned int reaction;
} radio = {.lock = PTHREAD_MUTEX_INITIALIZER};

#define BREATH 3200 /* samples between the key and the first tone */

static void make_noise(int16_t *pcm, size_t samples, int peak)
{
	size_t i;

	for (i = 0; i < samples; i++)
		pcm[i] = (int16_t)((int)((i * 2654435761u >> 16) %
					 (unsigned int)(2 * peak)) -
				   peak);
}

/* "~" is speech, other characters are keys. */
static size_t make_sound(const char *text, int16_t *pcm, size_t max)
{
	int rc;

	if (text[0] == '~') {
		make_noise(pcm, 4000, 8000);
		return 4000;
	}
	make_noise(pcm, BREATH, 500);
	rc = dtmf_make(text, 60, 60, -1000, 0, pcm + BREATH, max - BREATH);
	assert_true(rc > 0);
	return BREATH + (size_t)rc;
}

static void send_frame(uint64_t now_us)
{
	static struct encoder *encoder;
	uint8_t data[ENCODER_BYTES_MAX];
	struct gridcall_frame frame = {{GRIDCALL_PCMA, 8000}, data, 160};

	if (!encoder)
		encoder = encoder_alloc(GRIDCALL_PCMA, 8000, 8000);
	if (!radio.at)
		radio.host->keyed(radio.radio, now_us);
	encoder_put(encoder, radio.pcm + radio.at, data);
	radio.host->heard(radio.radio, &frame, now_us);
	radio.at += 160;
	if (radio.at + 160 <= radio.samples)
		return;
	radio.host->unkeyed(radio.radio, now_us);
	radio.samples = 0;
}

static bool take_over(void)
{
	bool any;

	pthread_mutex_lock(&radio.lock);
	any = radio.count > 0;
	if (any) {
		radio.samples = make_sound(radio.say[0], radio.pcm,
					   ARRAY_SIZE(radio.pcm));
		memmove(radio.say[0], radio.say[1],
			sizeof(radio.say) - sizeof(radio.say[0]));
		radio.count--;
		radio.at = 0;
	}
	pthread_mutex_unlock(&radio.lock);
	return any;
}

static void on_ready(void *state, int fd, uint64_t now_us)
{
	eventfd_t value;

	eventfd_read(fd, &value);
	while (!radio.is_paced && take_over())
		while (radio.samples)
			send_frame(now_us);
}

static int radio_open(void **state, struct gridcall_format *transmit,
		      const struct gridcall_driver_host *host,
		      struct gridcall_radio *side,
		      const struct gridcall_option *options,
		      struct gridcall_why *why)
{
	radio.host = host;
	radio.radio = side;
	radio.count = 0;
	radio.samples = 0;
	radio.fd = eventfd(0, EFD_NONBLOCK);
	assert_int_equal(host->watch(side, radio.fd, on_ready), 0);
	*transmit = (struct gridcall_format){GRIDCALL_PCMA, 8000};
	*state = &radio;
	return 0;
}

static void radio_tick(void *state, uint64_t now_us)
{
	if (!radio.is_paced)
		return;
	if (!radio.samples) {
		radio.reaction = 0;
		(void)take_over();
	} else if (radio.at || ++radio.reaction > REACTION_TICKS) {
		send_frame(now_us);
	}
}

static int radio_key(void *state, int on, uint64_t now_us)
{
	atomic_store(&radio.keyed, on);
	return 0;
}

static int radio_send(void *state, const struct gridcall_frame *frame,
		      uint64_t now_us)
{
	return 0;
}

static void radio_close(void *state)
{
	close(radio.fd);
}

static const struct gridcall_driver radio_driver = {
	.head = {GRIDCALL_ABI_MAJOR, GRIDCALL_ABI_MINOR,
		 sizeof(struct gridcall_driver), GRIDCALL_DRIVER, "invented",
		 "a radio of the tests"},
	.open = radio_open,
	.tick = radio_tick,
	.key = radio_key,
	.send = radio_send,
	.close = radio_close,
};

/* Somebody keys up and sends this. */
static inline void say(const char *text)
{
	pthread_mutex_lock(&radio.lock);
	assert(radio.count < ASKINGS);
	snprintf(radio.say[radio.count++], sizeof(radio.say[0]), "%s", text);
	pthread_mutex_unlock(&radio.lock);
	eventfd_write(radio.fd, 1);
}

/* ------------------------------------------------------------- the guards --
 */

static inline void answer_now(struct bench *bench)
{
	const char *text;

	if (bench->called < 0 || bench->deaf ||
	    bench->said[bench->called] == ASKINGS)
		return;
	text = bench->script[bench->called][bench->said[bench->called]++];
	if (text && text[0])
		say(text);
}

static inline void on_signal(void *data, const struct signal *signal)
{
	struct bench *bench = data;

	if (bench->calls)
		calls_signal(bench->calls, signal);
	if (signal->type != SIGNAL_PLAY_ENDED || signal->play.end != PLAY_DONE)
		return;
	bench->plays++;
	answer_now(bench);
}

/* ---------------------------------------------------------- what happened --
 */

static inline void on_turn(struct bench *bench,
			   const Gridcall__V1__CallTurn *turn)
{
	size_t len = strlen(bench->order);

	if (turn->state == GRIDCALL__V1__UNIT_STATE__UNIT_HEARD) {
		bench->heard++;
		talloc_free(bench->turn);
		bench->turn = talloc_zero(bench->ctx, Gridcall__V1__CallTurn);
		bench->turn->unit = talloc_strdup(bench->turn, turn->unit);
		bench->turn->reason = talloc_strdup(bench->turn, turn->reason);
	}
	if (turn->state != GRIDCALL__V1__UNIT_STATE__UNIT_CALLED)
		return;
	bench->called_count++;
	bench->called = turn->unit[1] - '1';
	snprintf(bench->order + len, sizeof(bench->order) - len, "%s ",
		 turn->unit);
	if (!turn->cued)
		answer_now(bench);
}

static inline void on_call(struct bench *bench,
			   const Gridcall__V1__CallEvent *call)
{
	switch (call->change_case) {
	case GRIDCALL__V1__CALL_EVENT__CHANGE_STARTED:
		bench->started++;
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_TURN:
		on_turn(bench, call->turn);
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_HELD:
		bench->held++;
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_RESUMED:
		bench->resumed++;
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_ENDED:
		bench->ended++;
		break;
	default:
		fail();
	}
}

static inline void on_event(void *data, const struct ledger_event *row)
{
	struct bench *bench = data;
	Gridcall__V1__Event *event =
		gridcall__v1__event__unpack(NULL, row->len, row->payload);

	assert_non_null(event);
	assert_int_equal(row->seq, bench->seq + 1);
	bench->seq = row->seq;
	switch (event->body_case) {
	case GRIDCALL__V1__EVENT__BODY_CALL:
		on_call(bench, event->call);
		break;
	case GRIDCALL__V1__EVENT__BODY_REPLY:
		bench->replies++;
		if (bench->reply)
			gridcall__v1__reply_event__free_unpacked(bench->reply,
								 NULL);
		bench->reply = event->reply;
		event->reply = NULL;
		event->body_case = GRIDCALL__V1__EVENT__BODY__NOT_SET;
		break;
	case GRIDCALL__V1__EVENT__BODY_ALARM:
		bench->alarms++;
		if (bench->alarm)
			gridcall__v1__alarm_event__free_unpacked(bench->alarm,
								 NULL);
		bench->alarm = event->alarm;
		event->alarm = NULL;
		event->body_case = GRIDCALL__V1__EVENT__BODY__NOT_SET;
		break;
	case GRIDCALL__V1__EVENT__BODY_OVER:
		bench->overs++;
		break;
	default:
		break;
	}
	gridcall__v1__event__free_unpacked(event, NULL);
}

static inline void on_trouble(void *data, const char *sentence)
{
	struct bench *bench = data;

	calls_trouble(bench->calls, sentence);
}

/* -------------------------------------------------------------- the house --
 */

struct job {
	struct llist_head entry;
	void (*work)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

static inline void queue_job(void *data, void (*work)(void *arg),
			     void (*done)(void *arg), void *arg)
{
	struct bench *bench = data;
	struct job *job = calloc(1, sizeof(*job));

	*job = (struct job){.work = work, .done = done, .arg = arg};
	llist_add_tail(&job->entry, &bench->jobs);
}

static inline void run_jobs(struct bench *bench)
{
	struct job *job;

	while (!llist_empty(&bench->jobs)) {
		job = llist_first_entry(&bench->jobs, struct job, entry);
		llist_del(&job->entry);
		job->work(job->arg);
		job->done(job->arg);
		free(job);
	}
}

/* Turn the loop until the condition holds; alarm() ends a hang. */
#define UNTIL(bench, condition)                                                \
	do {                                                                   \
		alarm(30);                                                     \
		run_jobs(bench);                                               \
		while (!(condition)) {                                         \
			osmo_select_main(0);                                   \
			run_jobs(bench);                                       \
		}                                                              \
		alarm(0);                                                      \
	} while (0)

static inline const struct directory *get_directory(void *data)
{
	return ((struct bench *)data)->directory;
}

static inline int get_slot(void *data, const char *channel)
{
	return strcmp(channel, "CH1") ? -1 : ((struct bench *)data)->slot;
}

static inline const struct channel_entry *get_channel(void *data, uint32_t slot)
{
	struct bench *bench = data;

	if (bench->slot < 0 || slot != (uint32_t)bench->slot)
		return NULL;
	return directory_find_channel(bench->directory, "CH1");
}

static inline void make_directory(struct bench *bench)
{
	struct directory_builder *builder = directory_builder_alloc(bench->ctx);
	struct channel_entry channel = {
		.code = "CH1",
		.name = "one",
		.home = HOME,
		.driver = "invented",
		.address = "",
		.repeater = bench->repeater,
		.tx_limit_s = 60,
		.over_limit_s = 60,
		.signalling = "dtmf",
	};
	static char *keypad[] = {(char *)"keypad", NULL};
	char code[16], number[16];
	int i;

	directory_builder_channel(builder, &channel);
	for (i = 1; i <= UNITS; i++) {
		struct unit unit = {
			.code = code,
			.name = "正佳广场",
			.spoken = "正佳广场",
			.category = "GZ:A",
			.district = "440106",
			.station = "440106530000",
			.grid = i == UNITS ? "08" : "07",
			.channel = "CH1",
			.number = number,
			.answers_by = keypad,
			.strength = 18,
		};
		snprintf(code, sizeof(code), "U%d", i);
		snprintf(number, sizeof(number), "%02d", i);
		directory_builder_unit(builder, &unit);
	}
	bench->directory = directory_builder_finish(builder);
}

static inline void write_prompt(struct bench *bench, const char *name,
				unsigned int frames)
{
	struct audiofile_writer *writer;
	uint8_t silence[320] = {0};
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/zh/%s.wav", bench->prompts, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	writer = audiofile_writer_open(file, AUDIOFILE_L16, 8000);
	while (frames--)
		audiofile_writer_put(writer, silence, sizeof(silence));
	audiofile_writer_close(writer);
	fclose(file);
}

static inline void write_prompts(struct bench *bench)
{
	static const char *const names[] = {
		"announce", "lead_exercise", "lead_real", "repeat",
		"done",     "alarm",         "units/U1",  "units/U2",
		"units/U3", "digits/0",      "digits/4"};
	char path[160];
	size_t i;

	mkdir(bench->prompts, 0700);
	snprintf(path, sizeof(path), "%s/zh", bench->prompts);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/zh/units", bench->prompts);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/zh/digits", bench->prompts);
	mkdir(path, 0700);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		write_prompt(bench, names[i], 2);
}

static inline void open_radio(struct bench *bench)
{
	struct channel_config config = {.code = "CH1",
					.repeater = bench->repeater,
					.tx_limit_s = 60,
					.over_limit_s = 60};
	struct gridcall_why why = {""};

	radio.is_paced = bench->repeater; /* whose overs are dated by sound */
	bench->slot =
		voice_open(bench->voice, &config, &radio_driver, NULL, &why);
	assert_string_equal(why.text, "");
	assert_true(bench->slot >= 0);
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

static const struct calls_principal officer = {"wang", "local"};

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
