/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * recording.h - one file that is being recorded, and the recorder's doors for
 *               tapes
 *
 * Memory:  allocated on the recorder's thread.
 * Threads: recording_open() to recording_close() the recorder's; the rest any.
 */
#pragma once

#include "codecs/audiofile.h"
#include "gateway/voice/recorder.h"

enum audiofile_type recording_type(const struct gridcall_format *format);

/* [voice] */
int recorder_put(struct recorder *recorder, const struct tape_piece *piece);
void recorder_count_lost(struct recorder *recorder, uint32_t frames);

/* [voice] false: no room on the disk; counts one over as refused. */
bool recorder_is_taking(struct recorder *recorder);

struct recording;

/* Make the folders and the .part file.  NULL and errno. */
struct recording *recording_open(const char *folder,
				 const struct tape_piece *piece);

/* Whether piece goes into this file. */
bool recording_takes(const struct recording *recording,
		     const struct tape_piece *piece);

/* Write a piece; *bytes grows by what was written.  0 or a negative errno. */
int recording_put(struct recording *recording, const struct tape_piece *piece,
		  uint64_t *bytes);

/* Complete it and give it its name.  Accepts NULL.  0 or a negative errno. */
int recording_close(struct recording *recording);
