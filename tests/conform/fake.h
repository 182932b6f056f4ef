/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fake.h - calls that do nothing, for plugins that are wrong on purpose
 *
 * Each fake_*.c is a plugin with one mistake; test_plugin.c checks the sentence
 * that the loader has for it.
 */
#pragma once

#include "plugins/plugin.h"

#include <errno.h>

#define FAKE_HEAD(kind_, table, name_)                                         \
	{                                                                      \
		.abi_major = GRIDCALL_ABI_MAJOR,                               \
		.abi_minor = GRIDCALL_ABI_MINOR, .size = sizeof(table),        \
		.kind = kind_, .name = name_, .summary = "Made for a test"     \
	}

static inline int fake_open(void **state, struct gridcall_format *transmit,
			    const struct gridcall_driver_host *host,
			    struct gridcall_radio *radio,
			    const struct gridcall_option *options,
			    struct gridcall_why *why)
{
	return -ENOTSUP;
}

static inline void fake_tick(void *state, uint64_t now_us)
{
}

static inline int fake_key(void *state, int on, uint64_t now_us)
{
	return 0;
}

static inline int fake_send(void *state, const struct gridcall_frame *frame,
			    uint64_t now_us)
{
	return 0;
}

static inline size_t
fake_counters(void *state, struct gridcall_counter *counters, size_t max)
{
	return 0;
}

static inline void fake_close(void *state)
{
}

#define FAKE_DRIVER_CALLS                                                      \
	.open = fake_open, .tick = fake_tick, .key = fake_key,                 \
	.send = fake_send, .counters = fake_counters, .close = fake_close
