/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * leg.h - one channel's part of a call
 *
 * A leg waits for its channel, announces, then asks its units in turn.  It is
 * an FSM (leg_fsm.h); here is the work that the FSM's actions do.
 *
 * Memory:  below its call.
 * Threads: main only.
 */
#pragma once

#include "gateway/call/countdown.h"
#include "gateway/call/set.h"
#include "gateway/call/shelf.h"
#include "gateway/call/turn.h"

#include <osmocom/core/fsm.h>

/* After so many tries to announce on a busy channel it is given up. */
#define LEG_ANNOUNCE_TRIES 3
/* Nor does one that jams its channel whenever it is asked. */
#define LEG_TURN_BLOCKS_MAX 2
/* Overs in one turn without an answer, after which the turn passes. */
#define LEG_TURN_OVERS_MAX 6
/* An unfinished answer may go on in a second over: wait before 请重报. */
#define LEG_REPEAT_AFTER_MS 2000

enum leg_sending {
	LEG_SEND_ANNOUNCEMENT,
	LEG_SEND_CUE,
	LEG_SEND_REPEAT,
	LEG_SEND_DONE,
};

struct leg {
	struct llist_head entry; /* call->legs */
	struct llist_head queue; /* lane->legs, until it ends */
	struct call *call;
	struct lane *lane;
	struct osmo_fsm_inst *fi;
	struct countdown countdown;
	struct shelf_wait wait; /* for a recording */
	struct turn **turns;
	uint32_t turn_count;
	struct turn *turn;     /* whose turn it is */
	struct turn *previous; /* whose it was */
	uint32_t round;
	uint32_t tries;
	uint32_t pending;     /* commits not yet told */
	uint32_t then;        /* state after they were told */
	uint32_t since_yield; /* turns */
	bool announced;
	bool was_announced_now; /* its airtime goes with the next CALLED */
	bool heard_before;      /* all know whose turn follows */
	bool yield_due;
	bool repeat_due;
	bool repeat_by_name; /* who spoke last may have been somebody else */
	bool is_queued;
};

struct leg *leg_alloc(struct call *call, struct lane *lane);
struct leg *leg_free(struct leg *leg);

/* Ask for what has to be sent; the FSM hears READY, SENT, UNSENT or DOWN. */
void leg_send(struct leg *leg, enum leg_sending what);

/* Stop what it sends or waits for. */
void leg_halt(struct leg *leg);

/* 请重报, or by_name, where that might be anybody's, the unit's cue again. */
void leg_repeat(struct leg *leg);

/* The unit was told that it is its turn: what it answers next is its own. */
void leg_told_turn(struct leg *leg);

/* The countdown of the state it is in. */
void leg_wait(struct leg *leg, uint32_t delay_ms);

/* End the turn and go to the next: events, then leg->then after the commit. */
void leg_pass(struct leg *leg);
void leg_advance(struct leg *leg);

/* After a queue, hold or fault: announce, or cue the open turn again. */
void leg_wake(struct leg *leg);

/* The unit can't be reached now (jam), or none of those left can (fault). */
void leg_turn_unreachable(struct leg *leg, const char *reason);
void leg_rest_unreachable(struct leg *leg, const char *reason);

/* It has ended: leave the channel to the next. */
void leg_end(struct leg *leg);

/*
 * In whose turn an over that begins now is heard; NULL: nobody's.  passed: the
 * turn was over already, so that the over may be late or somebody else's.
 */
struct turn *leg_turn_of_over(struct leg *leg, const struct over *over,
			      bool *passed);

/* Add a turn's state to note. */
struct note;
void leg_note_turn(struct leg *leg, struct note *note, const struct turn *turn,
		   Gridcall__V1__CallTurn *change);

/* Whether nothing keeps it from acting. */
bool leg_may_run(const struct leg *leg);

/* Expected milliseconds until it is done if all answer from now on. */
uint32_t leg_remaining_ms(const struct leg *leg);
