/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * monitor.h - lets people hear channels live, and costs nothing while none do
 *
 * A channel that somebody listens to has its overs tapped: each frame goes to
 * the monitor's thread, becomes an Opus packet there, once for however many
 * listen, and goes on to main.  When that thread is too slow, frames are lost,
 * counted, and told as empty packets; the voice path never waits.
 *
 * The other way it takes what an officer says, and fans it out.
 *
 * Memory:  all of the voice path's is allocated by monitor_alloc(); the thread
 *          allocates a codec when a channel begins to be listened to, and
 *          frees it when that ends.
 * Threads: monitor_* main unless said otherwise; tap_* [voice], one channel
 *          each.
 */
#pragma once

#include "gateway/inbox.h"
#include "gateway/voice/fanout.h"
#include "gateway/voice/voice.h"
#include "plugins/plugin.h"

#include <stdbool.h>
#include <stdint.h>

struct monitor;

/* NULL and a sentence when threads, descriptors or memory are out. */
struct monitor *monitor_alloc(struct gridcall_why *why);

/* Joins.  Accepts NULL.  Always returns NULL. */
struct monitor *monitor_free(struct monitor *monitor);

/* Begin or end to hear what is on a channel. */
void monitor_listen(struct monitor *monitor, uint32_t slot, bool on);

/* Where struct voice_heard comes out. */
struct inbox *monitor_outlet(struct monitor *monitor);

/* A packet for fanout_put(), and fanout_end(), on the monitor's thread. */
int monitor_say(struct monitor *monitor, struct fanout *fanout, uint32_t number,
		const uint8_t *data, size_t len);
int monitor_say_end(struct monitor *monitor, struct fanout *fanout);

/* [any] Grows at least each second. */
uint64_t monitor_progress(const struct monitor *monitor);

/* [any] */
void monitor_stats(const struct monitor *monitor,
		   struct voice_monitor_stats *stats);

/* One frame on its way from a tap. */
struct monitor_frame {
	uint32_t slot;
	uint32_t number; /* in its over, from 0 */
	int64_t began_utc_us;
	char code[32];
	struct gridcall_format format;
	bool ended;   /* the over, before this number; no frame */
	uint16_t len; /* 0: lost */
	uint8_t bytes[GRIDCALL_FRAME_BYTES_MAX];
};

/* [voice] */
bool monitor_wants(const struct monitor *monitor, uint32_t slot);
void monitor_put(struct monitor *monitor, const struct monitor_frame *frame);

struct tap {
	struct monitor *monitor; /* NULL: nobody ever listens */
	uint32_t slot;
	const char *code;
	int64_t began_utc_us;
	uint32_t number; /* of the next frame */
	bool is_heard;   /* something of this over was handed on */
};

/* code must outlive the tap. */
void tap_init(struct tap *tap, struct monitor *monitor, uint32_t slot,
	      const char *code);

/* Of one over. */
void tap_begin(struct tap *tap, int64_t began_utc_us);
void tap_put(struct tap *tap, const struct gridcall_frame *frame);
void tap_end(struct tap *tap);
