/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dice.h - chance that doesn't depend on when it is asked
 *
 * Every draw is a function of the seed, who draws, what for and how often
 * before.  So the same seed gives the same decisions however the machine
 * schedules the run, and one handheld's draws never shift another's.
 *
 * Threads: any; no state but the caller's.
 */
#pragma once

#include <stdint.h>

struct dice {
	uint64_t key;
};

struct dice dice_of(uint64_t seed, const char *who, uint32_t guard);

/* Any number; the same again for the same what and turn. */
uint64_t dice_throw(const struct dice *dice, const char *what, uint32_t turn);

/* From low to high, both included; low when high is not above it. */
int32_t dice_between(const struct dice *dice, const char *what, uint32_t turn,
		     int32_t low, int32_t high);

/* The next of a cheap row of numbers, for noise; *row is never 0. */
uint32_t dice_next(uint64_t *row);
