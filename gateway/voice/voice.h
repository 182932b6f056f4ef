/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * voice.h - all channels, as the main loop sees them
 *
 * Main opens channels, asks for clips to be sent and is told what happened.
 * Whether and when a channel keys is decided by the worker that hears it: a
 * clip asked for waits until the channel is free.
 *
 * Units:   milliseconds end in _ms; see signal.h for times.
 * Memory:  below the ctx given to voice_alloc(); channels are preallocated at
 *          voice_open(), afterwards the voice path allocates nothing.
 * Threads: every function here is main only.  Signals arrive on main, from the
 *          select loop.
 */
#pragma once

#include "gateway/voice/fanout.h"
#include "gateway/voice/heard.h"
#include "gateway/voice/playlist.h"
#include "gateway/voice/signal.h"
#include "plugins/plugin.h"

#include <stdbool.h>
#include <stdint.h>

#define VOICE_CHANNELS_MAX 4096

struct voice;

struct voice_config {
	unsigned int workers;        /* 1 to 16 */
	const char *recordings;      /* folder; NULL: record nothing */
	uint64_t recordings_reserve; /* stop below so many free bytes */
	void (*on_signal)(void *data, const struct signal *signal);
	/* May be NULL: nobody ever listens. */
	void (*on_heard)(void *data, const struct voice_heard *heard);
	void *data;
};

/* What a channel is, from channels.csv. */
struct channel_config {
	char code[32];
	bool repeater;
	uint32_t lead_ms;      /* keyed before the first sound */
	uint32_t hang_ms;      /* carrier a repeater holds after an over */
	uint32_t tail_ms;      /* noise after the carrier; no over, no keying */
	uint32_t tx_limit_s;   /* never keyed for longer */
	uint32_t over_limit_s; /* an over longer than this jams the channel */
};

/* Starts the workers and the recorder.  NULL and a sentence on failure. */
struct voice *voice_alloc(void *ctx, const struct voice_config *config,
			  struct gridcall_why *why);

/*
 * Unkeys every transmitter, closes every channel and stops the threads.
 * Accepts NULL.  Always returns NULL.
 */
struct voice *voice_free(struct voice *voice);

/*
 * Open one channel through a driver.  Returns its slot (0 or more), or a
 * negative errno with the driver's sentence in why.
 */
int voice_open(struct voice *voice, const struct channel_config *config,
	       const struct gridcall_driver *driver,
	       const struct gridcall_option *options, struct gridcall_why *why);

/*
 * Unkey and close one channel.  Waits for its worker to let go (at most one
 * frame).  An over in progress ends as OVER_CLOSED, a clip as PLAY_FAILED;
 * these two signals come before voice_close() returns, none after it.
 */
void voice_close(struct voice *voice, uint32_t slot);

/*
 * Ask for a playlist.  Returns a ticket above 0, or -EBUSY when the channel
 * has one waiting or playing, -EMSGSIZE when it is longer than tx_limit_s, lead
 * included, -EINVAL when it is empty or was not encoded for the channel,
 * -ENOENT for a free slot or one that is closing.  After a ticket
 * SIGNAL_PLAY_ENDED always comes, exactly once.
 */
int voice_play(struct voice *voice, uint32_t slot,
	       const struct playlist *playlist);

/* Stop it, or take it back.  Unkeys within a frame.  Unknown: nothing. */
void voice_halt(struct voice *voice, uint32_t slot, uint32_t ticket);

/*
 * What somebody says, to the channels of fanout: one packet of 20 ms of mono
 * Opus, len 0 for one that was lost.  Encoded beside the workers.  -ENOSPC when
 * too much waits: it is lost.
 */
int voice_say(struct voice *voice, struct fanout *fanout, uint32_t number,
	      const uint8_t *data, size_t len);

/* They say nothing more: after what was said, the channels unkey. */
void voice_say_end(struct voice *voice, struct fanout *fanout);

/* As last signalled. */
enum channel_state voice_state(const struct voice *voice, uint32_t slot);

/* What the channel's driver sends. */
const struct gridcall_format *voice_format(const struct voice *voice,
					   uint32_t slot);

/*
 * The channel's and its driver's counters: up to max copied, how many there
 * are returned.
 */
size_t voice_counters(struct voice *voice, uint32_t slot,
		      struct gridcall_counter *counters, size_t max);

/*
 * Begin or end to have on_heard() called for what is heard on a channel; it
 * ends with the channel too.  Costs nothing while it is off.
 */
void voice_listen(struct voice *voice, uint32_t slot, bool on);

void voice_monitor_stats(struct voice *voice,
			 struct voice_monitor_stats *stats);

/*
 * Whether every worker, the recorder and the monitor have made progress since
 * the last call; name gets the first that has not.  Ask at most twice a second:
 * an idle thread moves every 250 ms.
 */
bool voice_is_alive(struct voice *voice, const char **name);

/* Bytes of recordings written, refused for want of room, lost to overload. */
struct voice_recorder_stats {
	uint64_t files;
	uint64_t bytes;
	uint64_t refused;
	uint64_t lost;
	bool stopped; /* below recordings_reserve */
};
void voice_recorder_stats(struct voice *voice,
			  struct voice_recorder_stats *stats);
