/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * heard.h - live voice on its way to main, and what it cost
 *
 * Plain data, copied through an inbox.
 *
 * Threads: made by the monitor, read on main.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VOICE_HEARD_MAX 3 /* packets told at once */

/* Live voice of an over, for who listens; see voice_listen(). */
struct voice_heard {
	uint32_t slot;
	char code[32]; /* of the channel */
	int64_t began_utc_us;
	uint32_t number; /* of the first packet, from 0 in each over */
	uint32_t count;
	bool ended;                    /* the over, after these */
	uint16_t len[VOICE_HEARD_MAX]; /* 0: lost */
	uint16_t used;
	uint8_t bytes[1400]; /* Opus, mono, 20 ms each, back to back */
};

struct voice_monitor_stats {
	uint64_t encoded; /* frames made packets, once for all who listen */
	uint64_t passed;  /* packets of Opus that went as they came */
	uint64_t lost;    /* frames dropped: the monitor was too slow */
};
