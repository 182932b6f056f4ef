/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * air.c - mixing, capture, hang time and the squelch tail
 */
#include "tests/city/air.h"

#include <string.h>

#define HANG_NOISE_DB (-52)
#define TAIL_NOISE_DB (-18)
#define COURTESY_DB   (-20)

void air_init(struct air *air, const struct place *place,
	      const struct settings *settings, uint64_t seed)
{
	memset(air, 0, sizeof(*air));
	air->place = place;
	air->settings = settings;
	air->row = seed ? seed : 1;
	sound_init(&air->after, air->row);
}

void air_fini(struct air *air)
{
	sound_fini(&air->after);
}

/* Hang time with the courtesy tone in its middle. */
static void hang(struct air *air)
{
	const struct settings *settings = air->settings;
	uint32_t hang_ms = air->place->hang_ms;
	uint32_t tone_ms = (uint32_t)settings->courtesy_ms;

	if (!settings->courtesy_hz || tone_ms > hang_ms)
		tone_ms = 0;
	sound_silence(&air->after, (hang_ms - tone_ms) / 2);
	sound_tone(&air->after, tone_ms, settings->courtesy_hz, COURTESY_DB);
	sound_silence(&air->after, hang_ms - tone_ms - (hang_ms - tone_ms) / 2);
	sound_background(&air->after, HANG_NOISE_DB);
}

static void drop(struct air *air)
{
	size_t rest;

	air->after.samples = 0;
	air->after_at = 0;
	if (air->place->repeater)
		hang(air);
	sound_noise(&air->after, air->place->tail_ms, TAIL_NOISE_DB);
	rest = air->after.samples % SOUND_FRAME;
	if (rest) /* whole frames only */
		air->after.samples -= rest;
}

/* The stronger alone, or all together. */
static void receive(const struct air *air, const struct wave *waves,
		    size_t count, int16_t pcm[SOUND_FRAME])
{
	const struct wave *best = &waves[0];
	size_t i;

	for (i = 1; i < count; i++)
		if (waves[i].strength > best->strength)
			best = &waves[i];
	memcpy(pcm, best->pcm, sizeof(best->pcm));
	for (i = 0; i < count && !air->settings->capture; i++)
		if (&waves[i] != best)
			sound_mix(pcm, waves[i].pcm, SOUND_FRAME);
}

bool air_frame(struct air *air, const struct wave *waves, size_t count,
	       int16_t pcm[SOUND_FRAME])
{
	if (count) {
		receive(air, waves, count, pcm);
		air->keyed = true;
		return true;
	}
	if (air->keyed)
		drop(air);
	air->keyed = false;
	if (air->after_at >= air->after.samples)
		return false;
	memcpy(pcm, air->after.pcm + air->after_at, SOUND_FRAME * sizeof(*pcm));
	air->after_at += SOUND_FRAME;
	return true;
}

void air_after_gateway(struct air *air)
{
	if (air->place->repeater && air->settings->hang_after_gateway &&
	    !air->keyed)
		drop(air);
}

bool air_is_up(const struct air *air)
{
	return air->keyed || air->after_at < air->after.samples;
}
