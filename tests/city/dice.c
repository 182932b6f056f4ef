/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dice.c - FNV-1a over the words, stirred by the finaliser of SplitMix64
 */
#include "tests/city/dice.h"

static uint64_t mix(uint64_t key, const char *word)
{
	for (; *word; word++)
		key = (key ^ (uint8_t)*word) * 0x100000001b3u;
	return key;
}

static uint64_t stir(uint64_t key)
{
	key += 0x9e3779b97f4a7c15u;
	key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9u;
	key = (key ^ (key >> 27)) * 0x94d049bb133111ebu;
	return key ^ (key >> 31);
}

struct dice dice_of(uint64_t seed, const char *who, uint32_t guard)
{
	struct dice dice;

	dice.key = stir(mix(stir(seed) ^ 0xcbf29ce484222325u, who) + guard);
	return dice;
}

uint64_t dice_throw(const struct dice *dice, const char *what, uint32_t turn)
{
	return stir(stir(mix(dice->key, what)) + turn);
}

int32_t dice_between(const struct dice *dice, const char *what, uint32_t turn,
		     int32_t low, int32_t high)
{
	uint64_t span;

	if (high <= low)
		return low;
	span = (uint64_t)((int64_t)high - low) + 1;
	return (int32_t)(low + (int64_t)(dice_throw(dice, what, turn) % span));
}

uint32_t dice_next(uint64_t *row)
{
	*row ^= *row << 13;
	*row ^= *row >> 7;
	*row ^= *row << 17;
	return (uint32_t)(*row >> 32);
}
