/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * audiofile.h - WAV and Ogg Opus files, whole and piece by piece
 *
 * Reading gives mono PCM whatever the file holds (WAV with 8, 16, 24 bit PCM,
 * A-law or µ-law, any number of channels and any rate from 8 to 48 kHz; Ogg
 * Opus).  Writing keeps what was received: the packets themselves.
 *
 * Units:   samples per channel; rates in Hz.
 * Memory:  audiofile_read() gives memory for free(); the writers allocate only
 *          in their open calls and use caller's descriptors.
 * Threads: any; one object belongs to one thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define AUDIOFILE_SECONDS_MAX 600 /* longer files are refused */

/*
 * Decode a whole file held in memory.  *pcm is for free().  Returns 0, or
 * -EINVAL with one sentence in why for everything a file can have wrong, or
 * -ENOMEM.
 */
int audiofile_decode(const uint8_t *data, size_t len, int16_t **pcm,
		     size_t *samples, uint32_t *rate_hz, char *why,
		     size_t why_size);

/* The same from a path; errno of opening and reading besides. */
int audiofile_read(const char *path, int16_t **pcm, size_t *samples,
		   uint32_t *rate_hz, char *why, size_t why_size);

enum audiofile_type {
	AUDIOFILE_PCMA,
	AUDIOFILE_PCMU,
	AUDIOFILE_L16,
	AUDIOFILE_OPUS
};

struct audiofile_writer;

/*
 * Write packets of one type to file: WAV for the first three (L16 packets are
 * network order, as on the wire), Ogg for Opus.  The header is complete from
 * the start and corrected at the end, so a file cut short still plays.
 * NULL when memory is out or the disk refuses the header.
 */
struct audiofile_writer *
audiofile_writer_open(FILE *file, enum audiofile_type type, uint32_t rate_hz);

/* Append 20 ms.  data NULL: lost, written as silence (Opus: a gap). */
int audiofile_writer_put(struct audiofile_writer *writer, const uint8_t *data,
			 size_t len);

/* Correct the header, free; the FILE stays the caller's.  Errno of writing. */
int audiofile_writer_close(struct audiofile_writer *writer);

/* ".wav" or ".opus" */
const char *audiofile_suffix(enum audiofile_type type);
