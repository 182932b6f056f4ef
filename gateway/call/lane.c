/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/lane.h"
#include "gateway/call/alarm.h"
#include "gateway/call/hearing.h"
#include "gateway/call/leg.h"
#include "gateway/call/leg_fsm.h"
#include "gateway/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <talloc.h>

/* ------------------------------------------------------------------ lanes --
 */

static uint32_t hash_of(const char *code)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *code; code++)
		hash = (hash ^ (uint8_t)*code) * 16777619u;
	return hash;
}

struct lane *lane_find(const struct calls *calls, const char *code)
{
	struct lane *lane;

	hash_for_each_possible(
		calls->lanes_by_code, lane, node,
		hash_of(code)) if (!strcmp(lane->code, code)) return lane;
	return NULL;
}

static void read_signalling(struct lane *lane, const char *signalling)
{
	const struct calls_settings *settings = &lane->calls->settings;
	struct fault fault = {0};

	if (lane->signalling && !strcmp(lane->signalling, signalling))
		return;
	talloc_free(lane->signalling);
	lane->signalling = talloc_strdup(lane, signalling);
	if (answer_format_parse(&lane->format, signalling, settings->codes,
				settings->situations, &fault) == 0)
		return;
	LOGPLANE(lane, LOGL_ERROR, "read as plain dtmf: %s\n", fault.sentence);
	(void)answer_format_parse(&lane->format, "dtmf", NULL, NULL, NULL);
}

static const struct channel_entry *entry_of(const struct lane *lane)
{
	const struct calls_config *config = &lane->calls->config;

	return directory_find_channel(config->directory(config->data),
				      lane->code);
}

void lane_refresh(struct lane *lane)
{
	const struct calls_config *config = &lane->calls->config;
	const struct channel_entry *entry = entry_of(lane);
	int slot = config->slot(config->data, lane->code);

	lane->state = slot < 0 ? CHANNEL_DOWN
			       : voice_state(config->voice, (uint32_t)slot);
	if (!entry)
		return;
	lane->is_repeater = entry->repeater;
	if (!lane->home || strcmp(lane->home, entry->home))
		lane->home = talloc_strdup(lane, entry->home);
	read_signalling(lane, entry->signalling);
}

struct lane *lane_get(struct calls *calls, const char *code)
{
	struct lane *lane = lane_find(calls, code);
	const struct calls_config *config = &calls->config;

	if (lane)
		return lane;
	if (!directory_find_channel(config->directory(config->data), code))
		return NULL;
	lane = talloc_zero(calls, struct lane);
	OSMO_ASSERT(lane);
	lane->calls = calls;
	lane->code = talloc_strdup(lane, code);
	INIT_LLIST_HEAD(&lane->legs);
	INIT_LLIST_HEAD(&lane->alarms);
	shelf_wait_init(&lane->acknowledgement, alarm_acknowledge, lane);
	llist_add_tail(&lane->entry, &calls->lanes);
	hash_add(calls->lanes_by_code, &lane->node, hash_of(lane->code));
	lane_refresh(lane);
	return lane;
}

struct lane *lane_of_slot(struct calls *calls, uint32_t slot)
{
	const struct channel_entry *entry;

	if (slot >= VOICE_CHANNELS_MAX)
		return NULL;
	entry = calls->config.channel(calls->config.data, slot);
	if (!entry)
		return calls->by_slot[slot]; /* its last signals */
	if (!calls->by_slot[slot] ||
	    strcmp(calls->by_slot[slot]->code, entry->code))
		calls->by_slot[slot] = lane_get(calls, entry->code);
	return calls->by_slot[slot];
}

static void drop_next(struct lane *lane)
{
	uint32_t i;

	for (i = 0; lane->has_next && i < lane->next.count; i++)
		(void)clip_drop(lane->next.clips[i]);
	lane->has_next = false;
	lane->next_sender = NULL;
}

struct lane *lane_free(struct lane *lane)
{
	if (!lane)
		return NULL;
	drop_next(lane);
	shelf_wait_stop(&lane->acknowledgement);
	llist_del(&lane->entry);
	hash_del(&lane->node);
	talloc_free(lane);
	return NULL;
}

/* ------------------------------------------------------------------- legs --
 */

struct leg *lane_leg(const struct lane *lane)
{
	if (llist_empty(&lane->legs))
		return NULL;
	return llist_first_entry(&lane->legs, struct leg, queue);
}

static void tell_leg(struct lane *lane, uint32_t event)
{
	struct leg *leg = lane_leg(lane);

	if (leg)
		osmo_fsm_inst_dispatch(leg->fi, event, NULL);
}

void lane_kick(struct lane *lane)
{
	struct leg *leg = lane_leg(lane);

	if (!leg)
		return;
	tell_leg(lane, leg_may_run(leg) ? LEG_EV_GO : LEG_EV_HOLD);
}

void lane_forget_leg(struct lane *lane, const struct leg *leg)
{
	struct hearing *hearing = &lane->hearing;

	if (lane->sender == leg)
		lane->sender = NULL;
	if (lane->next_sender == leg)
		drop_next(lane);
	if (hearing->turn && hearing->turn->leg == leg)
		hearing->turn = NULL;
	if (hearing->filed && hearing->filed->leg == leg)
		hearing->filed = NULL;
	if (lane->fragment.turn && lane->fragment.turn->leg == leg)
		lane->fragment.turn = NULL;
}

/* ---------------------------------------------------------------- sending --
 */

static void tell_sender(struct lane *lane, struct leg *sender, uint32_t event)
{
	if (sender)
		osmo_fsm_inst_dispatch(sender->fi, event, NULL);
}

static void keep_next(struct lane *lane, const struct playlist *playlist,
		      struct leg *sender)
{
	uint32_t i;

	drop_next(lane);
	lane->next = *playlist;
	for (i = 0; i < playlist->count; i++)
		(void)clip_hold(playlist->clips[i]);
	lane->has_next = true;
	lane->next_sender = sender;
}

static void play_now(struct lane *lane, struct playlist *playlist,
		     struct leg *sender)
{
	const struct calls_config *config = &lane->calls->config;
	int slot = config->slot(config->data, lane->code);
	int rc;

	if (lane->calls->is_stopping)
		return;
	rc = slot < 0 ? -ENOENT
		      : voice_play(config->voice, (uint32_t)slot, playlist);
	if (rc > 0) {
		lane->ticket = (uint32_t)rc;
		lane->has_begun = false;
		lane->sender = sender;
		return;
	}
	if (rc == -EBUSY) { /* somebody talks: lane_signal() hears the end */
		keep_next(lane, playlist, sender);
		return;
	}
	LOGPLANE(lane, LOGL_ERROR, "can't send: %s\n",
		 rc == -EMSGSIZE ? "longer than the transmit time-out"
				 : strerror(-rc));
	tell_sender(lane, sender,
		    rc == -EMSGSIZE ? LEG_EV_UNSENT : LEG_EV_DOWN);
}

void lane_play(struct lane *lane, struct playlist *playlist, struct leg *sender)
{
	if (lane->ticket)
		keep_next(lane, playlist, sender);
	else
		play_now(lane, playlist, sender);
}

static void halt_ticket(struct lane *lane)
{
	const struct calls_config *config = &lane->calls->config;
	int slot = config->slot(config->data, lane->code);

	lane->sender = NULL;
	if (slot >= 0)
		voice_halt(config->voice, (uint32_t)slot, lane->ticket);
}

void lane_halt(struct lane *lane, const struct leg *sender)
{
	if (lane->has_next && lane->next_sender == sender)
		drop_next(lane);
	if (lane->ticket && lane->sender == sender)
		halt_ticket(lane);
}

static void play_next(struct lane *lane)
{
	struct playlist next = lane->next;
	struct leg *sender = lane->next_sender;
	uint32_t i;

	if (!lane->has_next)
		return;
	lane->has_next = false;
	lane->next_sender = NULL;
	play_now(lane, &next, sender);
	for (i = 0; i < next.count; i++)
		(void)clip_drop(next.clips[i]);
}

/* PLAY_TIMEOUT: most of it was heard; the plan has warned. */
static uint32_t event_of(enum play_end end)
{
	if (end == PLAY_JAMMED)
		return LEG_EV_UNSENT;
	return end == PLAY_FAILED ? LEG_EV_DOWN : LEG_EV_SENT;
}

static void on_play_ended(struct lane *lane, const struct signal *signal)
{
	struct leg *sender = lane->sender;

	if (!lane->ticket && lane->has_next) { /* somebody's live voice */
		lane->quiet_us = signal->at_us;
		play_next(lane);
		return;
	}
	if (!lane->ticket || signal->play.ticket != lane->ticket)
		return;
	lane->ticket = 0;
	lane->sender = NULL;
	lane->quiet_us = signal->at_us;
	if (lane->has_next)
		play_next(lane);
	else if (signal->play.end == PLAY_HALTED)
		tell_sender(lane, sender, LEG_EV_UNSENT);
	else
		tell_sender(lane, sender, event_of(signal->play.end));
}

/* ---------------------------------------------------------------- signals --
 */

static bool is_unusable(enum channel_state state)
{
	return state == CHANNEL_DOWN || state == CHANNEL_JAMMED;
}

static void on_state(struct lane *lane, const struct signal *signal)
{
	bool was_unusable = is_unusable(lane->state);

	lane->state = signal->state.state;
	if (is_unusable(lane->state) && !was_unusable)
		tell_leg(lane, LEG_EV_DOWN);
	else if (!is_unusable(lane->state) && was_unusable)
		tell_leg(lane, LEG_EV_UP);
}

static void on_over_began(struct lane *lane, const struct signal *signal)
{
	struct hearing *hearing = &lane->hearing;
	struct leg *leg = lane_leg(lane);

	*hearing = (struct hearing){.is_on = true, .over = signal->over};
	over_id(hearing->id, lane->code, signal->over.began_utc_us);
	if (leg)
		hearing->turn = leg_turn_of_over(leg, &signal->over,
						 &hearing->after_turn);
	tell_leg(lane, LEG_EV_OVER);
}

/* Its over has ended by its limit; an alarm in it is still an alarm. */
static void on_jam_tone(struct lane *lane, const struct tone *tone)
{
	struct hearing *hearing = &lane->hearing;

	if (hearing->tone_count == OVER_TONES_MAX) {
		hearing->tone_count /= 2;
		memmove(hearing->tones, hearing->tones + hearing->tone_count,
			hearing->tone_count * sizeof(hearing->tones[0]));
	}
	hearing->tones[hearing->tone_count++] = *tone;
	if (tone->digit == '#')
		hearing_on_jam_key(lane);
}

static void on_tone(struct lane *lane, const struct signal *signal)
{
	struct hearing *hearing = &lane->hearing;

	if (!hearing->is_on && lane->state == CHANNEL_JAMMED)
		on_jam_tone(lane, &signal->tone.tone);
	if (!hearing->is_on || hearing->tone_count == OVER_TONES_MAX)
		return;
	hearing->tones[hearing->tone_count++] = signal->tone.tone;
	if (signal->tone.tone.digit == '#')
		hearing_on_key(lane);
}

static void on_over_ended(struct lane *lane, const struct signal *signal)
{
	struct hearing *hearing = &lane->hearing;

	if (!hearing->is_on)
		on_over_began(lane, signal);
	hearing->is_on = false;
	lane->quiet_us = signal->at_us;
	hearing->over = signal->over;
	hearing_on_over(lane);
	tell_leg(lane, LEG_EV_OVER_ENDED);
}

void lane_signal(struct lane *lane, const struct signal *signal)
{
	switch (signal->type) {
	case SIGNAL_STATE:
		on_state(lane, signal);
		break;
	case SIGNAL_OVER_BEGAN:
		on_over_began(lane, signal);
		break;
	case SIGNAL_TONE:
		on_tone(lane, signal);
		break;
	case SIGNAL_OVER_ENDED:
		on_over_ended(lane, signal);
		break;
	case SIGNAL_PLAY_BEGAN:
		if (signal->play.ticket == lane->ticket)
			lane->has_begun = true;
		break;
	case SIGNAL_PLAY_ENDED:
		on_play_ended(lane, signal);
		break;
	case SIGNAL_LOG:
		break;
	}
}
