/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * signal.h - what voice tells the main loop, and nothing about what it means
 *
 * Plain data, copied through an inbox.  Times are monotonic microseconds
 * (at_us, *_us), wall clock where the name says utc.
 *
 * Threads: made on [voice], read on main.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define OVER_TONES_MAX 64 /* in one over; more are counted, not kept */

enum channel_state { /* the numbers of gridcall.v1.ChannelState */
		     CHANNEL_DOWN,
		     CHANNEL_IDLE,
		     CHANNEL_RECEIVING,
		     CHANNEL_TRANSMITTING,
		     CHANNEL_JAMMED,
};

/* One DTMF digit as heard. */
struct tone {
	char digit;        /* 0-9 * # A-D */
	uint8_t lost_ms;   /* audio lost since the previous digit began, */
			   /* at most 255 */
	int16_t level_cdb; /* hundredths of a dB below full scale */
	uint32_t begin_ms; /* from the start of the over */
	uint32_t end_ms;
};

/* How an over began: whether its front may be missing. */
enum over_front {
	OVER_FRESH,     /* the carrier rose while we listened */
	OVER_AFTER_TX,  /* the carrier was there when we stopped sending */
	OVER_CONTINUED, /* same carrier as the over before (repeater) */
};

enum over_end {
	OVER_CARRIER, /* the carrier dropped */
	OVER_QUIET,   /* a repeater's hang time or courtesy tone began */
	OVER_LIMIT,   /* too long: the channel is jammed, tones still come */
	OVER_TAKEN,   /* we keyed over it in an emergency */
	OVER_CLOSED,  /* the channel was closed or failed */
};

struct over {
	uint64_t began_us;
	int64_t began_utc_us; /* with the channel's code this names the over */
	enum over_front front;
	/* from here on filled when it ends */
	enum over_end ended;
	uint32_t length_ms; /* without hang time, courtesy tone and tail */
	uint32_t lost_ms;
	int32_t level_mdb; /* mean of the active frames */
	int32_t peak_mdb;
	uint32_t active_ms; /* louder than the noise */
	uint32_t tones;     /* heard, those past OVER_TONES_MAX too */
	/*
	 * Below the recordings folder; empty: none.  Whole within moments after
	 * OVER_ENDED, NAME.part until then.  See recorder.h.
	 */
	char recording[96];
};

enum play_end {
	PLAY_DONE,    /* sent whole */
	PLAY_HALTED,  /* voice_halt() */
	PLAY_TIMEOUT, /* the transmit time-out cut it */
	PLAY_JAMMED,  /* the channel stayed busy or jammed */
	PLAY_FAILED,  /* the radio or the channel is down */
	PLAY_SILENT,  /* live: nothing came for half a second */
};

enum signal_type {
	SIGNAL_STATE,
	SIGNAL_OVER_BEGAN,
	SIGNAL_TONE,
	SIGNAL_OVER_ENDED,
	SIGNAL_PLAY_BEGAN, /* the first frame of audio went out */
	SIGNAL_PLAY_ENDED, /* unkeyed, or given up */
	SIGNAL_LOG,
};

struct signal {
	enum signal_type type;
	uint32_t channel; /* slot, as voice_open() returned it */
	uint64_t at_us;
	union {
		struct {
			enum channel_state state;
			char reason[160];
		} state;
		struct over over; /* OVER_BEGAN, OVER_ENDED */
		struct {
			uint64_t over_began_us;
			struct tone tone;
		} tone;
		struct {
			uint32_t ticket;
			enum play_end end;
			uint32_t air_ms; /* keyed time, PLAY_ENDED */
		} play;
		struct {
			int level; /* enum gridcall_level */
			char text[200];
		} log;
	};
};
