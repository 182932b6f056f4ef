/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * encoder.h - PCM to the packets of one format, 20 ms each
 *
 * Memory:  all allocated by encoder_alloc().
 * Threads: any; one encoder belongs to one thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define ENCODER_BYTES_MAX 1920 /* 20 ms of L16 at 48 kHz */

struct encoder;

/*
 * codec is enum gridcall_codec; PCMA and PCMU are 8000 Hz, L16 8000, 16000 or
 * 48000, Opus 48000 on the wire.  input_hz, 8000 to 48000, is the rate of what
 * goes in.  NULL when that combination can't be made or memory is out.
 */
struct encoder *encoder_alloc(uint32_t codec, uint32_t rate_hz,
			      uint32_t input_hz);

/* Accepts NULL.  Always returns NULL. */
struct encoder *encoder_free(struct encoder *encoder);

/* Samples of input that make one packet: input_hz / 50. */
size_t encoder_samples(const struct encoder *encoder);

/* Encode one packet's worth of input; returns its bytes or a negative errno. */
int encoder_put(struct encoder *encoder, const int16_t *pcm,
		uint8_t data[ENCODER_BYTES_MAX]);
