/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sound.c - tones, noise and silence on one growing row of samples
 */
#include "tests/city/sound.h"
#include "tests/city/dice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FULL_SCALE 32767.0

/* Q.23: rows and columns of the keypad. */
static const double low_hz[4] = {697, 770, 852, 941};
static const double high_hz[4] = {1209, 1336, 1477, 1633};
static const char keypad[] = "123A456B789C*0#D";

void sound_init(struct sound *sound, uint64_t seed)
{
	memset(sound, 0, sizeof(*sound));
	sound->row = seed ? seed : 1;
}

void sound_fini(struct sound *sound)
{
	free(sound->pcm);
	memset(sound, 0, sizeof(*sound));
}

/* Room for more samples at the end; NULL when memory is out. */
static int16_t *extend(struct sound *sound, size_t samples)
{
	size_t need = sound->samples + samples;
	int16_t *pcm;

	if (need > sound->room) {
		size_t room = need + need / 2 + SOUND_RATE_HZ;

		pcm = realloc(sound->pcm, room * sizeof(*pcm));
		if (!pcm) {
			sound->failed = true;
			return NULL;
		}
		sound->pcm = pcm;
		sound->room = room;
	}
	pcm = sound->pcm + sound->samples;
	sound->samples = need;
	return pcm;
}

static size_t samples_of(uint32_t ms)
{
	return (size_t)ms * SOUND_RATE_HZ / 1000;
}

static int16_t clip(double value)
{
	if (value > FULL_SCALE)
		return 32767;
	if (value < -FULL_SCALE)
		return -32767;
	return (int16_t)lrint(value);
}

static double peak_of(double level_db)
{
	return FULL_SCALE * pow(10, level_db / 20);
}

/* Triangular, white; its power is that of a sine of level_db. */
static double hiss(struct sound *sound, double peak)
{
	double a = dice_next(&sound->row) / 4294967296.0;
	double b = dice_next(&sound->row) / 4294967296.0;

	return (a + b - 1) * peak * 1.7320508;
}

void sound_silence(struct sound *sound, uint32_t ms)
{
	size_t samples = samples_of(ms);
	int16_t *pcm = extend(sound, samples);

	if (pcm)
		memset(pcm, 0, samples * sizeof(*pcm));
}

void sound_noise(struct sound *sound, uint32_t ms, int level_db)
{
	size_t samples = samples_of(ms);
	int16_t *pcm = extend(sound, samples);
	double peak = peak_of(level_db);
	size_t i;

	for (i = 0; pcm && i < samples; i++)
		pcm[i] = clip(hiss(sound, peak));
}

void sound_tone(struct sound *sound, uint32_t ms, double hz, int level_db)
{
	size_t samples = samples_of(ms);
	int16_t *pcm = extend(sound, samples);
	double peak = peak_of(level_db);
	size_t i;

	for (i = 0; pcm && i < samples; i++)
		pcm[i] = clip(peak *
			      sin(2 * M_PI * hz * (double)i / SOUND_RATE_HZ));
}

void sound_key(struct sound *sound, char key, uint32_t ms, int level_db,
	       int twist_db)
{
	const char *place = key ? strchr(keypad, key) : NULL;
	double ratio = pow(10, twist_db / 20.0);
	double low = peak_of(level_db) / sqrt(1 + ratio * ratio);
	size_t samples = samples_of(ms);
	int16_t *pcm;
	size_t i;

	if (!place)
		return;
	pcm = extend(sound, samples);
	for (i = 0; pcm && i < samples; i++) {
		double turn = 2 * M_PI * (double)i / SOUND_RATE_HZ;

		pcm[i] =
			clip(low * sin(turn * low_hz[(place - keypad) / 4]) +
			     low * ratio *
				     sin(turn * high_hz[(place - keypad) % 4]));
	}
}

void sound_pcm(struct sound *sound, const int16_t *pcm, size_t samples)
{
	int16_t *to = extend(sound, samples);

	if (to && samples)
		memcpy(to, pcm, samples * sizeof(*pcm));
}

void sound_cut(struct sound *sound, size_t samples)
{
	if (samples > sound->samples)
		samples = sound->samples;
	sound->samples -= samples;
	if (sound->samples)
		memmove(sound->pcm, sound->pcm + samples,
			sound->samples * sizeof(*sound->pcm));
}

void sound_background(struct sound *sound, int level_db)
{
	double peak = peak_of(level_db);
	size_t i;

	for (i = 0; i < sound->samples; i++)
		sound->pcm[i] = clip(sound->pcm[i] + hiss(sound, peak));
}

void sound_mix(int16_t *pcm, const int16_t *other, size_t samples)
{
	size_t i;

	for (i = 0; i < samples; i++)
		pcm[i] = clip((double)pcm[i] + other[i]);
}
