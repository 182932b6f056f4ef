/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ledger_pulse.h - whether a thread of the ledger still makes progress
 *
 * Threads: the thread itself begins, beats and ends; main looks.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct ledger_pulse {
	atomic_uint_fast64_t beats;
	atomic_bool busy;
	uint64_t seen; /* main's */
};

static inline void ledger_pulse_beat(struct ledger_pulse *pulse)
{
	atomic_fetch_add_explicit(&pulse->beats, 1, memory_order_relaxed);
}

static inline void ledger_pulse_begin(struct ledger_pulse *pulse)
{
	ledger_pulse_beat(pulse);
	atomic_store(&pulse->busy, true);
}

static inline void ledger_pulse_end(struct ledger_pulse *pulse)
{
	atomic_store(&pulse->busy, false);
}

/* [main] Since the last time it was asked. */
static inline bool ledger_pulse_is_alive(struct ledger_pulse *pulse)
{
	bool busy = atomic_load(&pulse->busy);
	uint64_t beats = atomic_load(&pulse->beats);
	bool alive = !busy || beats != pulse->seen;

	pulse->seen = beats;
	return alive;
}
