/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * conceal.h - what to hear in place of lost samples
 *
 * Goes on with the last pitch period, fading out within 60 ms, and blends into
 * the next good frame (the way of ITU-T G.711 Appendix I).  For formats that
 * bring no concealment of their own.
 *
 * Units:   8 kHz.
 * Memory:  the caller's; a zeroed struct is one that heard nothing yet.
 * Threads: any; one object belongs to one thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CONCEAL_HISTORY 320 /* 40 ms: twice the longest pitch period */

struct conceal {
	int16_t history[CONCEAL_HISTORY];
	size_t heard; /* how much of it is real, at its end */
	size_t lag;   /* pitch period that is repeated */
	size_t made;  /* samples made since the last good one */
};

/* A good frame: remembered, and blended where it follows a made one. */
void conceal_heard(struct conceal *conceal, int16_t *pcm, size_t samples);

/* Make samples in place of lost ones. */
void conceal_lost(struct conceal *conceal, int16_t *pcm, size_t samples);
