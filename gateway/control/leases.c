/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/control/leases.h"

#include <string.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/call/countdown.h"
#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/radios.h"
#include "gateway/services.h"
#include "gateway/voice/over.h"
#include "proto/topic.h"

#define FRAME_US   INT64_C(20000)
#define LOOK_MS    500  /* between looks for what was not renewed */
#define PACKED_MAX 2048 /* a message's packets and all that is beside them */

struct lease {
	struct llist_head entry;
	char principal[64];
	char channel[32];
	uint64_t until_us;
};

struct leases {
	struct gateway *gateway;
	struct llist_head list;
	struct countdown look;
};

static struct lease *find(const struct leases *leases, const char *principal,
			  const char *channel)
{
	struct lease *lease;

	llist_for_each_entry (lease, &leases->list, entry)
		if (!strcmp(lease->channel, channel) &&
		    (!principal || !strcmp(lease->principal, principal)))
			return lease;
	return NULL;
}

bool leases_has(const struct leases *leases, const char *principal,
		const char *channel)
{
	return find(leases, principal, channel);
}

size_t leases_count(const struct leases *leases, const char *principal)
{
	const struct lease *lease;
	size_t count = 0;

	llist_for_each_entry (lease, &leases->list, entry)
		count += !principal || !strcmp(lease->principal, principal);
	return count;
}

void leases_visit(const struct leases *leases,
		  void (*visit)(void *data, const char *principal,
				const char *channel, uint32_t left_ms),
		  void *data)
{
	uint64_t now_us = clock_now_us();
	const struct lease *lease;
	uint64_t left_us;

	llist_for_each_entry (lease, &leases->list, entry) {
		left_us =
			lease->until_us > now_us ? lease->until_us - now_us : 0;
		visit(data, lease->principal, lease->channel,
		      (uint32_t)(left_us / 1000));
	}
}

/* Tell voice whether anybody listens to a channel. */
static void follow(const struct leases *leases, const char *channel)
{
	const struct gateway *gateway = leases->gateway;
	int slot = gateway->radios ? radios_slot(gateway->radios, channel) : -1;

	if (slot >= 0)
		voice_listen(gateway->voice, (uint32_t)slot,
			     find(leases, NULL, channel));
}

static void end(struct leases *leases, struct lease *lease)
{
	llist_del(&lease->entry);
	follow(leases, lease->channel);
	talloc_free(lease);
}

static void look_later(struct leases *leases)
{
	if (leases->look.is_running || llist_empty(&leases->list))
		return;
	if (countdown_start(&leases->look, LOOK_MS) < 0)
		LOGP(DCONTROL, LOGL_ERROR,
		     "leases to listen don't end: no descriptor for a timer; "
		     "raise LimitNOFILE\n");
}

/* Ends those that were not renewed. */
static void on_look(void *data)
{
	struct leases *leases = data;
	uint64_t now_us = clock_now_us();
	struct lease *lease, *next;

	llist_for_each_entry_safe (lease, next, &leases->list, entry)
		if (now_us >= lease->until_us)
			end(leases, lease);
	look_later(leases);
}

struct leases *leases_alloc(struct gateway *gateway)
{
	struct leases *leases = talloc_zero(gateway, struct leases);

	OSMO_ASSERT(leases);
	leases->gateway = gateway;
	INIT_LLIST_HEAD(&leases->list);
	countdown_init(&leases->look, on_look, leases);
	return leases;
}

struct leases *leases_free(struct leases *leases)
{
	if (!leases)
		return NULL;
	countdown_fini(&leases->look);
	talloc_free(leases);
	return NULL;
}

void leases_hold(struct leases *leases, const char *principal,
		 const char *channel)
{
	struct lease *lease = find(leases, principal, channel);

	if (!lease) {
		lease = talloc_zero(leases, struct lease);
		OSMO_ASSERT(lease);
		OSMO_STRLCPY_ARRAY(lease->principal, principal);
		OSMO_STRLCPY_ARRAY(lease->channel, channel);
		llist_add_tail(&lease->entry, &leases->list);
	}
	lease->until_us = clock_now_us() + LEASE_MS * UINT64_C(1000);
	follow(leases, channel);
	look_later(leases);
}

void leases_drop(struct leases *leases, const char *principal,
		 const char *channel)
{
	struct lease *lease = find(leases, principal, channel);

	if (lease)
		end(leases, lease);
}

void leases_signal(struct leases *leases, const struct signal *signal)
{
	const struct channel_entry *channel;

	if (signal->type != SIGNAL_STATE || llist_empty(&leases->list) ||
	    signal->state.state == CHANNEL_DOWN)
		return;
	channel = radios_channel(leases->gateway->radios, signal->channel);
	if (channel && find(leases, NULL, channel->code))
		follow(leases, channel->code);
}

/* ---- what was heard ---- */

static void fill(const struct voice_heard *heard, Gridcall__V1__Voice *voice,
		 ProtobufCBinaryData packets[VOICE_HEARD_MAX])
{
	const uint8_t *data = heard->bytes;
	uint32_t i;

	gridcall__v1__voice__init(voice);
	for (i = 0; i < heard->count; i++) {
		packets[i].data = (uint8_t *)data;
		packets[i].len = heard->len[i];
		data += heard->len[i];
	}
	voice->channel = (char *)heard->code;
	voice->number = heard->number;
	voice->time_us = heard->began_utc_us + heard->number * FRAME_US;
	voice->packets = packets;
	voice->n_packets = heard->count;
	voice->ended = heard->ended;
}

void leases_heard(struct leases *leases, const struct voice_heard *heard)
{
	struct gateway *gateway = leases->gateway;
	const struct channel_entry *channel =
		directory_find_channel(gateway->directory, heard->code);
	ProtobufCBinaryData packets[VOICE_HEARD_MAX];
	Gridcall__V1__Voice voice;
	char topic[TOPIC_MAX];
	char over[OVER_ID_MAX];
	uint8_t packed[PACKED_MAX];

	if (!channel || !find(leases, NULL, heard->code) ||
	    topic_in_area(topic, channel->home, TOPIC_VOICE))
		return;
	fill(heard, &voice, packets);
	over_id(over, heard->code, heard->began_utc_us);
	voice.gateway = gateway->running.id;
	voice.over = over;
	if (gridcall__v1__voice__get_packed_size(&voice) > sizeof(packed))
		return;
	gateway_count(gateway, COUNT_VOICE);
	gateway_publish(gateway, &(struct gridcall_message){
					 .topic = topic,
					 .payload = packed,
					 .len = gridcall__v1__voice__pack(
						 &voice, packed),
				 });
}
