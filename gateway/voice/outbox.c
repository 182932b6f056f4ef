/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/outbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LOGS_MAX    8 /* lines of the driver in ... */
#define LOGS_PER_US UINT64_C(10000000)

void outbox_init(struct outbox *outbox, struct inbox *inbox, uint32_t channel)
{
	memset(outbox, 0, sizeof(*outbox));
	outbox->inbox = inbox;
	outbox->channel = channel;
}

static struct signal *kept_at(struct outbox *outbox, uint32_t index)
{
	return &outbox->kept[(outbox->head + index) % OUTBOX_SIGNALS];
}

/* Tones go before the end of their over, behind everything else. */
static bool is_tone_next(struct outbox *outbox)
{
	return outbox->tone_head < outbox->tone_count &&
	       (!outbox->count ||
		kept_at(outbox, 0)->type == SIGNAL_OVER_ENDED);
}

static void make_tone(const struct outbox *outbox, struct signal *signal)
{
	const struct tone *tone = &outbox->tones[outbox->tone_head];

	memset(signal, 0, sizeof(*signal));
	signal->type = SIGNAL_TONE;
	signal->channel = outbox->channel;
	signal->at_us = outbox->over_began_us + tone->end_ms * UINT64_C(1000);
	signal->tone.over_began_us = outbox->over_began_us;
	signal->tone.tone = *tone;
}

static int peek(struct outbox *outbox, struct signal *signal)
{
	if (is_tone_next(outbox))
		make_tone(outbox, signal);
	else if (outbox->count)
		*signal = *kept_at(outbox, 0);
	else
		return -EAGAIN;
	return 0;
}

static void forget_first(struct outbox *outbox)
{
	if (is_tone_next(outbox)) {
		if (++outbox->tone_head == outbox->tone_count)
			outbox->tone_head = outbox->tone_count = 0;
		return;
	}
	outbox->head = (outbox->head + 1) % OUTBOX_SIGNALS;
	outbox->count--;
}

int outbox_take(struct outbox *outbox, struct signal *signal)
{
	int rc = peek(outbox, signal);

	if (!rc)
		forget_first(outbox);
	return rc;
}

void outbox_flush(struct outbox *outbox)
{
	struct signal signal;

	while (!peek(outbox, &signal) && !inbox_put(outbox->inbox, &signal))
		forget_first(outbox);
}

static bool is_empty(const struct outbox *outbox)
{
	return !outbox->count && outbox->tone_head == outbox->tone_count;
}

/*
 * A state that nobody was told of yet may be replaced by the next: main wants
 * the last one, and a flapping radio must not use up the room.
 */
static bool replaces_last(struct outbox *outbox, const struct signal *signal)
{
	return outbox->count && signal->type == SIGNAL_STATE &&
	       kept_at(outbox, outbox->count - 1)->type == SIGNAL_STATE;
}

void outbox_put(struct outbox *outbox, struct signal *signal)
{
	signal->channel = outbox->channel;
	if (is_empty(outbox) && !inbox_put(outbox->inbox, signal))
		return;
	if (replaces_last(outbox, signal))
		*kept_at(outbox, outbox->count - 1) = *signal;
	else if (outbox->count < OUTBOX_SIGNALS)
		*kept_at(outbox, outbox->count++) = *signal;
}

void outbox_put_tone(struct outbox *outbox, uint64_t over_began_us,
		     const struct tone *tone)
{
	if (outbox->tone_count == OVER_TONES_MAX)
		return;
	outbox->over_began_us = over_began_us;
	outbox->tones[outbox->tone_count++] = *tone;
	outbox_flush(outbox);
}

void outbox_put_state(struct outbox *outbox, enum channel_state state,
		      const char *reason, uint64_t now_us)
{
	struct signal signal = {.type = SIGNAL_STATE, .at_us = now_us};

	signal.state.state = state;
	snprintf(signal.state.reason, sizeof(signal.state.reason), "%s",
		 reason);
	outbox_put(outbox, &signal);
}

void outbox_put_over(struct outbox *outbox, enum signal_type type,
		     const struct over *over, uint64_t now_us)
{
	struct signal signal = {.type = type, .at_us = now_us, .over = *over};

	outbox_put(outbox, &signal);
}

int outbox_put_log(struct outbox *outbox, int level, const char *text,
		   uint64_t now_us)
{
	struct signal signal = {
		.type = SIGNAL_LOG,
		.channel = outbox->channel,
		.at_us = now_us,
		.log.level = level,
	};

	if (now_us - outbox->logs_since_us >= LOGS_PER_US) {
		outbox->logs_since_us = now_us;
		outbox->logs = 0;
	}
	if (outbox->logs >= LOGS_MAX || !is_empty(outbox))
		return -ENOSPC;
	outbox->logs++;
	snprintf(signal.log.text, sizeof(signal.log.text), "%s", text);
	return inbox_put(outbox->inbox, &signal);
}

bool outbox_is_clear(const struct outbox *outbox)
{
	return is_empty(outbox);
}
