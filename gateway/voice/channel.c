/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/channel.h"

#include "gateway/voice/ear.h"
#include "gateway/voice/outbox.h"
#include "gateway/voice/playout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define MS UINT64_C(1000)
#define S  UINT64_C(1000000)

/* After a carrier dropped, before we may key: the speaker may come back. */
#define GUARD_US (200 * MS)

/* How late a driver may notice the carrier that follows our transmission. */
#define OWN_SLACK_US (300 * MS)

#define BUNCH_MAX 2 /* frames that one tick may send */

enum event {
	EVENT_KEYED,     /* a carrier began */
	EVENT_UNKEYED,   /* it dropped */
	EVENT_ACTIVE,    /* somebody speaks in a held carrier */
	EVENT_RELEASED,  /* somebody let go in a held carrier */
	EVENT_TOO_LONG,  /* the over reached its limit */
	EVENT_KEY,       /* our playlist may go out */
	EVENT_SENT,      /* it ended, why is in play_end */
	EVENT_FAILED,    /* the radio does not work */
	EVENT_RECOVERED, /* it works again */
	EVENTS
};

struct channel {
	struct channel_config config;
	const struct gridcall_driver *driver;
	void *driver_state;
	enum channel_state state;
	bool started;
	bool broken; /* says the driver */

	/* hearing */
	bool carrier;
	bool cut;      /* the radio failed while a carrier was there */
	bool courtesy; /* a courtesy tone was heard in the held carrier */
	enum over_front front;       /* of the over that may begin next */
	enum release_verdict let_go; /* how the last one was released */
	uint64_t deaf_until_us;      /* our own tail */
	uint64_t own_until_us;       /* a carrier that rises by then is ours */
	uint64_t guard_until_us;     /* nor key until then */

	/* sending */
	uint32_t ticket; /* 0: nothing asked for */
	const struct playlist *list;
	uint64_t asked_us;
	uint64_t keyed_us;
	bool has_sounded;
	enum play_end play_end;
	struct clip *silence;

	char reason[160];

	struct ear ear;
	struct playout playout;
	struct channel_counters counters;
	struct outbox outbox;
};

/* -------------------------------------------------------------- telling -- */

static void set_state(struct channel *ch, enum channel_state state,
		      const char *reason, uint64_t now_us)
{
	if (ch->state == state)
		return;
	ch->state = state;
	outbox_put_state(&ch->outbox, state, reason, now_us);
}

static void tell_play(struct channel *ch, enum signal_type type,
		      uint32_t air_ms, uint64_t now_us)
{
	struct signal signal = {
		.type = type,
		.at_us = now_us,
		.play = {ch->ticket, ch->play_end, air_ms},
	};

	outbox_put(&ch->outbox, &signal);
}

static void on_tone(void *data, const struct tone *tone)
{
	struct channel *ch = data;

	if (ch->state != CHANNEL_RECEIVING && ch->state != CHANNEL_JAMMED)
		return;
	COUNT(ch->counters.tones);
	ch->ear.last_key = tone->digit;
	if (++ch->ear.meter.over.tones > OVER_TONES_MAX)
		COUNT(ch->counters.tones_dropped);
	else
		outbox_put_tone(&ch->outbox, ch->ear.meter.over.began_us, tone);
}

/* ------------------------------------------------- what events do ------- */

static void begin_over(struct channel *ch, uint64_t now_us)
{
	if (!outbox_is_clear(&ch->outbox)) {
		if (ch->front != OVER_CONTINUED)
			COUNT(ch->counters.overs_deferred);
		ch->front = OVER_CONTINUED;
		ch->courtesy = false;
		return;
	}
	COUNT(ch->counters.overs);
	ear_begin(&ch->ear, ch->front, now_us);
	outbox_put_over(&ch->outbox, SIGNAL_OVER_BEGAN, &ch->ear.meter.over,
			now_us);
	set_state(ch, CHANNEL_RECEIVING, "", now_us);
	ear_hear_preroll(&ch->ear);
}

static void end_over(struct channel *ch, enum over_end ended,
		     uint32_t length_ms, uint64_t now_us)
{
	if (ended != OVER_LIMIT) /* a jammed channel listens on */
		ear_end_tones(&ch->ear);
	ear_end(&ch->ear, ended, length_ms);
	outbox_put_over(&ch->outbox, SIGNAL_OVER_ENDED, &ch->ear.meter.over,
			now_us);
}

static void guard(struct channel *ch, uint64_t now_us)
{
	ch->guard_until_us = now_us + GUARD_US + ch->config.tail_ms * MS;
}

static void meet_carrier(struct channel *ch, uint64_t now_us)
{
	bool after_tx = now_us < (ch->config.repeater ? ch->own_until_us
						      : ch->deaf_until_us);

	if (ch->cut || (after_tx && ch->config.repeater))
		ch->front = OVER_CONTINUED;
	else
		ch->front = after_tx ? OVER_AFTER_TX : OVER_FRESH;
	ch->courtesy = false;
	ear_watch(&ch->ear, true);
	if (!after_tx)
		begin_over(ch, now_us);
}

static void lose_carrier(struct channel *ch, uint64_t now_us)
{
	if (!ch->config.repeater)
		guard(ch, now_us);
	ch->own_until_us = 0;
	ear_watch(&ch->ear, false);
}

static void begin_in_carrier(struct channel *ch, uint64_t now_us)
{
	ch->front = ch->courtesy ? OVER_FRESH : OVER_CONTINUED;
	begin_over(ch, now_us);
}

static void end_with_carrier(struct channel *ch, uint64_t now_us)
{
	end_over(ch, OVER_CARRIER, ear_spoken_ms(&ch->ear, now_us), now_us);
	guard(ch, now_us);
	set_state(ch, CHANNEL_IDLE, "", now_us);
}

static void end_in_carrier(struct channel *ch, uint64_t now_us)
{
	end_over(ch, OVER_QUIET, meter_active_end_ms(&ch->ear.meter), now_us);
	ch->courtesy = ch->let_go == RELEASE_COURTESY;
	ear_watch(&ch->ear, false);
	set_state(ch, CHANNEL_IDLE, "", now_us);
}

static void jam(struct channel *ch, uint64_t now_us)
{
	char reason[160];

	COUNT(ch->counters.jams);
	end_over(ch, OVER_LIMIT, ear_carrier_ms(&ch->ear, now_us), now_us);
	snprintf(reason, sizeof(reason),
		 "an over lasts longer than %u s; find who holds the key",
		 ch->config.over_limit_s);
	set_state(ch, CHANNEL_JAMMED, reason, now_us);
}

static void clear_jam(struct channel *ch, uint64_t now_us)
{
	ear_end_tones(&ch->ear);
	guard(ch, now_us);
	set_state(ch, CHANNEL_IDLE, "", now_us);
}

static void count_heard(struct channel *ch, uint64_t now_us)
{
	if (!ch->config.repeater)
		COUNT(ch->counters.heard_while_sending);
}

static void end_play(struct channel *ch, uint32_t air_ms, uint64_t now_us)
{
	tell_play(ch, SIGNAL_PLAY_ENDED, air_ms, now_us);
	ch->ticket = 0;
	ch->list = NULL;
}

/* End a playlist that was never keyed. */
static void give_up(struct channel *ch, enum play_end end, uint64_t now_us)
{
	ch->play_end = end;
	end_play(ch, 0, now_us);
}

static void key_up(struct channel *ch, uint64_t now_us)
{
	int rc = ch->driver->key(ch->driver_state, 1, now_us);

	if (rc < 0) {
		(void)ch->driver->key(ch->driver_state, 0, now_us);
		COUNT(ch->counters.keyings_refused);
		give_up(ch, PLAY_FAILED, now_us);
		return;
	}
	COUNT(ch->counters.keyings);
	ch->keyed_us = now_us;
	ch->has_sounded = false;
	playout_begin(&ch->playout, ch->list, ch->config.lead_ms, now_us);
	set_state(ch, CHANNEL_TRANSMITTING, "", now_us);
}

static void take_channel(struct channel *ch, uint64_t now_us)
{
	end_over(ch, OVER_TAKEN, ear_carrier_ms(&ch->ear, now_us), now_us);
	key_up(ch, now_us);
	if (ch->state != CHANNEL_RECEIVING)
		return;
	ch->front = OVER_CONTINUED; /* the driver refused: hear on */
	set_state(ch, CHANNEL_IDLE, "", now_us);
}

static void take_jammed(struct channel *ch, uint64_t now_us)
{
	ear_end_tones(&ch->ear);
	key_up(ch, now_us);
}

static void unkey(struct channel *ch, uint64_t now_us)
{
	uint64_t tail_us = ch->config.tail_ms * MS;

	(void)ch->driver->key(ch->driver_state, 0, now_us);
	end_play(ch, (uint32_t)((now_us - ch->keyed_us) / MS), now_us);
	ch->deaf_until_us = now_us + tail_us;
	ch->own_until_us = now_us + tail_us + OWN_SLACK_US;
	ch->front = ch->config.repeater ? OVER_CONTINUED : OVER_AFTER_TX;
	ch->courtesy = false;
	ear_watch(&ch->ear, true);
}

static void finish_sending(struct channel *ch, uint64_t now_us)
{
	unkey(ch, now_us);
	set_state(ch, CHANNEL_IDLE, "", now_us);
}

/* End whatever goes on; the caller sets the state. */
static void drop_everything(struct channel *ch, uint64_t now_us)
{
	if (ch->state == CHANNEL_RECEIVING)
		end_over(ch, OVER_CLOSED, ear_carrier_ms(&ch->ear, now_us),
			 now_us);
	if (ch->state == CHANNEL_JAMMED)
		ear_end_tones(&ch->ear);
	ch->play_end = PLAY_FAILED;
	if (ch->state == CHANNEL_TRANSMITTING)
		unkey(ch, now_us);
	else if (ch->ticket)
		end_play(ch, 0, now_us);
}

static void go_down(struct channel *ch, uint64_t now_us)
{
	COUNT(ch->counters.failures);
	drop_everything(ch, now_us);
	ch->cut = ch->carrier;
	ch->carrier = false;
	set_state(ch, CHANNEL_DOWN, ch->reason, now_us);
}

static void come_up(struct channel *ch, uint64_t now_us)
{
	set_state(ch, CHANNEL_IDLE, "", now_us);
	ch->cut |= ch->carrier;
	if (ch->carrier)
		meet_carrier(ch, now_us);
}

/* What an event does in each state; nothing where there is nothing. */
static void (*const actions[][EVENTS])(struct channel *ch, uint64_t now_us) = {
	[CHANNEL_DOWN][EVENT_RECOVERED] = come_up,
	[CHANNEL_IDLE][EVENT_KEYED] = meet_carrier,
	[CHANNEL_IDLE][EVENT_UNKEYED] = lose_carrier,
	[CHANNEL_IDLE][EVENT_ACTIVE] = begin_in_carrier,
	[CHANNEL_IDLE][EVENT_KEY] = key_up,
	[CHANNEL_IDLE][EVENT_FAILED] = go_down,
	[CHANNEL_RECEIVING][EVENT_UNKEYED] = end_with_carrier,
	[CHANNEL_RECEIVING][EVENT_RELEASED] = end_in_carrier,
	[CHANNEL_RECEIVING][EVENT_TOO_LONG] = jam,
	[CHANNEL_RECEIVING][EVENT_KEY] = take_channel,
	[CHANNEL_RECEIVING][EVENT_FAILED] = go_down,
	[CHANNEL_TRANSMITTING][EVENT_KEYED] = count_heard,
	[CHANNEL_TRANSMITTING][EVENT_SENT] = finish_sending,
	[CHANNEL_TRANSMITTING][EVENT_FAILED] = go_down,
	[CHANNEL_JAMMED][EVENT_UNKEYED] = clear_jam,
	[CHANNEL_JAMMED][EVENT_KEY] = take_jammed,
	[CHANNEL_JAMMED][EVENT_FAILED] = go_down,
};

static void happen(struct channel *ch, enum event event, uint64_t now_us)
{
	if (actions[ch->state][event])
		actions[ch->state][event](ch, now_us);
}

void channel_keyed(struct channel *ch, uint64_t now_us)
{
	if (ch->carrier)
		return;
	ch->carrier = true;
	happen(ch, EVENT_KEYED, now_us);
	ch->cut = false;
}

void channel_unkeyed(struct channel *ch, uint64_t now_us)
{
	ch->cut = false;
	if (!ch->carrier)
		return;
	ch->carrier = false;
	happen(ch, EVENT_UNKEYED, now_us);
}

static void hear_held(struct channel *ch, struct gridcall_frame *frame,
		      uint64_t now_us)
{
	enum release_verdict verdict = ear_hear_held(&ch->ear, frame);

	if (verdict == RELEASE_COURTESY)
		ch->courtesy = true;
	if (verdict == RELEASE_ACTIVITY)
		happen(ch, EVENT_ACTIVE, now_us);
}

static void hear_over(struct channel *ch, struct gridcall_frame *frame,
		      uint64_t now_us)
{
	ch->let_go = ear_hear_over(&ch->ear, frame);
	if (ch->let_go != RELEASE_NONE)
		happen(ch, EVENT_RELEASED, now_us);
}

void channel_heard(struct channel *ch, const struct gridcall_frame *given,
		   uint64_t now_us)
{
	struct gridcall_frame frame = *given;

	ear_check(&ch->ear, &frame);
	/* A radio that came back in the middle of a signal. */
	if (ch->cut && ch->state != CHANNEL_DOWN)
		channel_keyed(ch, now_us);
	if (ch->state == CHANNEL_RECEIVING)
		hear_over(ch, &frame, now_us);
	else if (ch->state == CHANNEL_JAMMED)
		ear_hear_tones(&ch->ear, &frame);
	else if (ch->state == CHANNEL_IDLE && ch->config.repeater &&
		 ch->carrier && now_us >= ch->deaf_until_us)
		hear_held(ch, &frame, now_us);
	else
		COUNT(ch->counters.frames_ignored);
}

void channel_failed(struct channel *ch, const char *sentence, uint64_t now_us)
{
	ch->broken = true;
	snprintf(ch->reason, sizeof(ch->reason), "%s", sentence);
	happen(ch, EVENT_FAILED, now_us);
}

void channel_recovered(struct channel *ch, uint64_t now_us)
{
	ch->broken = false;
	if (ch->started)
		happen(ch, EVENT_RECOVERED, now_us);
}

void channel_log(struct channel *ch, int level, const char *text,
		 uint64_t now_us)
{
	if (outbox_put_log(&ch->outbox, level, text, now_us) < 0)
		channel_count_log(ch);
}

void channel_count_log(struct channel *ch)
{
	atomic_fetch_add_explicit(&ch->counters.logs_dropped, 1,
				  memory_order_relaxed);
}

/* -------------------------------------------------------------- sending -- */

void channel_play(struct channel *ch, const struct playlist *list,
		  uint32_t ticket, uint64_t now_us)
{
	ch->list = list;
	ch->ticket = ticket;
	ch->asked_us = now_us;
}

static void stop_sending(struct channel *ch, enum play_end end, uint64_t now_us)
{
	ch->play_end = end;
	happen(ch, EVENT_SENT, now_us);
}

void channel_halt(struct channel *ch, uint32_t ticket, uint64_t now_us)
{
	if (!ch->ticket || ch->ticket != ticket)
		return;
	if (ch->state == CHANNEL_TRANSMITTING)
		stop_sending(ch, PLAY_HALTED, now_us);
	else
		give_up(ch, PLAY_HALTED, now_us);
}

/* A repeater's carrier in which nobody speaks is no signal to protect. */
static bool is_free(const struct channel *ch, uint64_t now_us)
{
	if (ch->state != CHANNEL_IDLE || now_us < ch->guard_until_us ||
	    now_us < ch->deaf_until_us)
		return false;
	return !ch->carrier ||
	       (ch->config.repeater && !release_is_uncertain(&ch->ear.release));
}

static void consider_keying(struct channel *ch, uint64_t now_us)
{
	enum play_end end;

	if (!ch->ticket || ch->state == CHANNEL_TRANSMITTING)
		return;
	if (ch->state == CHANNEL_DOWN)
		give_up(ch, PLAY_FAILED, now_us);
	else if (playout_is_ready(ch->list) &&
		 (ch->list->force || is_free(ch, now_us)))
		happen(ch, EVENT_KEY, now_us);
	else if (playout_wait(ch->list, ch->asked_us, now_us, &end))
		give_up(ch, end, now_us);
}

static void send_frame(struct channel *ch, enum playout_step step,
		       const struct gridcall_frame *frame, uint64_t now_us)
{
	if (step == PLAYOUT_AUDIO && !ch->has_sounded) {
		ch->has_sounded = true;
		tell_play(ch, SIGNAL_PLAY_BEGAN, 0, now_us);
	}
	if (ch->driver->send(ch->driver_state, frame, now_us) < 0)
		COUNT(ch->counters.send_refused);
	else
		COUNT(ch->counters.frames_sent);
}

static void send_due(struct channel *ch, uint64_t now_us)
{
	bool is_over = now_us - ch->keyed_us >= ch->config.tx_limit_s * S;
	struct gridcall_frame frame;
	enum playout_step step;
	int i;

	for (i = 0; i < BUNCH_MAX; i++) {
		if (!is_over && !playout_is_due(&ch->playout, now_us))
			break;
		step = playout_next(&ch->playout, &frame);
		if (step == PLAYOUT_END) {
			stop_sending(ch, playout_end(&ch->playout), now_us);
			return;
		}
		if (is_over) {
			COUNT(ch->counters.timeouts);
			stop_sending(ch, PLAY_TIMEOUT, now_us);
			return;
		}
		send_frame(ch, step, &frame, now_us);
	}
	playout_settle(&ch->playout, now_us);
}

void channel_tick(struct channel *ch, uint64_t now_us)
{
	uint64_t limit_us = ch->config.over_limit_s * S;

	outbox_flush(&ch->outbox);
	tape_retry(&ch->ear.tape);
	if (ch->driver->tick)
		ch->driver->tick(ch->driver_state, now_us);
	if (ch->state == CHANNEL_IDLE && ch->carrier && !ch->config.repeater &&
	    now_us >= ch->deaf_until_us)
		begin_over(ch, now_us);
	if (limit_us && now_us - ch->ear.meter.over.began_us >= limit_us)
		happen(ch, EVENT_TOO_LONG, now_us);
	consider_keying(ch, now_us);
	if (ch->state == CHANNEL_TRANSMITTING)
		send_due(ch, now_us);
	atomic_store_explicit(&ch->counters.recorder_lost, ch->ear.tape.lost,
			      memory_order_relaxed);
}

/* ------------------------------------------------------ begin and end ---- */

struct channel *channel_alloc(const struct channel_setup *setup)
{
	struct channel *ch = calloc(1, sizeof(*ch));
	struct listener_config config = {
		.on_tone = on_tone,
		.data = ch,
		.beeps = setup->config->repeater,
	};

	if (!ch)
		return NULL;
	ch->config = *setup->config;
	outbox_init(&ch->outbox, setup->signals, setup->slot);
	tape_init(&ch->ear.tape, setup->recorder, setup->slot, ch->config.code);
	tap_init(&ch->ear.tap, setup->monitor, setup->slot, ch->config.code);
	ch->ear.config = &ch->config;
	ch->ear.counters = &ch->counters;
	return ear_init(&ch->ear, &config) < 0 ? channel_free(ch) : ch;
}

struct channel *channel_free(struct channel *ch)
{
	if (!ch)
		return NULL;
	ear_fini(&ch->ear);
	clip_drop(ch->silence);
	free(ch);
	return NULL;
}

int channel_connect(struct channel *ch, const struct gridcall_driver *driver,
		    void *state, const struct gridcall_format *format)
{
	static const int16_t silence[160];
	struct gridcall_why why;

	ch->driver = driver;
	ch->driver_state = state;
	ch->playout.format = *format;
	ch->silence = clip_encode(silence, 160, 8000, format, 1, &why);
	ch->playout.silence = ch->silence;
	return ch->silence ? 0 : -EINVAL;
}

void channel_start(struct channel *ch, uint64_t now_us)
{
	ch->started = true;
	if (ch->broken) /* while it was opened */
		outbox_put_state(&ch->outbox, CHANNEL_DOWN, ch->reason, now_us);
	else
		happen(ch, EVENT_RECOVERED, now_us);
}

void channel_close(struct channel *ch, uint64_t now_us)
{
	drop_everything(ch, now_us);
	(void)ch->driver->key(ch->driver_state, 0, now_us);
	set_state(ch, CHANNEL_DOWN, "closed", now_us);
}

int channel_pending(struct channel *ch, struct signal *signal)
{
	return outbox_take(&ch->outbox, signal);
}

size_t channel_counters(const struct channel *ch,
			struct gridcall_counter *counters, size_t max)
{
	return counters_copy(&ch->counters, counters, max);
}
