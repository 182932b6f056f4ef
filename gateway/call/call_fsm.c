/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/call_fsm.h"
#include "gateway/call/call.h"
#include "gateway/log.h"

#define S(state) (1u << (state))

static void starting(struct osmo_fsm_inst *fi, uint32_t event, void *data)
{
	if (event == CALL_EV_STARTED)
		osmo_fsm_inst_state_chg(fi, CALL_ST_RUNNING, 0, 0);
	else if (event == CALL_EV_PAUSE)
		osmo_fsm_inst_state_chg(fi, CALL_ST_PAUSED, 0, 0);
}

static void running(struct osmo_fsm_inst *fi, uint32_t event, void *data)
{
	if (event == CALL_EV_PAUSE)
		osmo_fsm_inst_state_chg(fi, CALL_ST_PAUSED, 0, 0);
}

static void paused(struct osmo_fsm_inst *fi, uint32_t event, void *data)
{
	if (event == CALL_EV_CONTINUE)
		osmo_fsm_inst_state_chg(fi, CALL_ST_RUNNING, 0, 0);
}

static void any(struct osmo_fsm_inst *fi, uint32_t event, void *data)
{
	if (fi->state != CALL_ST_ENDED)
		osmo_fsm_inst_state_chg(fi, CALL_ST_ENDED, 0, 0);
}

static const struct osmo_fsm_state states[] = {
	[CALL_ST_STARTING] = {.name = "STARTING",
			      .in_event_mask =
				      S(CALL_EV_STARTED) | S(CALL_EV_PAUSE),
			      .out_state_mask = S(CALL_ST_RUNNING) |
						S(CALL_ST_PAUSED) |
						S(CALL_ST_ENDED),
			      .action = starting},
	[CALL_ST_RUNNING] = {.name = "RUNNING",
			     .in_event_mask =
				     S(CALL_EV_STARTED) | S(CALL_EV_PAUSE),
			     .out_state_mask =
				     S(CALL_ST_PAUSED) | S(CALL_ST_ENDED),
			     .action = running},
	[CALL_ST_PAUSED] = {.name = "PAUSED",
			    .in_event_mask =
				    S(CALL_EV_STARTED) | S(CALL_EV_CONTINUE),
			    .out_state_mask =
				    S(CALL_ST_RUNNING) | S(CALL_ST_ENDED),
			    .action = paused},
	[CALL_ST_ENDED] = {.name = "ENDED"},
};

static const struct value_string event_names[] = {
	{CALL_EV_STARTED, "STARTED"},
	{CALL_EV_PAUSE, "PAUSE"},
	{CALL_EV_CONTINUE, "CONTINUE"},
	{CALL_EV_END, "END"},
	{0, NULL},
};

struct osmo_fsm call_fsm = {
	.name = "call",
	.states = states,
	.num_states = ARRAY_SIZE(states),
	.allstate_event_mask = S(CALL_EV_END),
	.allstate_action = any,
	.log_subsys = DCALL,
	.event_names = event_names,
};

static __attribute__((constructor)) void register_call_fsm(void)
{
	OSMO_ASSERT(osmo_fsm_register(&call_fsm) == 0);
}

bool call_is_running(const struct call *call)
{
	return call->fi->state == CALL_ST_RUNNING;
}

bool call_is_paused(const struct call *call)
{
	return call->fi->state == CALL_ST_PAUSED;
}
