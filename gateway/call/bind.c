/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/bind.h"
#include "gateway/call/call.h"
#include "gateway/call/leg.h"
#include "gateway/clock.h"

#include <string.h>

#define US_PER_MS 1000u

/* The unit's turn in an open call on this channel, else in a recent one. */
static struct turn *turn_of_unit(const struct lane *lane, const char *unit)
{
	const struct calls *calls = lane->calls;
	uint64_t since_us = (uint64_t)calls->settings.late_ms * US_PER_MS;
	uint64_t now_us = clock_now_us();
	const struct leg *leg;
	struct call *call;
	struct turn *turn;

	llist_for_each_entry (leg, &lane->legs, queue) {
		turn = call_find_turn(leg->call, unit);
		if (turn)
			return turn;
	}
	llist_for_each_entry (call, &calls->open, entry) {
		turn = call_find_turn(call, unit);
		if (turn && turn->leg->lane == lane)
			return turn; /* its leg is done, others go on */
	}
	llist_for_each_entry (call, &calls->ended, entry) {
		if (now_us - call->ended_us > since_us)
			continue;
		turn = call_find_turn(call, unit);
		if (turn && turn->leg->lane == lane)
			return turn;
	}
	return NULL;
}

static bool turn_has_passed(const struct turn *turn)
{
	return turn->leg->call->ended_us ||
	       (turn->ended_us &&
		turn->state != GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED);
}

/* In the turn it was heard in, if that turn is still somebody's to answer. */
static void bind_by_turn(const struct lane *lane, struct binding *binding)
{
	const struct hearing *hearing = &lane->hearing;
	struct turn *turn = hearing->turn;

	if (!turn || turn->leg->call->ended_us) {
		binding->foreign = true;
		return;
	}
	if (hearing->after_turn) {
		if (turn->state == GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED &&
		    hearing->filed != turn) {
			binding->foreign = true;
			return;
		}
		binding->doubts |= DOUBT_UNNAMED;
	}
	if (!turn->is_certain)
		binding->doubts |= DOUBT_UNNAMED;
	binding->turn = turn;
	binding->late = turn->ended_us && hearing->filed != turn;
}

static void bind_by_unit(const struct lane *lane, const struct unit *unit,
			 struct binding *binding)
{
	binding->unit = unit->code;
	binding->turn = turn_of_unit(lane, unit->code);
	if (!binding->turn) {
		binding->foreign = true;
		return;
	}
	binding->area = binding->turn->area;
	binding->late = turn_has_passed(binding->turn);
}

void bind_answer(const struct lane *lane, const struct answer *answer,
		 struct binding *binding)
{
	const struct calls_config *config = &lane->calls->config;
	const struct directory *directory = config->directory(config->data);
	const struct unit *named = NULL;
	const struct unit *radio = NULL;

	*binding = (struct binding){.unit = "", .area = ""};
	if (answer->named)
		named = directory_find_number(directory, lane->code,
					      answer->unit);
	if (answer->radio_id[0])
		radio = directory_find_radio(directory, lane->code,
					     answer->radio_id);
	if (answer->named && !named) {
		binding->refused = "no unit of this channel has that number";
	} else if (named && radio && strcmp(named->code, radio->code)) {
		binding->doubts |= DOUBT_IDENTITY;
		binding->refused = "the number dialled and the radio's ID "
				   "belong to different units";
	} else if (named || radio) {
		bind_by_unit(lane, named ? named : radio, binding);
	} else {
		bind_by_turn(lane, binding);
	}
}

bool bind_counts(Gridcall__V1__CallKind kind, const struct answer *answer)
{
	bool roll_call = kind == GRIDCALL__V1__CALL_KIND__KIND_ROLL_CALL;

	if (answer->kind == ANSWER_COUNT)
		return roll_call;
	if (answer->kind != ANSWER_CODE)
		return false;
	return !roll_call && strlen(answer->code) == 1 &&
	       answer->code[0] != '0';
}
