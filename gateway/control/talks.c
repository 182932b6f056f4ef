/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/control/talks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/call/countdown.h"
#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/radios.h"

#define SILENCE_MS 500  /* without packets: it ends */
#define LINGER_MS  5000 /* it can still be asked about */
#define FRAME_US   20000
#define AHEAD_MAX  100 /* packets before their time; nobody speaks faster */

struct talk_channel {
	char code[32];
	uint32_t slot;
	uint32_t ticket;       /* 0: nothing asked for */
	struct uplink *uplink; /* NULL: it never got so far */
	bool is_held;          /* its calls are */
	bool has_ended;
	char reason[160];
};

struct talk {
	struct llist_head entry;
	struct talks *talks;
	char id[TALK_ID_MAX];
	char principal[64];
	struct fanout *fanout;
	uint32_t next;     /* number of the packet that is awaited */
	uint64_t began_us; /* of the first; 0: not yet */
	uint64_t taken;    /* packets */
	bool has_ended;
	struct countdown countdown;
	struct talk_channel *channels;
	size_t count;
};

struct talks {
	struct gateway *gateway;
	struct llist_head list;
};

struct talks *talks_alloc(struct gateway *gateway)
{
	struct talks *talks = talloc_zero(gateway, struct talks);

	OSMO_ASSERT(talks);
	talks->gateway = gateway;
	INIT_LLIST_HEAD(&talks->list);
	return talks;
}

static void talk_free(struct talk *talk)
{
	size_t i;

	for (i = 0; i < talk->count; i++)
		uplink_drop(talk->channels[i].uplink);
	fanout_drop(talk->fanout);
	countdown_fini(&talk->countdown);
	llist_del(&talk->entry);
	talloc_free(talk);
}

struct talks *talks_free(struct talks *talks)
{
	struct talk *talk, *next;

	if (!talks)
		return NULL;
	llist_for_each_entry_safe (talk, next, &talks->list, entry) {
		fanout_end(talk->fanout);
		talk_free(talk);
	}
	talloc_free(talks);
	return NULL;
}

/* ---- finding ---- */

const struct talk *talks_of(const struct talks *talks, const char *principal)
{
	const struct talk *talk;

	llist_for_each_entry (talk, &talks->list, entry)
		if (!talk->has_ended && !strcmp(talk->principal, principal))
			return talk;
	return NULL;
}

static struct talk_channel *find_channel(const struct talk *talk,
					 const char *code)
{
	size_t i;

	for (i = 0; i < talk->count; i++)
		if (!strcmp(talk->channels[i].code, code))
			return &talk->channels[i];
	return NULL;
}

const struct talk *talks_on(const struct talks *talks, const char *channel)
{
	const struct talk_channel *on;
	const struct talk *talk;

	llist_for_each_entry (talk, &talks->list, entry) {
		on = talk->has_ended ? NULL : find_channel(talk, channel);
		if (on && !on->has_ended)
			return talk;
	}
	return NULL;
}

const char *talk_principal(const struct talk *talk)
{
	return talk->principal;
}

struct talk *talks_find(const struct talks *talks, const char *principal,
			const char *id)
{
	struct talk *talk;

	llist_for_each_entry (talk, &talks->list, entry)
		if (!strcmp(talk->id, id) &&
		    !strcmp(talk->principal, principal))
			return talk;
	return NULL;
}

size_t talks_count(const struct talks *talks)
{
	return llist_count(&talks->list);
}

void talks_visit(const struct talks *talks,
		 void (*visit)(void *data, const struct talk *talk), void *data)
{
	const struct talk *talk;

	llist_for_each_entry (talk, &talks->list, entry)
		visit(data, talk);
}

/* ---- one channel ---- */

static void end_channel(struct talk *talk, struct talk_channel *channel,
			const char *reason)
{
	if (channel->has_ended)
		return;
	channel->has_ended = true;
	channel->ticket = 0;
	OSMO_STRLCPY_ARRAY(channel->reason, reason);
	if (channel->is_held)
		calls_talk_ended(talk->talks->gateway->calls, talk->principal,
				 channel->code);
	channel->is_held = false;
}

/* Something else may still be on its way off the air: try again then. */
static void ask_for_air(struct talk *talk, struct talk_channel *channel)
{
	struct gateway *gateway = talk->talks->gateway;
	struct playlist list = {.uplink = channel->uplink};
	int rc;

	if (channel->has_ended || channel->ticket)
		return;
	rc = voice_play(gateway->voice, channel->slot, &list);
	if (rc > 0)
		channel->ticket = (uint32_t)rc;
	else if (rc != -EBUSY)
		end_channel(talk, channel, "the radio was closed");
}

/* Why nothing can be sent to it; NULL: it can. */
static const char *fault_of(const struct talk *talk, const char *code)
{
	const struct gateway *gateway = talk->talks->gateway;
	const struct talk *other = talks_on(talk->talks, code);
	struct radio_status status;

	if (other)
		return talloc_asprintf(talk, "%s talks on it",
				       other->principal);
	radios_status(gateway->radios, code, &status);
	if (status.slot < 0 || status.state == CHANNEL_DOWN)
		return talloc_asprintf(talk, "the radio is down%s%s",
				       status.reason[0] ? ": " : "",
				       status.reason);
	return NULL;
}

static const char *make_uplink(struct talk *talk, struct talk_channel *channel)
{
	const struct voice *voice = talk->talks->gateway->voice;

	channel->uplink = uplink_alloc(voice_format(voice, channel->slot),
				       clock_now_us());
	if (channel->uplink && !fanout_add(talk->fanout, channel->uplink))
		return NULL;
	return "its format can't be made, or memory is out";
}

void talk_add(struct talk *talk, const char *code)
{
	struct gateway *gateway = talk->talks->gateway;
	const char *fault = fault_of(talk, code);
	struct talk_channel *channel;

	if (find_channel(talk, code))
		return;
	talk->channels = talloc_realloc(talk, talk->channels,
					struct talk_channel, talk->count + 1);
	OSMO_ASSERT(talk->channels);
	channel = &talk->channels[talk->count++];
	*channel = (struct talk_channel){0};
	OSMO_STRLCPY_ARRAY(channel->code, code);
	if (!fault) {
		channel->slot = (uint32_t)radios_slot(gateway->radios, code);
		fault = make_uplink(talk, channel);
	}
	if (fault) {
		end_channel(talk, channel, fault);
		return;
	}
	channel->is_held = true;
	calls_talk_began(gateway->calls, talk->principal, code);
	ask_for_air(talk, channel);
}

/* ---- one talk ---- */

static bool is_over(const struct talk *talk)
{
	size_t i;

	for (i = 0; i < talk->count; i++)
		if (!talk->channels[i].has_ended)
			return false;
	return true;
}

static void wait_for(struct talk *talk, uint32_t delay_ms)
{
	if (countdown_start(&talk->countdown, delay_ms) < 0)
		LOGP(DCONTROL, LOGL_ERROR,
		     "talk %s is remembered for ever: no descriptor for a "
		     "timer; raise LimitNOFILE\n",
		     talk->id);
}

static void on_countdown(void *data)
{
	struct talk *talk = data;

	if (!talk->has_ended)
		talk_end(talk);
	else if (is_over(talk))
		talk_free(talk);
	else
		wait_for(talk, LINGER_MS);
}

struct talk *talk_alloc(struct talks *talks, const char *principal)
{
	struct talk *talk = talloc_zero(talks, struct talk);
	uint64_t random = 0;

	OSMO_ASSERT(talk);
	talk->fanout = fanout_alloc();
	if (!talk->fanout) {
		talloc_free(talk);
		return NULL;
	}
	talk->talks = talks;
	(void)!getrandom(&random, sizeof(random), 0);
	snprintf(talk->id, sizeof(talk->id), "t%016llx",
		 (unsigned long long)random);
	OSMO_STRLCPY_ARRAY(talk->principal, principal);
	countdown_init(&talk->countdown, on_countdown, talk);
	llist_add_tail(&talk->entry, &talks->list);
	wait_for(talk, SILENCE_MS);
	return talk;
}

/* Whoever floods us with packets gets no more time than who speaks. */
static bool is_too_fast(const struct talk *talk)
{
	uint64_t due = (clock_now_us() - talk->began_us) / FRAME_US;

	return talk->taken > due + AHEAD_MAX;
}

static void take(struct talk *talk, uint32_t number,
		 const ProtobufCBinaryData *packet)
{
	if ((int32_t)(number - talk->next) < 0)
		return;
	talk->next = number + 1;
	if (is_too_fast(talk))
		return;
	talk->taken++;
	/* Refused when too much waits: concealed like what was lost. */
	(void)voice_say(talk->talks->gateway->voice, talk->fanout, number,
			packet->data, packet->len);
}

/* Its worker does so later; until then nobody else takes from the uplink. */
static void drop_old(struct talk *talk)
{
	struct talk_channel *channel;
	size_t i;

	for (i = 0; i < talk->count; i++) {
		channel = &talk->channels[i];
		if (channel->uplink && !channel->ticket && !channel->has_ended)
			uplink_trim(channel->uplink, UPLINK_RESERVE);
	}
}

void talk_put(struct talk *talk, uint32_t number,
	      const ProtobufCBinaryData *packets, size_t count)
{
	size_t i;

	if (talk->has_ended || !count)
		return;
	if (!talk->began_us) {
		talk->began_us = clock_now_us();
		talk->next = number;
	}
	for (i = 0; i < count; i++, number++)
		take(talk, number, &packets[i]);
	drop_old(talk);
	wait_for(talk, SILENCE_MS);
}

void talk_end(struct talk *talk)
{
	if (talk->has_ended)
		return;
	talk->has_ended = true;
	voice_say_end(talk->talks->gateway->voice, talk->fanout);
	wait_for(talk, LINGER_MS);
}

/* ---- how it goes ---- */

static const char *waits_for(const struct talk *talk,
			     const struct talk_channel *channel)
{
	switch (voice_state(talk->talks->gateway->voice, channel->slot)) {
	case CHANNEL_RECEIVING:
		return "somebody speaks on the channel";
	case CHANNEL_JAMMED:
		return "the channel is jammed";
	case CHANNEL_TRANSMITTING:
		return "something else is being sent";
	default:
		return "";
	}
}

static void describe(const struct talk *talk,
		     const struct talk_channel *channel,
		     Gridcall__V1__TalkChannel *message)
{
	gridcall__v1__talk_channel__init(message);
	message->channel = (char *)channel->code;
	if (channel->uplink)
		message->sent_ms = uplink_sent_ms(channel->uplink);
	if (channel->has_ended) {
		message->state = GRIDCALL__V1__TALK_STATE__TALK_ENDED;
		message->reason = (char *)channel->reason;
	} else if (uplink_is_keyed(channel->uplink)) {
		message->state = GRIDCALL__V1__TALK_STATE__TALK_KEYED;
	} else {
		message->state = GRIDCALL__V1__TALK_STATE__TALK_WAITING;
		message->reason = (char *)waits_for(talk, channel);
	}
}

void talk_describe(const struct talk *talk, void *ctx,
		   Gridcall__V1__TalkReply *reply)
{
	Gridcall__V1__TalkChannel *messages =
		talloc_array(ctx, Gridcall__V1__TalkChannel, talk->count + 1);
	size_t i;

	OSMO_ASSERT(messages);
	gridcall__v1__talk_reply__init(reply);
	reply->talk = (char *)talk->id;
	reply->next = talk->next;
	reply->channels =
		talloc_array(ctx, Gridcall__V1__TalkChannel *, talk->count + 1);
	OSMO_ASSERT(reply->channels);
	for (i = 0; i < talk->count; i++) {
		describe(talk, &talk->channels[i], &messages[i]);
		reply->channels[i] = &messages[i];
	}
	reply->n_channels = talk->count;
}

/* ---- what voice tells ---- */

static const char *end_name(enum play_end end)
{
	switch (end) {
	case PLAY_DONE:
		return "all was sent";
	case PLAY_SILENT:
		return "no packet came for half a second";
	case PLAY_TIMEOUT:
		return "the transmit time-out; let go of the key and press it "
		       "again";
	case PLAY_JAMMED:
		return "the channel stayed busy";
	case PLAY_HALTED:
	case PLAY_FAILED:
		break;
	}
	return "the radio is down";
}

static void hear_end(struct talk *talk, const struct signal *signal)
{
	struct talk_channel *channel;
	size_t i;

	for (i = 0; i < talk->count; i++) {
		channel = &talk->channels[i];
		if (channel->has_ended || channel->slot != signal->channel)
			continue;
		if (!channel->ticket)
			ask_for_air(talk, channel);
		else if (channel->ticket == signal->play.ticket)
			end_channel(talk, channel, end_name(signal->play.end));
	}
}

void talks_signal(struct talks *talks, const struct signal *signal)
{
	struct talk *talk;

	if (!talks || signal->type != SIGNAL_PLAY_ENDED)
		return;
	llist_for_each_entry (talk, &talks->list, entry)
		hear_end(talk, signal);
}
