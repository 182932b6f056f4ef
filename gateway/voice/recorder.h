/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * recorder.h - keeps every over as it was received, without ever holding up
 *              the voice
 *
 * A tape collects an over's packets and hands them to the recorder's thread in
 * pieces.  When the disk is so slow that no piece can be handed over, frames
 * are lost, counted, and written as silence, so the rest keeps its time.
 *
 * Files:   <folder>/YYYYMMDD/<channel>/YYYYMMDDTHHMMSS.uuuuuuZ.wav (or .opus),
 *          UTC.  The name is told at once; the file ends in .part until it is
 *          whole, moments after the over.  A change of format inside an over
 *          starts a second file, ...Z-2.wav.
 * Room:    below reserve bytes free nothing is written and overs are counted
 *          as refused, until there is room again.
 * Threads: recorder_* main unless said otherwise; tape_* [voice], one channel
 *          each.
 */
#pragma once

#include "gateway/inbox.h"
#include "gateway/voice/voice.h"
#include "plugins/plugin.h"

#include <stdbool.h>
#include <stdint.h>

#define RECORDER_NAME_MAX 96

struct recorder;

struct recorder_config {
	const char *folder;
	uint64_t reserve;
	uint32_t pieces;       /* that may wait; 0: 4096 */
	struct inbox *signals; /* for lines of log; may be NULL */
	/* Free bytes below folder; NULL asks the file system. */
	uint64_t (*room)(void *data, const char *folder);
	void *data;
};

struct recorder *recorder_alloc(const struct recorder_config *config,
				struct gridcall_why *why);

/* Writes what waits, ends every file, joins.  Accepts NULL, returns NULL. */
struct recorder *recorder_free(struct recorder *recorder);

/* [any] Grows at least each second. */
uint64_t recorder_progress(const struct recorder *recorder);

/* [any] */
void recorder_stats(const struct recorder *recorder,
		    struct voice_recorder_stats *stats);

#define TAPE_BYTES 1960

/* Some packets of one over; each a length in two bytes (0: lost), then data. */
struct tape_piece {
	uint32_t channel;
	uint32_t part; /* from 1 */
	int64_t utc_us;
	char code[32];
	struct gridcall_format format;
	uint32_t lost_before; /* frames that could not be handed over */
	uint16_t used;
	bool last;
	uint8_t bytes[TAPE_BYTES];
};

struct tape {
	struct recorder *recorder;
	bool running;
	bool owing;    /* the last piece was not taken yet */
	uint64_t lost; /* frames, ever */
	uint32_t lost_before;
	char name[RECORDER_NAME_MAX]; /* empty: nothing recorded */
	struct tape_piece piece;
};

/* recorder may be NULL: nothing is ever recorded. */
void tape_init(struct tape *tape, struct recorder *recorder, uint32_t channel,
	       const char *code);

void tape_begin(struct tape *tape, int64_t utc_us);
void tape_put(struct tape *tape, const struct gridcall_frame *frame);
void tape_end(struct tape *tape);

/* Each tick: hand over an end that was not taken. */
void tape_retry(struct tape *tape);

/* A piece's file below the folder, without ".part". */
void tape_name(const struct tape_piece *piece, char name[RECORDER_NAME_MAX]);
