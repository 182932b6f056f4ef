/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * countdown.h - one delay on the monotonic clock, told on the main loop
 *
 * A timerfd in the select loop: unlike osmo_timer it neither follows the wall
 * clock nor spins.  The descriptor is made at the first start, so that an idle
 * object costs none.
 *
 * Memory:  embedded; countdown_fini() before its memory goes.
 * Threads: main only.
 */
#pragma once

#include <osmocom/core/select.h>

#include <stdbool.h>
#include <stdint.h>

struct countdown {
	struct osmo_fd fd;
	bool is_open;
	bool is_running;
	void (*on_end)(void *data);
	void *data;
};

void countdown_init(struct countdown *countdown, void (*on_end)(void *data),
		    void *data);
void countdown_fini(struct countdown *countdown);

/* (Re)start it; 0 ends at the next turn of the loop.  -errno: no descriptor. */
int countdown_start(struct countdown *countdown, uint32_t delay_ms);

/* After this on_end() does not come, even when it was due. */
void countdown_stop(struct countdown *countdown);
