/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dtmf.h - keypad tones, heard and made
 *
 * Hearing is spandsp's receiver with a reverse twist that handhelds need
 * (8 dB both ways; the default of 4 dB loses them) and its fill-in for lost
 * frames, which keeps a lost frame from splitting a digit.  ITU-T Q.23, Q.24.
 *
 * Units:   8 kHz; times in milliseconds since dtmf_listener_reset().
 * Memory:  allocated by the _alloc functions only.
 * Threads: any; one object belongs to one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dtmf_listener;

/*
 * One digit.  level_cdb: both tones together against a full-scale sine, in
 * hundredths of a dB, so below 0.
 */
struct dtmf_digit {
	char digit;
	int16_t level_cdb;
	uint32_t begin_ms;
	uint32_t end_ms;
};

/* on_digit is called inside dtmf_listener_put(), when the tone has ended. */
struct dtmf_listener *dtmf_listener_alloc(
	void (*on_digit)(void *data, const struct dtmf_digit *digit),
	void *data);
struct dtmf_listener *dtmf_listener_free(struct dtmf_listener *listener);

/* A new over: time starts again at 0. */
void dtmf_listener_reset(struct dtmf_listener *listener);

/* 20 ms, or any number, of samples. */
void dtmf_listener_put(struct dtmf_listener *listener, const int16_t *pcm,
		       size_t samples);

/*
 * As many samples were lost.  A tone on both sides of a loss is one digit, up
 * to 100 ms; a longer loss ends it, since it may hide a pause.
 */
void dtmf_listener_lost(struct dtmf_listener *listener, size_t samples);

/* The over ended: a tone still sounding is told now. */
void dtmf_listener_end(struct dtmf_listener *listener);

/* Whether a tone sounds now. */
bool dtmf_listener_is_sounding(const struct dtmf_listener *listener);

/*
 * Make a string of digits as PCM at 8 kHz, each followed by its pause.
 * level_cdb as above, at most 0; twist_cdb: high group above the low.  Returns
 * the samples written (at most max), or -EINVAL for a character that has no
 * tone.
 */
int dtmf_make(const char *digits, uint32_t tone_ms, uint32_t pause_ms,
	      int level_cdb, int twist_cdb, int16_t *pcm, size_t max);
