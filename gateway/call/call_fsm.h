/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * call_fsm.h - whether a call may act
 *
 *   starting → running ⇄ paused;  ended from anywhere
 *
 * Threads: main only.
 */
#pragma once

#include <osmocom/core/fsm.h>
#include <stdbool.h>

struct call;

enum call_state {
	CALL_ST_STARTING, /* its first events are on their way to the disk */
	CALL_ST_RUNNING,
	CALL_ST_PAUSED, /* by an officer, or after a long time down */
	CALL_ST_ENDED,
};

enum call_event {
	CALL_EV_STARTED,
	CALL_EV_PAUSE,
	CALL_EV_CONTINUE,
	CALL_EV_END,
};

extern struct osmo_fsm call_fsm;

bool call_is_running(const struct call *call);
bool call_is_paused(const struct call *call);
