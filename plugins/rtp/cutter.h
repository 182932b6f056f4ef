/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cutter.h - payloads of any length cut into frames of 20 ms
 *
 * A frame that any missing sample falls into is told as lost whole.
 *
 * Units:   samples at the payload's own rate.
 * Memory:  plain data; the payload stays the caller's until it is eaten up.
 * Threads: one at a time.
 */
#pragma once

#include "plugins/plugin.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cutter_payload {
	struct gridcall_format format;
	const uint8_t *data;
	uint32_t len;
	uint32_t samples;
};

struct cutter {
	struct cutter_payload payload;
	uint32_t eaten;   /* samples of the payload */
	uint32_t missing; /* samples before it, not yet in a frame */

	struct gridcall_format format; /* of the frame */
	uint32_t filled;               /* samples in it */
	uint32_t len;                  /* bytes in it */
	bool has_hole;
	uint8_t frame[GRIDCALL_FRAME_BYTES_MAX];
};

void cutter_reset(struct cutter *cutter);

/* Whether the payload is eaten up: another may be given. */
bool cutter_is_hungry(const struct cutter *cutter);

/*
 * Give the next payload, before which so many samples are missing.  A frame
 * begun in another format must be padded and taken before.
 */
void cutter_feed(struct cutter *cutter, const struct cutter_payload *payload,
		 uint32_t missing);

/* Go on filling the frame; false when the payload does not suffice. */
bool cutter_fill(struct cutter *cutter);

/* Whether a frame has been begun. */
bool cutter_has_begun(const struct cutter *cutter);

/* Fill the rest of the frame with silence. */
void cutter_pad(struct cutter *cutter);

/* Hand the full frame out and begin the next; its data is NULL when lost. */
void cutter_take(struct cutter *cutter, struct gridcall_frame *frame);
