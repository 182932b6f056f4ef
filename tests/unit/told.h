/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * told.h - what main was told of the channel over the invented radio
 *
 * Threads: the test's own.
 */
#pragma once

#include "tests/unit/radio.h"

static inline void air_collect(struct air *air)
{
	while (air->count < AIR_SIGNALS &&
	       !inbox_take(air->inbox, &air->signals[air->count]))
		air->count++;
}

/* The number-th signal of a type, from 0; NULL when there are fewer. */
static inline const struct signal *
air_signal(struct air *air, enum signal_type type, size_t number)
{
	size_t i;

	air_collect(air);
	for (i = 0; i < air->count; i++)
		if (air->signals[i].type == type && !number--)
			return &air->signals[i];
	return NULL;
}

static inline size_t air_signals(struct air *air, enum signal_type type)
{
	size_t count = 0;

	while (air_signal(air, type, count))
		count++;
	return count;
}

/* The keys of every tone told, in order. */
static inline const char *air_digits(struct air *air)
{
	static char digits[AIR_SIGNALS];
	const struct signal *signal;
	size_t i;

	for (i = 0; (signal = air_signal(air, SIGNAL_TONE, i)); i++)
		digits[i] = signal->tone.tone.digit;
	digits[i] = 0;
	return digits;
}

/* The state last told. */
static inline enum channel_state air_state(struct air *air)
{
	size_t count = air_signals(air, SIGNAL_STATE);

	assert_true(count > 0);
	return air_signal(air, SIGNAL_STATE, count - 1)->state.state;
}

static inline uint64_t air_counter(struct air *air, const char *name)
{
	struct gridcall_counter counters[64];
	size_t count = channel_counters(air->channel, counters, 64);
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(counters[i].name, name))
			return counters[i].value;
	fail_msg("there is no counter %s", name);
	return 0;
}
