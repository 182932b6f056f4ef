/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * outbox.h - one channel's signals on their way to main, in order
 *
 * When main's inbox is full, signals wait here and are offered again each tick.
 * The room is bounded and enough: one playlist is asked for at a time, and a
 * channel begins no new over before the last one's end and tones were told.
 * Only log lines are dropped.
 *
 * Memory:  inside the channel.
 * Threads: [voice]; main once the worker has let go.
 */
#pragma once

#include "gateway/inbox.h"
#include "gateway/voice/signal.h"

#include <stdbool.h>
#include <stdint.h>

#define OUTBOX_SIGNALS 12

struct outbox {
	struct inbox *inbox;
	uint32_t channel;
	struct signal kept[OUTBOX_SIGNALS];
	uint32_t head;
	uint32_t count;
	struct tone tones[OVER_TONES_MAX];
	uint32_t tone_head;
	uint32_t tone_count;
	uint64_t over_began_us; /* of the tones */
	uint64_t logs_since_us;
	uint32_t logs;
};

void outbox_init(struct outbox *outbox, struct inbox *inbox, uint32_t channel);

/* Tell signal, now or later; its channel is filled in. */
void outbox_put(struct outbox *outbox, struct signal *signal);

void outbox_put_tone(struct outbox *outbox, uint64_t over_began_us,
		     const struct tone *tone);

void outbox_put_state(struct outbox *outbox, enum channel_state state,
		      const char *reason, uint64_t now_us);

/* type: OVER_BEGAN or OVER_ENDED */
void outbox_put_over(struct outbox *outbox, enum signal_type type,
		     const struct over *over, uint64_t now_us);

/*
 * A line for the log, at most 8 in 10 s.  0, or -ENOSPC: it was dropped.
 */
int outbox_put_log(struct outbox *outbox, int level, const char *text,
		   uint64_t now_us);

/* Offer again what waits. */
void outbox_flush(struct outbox *outbox);

/* Whether another over may begin. */
bool outbox_is_clear(const struct outbox *outbox);

/* Take what still waits, in order, instead of offering it: 0 or -EAGAIN. */
int outbox_take(struct outbox *outbox, struct signal *signal);
