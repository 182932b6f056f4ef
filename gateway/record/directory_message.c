/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/directory_message.h"

#include <osmocom/core/utils.h>
#include <string.h>
#include <talloc.h>

/* protobuf-c does not write through these. */
static char *text(const char *value)
{
	return (char *)value;
}

static size_t count(char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

static char **list_of(void *ctx, char **values, size_t n)
{
	char **list = talloc_array(ctx, char *, n + 1);

	OSMO_ASSERT(list);
	if (n)
		memcpy(list, values, n * sizeof(*list));
	list[n] = NULL;
	return list;
}

void unit_to_message(const struct unit *unit, Gridcall__V1__Unit *message)
{
	gridcall__v1__unit__init(message);
	message->code = text(unit->code);
	message->name = text(unit->name);
	message->spoken = text(unit->spoken);
	message->aliases = unit->aliases;
	message->n_aliases = count(unit->aliases);
	message->category = text(unit->category);
	message->district = text(unit->district);
	message->station = text(unit->station);
	message->grid = text(unit->grid);
	message->zone = text(unit->zone);
	message->channel = text(unit->channel);
	message->number = text(unit->number);
	message->radio_ids = unit->radio_ids;
	message->n_radio_ids = count(unit->radio_ids);
	message->answers_by = unit->answers_by;
	message->n_answers_by = count(unit->answers_by);
	message->strength = unit->strength;
	message->duty = text(unit->duty);
	message->phone = text(unit->phone);
	message->lon = text(unit->lon);
	message->lat = text(unit->lat);
	message->crs = text(unit->crs);
	message->cameras = unit->cameras;
	message->n_cameras = count(unit->cameras);
	message->tags = unit->tags;
	message->n_tags = count(unit->tags);
	message->excused_until_us = unit->excused_until_us;
	message->excused_reason = text(unit->excused_reason);
}

void channel_to_message(const struct channel_entry *channel,
			Gridcall__V1__Channel *message)
{
	gridcall__v1__channel__init(message);
	message->code = text(channel->code);
	message->name = text(channel->name);
	message->home = text(channel->home);
	message->grids = channel->grids;
	message->n_grids = count(channel->grids);
	message->driver = text(channel->driver);
	message->address = text(channel->address);
	message->kind = text(channel->repeater ? "repeater" : "simplex");
	message->lead_ms = channel->lead_ms;
	message->hang_ms = channel->hang_ms;
	message->tail_ms = channel->tail_ms;
	message->tx_limit_s = channel->tx_limit_s;
	message->over_limit_s = channel->over_limit_s;
	message->signalling = text(channel->signalling);
}

void unit_from_message(struct unit *unit, void *ctx,
		       const Gridcall__V1__Unit *message)
{
	unit->code = message->code;
	unit->name = message->name;
	unit->spoken = message->spoken;
	unit->aliases = list_of(ctx, message->aliases, message->n_aliases);
	unit->category = message->category;
	unit->district = message->district;
	unit->station = message->station;
	unit->grid = message->grid;
	unit->zone = message->zone;
	unit->channel = message->channel;
	unit->number = message->number;
	unit->radio_ids =
		list_of(ctx, message->radio_ids, message->n_radio_ids);
	unit->answers_by =
		list_of(ctx, message->answers_by, message->n_answers_by);
	unit->strength = message->strength;
	unit->duty = message->duty;
	unit->phone = message->phone;
	unit->lon = message->lon;
	unit->lat = message->lat;
	unit->crs = message->crs;
	unit->cameras = list_of(ctx, message->cameras, message->n_cameras);
	unit->tags = list_of(ctx, message->tags, message->n_tags);
	unit->excused_until_us = message->excused_until_us;
	unit->excused_reason = message->excused_reason;
}

void channel_from_message(struct channel_entry *channel, void *ctx,
			  const Gridcall__V1__Channel *message)
{
	channel->code = message->code;
	channel->name = message->name;
	channel->home = message->home;
	channel->grids = list_of(ctx, message->grids, message->n_grids);
	channel->driver = message->driver;
	channel->address = message->address;
	channel->repeater = !strcmp(message->kind, "repeater");
	channel->lead_ms = message->lead_ms;
	channel->hang_ms = message->hang_ms;
	channel->tail_ms = message->tail_ms;
	channel->tx_limit_s = message->tx_limit_s;
	channel->over_limit_s = message->over_limit_s;
	channel->signalling = message->signalling;
}
