/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * jitter.h - packets as they come in, overs of even 20 ms frames out
 *
 * An over begins with the first packet and ends when none came for gap_ms and
 * all was played; the marker bit means nothing.  Packets of any length are cut
 * into frames of 20 ms.  What is missing is told as lost only when something
 * follows it: nothing is invented at the end of an over.
 *
 * Delay:   each over starts depth_ms late.  A packet that comes too late makes
 *          the delay grow at once; an over without trouble lets the next one
 *          start sooner again, down to depth_ms.
 * Trust:   a packet that fits nowhere (other source, far sequence, timestamp
 *          more than 3 s off) waits until its successor comes: two in a row
 *          are a new source of the same over, one alone is a stray.
 * Units:   monotonic microseconds; a clock that steps back counts as standing.
 * Memory:  all allocated by jitter_alloc(); frames belong to the jitter and
 *          last until the next call on it.
 * Threads: one at a time; the tallies may be read by any.
 */
#pragma once

#include "plugins/plugin.h"
#include "plugins/rtp/tally.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JITTER_SLOTS        64  /* packets held; the sequence window */
#define JITTER_DEPTH_MAX_MS 200 /* the delay grows no further */
#define JITTER_JUMP_MS      3000

struct jitter;

struct jitter_config {
	uint32_t depth_ms;   /* 0 to JITTER_DEPTH_MAX_MS */
	uint32_t gap_ms;     /* at least 20 */
	size_t packet_bytes; /* longest payload */
};

struct jitter_packet {
	uint32_t ssrc;
	uint32_t timestamp;
	uint16_t seq;
	struct gridcall_format format;
	const uint8_t *data;
	size_t len;
};

enum jitter_offer {
	JITTER_QUEUED,
	JITTER_BEGAN,     /* queued, and an over began with it */
	JITTER_DUPLICATE, /* dropped: already here */
	JITTER_LATE,      /* dropped: its time has passed */
	JITTER_HELD,      /* kept aside until its successor comes */
	JITTER_MISFIT,    /* dropped: can't be cut into frames, or too long */
};

enum jitter_verdict {
	JITTER_IDLE,  /* no over */
	JITTER_WAIT,  /* nothing to hand out yet */
	JITTER_FRAME, /* the next 20 ms */
	JITTER_LOST,  /* the next 20 ms are missing; more follows */
	JITTER_END,   /* the over has ended */
};

struct jitter_tallies {
	tally late;
	tally duplicate;
	tally lost; /* frames told as lost */
	tally resyncs;
	tally strays;
};

/* NULL when config is out of range or memory is out. */
struct jitter *jitter_alloc(const struct jitter_config *config);

/* Accepts NULL.  Always returns NULL. */
struct jitter *jitter_free(struct jitter *jitter);

/* Offer one packet; its bytes are copied. */
enum jitter_offer jitter_push(struct jitter *jitter,
			      const struct jitter_packet *packet,
			      uint64_t now_us);

/*
 * This sequence number was used for something that is no audio: it is not
 * missing.  It neither begins an over nor makes one last longer.
 */
void jitter_skip(struct jitter *jitter, uint32_t ssrc, uint16_t seq);

/* Ask for the next 20 ms, each 20 ms; frame is filled for FRAME and LOST. */
enum jitter_verdict jitter_pull(struct jitter *jitter, uint64_t now_us,
				struct gridcall_frame *frame);

/* Whether an over is in progress. */
bool jitter_is_open(const struct jitter *jitter);

/* Packets that wait to be handed out, in milliseconds, gaps not counted. */
uint32_t jitter_backlog_ms(const struct jitter *jitter);

/* The delay that the next over starts with. */
uint32_t jitter_depth_ms(const struct jitter *jitter);

const struct jitter_tallies *jitter_tallies(const struct jitter *jitter);
