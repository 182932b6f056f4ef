/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * channel.h - one radio as we see it: who is heard, who may transmit
 *
 * A channel hears overs and sends one playlist at a time.  It never keys over a
 * signal it hears, unless forced, and always unkeys at the transmit time-out.
 *
 * simplex:  an over lasts as long as the carrier.  After our own transmission
 *           the channel is deaf for tail_ms; a carrier that is still there is
 *           an over whose front may be missing.
 * repeater: the carrier is held after the speaker let go.  The over ends with
 *           the carrier, with the courtesy tone, or after a complete answer;
 *           then the channel is idle and free to key, and activity in the same
 *           carrier begins the next over.  The carrier that is there after our
 *           own transmission, or rises within tail_ms and 300 ms, is our hang;
 *           one that rises later is somebody's key.
 * guard:    no keying for 200 ms and tail_ms after a carrier dropped.
 * order:    OVER_ENDED and PLAY_ENDED come before the STATE that follows from
 *           them, OVER_BEGAN and PLAY_BEGAN beside the state they belong to.
 *           A jammed channel goes on telling the tones of the over that jammed
 *           it: an alarm may be among them.
 *
 * Units:   now_us is monotonic and given by the caller: no clock in here.
 * Memory:  allocated by channel_alloc() only; the playlist stays the caller's
 *          until its PLAY_ENDED was told.
 * Threads: [voice] after channel_alloc(), unless said otherwise.
 */
#pragma once

#include "gateway/inbox.h"
#include "gateway/voice/monitor.h"
#include "gateway/voice/recorder.h"
#include "gateway/voice/voice.h"

struct channel;

struct channel_setup {
	const struct channel_config *config; /* copied */
	uint32_t slot;
	struct inbox *signals;
	struct recorder *recorder; /* NULL: record nothing */
	struct monitor *monitor;   /* NULL: nobody listens */
};

/* [main] NULL when memory is out. */
struct channel *channel_alloc(const struct channel_setup *setup);

/* [main] Accepts NULL.  Always returns NULL. */
struct channel *channel_free(struct channel *channel);

/* [main] What the driver's open() gave, before the first tick. */
int channel_connect(struct channel *channel,
		    const struct gridcall_driver *driver, void *state,
		    const struct gridcall_format *format);

/* Begin: the channel is idle, or down if its radio failed meanwhile. */
void channel_start(struct channel *channel, uint64_t now_us);

/* Every 20 ms. */
void channel_tick(struct channel *channel, uint64_t now_us);

/* As gridcall_driver_host's. */
void channel_keyed(struct channel *channel, uint64_t now_us);
void channel_heard(struct channel *channel, const struct gridcall_frame *frame,
		   uint64_t now_us);
void channel_unkeyed(struct channel *channel, uint64_t now_us);
void channel_failed(struct channel *channel, const char *sentence,
		    uint64_t now_us);
void channel_recovered(struct channel *channel, uint64_t now_us);
void channel_log(struct channel *channel, int level, const char *text,
		 uint64_t now_us);

/* Send a playlist when the channel is free.  One at a time. */
void channel_play(struct channel *channel, const struct playlist *list,
		  uint32_t ticket, uint64_t now_us);
void channel_halt(struct channel *channel, uint32_t ticket, uint64_t now_us);

/* Unkey and end everything; no call but free, pending and counters after it. */
void channel_close(struct channel *channel, uint64_t now_us);

/* What main was not told yet, after channel_close(): 0 or -EAGAIN. */
int channel_pending(struct channel *channel, struct signal *signal);

/* [any] */
size_t channel_counters(const struct channel *channel,
			struct gridcall_counter *counters, size_t max);

/* [any] A line of the driver was dropped before it came here. */
void channel_count_log(struct channel *channel);
