/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/turn.h"
#include "gateway/call/call.h"
#include "gateway/call/lane.h"
#include "gateway/call/leg.h"

#include "gateway/record/utf8.h"

#include <osmocom/core/utils.h>
#include <talloc.h>

struct turn *turn_alloc(struct leg *leg, const Gridcall__V1__CalledUnit *called,
			const char *area)
{
	struct turn *turn = talloc_zero(leg, struct turn);

	OSMO_ASSERT(turn);
	turn->leg = leg;
	turn->unit = talloc_strdup(turn, called->unit);
	turn->number = talloc_strdup(turn, called->number);
	turn->name = talloc_strdup(turn, called->name);
	turn->area = talloc_strdup(turn, area);
	turn->expected = called->expected;
	turn->place = called->place;
	turn->state = called->state;
	OSMO_STRLCPY_ARRAY(turn->reason, called->reason);
	utf8_mend(turn->reason);
	turn->is_asked =
		called->state == GRIDCALL__V1__UNIT_STATE__UNIT_PENDING;
	INIT_LLIST_HEAD(&turn->waiting);
	return turn;
}

static bool wants_asking(const struct turn *turn, uint32_t round)
{
	if (!turn->is_asked || turn->round >= round)
		return false;
	switch (turn->state) {
	case GRIDCALL__V1__UNIT_STATE__UNIT_PENDING:
	case GRIDCALL__V1__UNIT_STATE__UNIT_CALLED:
	case GRIDCALL__V1__UNIT_STATE__UNIT_SILENT:
		return true;
	case GRIDCALL__V1__UNIT_STATE__UNIT_UNREACHABLE:
		return turn->is_jammed;
	default:
		return false;
	}
}

static struct turn *next_in_round(struct leg *leg)
{
	uint32_t index = leg->turn ? leg->turn->place + 1 : 0;

	for (; index < leg->turn_count; index++)
		if (wants_asking(leg->turns[index], leg->round))
			return leg->turns[index];
	return NULL;
}

struct turn *turn_next(struct leg *leg)
{
	struct turn *turn;

	if (!leg->round)
		leg->round = 1;
	for (;;) {
		turn = next_in_round(leg);
		if (turn)
			return turn;
		if (leg->round >= leg->call->rounds)
			return NULL;
		leg->round++;
		leg->turn = NULL;
		leg->heard_before = false;
	}
}

bool turn_needs_cue(const struct leg *leg, const struct turn *turn)
{
	const struct calls *calls = leg->call->calls;
	uint32_t follows = leg->turn ? leg->turn->place + 1 : 0;

	if (!leg->lane->is_repeater || leg->call->options->always_cue ||
	    calls->settings.always_cue)
		return true;
	return !leg->heard_before || turn->place != follows;
}

bool turn_has_certain_answer(const struct turn *turn)
{
	return turn->state == GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED &&
	       turn->grade != GRIDCALL__V1__GRADE__GRADE_DOUBTFUL;
}

void turn_to_called(const struct turn *turn, Gridcall__V1__CalledUnit *called)
{
	gridcall__v1__called_unit__init(called);
	called->unit = (char *)turn->unit;
	called->channel = (char *)turn->leg->lane->code;
	called->number = (char *)turn->number;
	called->name = (char *)turn->name;
	called->expected = turn->expected;
	called->state = turn->state;
	called->reason = (char *)turn->reason;
	called->place = turn->place;
}
