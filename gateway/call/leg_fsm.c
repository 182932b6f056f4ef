/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/leg_fsm.h"
#include "gateway/call/call.h"
#include "gateway/call/lane.h"
#include "gateway/call/leg.h"
#include "gateway/log.h"

#define S(state) (1u << (state))

void leg_go_to(struct leg *leg, enum leg_state state)
{
	countdown_stop(&leg->countdown);
	shelf_wait_stop(&leg->wait);
	(void)osmo_fsm_inst_state_chg(leg->fi, state, 0, 0);
}

static bool over_is_on(const struct leg *leg)
{
	return leg->lane->hearing.is_on;
}

/* The answer came while something was being sent, or waited to be. */
static bool pass_if_answered(struct leg *leg)
{
	if (!leg->turn || !turn_has_certain_answer(leg->turn))
		return false;
	leg_halt(leg);
	leg_pass(leg);
	return true;
}

/* ---------------------------------------------------------------- actions --
 */

static void queued(struct osmo_fsm_inst *fi, uint32_t event, void *data)
{
	if (event == LEG_EV_GO)
		leg_go_to(fi->priv, LEG_ST_WAKING);
}

static void enter_waking(struct osmo_fsm_inst *fi, uint32_t before)
{
	leg_wait(fi->priv, 0);
}

static void waking(struct osmo_fsm_inst *fi, uint32_t event, void *data)
{
	if (event == LEG_EV_TIME)
		leg_wake(fi->priv);
}

static void enter_announcing(struct osmo_fsm_inst *fi, uint32_t before)
{
	leg_send(fi->priv, LEG_SEND_ANNOUNCEMENT);
}

static void announcing(struct osmo_fsm_inst *fi, uint32_t event, void *data)
{
	struct leg *leg = fi->priv;

	switch (event) {
	case LEG_EV_READY:
		leg_send(leg, LEG_SEND_ANNOUNCEMENT);
		break;
	case LEG_EV_SENT:
		leg->announced = true;
		leg->was_announced_now = true;
		leg->heard_before = true;
		leg_advance(leg);
		break;
	case LEG_EV_UNSENT:
		if (++leg->tries < LEG_ANNOUNCE_TRIES)
			leg_send(leg, LEG_SEND_ANNOUNCEMENT);
		else
			leg_rest_unreachable(leg, "the channel stayed busy");
		break;
	case LEG_EV_DOWN:
		leg_go_to(leg, LEG_ST_BLOCKED);
		break;
	default:
		break;
	}
}

static void enter_settling(struct osmo_fsm_inst *fi, uint32_t before)
{
	struct leg *leg = fi->priv;

	if (!leg->pending)
		osmo_fsm_inst_dispatch(fi, LEG_EV_COMMITTED, NULL);
}

static void settling(struct osmo_fsm_inst *fi, uint32_t event, void *data)
{
	struct leg *leg = fi->priv;

	if (event == LEG_EV_COMMITTED && !leg->pending)
		leg_go_to(leg, leg->then);
}

static void enter_cueing(struct osmo_fsm_inst *fi, uint32_t before)
{
	leg_send(fi->priv, LEG_SEND_CUE);
}

static void cueing(struct osmo_fsm_inst *fi, uint32_t event, void *data)
{
	struct leg *leg = fi->priv;

	switch (event) {
	case LEG_EV_READY:
		leg_send(leg, LEG_SEND_CUE);
		break;
	case LEG_EV_SENT:
		leg_told_turn(leg);
		leg_go_to(leg, LEG_ST_LISTENING);
		break;
	case LEG_EV_UNSENT:
		leg_turn_unreachable(leg, "the channel stayed busy");
		break;
	case LEG_EV_DOWN:
		leg_go_to(leg, LEG_ST_BLOCKED);
		break;
	case LEG_EV_OVER_ENDED:
		(void)pass_if_answered(leg);
		break;
	default:
		break;
	}
}

static void enter_listening(struct osmo_fsm_inst *fi, uint32_t before)
{
	struct leg *leg = fi->priv;

	if (!leg->turn->began_us)
		leg->turn->began_us = leg->lane->quiet_us;
	if (pass_if_answered(leg))
		return;
	if (leg->lane->state == CHANNEL_DOWN ||
	    leg->lane->state == CHANNEL_JAMMED)
		leg_go_to(leg, LEG_ST_BLOCKED);
	else if (!over_is_on(leg))
		leg_wait(leg, leg->call->silence_ms);
}

/* As well as it can be: 请重报 is said once. */
static bool was_answered_again(const struct leg *leg)
{
	return leg->turn->was_repeated && leg->lane->hearing.filed == leg->turn;
}

static void over_ended_listening(struct leg *leg)
{
	if (pass_if_answered(leg))
		return;
	if (leg->repeat_due)
		leg_go_to(leg, LEG_ST_REPEATING);
	else if (leg->turn->overs >= LEG_TURN_OVERS_MAX ||
		 was_answered_again(leg))
		leg_pass(leg);
	else
		leg_wait(leg, leg->call->silence_ms);
}

static void listening(struct osmo_fsm_inst *fi, uint32_t event, void *data)
{
	struct leg *leg = fi->priv;

	switch (event) {
	case LEG_EV_OVER:
		countdown_stop(&leg->countdown);
		break;
	case LEG_EV_OVER_ENDED:
		over_ended_listening(leg);
		break;
	case LEG_EV_TIME:
		leg_pass(leg);
		break;
	case LEG_EV_DOWN:
		leg_go_to(leg, LEG_ST_BLOCKED);
		break;
	default:
		break;
	}
}

/* An answer that broke off may still go on: its second half comes first. */
static void enter_repeating(struct osmo_fsm_inst *fi, uint32_t before)
{
	struct leg *leg = fi->priv;

	leg->repeat_due = false;
	leg_wait(leg, leg->lane->fragment.tone_count ? LEG_REPEAT_AFTER_MS : 0);
}

static void repeating(struct osmo_fsm_inst *fi, uint32_t event, void *data)
{
	struct leg *leg = fi->priv;

	switch (event) {
	case LEG_EV_TIME:
	case LEG_EV_READY:
		leg_repeat(leg);
		break;
	case LEG_EV_OVER:
		countdown_stop(&leg->countdown);
		break;
	case LEG_EV_OVER_ENDED:
		if (pass_if_answered(leg))
			break;
		leg_halt(leg); /* it may be for somebody else by now */
		leg_wait(leg, 0);
		break;
	case LEG_EV_SENT:
		leg_told_turn(leg);
		leg_go_to(leg, LEG_ST_LISTENING);
		break;
	case LEG_EV_UNSENT:
		leg_go_to(leg, LEG_ST_LISTENING);
		break;
	case LEG_EV_DOWN:
		leg_go_to(leg, LEG_ST_BLOCKED);
		break;
	default:
		break;
	}
}

static void enter_yielding(struct osmo_fsm_inst *fi, uint32_t before)
{
	struct leg *leg = fi->priv;

	leg->yield_due = false;
	leg->since_yield = 0;
	leg->heard_before = false;
	if (!over_is_on(leg))
		leg_wait(leg, leg->call->calls->settings.yield_ms);
}

static void yielding(struct osmo_fsm_inst *fi, uint32_t event, void *data)
{
	struct leg *leg = fi->priv;

	if (event == LEG_EV_OVER)
		countdown_stop(&leg->countdown);
	else if (event == LEG_EV_OVER_ENDED)
		leg_wait(leg, leg->call->calls->settings.yield_ms);
	else if (event == LEG_EV_TIME)
		leg_advance(leg);
}

static void enter_blocked(struct osmo_fsm_inst *fi, uint32_t before)
{
	struct leg *leg = fi->priv;

	LOGPLANE(leg->lane, LOGL_NOTICE,
		 "call %s waits: the radio is down or jammed\n", leg->call->id);
	if (leg->turn)
		leg->turn->blocks++;
	leg_wait(leg, leg->call->calls->settings.busy_ms);
}

static void blocked_too_long(struct leg *leg)
{
	if (leg->lane->state == CHANNEL_DOWN)
		leg_rest_unreachable(leg, "the radio is down");
	else if (leg->announced)
		leg_turn_unreachable(leg, "the channel is jammed");
	else if (++leg->tries < LEG_ANNOUNCE_TRIES)
		leg_go_to(leg, LEG_ST_WAKING);
	else
		leg_rest_unreachable(leg, "the channel is jammed");
}

static void unblocked(struct leg *leg)
{
	if (leg->announced || ++leg->tries < LEG_ANNOUNCE_TRIES)
		leg_go_to(leg, LEG_ST_WAKING);
	else
		leg_rest_unreachable(leg, "the channel is jammed");
}

static void blocked(struct osmo_fsm_inst *fi, uint32_t event, void *data)
{
	if (event == LEG_EV_UP)
		unblocked(fi->priv);
	else if (event == LEG_EV_TIME)
		blocked_too_long(fi->priv);
}

static void enter_held(struct osmo_fsm_inst *fi, uint32_t before)
{
	struct leg *leg = fi->priv;

	leg_halt(leg);
	leg->heard_before = false;
}

static void held(struct osmo_fsm_inst *fi, uint32_t event, void *data)
{
	if (event == LEG_EV_GO)
		leg_go_to(fi->priv, LEG_ST_WAKING);
}

static void enter_closing(struct osmo_fsm_inst *fi, uint32_t before)
{
	leg_send(fi->priv, LEG_SEND_DONE);
}

static void closing(struct osmo_fsm_inst *fi, uint32_t event, void *data)
{
	if (event == LEG_EV_READY)
		leg_send(fi->priv, LEG_SEND_DONE);
	else if (event == LEG_EV_SENT || event == LEG_EV_UNSENT ||
		 event == LEG_EV_DOWN)
		leg_go_to(fi->priv, LEG_ST_ENDED);
}

static void enter_ended(struct osmo_fsm_inst *fi, uint32_t before)
{
	leg_halt(fi->priv);
	leg_end(fi->priv);
}

static void any(struct osmo_fsm_inst *fi, uint32_t event, void *data)
{
	if (event == LEG_EV_STOP && fi->state != LEG_ST_ENDED)
		leg_go_to(fi->priv, LEG_ST_ENDED);
	else if (event == LEG_EV_HOLD && fi->state == LEG_ST_CLOSING)
		leg_go_to(fi->priv, LEG_ST_ENDED);
	else if (event == LEG_EV_HOLD && fi->state != LEG_ST_HELD &&
		 fi->state != LEG_ST_QUEUED && fi->state != LEG_ST_ENDED)
		leg_go_to(fi->priv, LEG_ST_HELD);
}

/* ------------------------------------------------------------------ table --
 */

/* What may come at any time and is for one state only. */
#define COMMON                                                                 \
	(S(LEG_EV_GO) | S(LEG_EV_READY) | S(LEG_EV_SENT) | S(LEG_EV_UNSENT) |  \
	 S(LEG_EV_DOWN) | S(LEG_EV_UP) | S(LEG_EV_OVER) |                      \
	 S(LEG_EV_OVER_ENDED) | S(LEG_EV_TIME) | S(LEG_EV_COMMITTED))

#define OUT (S(LEG_ST_HELD) | S(LEG_ST_ENDED))

static void ignore(struct osmo_fsm_inst *fi, uint32_t event, void *data)
{
}

static const struct osmo_fsm_state states[] = {
	[LEG_ST_QUEUED] = {.name = "QUEUED",
			   .in_event_mask = COMMON,
			   .out_state_mask = OUT | S(LEG_ST_WAKING),
			   .action = queued},
	[LEG_ST_WAKING] = {.name = "WAKING",
			   .in_event_mask = COMMON,
			   .out_state_mask = OUT | S(LEG_ST_SETTLING),
			   .action = waking,
			   .onenter = enter_waking},
	[LEG_ST_ANNOUNCING] = {.name = "ANNOUNCING",
			       .in_event_mask = COMMON,
			       .out_state_mask = OUT | S(LEG_ST_SETTLING) |
						 S(LEG_ST_BLOCKED),
			       .action = announcing,
			       .onenter = enter_announcing},
	[LEG_ST_SETTLING] = {.name = "SETTLING",
			     .in_event_mask = COMMON,
			     .out_state_mask =
				     OUT | S(LEG_ST_ANNOUNCING) |
				     S(LEG_ST_CUEING) | S(LEG_ST_LISTENING) |
				     S(LEG_ST_YIELDING) | S(LEG_ST_CLOSING),
			     .action = settling,
			     .onenter = enter_settling},
	[LEG_ST_CUEING] = {.name = "CUEING",
			   .in_event_mask = COMMON,
			   .out_state_mask = OUT | S(LEG_ST_SETTLING) |
					     S(LEG_ST_LISTENING) |
					     S(LEG_ST_BLOCKED),
			   .action = cueing,
			   .onenter = enter_cueing},
	[LEG_ST_LISTENING] = {.name = "LISTENING",
			      .in_event_mask = COMMON,
			      .out_state_mask = OUT | S(LEG_ST_SETTLING) |
						S(LEG_ST_REPEATING) |
						S(LEG_ST_BLOCKED),
			      .action = listening,
			      .onenter = enter_listening},
	[LEG_ST_REPEATING] = {.name = "REPEATING",
			      .in_event_mask = COMMON,
			      .out_state_mask = OUT | S(LEG_ST_SETTLING) |
						S(LEG_ST_LISTENING) |
						S(LEG_ST_BLOCKED),
			      .action = repeating,
			      .onenter = enter_repeating},
	[LEG_ST_YIELDING] = {.name = "YIELDING",
			     .in_event_mask = COMMON,
			     .out_state_mask = OUT | S(LEG_ST_SETTLING),
			     .action = yielding,
			     .onenter = enter_yielding},
	[LEG_ST_BLOCKED] = {.name = "BLOCKED",
			    .in_event_mask = COMMON,
			    .out_state_mask =
				    OUT | S(LEG_ST_WAKING) | S(LEG_ST_SETTLING),
			    .action = blocked,
			    .onenter = enter_blocked},
	[LEG_ST_HELD] = {.name = "HELD",
			 .in_event_mask = COMMON,
			 .out_state_mask = S(LEG_ST_ENDED) | S(LEG_ST_WAKING),
			 .action = held,
			 .onenter = enter_held},
	[LEG_ST_CLOSING] = {.name = "CLOSING",
			    .in_event_mask = COMMON,
			    .out_state_mask = S(LEG_ST_ENDED),
			    .action = closing,
			    .onenter = enter_closing},
	[LEG_ST_ENDED] = {.name = "ENDED",
			  .in_event_mask = COMMON,
			  .action = ignore,
			  .onenter = enter_ended},
};

static const struct value_string event_names[] = {
	{LEG_EV_GO, "GO"},
	{LEG_EV_HOLD, "HOLD"},
	{LEG_EV_STOP, "STOP"},
	{LEG_EV_READY, "READY"},
	{LEG_EV_SENT, "SENT"},
	{LEG_EV_UNSENT, "UNSENT"},
	{LEG_EV_DOWN, "DOWN"},
	{LEG_EV_UP, "UP"},
	{LEG_EV_OVER, "OVER"},
	{LEG_EV_OVER_ENDED, "OVER_ENDED"},
	{LEG_EV_TIME, "TIME"},
	{LEG_EV_COMMITTED, "COMMITTED"},
	{0, NULL},
};

struct osmo_fsm leg_fsm = {
	.name = "leg",
	.states = states,
	.num_states = ARRAY_SIZE(states),
	.allstate_event_mask = S(LEG_EV_HOLD) | S(LEG_EV_STOP),
	.allstate_action = any,
	.log_subsys = DCALL,
	.event_names = event_names,
};

static __attribute__((constructor)) void register_leg_fsm(void)
{
	OSMO_ASSERT(osmo_fsm_register(&leg_fsm) == 0);
}
