/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * preroll.h - the last moments of a carrier in which nobody speaks
 *
 * On a repeater the carrier stays while nobody speaks.  When somebody does, the
 * over begins with the frames from before it was certain, so that no first
 * syllable or digit is lost: 500 ms, and as much again as a squelch tail may
 * take to tell from speech.
 *
 * Memory:  one allocation; frames lie packed, so that small ones touch little.
 * Threads: [voice].
 */
#pragma once

#include "plugins/plugin.h"

#include <stdint.h>

#define PREROLL_FRAMES 40

struct preroll;

struct preroll *preroll_alloc(void);

/* Accepts NULL.  Always returns NULL. */
struct preroll *preroll_free(struct preroll *preroll);

void preroll_clear(struct preroll *preroll);

/* Copy a frame in; the oldest gives way. */
void preroll_put(struct preroll *preroll, const struct gridcall_frame *frame);

/* Accepts NULL: none. */
uint32_t preroll_count(const struct preroll *preroll);

/* Frame number index, oldest first; lasts until the next put. */
void preroll_frame(const struct preroll *preroll, uint32_t index,
		   struct gridcall_frame *frame);
