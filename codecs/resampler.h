/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * resampler.h - between 8, 16 and 48 kHz and whatever a file holds (speexdsp)
 *
 * Memory:  allocated by resampler_alloc().
 * Threads: any; one object belongs to one thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct resampler;

/* NULL when a rate is outside 8000 to 192000 or memory is out. */
struct resampler *resampler_alloc(uint32_t from_hz, uint32_t to_hz);

/* Accepts NULL.  Always returns NULL. */
struct resampler *resampler_free(struct resampler *resampler);

void resampler_reset(struct resampler *resampler);

/*
 * Convert samples in to at most max out; returns how many came out.  All of
 * the input is taken when max is enough for it: in * to / from + 1.
 */
size_t resampler_put(struct resampler *resampler, const int16_t *in,
		     size_t samples, int16_t *out, size_t max);

/*
 * A whole recording at once, not shifted in time; *out is for free().  0,
 * -EINVAL for a rate out of range, or -ENOMEM.
 */
int resample_all(const int16_t *in, size_t samples, uint32_t from_hz,
		 uint32_t to_hz, int16_t **out, size_t *out_samples);
