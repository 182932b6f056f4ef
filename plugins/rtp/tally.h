/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tally.h - a figure that one thread counts up and any thread reads
 *
 * Threads: tally_add() the one writer; tally_read() any.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic uint64_t tally;

/* One writer, so no locked instruction is needed: a torn read is the only
 * danger, and a relaxed store rules it out. */
static inline void tally_add(tally *figure, uint64_t count)
{
	uint64_t now = atomic_load_explicit(figure, memory_order_relaxed);

	atomic_store_explicit(figure, now + count, memory_order_relaxed);
}

static inline uint64_t tally_read(const tally *figure)
{
	return atomic_load_explicit(figure, memory_order_relaxed);
}
