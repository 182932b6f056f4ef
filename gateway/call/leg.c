/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/leg.h"
#include "gateway/call/call.h"
#include "gateway/call/call_fsm.h"
#include "gateway/call/hold.h"
#include "gateway/call/lane.h"
#include "gateway/call/leg_fsm.h"
#include "gateway/call/note.h"
#include "gateway/call/plan.h"
#include "gateway/call/prompts.h"
#include "gateway/call/sentence.h"
#include "gateway/clock.h"
#include "gateway/log.h"

#include <errno.h>
#include <stdio.h>
#include <talloc.h>

#define CUES_AHEAD 2 /* made ready while others answer */
/* A carrier that a repeater held is dated a little before we heard so. */
#define BEGAN_SLACK_US 100000u

static void on_countdown(void *data)
{
	struct leg *leg = data;

	osmo_fsm_inst_dispatch(leg->fi, LEG_EV_TIME, NULL);
}

static void on_recording(void *data)
{
	struct leg *leg = data;

	osmo_fsm_inst_dispatch(leg->fi, LEG_EV_READY, NULL);
}

struct leg *leg_alloc(struct call *call, struct lane *lane)
{
	struct leg *leg = talloc_zero(call, struct leg);

	OSMO_ASSERT(leg);
	leg->call = call;
	leg->lane = lane;
	leg->fi = osmo_fsm_inst_alloc(&leg_fsm, leg, leg, LOGL_DEBUG, NULL);
	OSMO_ASSERT(leg->fi);
	countdown_init(&leg->countdown, on_countdown, leg);
	shelf_wait_init(&leg->wait, on_recording, leg);
	llist_add_tail(&leg->entry, &call->legs);
	return leg;
}

struct leg *leg_free(struct leg *leg)
{
	if (!leg)
		return NULL;
	leg_halt(leg);
	countdown_fini(&leg->countdown);
	if (leg->is_queued)
		llist_del(&leg->queue);
	lane_forget_leg(leg->lane, leg);
	note_forget_leg(leg->call->calls, leg);
	llist_del(&leg->entry);
	osmo_fsm_inst_free(leg->fi);
	talloc_free(leg);
	return NULL;
}

void leg_end(struct leg *leg)
{
	struct call *call = leg->call;
	struct lane *lane = leg->lane;

	countdown_fini(&leg->countdown);
	if (leg->is_queued)
		llist_del(&leg->queue);
	leg->is_queued = false;
	leg->previous = NULL;
	leg->turn = NULL;
	call_leg_ended(call);
	lane_kick(lane);
}

void leg_wait(struct leg *leg, uint32_t delay_ms)
{
	if (countdown_start(&leg->countdown, delay_ms) < 0)
		LOGPLANE(leg->lane, LOGL_ERROR,
			 "call %s stands still: no descriptor for a timer; "
			 "raise LimitNOFILE\n",
			 leg->call->id);
}

void leg_halt(struct leg *leg)
{
	countdown_stop(&leg->countdown);
	shelf_wait_stop(&leg->wait);
	lane_halt(leg->lane, leg);
}

bool leg_may_run(const struct leg *leg)
{
	const struct calls *calls = leg->call->calls;

	return call_is_running(leg->call) && !hold_is_on(leg->lane) &&
	       !calls->trouble[0] && !calls->is_stopping;
}

/* ---------------------------------------------------------------- sending --
 */

static void add_path(const struct prompt *prompt, const char **paths,
		     size_t *count)
{
	if (prompt && !prompt->why[0])
		paths[(*count)++] = prompt->path;
}

static size_t cue_paths(const struct leg *leg, const struct turn *turn,
			const char **paths)
{
	const struct prompt *cue[VOICE_CLIPS_MAX];
	size_t count = prompts_cue(leg->call->calls->prompts, turn->unit,
				   turn->number, cue, VOICE_CLIPS_MAX);
	size_t i;

	for (i = 0; i < count; i++)
		paths[i] = cue[i]->path;
	return count;
}

/* The recordings to send, at most VOICE_CLIPS_MAX. */
static size_t paths_of(const struct leg *leg, enum leg_sending what,
		       const char **paths)
{
	const struct prompts *prompts = leg->call->calls->prompts;
	const char *lead =
		leg->call->options->exercise ? "lead_exercise" : "lead_real";
	size_t count = 0;

	switch (what) {
	case LEG_SEND_ANNOUNCEMENT:
		add_path(prompts_find(prompts, lead), paths, &count);
		paths[count++] = leg->call->announcement;
		break;
	case LEG_SEND_CUE:
		return cue_paths(leg, leg->turn, paths);
	case LEG_SEND_REPEAT:
		add_path(prompts_find(prompts, "repeat"), paths, &count);
		break;
	case LEG_SEND_DONE:
		add_path(prompts_find(prompts, "done"), paths, &count);
		break;
	}
	return count;
}

/* 0, -EAGAIN: not ready yet, or -EINVAL: a recording can't be read. */
static int collect(struct leg *leg, const struct gridcall_format *format,
		   enum leg_sending what, struct playlist *playlist)
{
	const char *paths[VOICE_CLIPS_MAX];
	size_t count = paths_of(leg, what, paths);
	struct clip *clip;
	const char *why;
	size_t i;
	int rc;

	for (i = 0; i < count; i++) {
		rc = shelf_get(leg->call->calls->shelf, paths[i], format,
			       &leg->wait, &clip, &why);
		if (rc == -EAGAIN)
			return rc;
		if (rc < 0 && what == LEG_SEND_ANNOUNCEMENT && i == count - 1)
			return rc;
		if (rc < 0)
			continue;
		playlist->clips[playlist->count++] = clip;
	}
	return 0;
}

static void make_ready(struct leg *leg, const struct gridcall_format *format,
		       const char **paths, size_t count)
{
	struct clip *clip;
	const char *why;

	while (count-- > 0)
		(void)shelf_get(leg->call->calls->shelf, paths[count], format,
				NULL, &clip, &why);
}

/* What will be wanted in a hurry. */
static void look_ahead(struct leg *leg, const struct gridcall_format *format)
{
	const struct prompts *prompts = leg->call->calls->prompts;
	const char *paths[VOICE_CLIPS_MAX];
	uint32_t first = leg->turn ? leg->turn->place + 1 : 0;
	uint32_t place;
	size_t count = 0;

	for (place = first;
	     place < leg->turn_count && place < first + CUES_AHEAD; place++)
		make_ready(leg, format, paths,
			   cue_paths(leg, leg->turns[place], paths));
	add_path(prompts_find(prompts, "repeat"), paths, &count);
	add_path(prompts_find(prompts, "done"), paths, &count);
	add_path(prompts_find(prompts, "alarm"), paths, &count);
	make_ready(leg, format, paths, count);
}

void leg_send(struct leg *leg, enum leg_sending what)
{
	const struct calls_config *config = &leg->call->calls->config;
	const struct gridcall_format *format;
	struct playlist playlist = {0};
	int slot = config->slot(config->data, leg->lane->code);
	int rc;

	if (slot < 0) {
		osmo_fsm_inst_dispatch(leg->fi, LEG_EV_DOWN, NULL);
		return;
	}
	format = voice_format(config->voice, (uint32_t)slot);
	rc = collect(leg, format, what, &playlist);
	if (rc == -EAGAIN)
		return;
	if (rc < 0) {
		leg_rest_unreachable(leg, "the announcement can't be read");
		return;
	}
	look_ahead(leg, format);
	if (!playlist.count) {
		osmo_fsm_inst_dispatch(leg->fi, LEG_EV_SENT, NULL);
		return;
	}
	playlist.wait_ms = leg->call->calls->settings.busy_ms;
	lane_play(leg->lane, &playlist, leg);
}

void leg_repeat(struct leg *leg)
{
	const char *paths[VOICE_CLIPS_MAX];

	leg->turn->was_repeated = true;
	if (leg->repeat_by_name && !cue_paths(leg, leg->turn, paths))
		leg->turn->is_known = false;
	leg_send(leg, leg->repeat_by_name ? LEG_SEND_CUE : LEG_SEND_REPEAT);
}

void leg_told_turn(struct leg *leg)
{
	leg->turn->is_certain = leg->turn->is_known;
}

/* ------------------------------------------------------------------ turns --
 */

void leg_note_turn(struct leg *leg, struct note *note, const struct turn *turn,
		   Gridcall__V1__CallTurn *change)
{
	Gridcall__V1__CallEvent event = GRIDCALL__V1__CALL_EVENT__INIT;

	change->unit = (char *)turn->unit;
	change->channel = (char *)leg->lane->code;
	change->state = turn->state;
	change->round = turn->round;
	if (!change->reason[0])
		change->reason = (char *)sentence_of_reason(
			leg->call->calls->settings.language, turn->reason);
	event.call = (char *)leg->call->id;
	event.exercise = leg->call->options->exercise;
	event.change_case = GRIDCALL__V1__CALL_EVENT__CHANGE_TURN;
	event.turn = change;
	note_call(note, turn->area, &event);
}

static void settle(struct leg *leg, struct note *note, uint32_t then)
{
	leg->then = then;
	call_note_summary(leg->call, note, false);
	note_commit(note, leg);
	leg_go_to(leg, LEG_ST_SETTLING);
}

static uint32_t cue_ms(const struct leg *leg, const struct turn *turn)
{
	return plan_cue_ms(leg->call->calls, turn->unit, turn->number);
}

/* turn is next: say so, and see to it that its unit knows. */
static void call_turn(struct leg *leg, struct note *note, struct turn *turn,
		      bool cued)
{
	Gridcall__V1__CallTurn change = GRIDCALL__V1__CALL_TURN__INIT;
	const char *paths[VOICE_CLIPS_MAX];
	bool has_cue = cued && cue_paths(leg, turn, paths);

	turn->state = GRIDCALL__V1__UNIT_STATE__UNIT_CALLED;
	turn->reason[0] = '\0';
	turn->round = leg->round;
	turn->began_us = cued ? 0 : leg->lane->quiet_us;
	turn->ended_us = 0;
	turn->is_known = !cued || has_cue;
	turn->is_certain = turn->is_known;
	turn->was_repeated = false;
	turn->is_jammed = false;
	turn->overs = 0;
	leg->turn = turn;
	leg->repeat_due = false;
	leg->repeat_by_name = false;
	change.cued = has_cue;
	change.sent_ms = has_cue ? cue_ms(leg, turn) : 0;
	if (leg->was_announced_now)
		change.sent_ms += leg->call->announcement_ms;
	leg->was_announced_now = false;
	leg_note_turn(leg, note, turn, &change);
	settle(leg, note, cued ? LEG_ST_CUEING : LEG_ST_LISTENING);
}

static void advance(struct leg *leg, struct note *note)
{
	const struct calls_settings *settings = &leg->call->calls->settings;
	struct turn *next;
	bool cued;

	if (settings->yield_every && leg->since_yield >= settings->yield_every)
		leg->yield_due = true;
	next = turn_next(leg);
	if (!next) {
		settle(leg, note, LEG_ST_CLOSING);
		return;
	}
	if (leg->yield_due) {
		settle(leg, note, LEG_ST_YIELDING);
		return;
	}
	cued = turn_needs_cue(leg, next);
	next->blocks = 0;
	call_turn(leg, note, next, cued);
}

void leg_advance(struct leg *leg)
{
	advance(leg, note_alloc(leg->call->calls));
}

static void end_turn(struct leg *leg)
{
	leg->turn->ended_us = clock_now_us();
	leg->previous = leg->turn;
	leg->heard_before = turn_has_certain_answer(leg->turn);
	leg->since_yield++;
}

void leg_pass(struct leg *leg)
{
	Gridcall__V1__CallTurn change = GRIDCALL__V1__CALL_TURN__INIT;
	struct note *note = note_alloc(leg->call->calls);
	struct turn *turn = leg->turn;

	if (turn->state == GRIDCALL__V1__UNIT_STATE__UNIT_CALLED) {
		turn->state = GRIDCALL__V1__UNIT_STATE__UNIT_SILENT;
		leg_note_turn(leg, note, turn, &change);
	}
	end_turn(leg);
	advance(leg, note);
}

/* An open turn whose unit has not answered yet. */
static bool turn_is_open(const struct turn *turn)
{
	return turn && !turn->ended_us &&
	       (turn->state == GRIDCALL__V1__UNIT_STATE__UNIT_CALLED ||
		turn->state == GRIDCALL__V1__UNIT_STATE__UNIT_HEARD);
}

void leg_wake(struct leg *leg)
{
	struct note *note;

	/* Its unit may be who jams the channel, each time that it is asked. */
	if (leg->announced && turn_is_open(leg->turn) &&
	    leg->turn->blocks >= LEG_TURN_BLOCKS_MAX) {
		leg_turn_unreachable(leg, "the channel is jammed");
		return;
	}
	note = note_alloc(leg->call->calls);
	if (!leg->announced) {
		settle(leg, note, LEG_ST_ANNOUNCING);
		return;
	}
	if (turn_is_open(leg->turn)) {
		call_turn(leg, note, leg->turn, true);
		return;
	}
	if (leg->turn && !leg->turn->ended_us)
		end_turn(leg);
	leg->heard_before = false;
	advance(leg, note);
}

static void note_unreachable(struct leg *leg, struct note *note,
			     struct turn *turn, const char *reason)
{
	Gridcall__V1__CallTurn change = GRIDCALL__V1__CALL_TURN__INIT;

	turn->state = GRIDCALL__V1__UNIT_STATE__UNIT_UNREACHABLE;
	snprintf(turn->reason, sizeof(turn->reason), "%s", reason);
	leg_note_turn(leg, note, turn, &change);
}

void leg_turn_unreachable(struct leg *leg, const char *reason)
{
	struct note *note = note_alloc(leg->call->calls);

	if (leg->turn->state == GRIDCALL__V1__UNIT_STATE__UNIT_CALLED) {
		leg->turn->is_jammed = true;
		note_unreachable(leg, note, leg->turn, reason);
	}
	end_turn(leg);
	advance(leg, note);
}

void leg_rest_unreachable(struct leg *leg, const char *reason)
{
	struct note *note = note_alloc(leg->call->calls);
	struct turn *turn;
	uint32_t i;

	LOGPLANE(leg->lane, LOGL_ERROR, "call %s gives up here: %s\n",
		 leg->call->id, reason);
	for (i = 0; i < leg->turn_count; i++) {
		turn = leg->turns[i];
		if (turn->state == GRIDCALL__V1__UNIT_STATE__UNIT_PENDING ||
		    turn->state == GRIDCALL__V1__UNIT_STATE__UNIT_CALLED)
			note_unreachable(leg, note, turn, reason);
	}
	settle(leg, note, LEG_ST_ENDED);
}

struct turn *leg_turn_of_over(struct leg *leg, const struct over *over,
			      bool *passed)
{
	const struct turn *turn = leg->turn;
	bool began = turn && turn->began_us && !turn->ended_us;

	*passed = false;
	if (leg->fi->state == LEG_ST_CUEING && leg->lane->has_begun &&
	    over->front == OVER_AFTER_TX)
		began = true; /* it answers while its cue still sounds */
	else if (began && over->began_us + BEGAN_SLACK_US < turn->began_us)
		began = false;
	if (began)
		return leg->turn;
	if (!leg->previous)
		return NULL;
	*passed = over->began_us > leg->previous->ended_us;
	return leg->previous;
}

uint32_t leg_remaining_ms(const struct leg *leg)
{
	uint32_t sum_ms = 0;
	uint32_t i;

	if (leg->fi->state == LEG_ST_ENDED)
		return 0;
	if (!leg->announced)
		sum_ms += leg->call->announcement_ms;
	for (i = 0; i < leg->turn_count; i++)
		if (leg->turns[i]->is_asked &&
		    (leg->turns[i]->state ==
			     GRIDCALL__V1__UNIT_STATE__UNIT_PENDING ||
		     leg->turns[i]->state ==
			     GRIDCALL__V1__UNIT_STATE__UNIT_CALLED))
			sum_ms += PLAN_REACTION_MS + PLAN_OVER_MS +
				  cue_ms(leg, leg->turns[i]);
	return sum_ms;
}
