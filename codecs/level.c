/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * level.c - power, peak, and how much of it is one tone
 */
#include "codecs/level.h"

#include <math.h>
#include <stdlib.h>

#define FULL_SCALE 32767.0

static int32_t to_mdb(double ratio)
{
	double mdb = ratio > 0 ? 10000 * log10(ratio) : LEVEL_SILENCE_MDB;

	return mdb < LEVEL_SILENCE_MDB ? LEVEL_SILENCE_MDB
				       : (int32_t)lround(mdb);
}

int32_t level_mean_mdb(const int16_t *pcm, size_t samples)
{
	int64_t sum = 0;
	size_t i;

	if (!samples)
		return LEVEL_SILENCE_MDB;
	for (i = 0; i < samples; i++)
		sum += (int32_t)pcm[i] * pcm[i];
	return to_mdb((double)sum / (double)samples /
		      (FULL_SCALE * FULL_SCALE / 2));
}

int32_t level_peak_mdb(const int16_t *pcm, size_t samples)
{
	int32_t peak = 0;
	double ratio;
	size_t i;

	for (i = 0; i < samples; i++)
		if (abs(pcm[i]) > peak)
			peak = abs(pcm[i]);
	ratio = peak / FULL_SCALE;
	return to_mdb(ratio * ratio);
}

static double mean_of(const int16_t *pcm, size_t samples)
{
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < samples; i++)
		sum += pcm[i];
	return (double)sum / (double)samples;
}

/*
 * The cosine of the turn per sample of the tone that fits best: a tone keeps
 * x[n-1] + x[n+1] = 2 cos x[n], solved by least squares with the weight of the
 * coefficients held constant, which white noise does not pull aside.
 */
static double cosine_of(const int16_t *pcm, size_t samples, double mean)
{
	double cross = 0;
	double middle = 0;
	double outer = 0;
	double slope;
	size_t i;

	for (i = 1; i + 1 < samples; i++) {
		double sides = pcm[i - 1] + pcm[i + 1] - 2 * mean;
		double here = pcm[i] - mean;

		cross += here * sides;
		middle += here * here;
		outer += sides * sides;
	}
	if (fabs(cross) < 1e-9)
		return 0;
	slope = outer - 2 * middle;
	return (slope + sqrt(slope * slope + 8 * cross * cross)) / (4 * cross);
}

/* The share of the power that a cosine and sine of that turn explain. */
static double share_of(const int16_t *pcm, size_t samples, double mean,
		       double turn)
{
	double xc = 0, xs = 0, cc = 0, ss = 0, cs = 0, total = 0;
	double turn_c = cos(turn), turn_s = sin(turn);
	double c = 1, s = 0, next, determinant;
	size_t i;

	for (i = 0; i < samples; i++) {
		double here = pcm[i] - mean;

		xc += here * c;
		xs += here * s;
		cc += c * c;
		ss += s * s;
		cs += c * s;
		total += here * here;
		next = c * turn_c - s * turn_s;
		s = s * turn_c + c * turn_s;
		c = next;
	}
	determinant = cc * ss - cs * cs;
	if (determinant < 1e-6 * cc * (double)samples || total <= 0)
		return 0;
	return (xc * xc * ss - 2 * xc * xs * cs + xs * xs * cc) / determinant /
	       total;
}

uint32_t level_tone_purity(const int16_t *pcm, size_t samples, uint32_t rate_hz,
			   uint32_t *frequency_hz)
{
	double mean, cosine, turn, share;

	*frequency_hz = 0;
	if (samples < 16 || level_mean_mdb(pcm, samples) < -80000)
		return 0;
	mean = mean_of(pcm, samples);
	cosine = cosine_of(pcm, samples, mean);
	if (cosine <= -1 || cosine >= 1)
		return 0;
	turn = acos(cosine);
	share = share_of(pcm, samples, mean, turn);
	*frequency_hz = (uint32_t)lround(turn * rate_hz / (2 * M_PI));
	if (share < 0)
		return 0;
	return share > 1 ? 1000 : (uint32_t)lround(1000 * share);
}
