/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/control/census.h"

#include <string.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/call/part.h"
#include "gateway/control/jurisdiction.h"
#include "gateway/radios.h"

#define KEPT_MAX 256 /* jurisdictions that differ */

/* One jurisdiction's units, as of one directory. */
struct count {
	struct llist_head entry; /* asked for last first */
	char jurisdiction[AUTHORITY_AREAS_MAX][TOPIC_MAX];
	size_t areas;
	uint64_t directory_number;
	uint32_t units;
};

struct census {
	struct llist_head counts;
	size_t kept;
};

static struct census *census_of(struct gateway *gateway)
{
	if (gateway->census)
		return gateway->census;
	gateway->census = talloc_zero(gateway, struct census);
	OSMO_ASSERT(gateway->census);
	INIT_LLIST_HEAD(&gateway->census->counts);
	return gateway->census;
}

static bool is_count_of(const struct count *count,
			const struct principal *principal)
{
	size_t i;

	if (count->areas != principal->areas)
		return false;
	for (i = 0; i < count->areas; i++)
		if (strcmp(count->jurisdiction[i], principal->jurisdiction[i]))
			return false;
	return true;
}

/* Its place, or that of what was not asked for longest. */
static struct count *count_of(struct census *census,
			      const struct principal *principal)
{
	struct count *count;
	size_t i;

	llist_for_each_entry (count, &census->counts, entry) {
		if (!is_count_of(count, principal))
			continue;
		llist_move(&count->entry, &census->counts);
		return count;
	}
	if (census->kept < KEPT_MAX) {
		census->kept++;
		count = talloc(census, struct count);
		OSMO_ASSERT(count);
	} else {
		count = llist_last_entry(&census->counts, struct count, entry);
		llist_del(&count->entry);
	}
	memset(count, 0, sizeof(*count));
	count->areas = principal->areas;
	for (i = 0; i < count->areas; i++)
		OSMO_STRLCPY_ARRAY(count->jurisdiction[i],
				   principal->jurisdiction[i]);
	llist_add(&count->entry, &census->counts);
	return count;
}

static uint32_t units_of(struct gateway *gateway,
			 const struct principal *principal)
{
	struct count *count = count_of(census_of(gateway), principal);
	const struct directory *directory = gateway->directory;
	size_t i;

	/* 0 is of none: the first directory has 1. */
	if (count->directory_number == gateway->directory_number + 1)
		return count->units;
	count->directory_number = gateway->directory_number + 1;
	count->units = 0;
	for (i = 0; i < directory_unit_count(directory); i++)
		count->units +=
			unit_is_theirs(principal, directory_unit(directory, i));
	return count->units;
}

static void count_channels(struct gateway *gateway, const struct scope *scope,
			   Gridcall__V1__Status *status)
{
	const struct directory *directory = gateway->directory;
	const struct channel_entry *channel;
	struct radio_status radio;
	size_t i;

	status->channels = status->channels_down = 0;
	for (i = 0; i < directory_channel_count(directory); i++) {
		channel = directory_channel(directory, i);
		if (!scope_has_channel(scope, channel))
			continue;
		radios_status(gateway->radios, channel->code, &radio);
		status->channels++;
		status->channels_down += radio.state == CHANNEL_DOWN;
	}
}

void census_narrow(struct gateway *gateway, const struct principal *principal,
		   Gridcall__V1__Status *status)
{
	struct scope all;
	const struct scope *scope = jurisdiction_of(principal, &all);

	if (!scope)
		return;
	status->units = units_of(gateway, principal);
	count_channels(gateway, scope, status);
	status->calls_open = calls_open_within(gateway->calls, scope);
}

void census_narrow_feed(struct gateway *gateway, const char *jurisdiction,
			Gridcall__V1__Status *status)
{
	struct principal reader = {.areas = 1};

	OSMO_STRLCPY_ARRAY(reader.jurisdiction[0], jurisdiction);
	census_narrow(gateway, &reader, status);
}
