/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * conceal.c - repeat the last pitch period, quieter and quieter
 */
#include "codecs/conceal.h"

#include <string.h>

#define LAG_MIN   40  /* 200 Hz */
#define LAG_MAX   160 /* 50 Hz */
#define LOUD      80  /* 10 ms at full strength ... */
#define SILENT    480 /* ... and silence from 60 ms on */
#define BLEND     32  /* 4 ms */
#define COMPARE   160
#define GAIN_UNIT 400 /* SILENT - LOUD */

/* How alike the end is to what lies lag before it; above 0 when at all. */
static float likeness(const int16_t *end, size_t lag)
{
	float product = 0;
	float energy = 1;
	size_t i;

	for (i = 1; i <= COMPARE; i++) {
		float now = end[-(ptrdiff_t)i];
		float then = end[-(ptrdiff_t)(i + lag)];

		product += now * then;
		energy += then * then;
	}
	return product > 0 ? product * product / energy : 0;
}

static size_t find_lag(const struct conceal *conceal)
{
	const int16_t *end = conceal->history + CONCEAL_HISTORY;
	float best = 0;
	size_t found = LAG_MAX;
	size_t lag;

	for (lag = LAG_MIN; lag <= LAG_MAX; lag++) {
		float like = likeness(end, lag);

		if (like > best) {
			best = like;
			found = lag;
		}
	}
	return found;
}

static int16_t make(struct conceal *conceal)
{
	size_t at =
		CONCEAL_HISTORY - conceal->lag + conceal->made % conceal->lag;
	int32_t sample = conceal->history[at];

	if (conceal->made >= SILENT)
		return 0;
	if (conceal->made > LOUD)
		sample = sample * (int32_t)(SILENT - conceal->made) / GAIN_UNIT;
	conceal->made++;
	return (int16_t)sample;
}

static void blend(struct conceal *conceal, int16_t *pcm, size_t samples)
{
	int32_t i;

	for (i = 0; i < BLEND && (size_t)i < samples; i++)
		pcm[i] = (int16_t)((pcm[i] * i + make(conceal) * (BLEND - i)) /
				   BLEND);
}

void conceal_heard(struct conceal *conceal, int16_t *pcm, size_t samples)
{
	size_t fresh = samples < CONCEAL_HISTORY ? samples : CONCEAL_HISTORY;
	size_t kept = CONCEAL_HISTORY - fresh;

	if (conceal->made)
		blend(conceal, pcm, samples);
	conceal->made = 0;
	memmove(conceal->history, conceal->history + fresh,
		kept * sizeof(*pcm));
	memcpy(conceal->history + kept, pcm + samples - fresh,
	       fresh * sizeof(*pcm));
	conceal->heard += fresh;
	if (conceal->heard > CONCEAL_HISTORY)
		conceal->heard = CONCEAL_HISTORY;
}

void conceal_lost(struct conceal *conceal, int16_t *pcm, size_t samples)
{
	size_t i;

	if (!conceal->heard) {
		memset(pcm, 0, samples * sizeof(*pcm));
		return;
	}
	if (!conceal->made)
		conceal->lag = find_lag(conceal);
	for (i = 0; i < samples; i++)
		pcm[i] = make(conceal);
}
