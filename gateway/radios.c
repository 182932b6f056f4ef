/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/radios.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/option.h"
#include "gateway/plugin.h"

#define RETRY_S 10

#define LOGPRADIO(radio, level, fmt, args...)                                  \
	LOGP(DVOICE, level, "channel %s: " fmt, (radio)->entry->code, ##args)

struct radio {
	const struct channel_entry *entry; /* of the directory in force */
	int slot;
	enum channel_state state;
	int64_t since_utc_us;
	uint64_t overs;
	unsigned int retry_s;
	char reason[256];
};

struct radios {
	struct voice *voice;
	const struct plugin_list *plugins;
	struct radio *list; /* in order of code, as the directory */
	size_t count;
	uint32_t *by_slot; /* index into list plus 1; 0: free */
};

struct radios *radios_alloc(void *ctx, struct voice *voice,
			    const struct plugin_list *plugins)
{
	struct radios *radios = talloc_zero(ctx, struct radios);

	OSMO_ASSERT(radios);
	radios->voice = voice;
	radios->plugins = plugins;
	radios->by_slot =
		talloc_zero_array(radios, uint32_t, VOICE_CHANNELS_MAX);
	OSMO_ASSERT(radios->by_slot);
	return radios;
}

static void radio_close(struct radios *radios, struct radio *radio)
{
	if (radio->slot < 0)
		return;
	voice_close(radios->voice, radio->slot);
	radios->by_slot[radio->slot] = 0;
	radio->slot = -1;
}

struct radios *radios_free(struct radios *radios)
{
	size_t i;

	if (!radios)
		return NULL;
	for (i = 0; i < radios->count; i++)
		radio_close(radios, &radios->list[i]);
	talloc_free(radios);
	return NULL;
}

static void radio_config(struct channel_config *config,
			 const struct channel_entry *entry)
{
	*config = (struct channel_config){
		.repeater = entry->repeater,
		.lead_ms = entry->lead_ms,
		.hang_ms = entry->hang_ms,
		.tail_ms = entry->tail_ms,
		.tx_limit_s = entry->tx_limit_s,
		.over_limit_s = entry->over_limit_s,
	};
	OSMO_STRLCPY_ARRAY(config->code, entry->code);
}

/* Returns the slot, or a negative errno with a sentence. */
static int radio_try(struct radios *radios, struct radio *radio,
		     struct gridcall_why *why)
{
	const struct channel_entry *entry = radio->entry;
	struct gridcall_option *options;
	struct channel_config config;
	struct plugin *plugin;
	void *ctx;
	int slot;

	plugin = plugin_find(radios->plugins, entry->driver);
	if (!plugin || !plugin_driver(plugin)) {
		snprintf(why->text, sizeof(why->text),
			 "no driver '%s' is loaded; add \"plugin %s\" to the "
			 "configuration and restart",
			 entry->driver, entry->driver);
		return -ENOENT;
	}
	ctx = talloc_new(radios);
	options = option_split(ctx, entry->address, why);
	if (!options) {
		talloc_free(ctx);
		return -EINVAL;
	}
	radio_config(&config, entry);
	slot = voice_open(radios->voice, &config, plugin_driver(plugin),
			  options, why);
	talloc_free(ctx);
	return slot;
}

static void radio_open(struct radios *radios, struct radio *radio)
{
	struct gridcall_why why = {{0}};

	radio->slot = radio_try(radios, radio, &why);
	radio->retry_s = RETRY_S;
	if (radio->slot >= 0) {
		radio->since_utc_us = clock_utc_us();
		radios->by_slot[radio->slot] =
			(uint32_t)(radio - radios->list) + 1;
		radio->state = voice_state(radios->voice, radio->slot);
		radio->reason[0] = '\0';
		return;
	}
	/* Down since it was down first, not since the last try. */
	if (radio->state != CHANNEL_DOWN || !radio->since_utc_us)
		radio->since_utc_us = clock_utc_us();
	radio->slot = -1;
	radio->state = CHANNEL_DOWN;
	/* Told once, not at every try. */
	if (strcmp(radio->reason, why.text))
		LOGPRADIO(radio, LOGL_ERROR, "down: %s\n", why.text);
	OSMO_STRLCPY_ARRAY(radio->reason, why.text);
}

static bool entry_is_same(const struct channel_entry *a,
			  const struct channel_entry *b)
{
	return !strcmp(a->driver, b->driver) &&
	       !strcmp(a->address, b->address) && a->repeater == b->repeater &&
	       a->lead_ms == b->lead_ms && a->hang_ms == b->hang_ms &&
	       a->tail_ms == b->tail_ms && a->tx_limit_s == b->tx_limit_s &&
	       a->over_limit_s == b->over_limit_s;
}

static int compare_code(const void *key, const void *member)
{
	return strcmp(key, ((const struct radio *)member)->entry->code);
}

static struct radio *radio_find(const struct radios *radios, const char *code)
{
	if (!radios->count)
		return NULL;
	return bsearch(code, radios->list, radios->count,
		       sizeof(radios->list[0]), compare_code);
}

/* What may stay open goes over to the new list, with its new entry. */
static void radio_inherit(struct radios *radios, struct radio *radio,
			  const struct channel_entry *entry)
{
	struct radio *old = radio_find(radios, entry->code);

	radio->entry = entry;
	radio->slot = -1;
	if (!old || !entry_is_same(old->entry, entry))
		return;
	*radio = *old;
	radio->entry = entry;
	old->slot = -1;
}

/*
 * Closing tells signals of any channel: while that goes on the old list must
 * be whole, so that none of them is lost.
 */
static void close_changed(struct radios *radios,
			  const struct directory *directory)
{
	const struct channel_entry *entry;
	size_t i;

	for (i = 0; i < radios->count; i++) {
		struct radio *radio = &radios->list[i];

		entry = directory_find_channel(directory, radio->entry->code);
		if (!entry || !entry_is_same(radio->entry, entry))
			radio_close(radios, radio);
	}
}

void radios_follow(struct radios *radios, const struct directory *directory)
{
	size_t count = directory_channel_count(directory);
	struct radio *list = talloc_zero_array(radios, struct radio, count + 1);
	size_t i;

	OSMO_ASSERT(list);
	close_changed(radios, directory);
	for (i = 0; i < count; i++)
		radio_inherit(radios, &list[i],
			      directory_channel(directory, i));
	talloc_free(radios->list);
	radios->list = list;
	radios->count = count;
	for (i = 0; i < count; i++) {
		if (list[i].slot >= 0)
			radios->by_slot[list[i].slot] = (uint32_t)i + 1;
		else
			radio_open(radios, &list[i]);
	}
}

void radios_second(struct radios *radios)
{
	size_t i;

	for (i = 0; i < radios->count; i++) {
		struct radio *radio = &radios->list[i];

		if (radio->slot < 0 && radio->retry_s-- <= 1)
			radio_open(radios, radio);
	}
}

static struct radio *radio_of_slot(const struct radios *radios, uint32_t slot)
{
	if (slot >= VOICE_CHANNELS_MAX || !radios->by_slot[slot])
		return NULL;
	return &radios->list[radios->by_slot[slot] - 1];
}

void radios_signal(struct radios *radios, const struct signal *signal)
{
	struct radio *radio = radio_of_slot(radios, signal->channel);

	if (!radio)
		return;
	switch (signal->type) {
	case SIGNAL_STATE:
		radio->state = signal->state.state;
		radio->since_utc_us = clock_utc_us();
		OSMO_STRLCPY_ARRAY(radio->reason, signal->state.reason);
		if (radio->state == CHANNEL_DOWN ||
		    radio->state == CHANNEL_JAMMED)
			LOGPRADIO(radio, LOGL_NOTICE, "%s: %s\n",
				  radio->state == CHANNEL_DOWN ? "down"
							       : "jammed",
				  radio->reason);
		break;
	case SIGNAL_OVER_ENDED:
		radio->overs++;
		break;
	case SIGNAL_LOG:
		LOGPRADIO(radio, signal->log.level, "%s\n", signal->log.text);
		break;
	default:
		break;
	}
}

int radios_slot(const struct radios *radios, const char *channel)
{
	const struct radio *radio = radio_find(radios, channel);

	return radio ? radio->slot : -1;
}

const struct channel_entry *radios_channel(const struct radios *radios,
					   uint32_t slot)
{
	const struct radio *radio = radio_of_slot(radios, slot);

	return radio ? radio->entry : NULL;
}

void radios_status(const struct radios *radios, const char *channel,
		   struct radio_status *status)
{
	const struct radio *radio = radio_find(radios, channel);

	*status = (struct radio_status){
		.state = CHANNEL_DOWN, .reason = "no such channel", .slot = -1};
	if (!radio)
		return;
	status->state = radio->state;
	status->since_utc_us = radio->since_utc_us;
	status->reason = radio->reason;
	status->overs = radio->overs;
	status->slot = radio->slot;
}

size_t radios_down_count(const struct radios *radios)
{
	size_t down = 0;
	size_t i;

	for (i = 0; i < radios->count; i++)
		down += radios->list[i].state == CHANNEL_DOWN;
	return down;
}
