/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/voice.h"

#include "gateway/clock.h"
#include "gateway/inbox.h"
#include "gateway/voice/monitor.h"
#include "gateway/voice/playout.h"
#include "gateway/voice/radio.h"
#include "gateway/voice/recorder.h"
#include "gateway/voice/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <osmocom/core/select.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define WORKERS_MAX    16
#define SIGNALS        8192
#define HEARD_RUN      64 /* before the loop looks elsewhere */
#define TX_LIMIT_MAX_S 3600

/* One open channel, main's side. */
struct slot {
	struct gridcall_radio radio;
	struct worker *worker;
	const struct gridcall_driver *driver;
	struct gridcall_format format;
	struct channel_config config;
	enum channel_state state;
	uint32_t ticket; /* 0: nothing asked for */
	uint32_t halted; /* the last ticket that was taken back */
	bool closing;    /* its last signals are being told */
	struct playlist list;
};

struct voice {
	struct voice_config config;
	struct inbox *signals;
	struct osmo_fd signals_fd;
	struct recorder *recorder;
	struct monitor *monitor;
	struct osmo_fd heard_fd;
	struct worker *workers[WORKERS_MAX];
	uint64_t worker_progress[WORKERS_MAX];
	uint64_t recorder_progress;
	uint64_t monitor_progress;
	uint32_t last_ticket;
	uint64_t last_serial;
	bool closing;
	struct slot *slots[VOICE_CHANNELS_MAX];
};

static struct slot *find_slot(const struct voice *voice, uint32_t slot)
{
	return slot < VOICE_CHANNELS_MAX ? voice->slots[slot] : NULL;
}

static void drop_list(struct slot *slot)
{
	uint32_t i;

	for (i = 0; i < slot->list.count; i++)
		slot->list.clips[i] = clip_drop(slot->list.clips[i]);
	slot->list.count = 0;
	if (slot->list.uplink)
		uplink_set_keyed(slot->list.uplink, false);
	slot->list.uplink = uplink_drop(slot->list.uplink);
	slot->ticket = 0;
}

/* ------------------------------------------------------------- signals -- */

static void pass_on(struct voice *voice, const struct signal *signal)
{
	struct slot *slot = find_slot(voice, signal->channel);

	if (slot && signal->type == SIGNAL_STATE)
		slot->state = signal->state.state;
	if (slot && signal->type == SIGNAL_PLAY_ENDED &&
	    signal->play.ticket == slot->ticket)
		drop_list(slot);
	if (voice->config.on_signal)
		voice->config.on_signal(voice->config.data, signal);
}

/* Everything that waits now; what comes meanwhile is the next call's. */
static void drain(struct voice *voice)
{
	struct signal signal;
	int i;

	for (i = 0; i < SIGNALS && !inbox_take(voice->signals, &signal); i++)
		pass_on(voice, &signal);
}

static int on_signals_fd(struct osmo_fd *fd, unsigned int what)
{
	drain(fd->data);
	return 0;
}

static int on_heard_fd(struct osmo_fd *fd, unsigned int what)
{
	struct voice *voice = fd->data;
	struct inbox *outlet = monitor_outlet(voice->monitor);
	struct voice_heard heard;
	int i;

	for (i = 0; i < HEARD_RUN && !inbox_take(outlet, &heard); i++)
		voice->config.on_heard(voice->config.data, &heard);
	return 0;
}

/* ------------------------------------------------------- begin and end -- */

static int start_workers(struct voice *voice, struct gridcall_why *why)
{
	unsigned int i;

	for (i = 0; i < voice->config.workers; i++) {
		voice->workers[i] = worker_alloc(i, why);
		if (!voice->workers[i])
			return -EAGAIN;
	}
	return 0;
}

static int start_recorder(struct voice *voice, struct gridcall_why *why)
{
	struct recorder_config config = {
		.folder = voice->config.recordings,
		.reserve = voice->config.recordings_reserve,
		.signals = voice->signals,
	};

	if (!config.folder)
		return 0;
	voice->recorder = recorder_alloc(&config, why);
	return voice->recorder ? 0 : -EIO;
}

static int start_monitor(struct voice *voice, struct gridcall_why *why)
{
	if (!voice->config.on_heard)
		return 0;
	voice->monitor = monitor_alloc(why);
	if (!voice->monitor)
		return -EAGAIN;
	osmo_fd_setup(&voice->heard_fd,
		      inbox_fd(monitor_outlet(voice->monitor)), OSMO_FD_READ,
		      on_heard_fd, voice, 0);
	return osmo_fd_register(&voice->heard_fd);
}

static int start_signals(struct voice *voice, struct gridcall_why *why)
{
	voice->signals = inbox_alloc(SIGNALS, sizeof(struct signal));
	if (!voice->signals) {
		snprintf(why->text, sizeof(why->text),
			 "no memory or descriptor for voice signals");
		return -ENOMEM;
	}
	osmo_fd_setup(&voice->signals_fd, inbox_fd(voice->signals),
		      OSMO_FD_READ, on_signals_fd, voice, 0);
	return osmo_fd_register(&voice->signals_fd);
}

struct voice *voice_alloc(void *ctx, const struct voice_config *config,
			  struct gridcall_why *why)
{
	struct voice *voice;

	if (config->workers < 1 || config->workers > WORKERS_MAX) {
		snprintf(why->text, sizeof(why->text),
			 "%u voice workers; give 1 to %d", config->workers,
			 WORKERS_MAX);
		return NULL;
	}
	voice = talloc_zero(ctx, struct voice);
	OSMO_ASSERT(voice);
	voice->config = *config;
	voice->signals_fd.fd = -1;
	voice->heard_fd.fd = -1;
	/* Whoever asks for the first time finds all alive. */
	memset(voice->worker_progress, 0xff, sizeof(voice->worker_progress));
	voice->recorder_progress = UINT64_MAX;
	voice->monitor_progress = UINT64_MAX;
	if (start_signals(voice, why) < 0 || start_recorder(voice, why) < 0 ||
	    start_monitor(voice, why) < 0 || start_workers(voice, why) < 0)
		return voice_free(voice);
	return voice;
}

struct voice *voice_free(struct voice *voice)
{
	unsigned int i;

	if (!voice)
		return NULL;
	voice->closing = true;
	for (i = 0; i < WORKERS_MAX; i++)
		if (voice->workers[i])
			worker_close_all(voice->workers[i]);
	for (i = 0; i < VOICE_CHANNELS_MAX; i++)
		voice_close(voice, i);
	for (i = 0; i < WORKERS_MAX; i++)
		voice->workers[i] = worker_free(voice->workers[i]);
	voice->recorder = recorder_free(voice->recorder);
	if (voice->heard_fd.fd >= 0)
		osmo_fd_unregister(&voice->heard_fd);
	voice->monitor = monitor_free(voice->monitor);
	if (voice->signals_fd.fd >= 0)
		osmo_fd_unregister(&voice->signals_fd);
	inbox_free(voice->signals);
	talloc_free(voice);
	return NULL;
}

/* ------------------------------------------------------------- opening -- */

static int refuse(struct gridcall_why *why, int rc, const char *code,
		  const char *sentence)
{
	snprintf(why->text, sizeof(why->text), "channel '%s': %s", code,
		 sentence);
	return rc;
}

static int find_free(const struct voice *voice)
{
	int i;

	for (i = 0; i < VOICE_CHANNELS_MAX; i++)
		if (!voice->slots[i])
			return i;
	return -ENOSPC;
}

static struct worker *least_loaded(const struct voice *voice)
{
	struct worker *best = voice->workers[0];
	unsigned int i;

	for (i = 1; i < voice->config.workers; i++)
		if (worker_load(voice->workers[i]) < worker_load(best))
			best = voice->workers[i];
	return best;
}

static struct slot *make_slot(struct voice *voice, uint32_t number,
			      const struct channel_config *config)
{
	struct slot *slot = calloc(1, sizeof(*slot));
	struct channel_setup setup = {
		.config = config,
		.slot = number,
		.signals = voice->signals,
		.recorder = voice->recorder,
		.monitor = voice->monitor,
	};

	if (!slot)
		return NULL;
	slot->config = *config;
	slot->worker = least_loaded(voice);
	slot->radio.slot = number;
	slot->radio.serial = ++voice->last_serial;
	slot->radio.reports = worker_reports(slot->worker);
	slot->radio.channel = channel_alloc(&setup);
	if (slot->radio.channel)
		return slot;
	free(slot);
	return NULL;
}

/* Open the driver and let the channel run; undone whole on failure. */
static int open_radio(struct slot *slot, const struct gridcall_option *options,
		      struct gridcall_why *why)
{
	const struct gridcall_driver *driver = slot->driver;
	struct gridcall_radio *radio = &slot->radio;
	int rc;

	why->text[0] = 0;
	radio->is_opening = true;
	rc = driver->open(&radio->state, &slot->format, &radio_host, radio,
			  options, why);
	radio->is_opening = false;
	if (rc < 0 && !why->text[0])
		snprintf(why->text, sizeof(why->text), "%s", strerror(-rc));
	if (rc < 0)
		return rc;
	rc = channel_connect(radio->channel, driver, radio->state,
			     &slot->format);
	if (rc < 0)
		(void)refuse(why, rc, slot->config.code,
			     "its driver sends a format that can't be made");
	else
		rc = worker_run(slot->worker, radio);
	if (rc < 0 && !why->text[0])
		(void)refuse(why, rc, slot->config.code,
			     "its descriptors can't be watched");
	if (rc < 0)
		driver->close(radio->state);
	return rc;
}

static void free_slot(struct voice *voice, struct slot *slot)
{
	drop_list(slot);
	voice->slots[slot->radio.slot] = NULL;
	channel_free(slot->radio.channel);
	free(slot);
}

int voice_open(struct voice *voice, const struct channel_config *config,
	       const struct gridcall_driver *driver,
	       const struct gridcall_option *options, struct gridcall_why *why)
{
	struct slot *slot;
	int number = find_free(voice);
	int rc;

	if (number < 0)
		return refuse(why, number, config->code,
			      "all 4096 channels are in use");
	if (!config->tx_limit_s || config->tx_limit_s > TX_LIMIT_MAX_S)
		return refuse(why, -EINVAL, config->code,
			      "tx_limit_s must be 1 to 3600");
	slot = make_slot(voice, (uint32_t)number, config);
	if (!slot)
		return refuse(why, -ENOMEM, config->code, "out of memory");
	slot->driver = driver;
	voice->slots[number] = slot;
	rc = worker_attach(slot->worker, &slot->radio);
	if (rc < 0) {
		free_slot(voice, slot);
		return refuse(why, rc, config->code, "its worker is busy");
	}
	rc = open_radio(slot, options, why);
	if (rc < 0) {
		worker_detach(slot->worker, &slot->radio);
		free_slot(voice, slot);
		return rc;
	}
	return number;
}

void voice_close(struct voice *voice, uint32_t number)
{
	struct slot *slot = find_slot(voice, number);
	struct signal signal;

	if (!slot || slot->closing)
		return;
	slot->closing = true;
	voice_listen(voice, number, false);
	worker_detach(slot->worker, &slot->radio);
	slot->driver->close(slot->radio.state);
	drain(voice);
	while (!channel_pending(slot->radio.channel, &signal))
		pass_on(voice, &signal);
	free_slot(voice, slot);
}

/* ------------------------------------------------------------- sending -- */

static int check_list(const struct slot *slot, const struct playlist *list)
{
	if (list->count > VOICE_CLIPS_MAX || !playout_fits(list, &slot->format))
		return -EINVAL;
	if (playout_length_ms(list, slot->config.lead_ms) >
	    slot->config.tx_limit_s * UINT64_C(1000))
		return -EMSGSIZE;
	return 0;
}

int voice_play(struct voice *voice, uint32_t number,
	       const struct playlist *list)
{
	struct slot *slot = find_slot(voice, number);
	uint32_t i;
	int rc;

	if (!slot || slot->closing || voice->closing)
		return -ENOENT;
	if (slot->ticket)
		return -EBUSY;
	rc = check_list(slot, list);
	if (rc < 0)
		return rc;
	slot->list = *list;
	for (i = 0; i < list->count; i++)
		clip_hold(list->clips[i]);
	if (list->uplink)
		uplink_hold(list->uplink);
	if (++voice->last_ticket > INT32_MAX)
		voice->last_ticket = 1;
	slot->ticket = voice->last_ticket;
	worker_play(slot->worker, &slot->radio, &slot->list, slot->ticket);
	return (int)slot->ticket;
}

void voice_halt(struct voice *voice, uint32_t number, uint32_t ticket)
{
	struct slot *slot = find_slot(voice, number);

	if (!slot || slot->closing || !ticket || slot->ticket != ticket ||
	    slot->halted == ticket)
		return;
	slot->halted = ticket;
	worker_halt(slot->worker, &slot->radio, ticket);
}

int voice_say(struct voice *voice, struct fanout *fanout, uint32_t number,
	      const uint8_t *data, size_t len)
{
	if (!voice->monitor)
		return -ENOSPC;
	return monitor_say(voice->monitor, fanout, number, data, len);
}

void voice_say_end(struct voice *voice, struct fanout *fanout)
{
	if (!voice->monitor || monitor_say_end(voice->monitor, fanout) < 0)
		fanout_end(fanout); /* a packet or two before it was all said */
}

/* ------------------------------------------------------------- looking -- */

enum channel_state voice_state(const struct voice *voice, uint32_t number)
{
	struct slot *slot = find_slot(voice, number);

	return slot ? slot->state : CHANNEL_DOWN;
}

const struct gridcall_format *voice_format(const struct voice *voice,
					   uint32_t number)
{
	struct slot *slot = find_slot(voice, number);

	return slot ? &slot->format : NULL;
}

size_t voice_counters(struct voice *voice, uint32_t number,
		      struct gridcall_counter *counters, size_t max)
{
	struct slot *slot = find_slot(voice, number);
	size_t count;
	size_t own;

	if (!slot)
		return 0;
	count = channel_counters(slot->radio.channel, counters, max);
	own = count < max ? count : max;
	if (slot->driver->counters)
		count += slot->driver->counters(slot->radio.state,
						counters + own, max - own);
	return count;
}

void voice_listen(struct voice *voice, uint32_t number, bool on)
{
	if (voice->monitor && find_slot(voice, number))
		monitor_listen(voice->monitor, number, on);
}

void voice_monitor_stats(struct voice *voice, struct voice_monitor_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	if (voice->monitor)
		monitor_stats(voice->monitor, stats);
}

bool voice_is_alive(struct voice *voice, const char **name)
{
	const char *stuck = NULL;
	uint64_t progress;
	unsigned int i;

	for (i = 0; i < voice->config.workers; i++) {
		progress = worker_progress(voice->workers[i]);
		if (progress == voice->worker_progress[i] && !stuck)
			stuck = worker_name(voice->workers[i]);
		voice->worker_progress[i] = progress;
	}
	if (voice->recorder) {
		progress = recorder_progress(voice->recorder);
		if (progress == voice->recorder_progress && !stuck)
			stuck = "recorder";
		voice->recorder_progress = progress;
	}
	if (voice->monitor) {
		progress = monitor_progress(voice->monitor);
		if (progress == voice->monitor_progress && !stuck)
			stuck = "monitor";
		voice->monitor_progress = progress;
	}
	if (stuck && name)
		*name = stuck;
	return !stuck;
}

void voice_recorder_stats(struct voice *voice,
			  struct voice_recorder_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	if (voice->recorder)
		recorder_stats(voice->recorder, stats);
}
