/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * radios.h - keeps the channels of the directory open
 *
 * Follows the directory: a new channel is opened through its driver, a removed
 * one closed, a changed one closed and opened again.  One that can't be opened
 * is down with the driver's sentence and tried again every ten seconds.
 *
 * Memory:  below ctx.
 * Threads: main.
 */
#pragma once

#include "gateway/record/directory.h"
#include "gateway/voice/voice.h"

#include <stddef.h>
#include <stdint.h>

struct plugin_list;
struct radios;

struct radio_status {
	enum channel_state state;
	int64_t since_utc_us;
	const char *reason; /* never NULL */
	uint64_t overs;
	int slot; /* negative: not open */
};

/* plugins: the loaded ones, where drivers are looked up. */
struct radios *radios_alloc(void *ctx, struct voice *voice,
			    const struct plugin_list *plugins);

/* Closes all. */
struct radios *radios_free(struct radios *radios);

/* Make what is open agree with the directory; it must outlive its use here. */
void radios_follow(struct radios *radios, const struct directory *directory);

/* Once a second: try again what is down. */
void radios_second(struct radios *radios);

/* Take note of a state signal. */
void radios_signal(struct radios *radios, const struct signal *signal);

/* Negative when the channel is not open. */
int radios_slot(const struct radios *radios, const char *channel);

/* NULL when the slot is free. */
const struct channel_entry *radios_channel(const struct radios *radios,
					   uint32_t slot);

/* Every field is set, for an unknown channel too. */
void radios_status(const struct radios *radios, const char *channel,
		   struct radio_status *status);

size_t radios_down_count(const struct radios *radios);
