/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/monitor.h"

#include "gateway/clock.h"
#include "gateway/voice/relay.h"
#include "codecs/opus.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 1.3 s of 16 channels; each takes 2 KB. */
#define FRAMES   1024
#define PACKETS  1024
#define SAID     512 /* packets of those who talk */
#define IDLE_MS  250
#define CLEAR_US UINT64_C(1000000) /* between looks for who is gone */
#define BATCH    64 /* frames between two times that all is told */
#define HOLE_MAX 50 /* empty packets told for frames that went missing: 1 s */

/* What somebody said; fanout is held. */
struct said {
	struct fanout *fanout;
	uint32_t number;
	bool ended;
	uint16_t len;
	uint8_t bytes[OPUS_BYTES_MAX];
};

/* One channel that is listened to; lives on the thread. */
struct desk {
	struct relay *relay;
	int64_t began_utc_us; /* of the over; 0: none yet */
	uint32_t next;        /* number */
	bool is_waiting;      /* out holds something */
	struct voice_heard out;
};

struct monitor {
	pthread_t thread;
	struct inbox *frames;
	struct inbox *packets;
	struct inbox *said;
	_Atomic bool stopping;
	_Atomic bool wanted[VOICE_CHANNELS_MAX];
	_Atomic uint64_t progress;
	_Atomic uint64_t encoded;
	_Atomic uint64_t passed;
	_Atomic uint64_t lost;
	/* the thread's own */
	uint64_t cleared_us;
	struct monitor_frame frame;
	struct desk *desks[VOICE_CHANNELS_MAX];
};

/* ----------------------------------------------------- in the thread ----- */

static struct desk *desk_free(struct desk *desk)
{
	if (!desk)
		return NULL;
	relay_free(desk->relay);
	free(desk);
	return NULL;
}

static struct desk *desk_of(struct monitor *monitor, uint32_t slot)
{
	struct desk *desk = monitor->desks[slot];

	if (desk)
		return desk;
	desk = calloc(1, sizeof(*desk));
	if (!desk)
		return NULL;
	desk->relay = relay_alloc();
	if (!desk->relay)
		return desk_free(desk);
	monitor->desks[slot] = desk;
	return desk;
}

static void tell(struct monitor *monitor, struct desk *desk)
{
	if (!desk->is_waiting)
		return;
	desk->is_waiting = false;
	if (inbox_put(monitor->packets, &desk->out) < 0)
		atomic_fetch_add_explicit(&monitor->lost, desk->out.count,
					  memory_order_relaxed);
}

static void begin_message(struct desk *desk, const struct monitor_frame *frame,
			  uint32_t number)
{
	struct voice_heard *out = &desk->out;

	memset(out, 0, offsetof(struct voice_heard, bytes));
	out->slot = frame->slot;
	memcpy(out->code, frame->code, sizeof(out->code));
	out->began_utc_us = frame->began_utc_us;
	out->number = number;
	desk->is_waiting = true;
}

/* Add the packet of a number; len 0: it was lost. */
static void add(struct monitor *monitor, struct desk *desk,
		const struct monitor_frame *frame, const uint8_t *data,
		size_t len)
{
	struct voice_heard *out = &desk->out;

	if (desk->is_waiting && (out->count == VOICE_HEARD_MAX ||
				 out->used + len > sizeof(out->bytes)))
		tell(monitor, desk);
	if (!desk->is_waiting)
		begin_message(desk, frame, desk->next);
	memcpy(out->bytes + out->used, data, len);
	out->len[out->count++] = (uint16_t)len;
	out->used += (uint16_t)len;
	desk->next++;
}

static void begin_over(struct monitor *monitor, struct desk *desk,
		       const struct monitor_frame *frame)
{
	tell(monitor, desk);
	desk->began_utc_us = frame->began_utc_us;
	desk->next = frame->number;
	relay_reset(desk->relay);
}

/* Frames that did not come through to here. */
static void fill_hole(struct monitor *monitor, struct desk *desk,
		      const struct monitor_frame *frame)
{
	if (frame->number - desk->next > HOLE_MAX) {
		tell(monitor, desk);
		desk->next = frame->number;
		return;
	}
	while (desk->next != frame->number)
		add(monitor, desk, frame, (const uint8_t *)"", 0);
}

static void add_frame(struct monitor *monitor, struct desk *desk,
		      const struct monitor_frame *frame)
{
	const struct gridcall_frame given = {
		.format = frame->format,
		.data = frame->len ? frame->bytes : NULL,
		.len = frame->len,
	};
	uint8_t packet[RELAY_BYTES_MAX];
	bool passed;
	size_t len = relay_put(desk->relay, &given, packet, &passed);

	if (len > sizeof(desk->out.bytes))
		len = 0;
	if (len)
		atomic_fetch_add_explicit(passed ? &monitor->passed
						 : &monitor->encoded,
					  1, memory_order_relaxed);
	add(monitor, desk, frame, packet, len);
}

static void take(struct monitor *monitor, const struct monitor_frame *frame)
{
	struct desk *desk;

	if (!monitor_wants(monitor, frame->slot))
		return;
	desk = desk_of(monitor, frame->slot);
	if (!desk)
		return;
	if (frame->began_utc_us != desk->began_utc_us ||
	    frame->number < desk->next)
		begin_over(monitor, desk, frame);
	if (frame->number != desk->next)
		fill_hole(monitor, desk, frame);
	if (!frame->ended) {
		add_frame(monitor, desk, frame);
		return;
	}
	if (!desk->is_waiting)
		begin_message(desk, frame, desk->next);
	desk->out.ended = true;
	tell(monitor, desk);
}

/* A burst goes in messages of several packets, what trickles at once. */
static void take_batch(struct monitor *monitor)
{
	uint32_t slots[BATCH];
	uint32_t count = 0;
	uint32_t i;

	while (count < BATCH && !inbox_take(monitor->frames, &monitor->frame)) {
		slots[count++] = monitor->frame.slot;
		take(monitor, &monitor->frame);
	}
	for (i = 0; i < count; i++)
		if (monitor->desks[slots[i]])
			tell(monitor, monitor->desks[slots[i]]);
}

static void take_said(struct monitor *monitor)
{
	struct said said;

	while (!inbox_take(monitor->said, &said)) {
		if (said.ended)
			fanout_end(said.fanout);
		else
			fanout_put(said.fanout, said.number, said.bytes,
				   said.len, clock_now_us());
		fanout_drop(said.fanout);
	}
}

/* Whom nobody listens to any more; at the end all. */
static void clear_desks(struct monitor *monitor, bool all)
{
	uint64_t now_us = clock_now_us();
	uint32_t i;

	if (!all && now_us - monitor->cleared_us < CLEAR_US)
		return;
	monitor->cleared_us = now_us;
	for (i = 0; i < VOICE_CHANNELS_MAX; i++)
		if (monitor->desks[i] && (all || !monitor_wants(monitor, i)))
			monitor->desks[i] = desk_free(monitor->desks[i]);
}

static void *run(void *data)
{
	struct monitor *monitor = data;
	struct pollfd fds[] = {
		{.fd = inbox_fd(monitor->frames), .events = POLLIN},
		{.fd = inbox_fd(monitor->said), .events = POLLIN},
	};

	while (!atomic_load(&monitor->stopping)) {
		poll(fds, 2, IDLE_MS);
		take_said(monitor);
		take_batch(monitor);
		clear_desks(monitor, false);
		atomic_fetch_add_explicit(&monitor->progress, 1,
					  memory_order_relaxed);
	}
	clear_desks(monitor, true);
	return NULL;
}

/* ----------------------------------------------------------- on main ----- */

/* The signals of the process are main's. */
static int start(struct monitor *monitor)
{
	sigset_t all;
	sigset_t before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&monitor->thread, NULL, run, monitor);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!rc)
		pthread_setname_np(monitor->thread, "monitor");
	return rc;
}

static struct monitor *destroy(struct monitor *monitor)
{
	inbox_free(monitor->frames);
	inbox_free(monitor->packets);
	inbox_free(monitor->said);
	free(monitor);
	return NULL;
}

struct monitor *monitor_alloc(struct gridcall_why *why)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));

	if (monitor) {
		monitor->frames =
			inbox_alloc(FRAMES, sizeof(struct monitor_frame));
		monitor->packets =
			inbox_alloc(PACKETS, sizeof(struct voice_heard));
		monitor->said = inbox_alloc(SAID, sizeof(struct said));
		if (monitor->frames && monitor->packets && monitor->said &&
		    !start(monitor))
			return monitor;
		destroy(monitor);
	}
	snprintf(why->text, sizeof(why->text),
		 "no memory, thread or descriptor for live voice");
	return NULL;
}

struct monitor *monitor_free(struct monitor *monitor)
{
	if (!monitor)
		return NULL;
	atomic_store(&monitor->stopping, true);
	pthread_join(monitor->thread, NULL);
	take_said(monitor);
	return destroy(monitor);
}

static int say(struct monitor *monitor, const struct said *said)
{
	int rc;

	fanout_hold(said->fanout);
	rc = inbox_put(monitor->said, said);
	if (rc < 0)
		fanout_drop(said->fanout);
	return rc;
}

int monitor_say(struct monitor *monitor, struct fanout *fanout, uint32_t number,
		const uint8_t *data, size_t len)
{
	struct said said;

	if (len > sizeof(said.bytes))
		return -EMSGSIZE;
	said.fanout = fanout;
	said.number = number;
	said.ended = false;
	said.len = (uint16_t)len;
	if (len)
		memcpy(said.bytes, data, len);
	return say(monitor, &said);
}

int monitor_say_end(struct monitor *monitor, struct fanout *fanout)
{
	struct said said = {.fanout = fanout, .ended = true};

	return say(monitor, &said);
}

void monitor_listen(struct monitor *monitor, uint32_t slot, bool on)
{
	atomic_store_explicit(&monitor->wanted[slot], on, memory_order_relaxed);
}

bool monitor_wants(const struct monitor *monitor, uint32_t slot)
{
	return atomic_load_explicit(&monitor->wanted[slot],
				    memory_order_relaxed);
}

void monitor_put(struct monitor *monitor, const struct monitor_frame *frame)
{
	if (inbox_put(monitor->frames, frame) < 0)
		atomic_fetch_add_explicit(&monitor->lost, 1,
					  memory_order_relaxed);
}

struct inbox *monitor_outlet(struct monitor *monitor)
{
	return monitor->packets;
}

uint64_t monitor_progress(const struct monitor *monitor)
{
	return atomic_load_explicit(&monitor->progress, memory_order_relaxed);
}

void monitor_stats(const struct monitor *monitor,
		   struct voice_monitor_stats *stats)
{
	stats->encoded = atomic_load(&monitor->encoded);
	stats->passed = atomic_load(&monitor->passed);
	stats->lost = atomic_load(&monitor->lost);
}
