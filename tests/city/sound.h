/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sound.h - the audio of one over, put together piece by piece
 *
 * Its keypad tones are made here and not by codecs/, so that a wrong table of
 * frequencies there can't hide.
 *
 * Units:   8 kHz; levels are dB below a full-scale sine, so -12 is loud and
 *          -50 is faint; twist is the high group above the low, in dB.
 * Memory:  grows as it is appended to; sound_fini() gives all back.  When
 *          memory is out, pieces are left out and failed is set.
 * Threads: one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOUND_RATE_HZ 8000
#define SOUND_FRAME   160 /* samples of 20 ms */

struct sound {
	int16_t *pcm;
	size_t samples;
	size_t room;
	uint64_t row; /* of the noise */
	bool failed;
};

void sound_init(struct sound *sound, uint64_t seed);
void sound_fini(struct sound *sound);

void sound_silence(struct sound *sound, uint32_t ms);
void sound_noise(struct sound *sound, uint32_t ms, int level_db);
void sound_tone(struct sound *sound, uint32_t ms, double hz, int level_db);

/* key: 0-9 A-D * #; another is left out.  level_db: of both tones together. */
void sound_key(struct sound *sound, char key, uint32_t ms, int level_db,
	       int twist_db);

void sound_pcm(struct sound *sound, const int16_t *pcm, size_t samples);

/* Take samples away at the front. */
void sound_cut(struct sound *sound, size_t samples);

/* Lay noise under everything so far. */
void sound_background(struct sound *sound, int level_db);

/* Add one frame onto another, as a receiver does that hears both. */
void sound_mix(int16_t *pcm, const int16_t *other, size_t samples);

static inline uint32_t sound_ms(const struct sound *sound)
{
	return (uint32_t)(sound->samples * 1000 / SOUND_RATE_HZ);
}
