/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * clock.h - the two clocks: one for durations, one for people
 *
 * Threads: any.
 */
#pragma once

#include <stdint.h>
#include <time.h>

/* Monotonic microseconds: every duration inside the daemon. */
static inline uint64_t clock_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

/* UTC microseconds since 1970: the ledger and the wire. */
static inline int64_t clock_utc_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
