/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sound.h - sounds for tests: sines, noise, and how much of a tone is there
 */
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>

static inline int16_t sound_clip(double sample)
{
	return (int16_t)lround(sample > 32767    ? 32767
			       : sample < -32768 ? -32768
						 : sample);
}

/* Add a sine of an amplitude to samples. */
static inline void sound_sine(int16_t *pcm, size_t samples, uint32_t rate_hz,
			      double hz, double amplitude)
{
	size_t i;

	for (i = 0; i < samples; i++)
		pcm[i] = sound_clip(
			pcm[i] +
			amplitude * sin(2 * M_PI * hz * (double)i / rate_hz));
}

/* The same seed gives the same numbers, from -1 to 1. */
static inline double sound_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (double)(*seed >> 8) / (1u << 23) - 1;
}

/* Add normal noise of a root mean square. */
static inline void sound_noise(int16_t *pcm, size_t samples, double rms,
			       uint32_t *seed)
{
	double sum;
	size_t i;
	int k;

	for (i = 0; i < samples; i++) {
		for (sum = 0, k = 0; k < 12; k++)
			sum += sound_random(seed);
		pcm[i] = sound_clip(pcm[i] + rms * sum / 2);
	}
}

/* Amplitude of one frequency. */
static inline double sound_amplitude(const int16_t *pcm, size_t samples,
				     uint32_t rate_hz, double hz)
{
	double c = 0;
	double s = 0;
	size_t i;

	for (i = 0; i < samples; i++) {
		double turn = 2 * M_PI * hz * (double)i / rate_hz;

		c += pcm[i] * cos(turn);
		s += pcm[i] * sin(turn);
	}
	return 2 * sqrt(c * c + s * s) / (double)samples;
}
