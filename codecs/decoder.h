/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * decoder.h - any received packet to PCM at 8 kHz, for those who listen
 *
 * One decoder per channel; it follows a change of format from packet to packet
 * and conceals lost ones.  The listener works at 8 kHz, which carries every
 * signalling of a voice radio.
 *
 * Memory:  everything is allocated by decoder_alloc(), for all formats.
 * Threads: any; one decoder belongs to one thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define DECODER_RATE_HZ 8000
#define DECODER_SAMPLES 160 /* 20 ms */

struct decoder;

struct decoder *decoder_alloc(void);

/* Accepts NULL.  Always returns NULL. */
struct decoder *decoder_free(struct decoder *decoder);

/* Forget the past: a new over begins. */
void decoder_reset(struct decoder *decoder);

/*
 * Decode one 20 ms packet of codec (enum gridcall_codec) at rate_hz.  data NULL
 * conceals a lost one.  Returns 0 with DECODER_SAMPLES in pcm, or -EINVAL for a
 * packet that is not one of its codec; pcm then holds concealment.
 */
int decoder_put(struct decoder *decoder, uint32_t codec, uint32_t rate_hz,
		const uint8_t *data, size_t len, int16_t pcm[DECODER_SAMPLES]);
