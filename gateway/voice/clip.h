/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * clip.h - a recording made ready for the air
 *
 * An announcement or cue is read once and encoded once per format; then any
 * number of channels send the same packets.  A clip never changes after it was
 * made and is shared between threads by counting its holders.
 *
 * Units:   20 ms frames (GRIDCALL_FRAME_MS).
 * Memory:  plain malloc; clip_hold() and clip_drop() count atomically.
 * Threads: any.  clip_encode() takes milliseconds per second of audio: keep it
 *          off the main loop and out of [voice].
 */
#pragma once

#include "plugins/plugin.h"

#include <stddef.h>
#include <stdint.h>

struct clip;

/*
 * Encode samples of mono PCM for every format of the list (at most 8).
 * Returns NULL and a sentence in why when a format can't be made, when there
 * are no samples, or when memory is out.  The caller holds the clip.
 */
struct clip *clip_encode(const int16_t *pcm, size_t samples, uint32_t rate_hz,
			 const struct gridcall_format *formats, size_t count,
			 struct gridcall_why *why);

/* Read a WAV or Ogg Opus file and encode it. */
struct clip *clip_load(const char *path, const struct gridcall_format *formats,
		       size_t count, struct gridcall_why *why);

struct clip *clip_hold(struct clip *clip);

/* Accepts NULL.  Always returns NULL. */
struct clip *clip_drop(struct clip *clip);

/* How long it sounds, rounded up to whole frames. */
uint32_t clip_length_ms(const struct clip *clip);

/*
 * Frame number index in that format; the bytes last as long as the clip.
 * Returns 0, -ENOENT past the end or for a format it was not encoded for.
 */
int clip_frame(const struct clip *clip, const struct gridcall_format *format,
	       uint32_t index, struct gridcall_frame *frame);
