/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * payload.h - how long a received payload sounds, and whether we can use it
 *
 * G.711 and L16 can be cut anywhere between two samples; an Opus packet can't,
 * so it must hold exactly one frame of ours.
 *
 * Units:   samples at the format's own rate.
 * Threads: any; no state.
 */
#pragma once

#include "plugins/plugin.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Samples in 20 ms. */
static inline uint32_t payload_frame_samples(const struct gridcall_format *f)
{
	return f->rate_hz / 1000 * GRIDCALL_FRAME_MS;
}

/* Bytes of one sample; 0 for Opus, which has none. */
size_t payload_sample_bytes(uint32_t codec);

/* The byte that, repeated, is silence. */
uint8_t payload_silence(uint32_t codec);

bool payload_same_format(const struct gridcall_format *a,
			 const struct gridcall_format *b);

/*
 * Samples that data holds, or -EBADMSG: empty, half a sample, or an Opus packet
 * that lasts other than 20 ms.
 */
int payload_samples(const struct gridcall_format *format, const uint8_t *data,
		    size_t len);
