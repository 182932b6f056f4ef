/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * call_guards.h - guards that answer by a script, and what became of it
 *
 * Each time the radio stops sending while a unit's turn is open, the next
 * answer of that unit goes on the air.
 */
#pragma once

#include "gateway/call/calls.h"
#include "gateway/clock.h"
#include "tests/unit/call_radio.h"

#include <osmocom/core/linuxlist.h>
#include <stdlib.h>
#include <talloc.h>

#define UNITS 4
#define HOME  "440106.440106530000.07"

struct bench {
	char folder[64];
	char path[96];
	char prompts[96];
	char kept[96];
	void *ctx;
	struct ledger *ledger;
	struct voice *voice;
	struct calls *calls;
	struct directory *directory;
	int slot;
	bool repeater;
	bool paced;            /* overs take their time on simplex too */
	uint32_t over_limit_s; /* 0: 60 */
	uint32_t tx_limit_s;   /* 0: 60 */
	const char *duty[UNITS];
	int gone; /* this unit is not in the directory; 0: none */
	struct llist_head jobs;
	/* the guards */
	const char *script[UNITS][ASKINGS];
	unsigned int said[UNITS];
	int called; /* unit whose turn is open; -1 none */
	bool told_uncued;
	bool deaf; /* guards do nothing */
	/* what happened */
	unsigned int started, called_count, ended, held, resumed, replies;
	unsigned int alarms, overs, heard, plays, published, possible;
	unsigned int tones;
	bool break_at_key; /* the ledger refuses as soon as a # was heard */
	unsigned int frames[16]; /* sent by each play */
	uint64_t began_us[16];   /* of each call of a unit */
	uint64_t seq;
	char call[40];
	char order[256]; /* units in the order in which they were called */
	Gridcall__V1__ReplyEvent *reply; /* the last */
	Gridcall__V1__AlarmEvent *alarm;
	Gridcall__V1__CallTurn *turn; /* the last heard */
};

static inline void answer_now(struct bench *bench)
{
	const char *text;

	if (bench->called < 0 || bench->deaf ||
	    bench->said[bench->called] == ASKINGS)
		return;
	text = bench->script[bench->called][bench->said[bench->called]++];
	if (text && text[0])
		say(text);
}

static inline void on_signal(void *data, const struct signal *signal)
{
	struct bench *bench = data;

	if (bench->calls)
		calls_signal(bench->calls, signal);
	bench->tones += signal->type == SIGNAL_TONE;
	if (bench->break_at_key && signal->type == SIGNAL_TONE &&
	    signal->tone.tone.digit == '#') {
		bench->break_at_key = false;
		calls_trouble(bench->calls, "the disk is full");
	}
	if (signal->type != SIGNAL_PLAY_ENDED || signal->play.end != PLAY_DONE)
		return;
	bench->frames[bench->plays++ % 16] = atomic_exchange(&radio.sent, 0);
	answer_now(bench);
}

/* ---------------------------------------------------------- what happened --
 */

static inline void on_turn(struct bench *bench,
			   const Gridcall__V1__CallTurn *turn)
{
	size_t len = strlen(bench->order);

	if (turn->state == GRIDCALL__V1__UNIT_STATE__UNIT_HEARD) {
		bench->heard++;
		talloc_free(bench->turn);
		bench->turn = talloc_zero(bench->ctx, Gridcall__V1__CallTurn);
		bench->turn->unit = talloc_strdup(bench->turn, turn->unit);
		bench->turn->reason = talloc_strdup(bench->turn, turn->reason);
	}
	if (turn->state != GRIDCALL__V1__UNIT_STATE__UNIT_CALLED)
		return;
	bench->began_us[bench->called_count++ % 16] = clock_now_us();
	bench->called = turn->unit[1] - '1';
	snprintf(bench->order + len, sizeof(bench->order) - len, "%s ",
		 turn->unit);
	if (!turn->cued)
		answer_now(bench);
}

static inline void on_call(struct bench *bench,
			   const Gridcall__V1__CallEvent *call)
{
	switch (call->change_case) {
	case GRIDCALL__V1__CALL_EVENT__CHANGE_STARTED:
		bench->started++;
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_TURN:
		on_turn(bench, call->turn);
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_HELD:
		bench->held++;
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_RESUMED:
		bench->resumed++;
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_ENDED:
		bench->ended++;
		break;
	default:
		fail();
	}
}

static inline void on_event(void *data, const struct ledger_event *row)
{
	struct bench *bench = data;
	Gridcall__V1__Event *event =
		gridcall__v1__event__unpack(NULL, row->len, row->payload);

	assert_non_null(event);
	assert_int_equal(row->seq, bench->seq + 1);
	bench->seq = row->seq;
	switch (event->body_case) {
	case GRIDCALL__V1__EVENT__BODY_CALL:
		on_call(bench, event->call);
		break;
	case GRIDCALL__V1__EVENT__BODY_REPLY:
		bench->replies++;
		/* It has answered: what is sent now is not for it. */
		if (event->reply->grade !=
			    GRIDCALL__V1__GRADE__GRADE_DOUBTFUL &&
		    event->reply->unit[1] - '1' == bench->called)
			bench->called = -1;
		if (bench->reply)
			gridcall__v1__reply_event__free_unpacked(bench->reply,
								 NULL);
		bench->reply = event->reply;
		event->reply = NULL;
		event->body_case = GRIDCALL__V1__EVENT__BODY__NOT_SET;
		break;
	case GRIDCALL__V1__EVENT__BODY_ALARM:
		bench->alarms++;
		if (bench->alarm)
			gridcall__v1__alarm_event__free_unpacked(bench->alarm,
								 NULL);
		bench->alarm = event->alarm;
		event->alarm = NULL;
		event->body_case = GRIDCALL__V1__EVENT__BODY__NOT_SET;
		break;
	case GRIDCALL__V1__EVENT__BODY_OVER:
		bench->overs++;
		bench->possible += event->over->possible_alarm;
		break;
	default:
		break;
	}
	gridcall__v1__event__free_unpacked(event, NULL);
}

static inline void on_trouble(void *data, const char *sentence)
{
	struct bench *bench = data;

	calls_trouble(bench->calls, sentence);
}
