/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * leg_fsm.h - what a leg does when
 *
 *   queued → waking → announcing → settling → cueing → listening ─┐
 *                                     ↑  ↑ yielding   repeating ──┤
 *                                     └──┴────────────────────────┘
 *   settling → closing → ended;  from anywhere: held, blocked, ended
 *
 * Settling waits until the ledger has told what happened; nothing goes on the
 * air before.
 *
 * Threads: main only.
 */
#pragma once

#include <osmocom/core/fsm.h>

enum leg_state {
	LEG_ST_QUEUED, /* another call has the channel */
	LEG_ST_WAKING, /* about to act; lets the caller commit first */
	LEG_ST_ANNOUNCING,
	LEG_ST_SETTLING, /* what happened is on its way to the disk */
	LEG_ST_CUEING,
	LEG_ST_LISTENING, /* the silence time runs, or an over is on */
	LEG_ST_REPEATING, /* 请重报 */
	LEG_ST_YIELDING,  /* silent, for others */
	LEG_ST_BLOCKED,   /* the radio is down or jammed */
	LEG_ST_HELD,      /* an officer, an alarm or the ledger */
	LEG_ST_CLOSING,   /* 点名完毕 */
	LEG_ST_ENDED,
};

enum leg_event {
	LEG_EV_GO, /* it is first, and nothing holds it */
	LEG_EV_HOLD,
	LEG_EV_STOP,  /* cancelled */
	LEG_EV_READY, /* a recording was made ready */
	LEG_EV_SENT,
	LEG_EV_UNSENT, /* the channel stayed busy */
	LEG_EV_DOWN,   /* the radio is down or jammed */
	LEG_EV_UP,
	LEG_EV_OVER,       /* an over began */
	LEG_EV_OVER_ENDED, /* leg->repeat_due, turn->state say the rest */
	LEG_EV_TIME,       /* the countdown ran out */
	LEG_EV_COMMITTED,
};

struct leg;

extern struct osmo_fsm leg_fsm;

/* Change state, stopping what the old one waited for. */
void leg_go_to(struct leg *leg, enum leg_state state);
