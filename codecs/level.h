/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * level.h - how loud a frame is
 *
 * Threads: any; no state.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LEVEL_SILENCE_MDB (-100000)

/* Mean power below a full-scale sine, thousandths of a dB; at least -100 dB. */
int32_t level_mean_mdb(const int16_t *pcm, size_t samples);

/* Highest sample below full scale, thousandths of a dB. */
int32_t level_peak_mdb(const int16_t *pcm, size_t samples);

/*
 * How much of the power lies in one tone, 0 to 1000, with its frequency: above
 * 950 for a repeater's courtesy tone 30 dB over the noise, below 850 for DTMF
 * of 6 dB twist, below 500 for noise.  A vowel may come near a tone for a frame
 * or two, not for longer.  0 and 0 Hz when there is nothing to tell.
 */
uint32_t level_tone_purity(const int16_t *pcm, size_t samples, uint32_t rate_hz,
			   uint32_t *frequency_hz);
