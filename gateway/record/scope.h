/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * scope.h - the part of everything that somebody may see
 *
 * The rules are the control room's; whoever selects, lists or folds for
 * somebody asks here, and what is outside is as if it did not exist.
 *
 * Memory:  borrowed; a scope of NULL has everything.
 * Threads: any; the three are asked on reader threads too.
 */
#pragma once

#include "gateway/record/directory.h"

struct scope {
	bool (*has_unit)(const void *data, const struct unit *unit);
	bool (*has_channel)(const void *data,
			    const struct channel_entry *channel);
	bool (*has_topic)(const void *data, const char *topic);
	/* district.station.grid */
	bool (*has_area)(const void *data, const char *area);
	const void *data;
};

static inline bool scope_has_unit(const struct scope *scope,
				  const struct unit *unit)
{
	return !scope || scope->has_unit(scope->data, unit);
}

static inline bool scope_has_channel(const struct scope *scope,
				     const struct channel_entry *channel)
{
	return !scope || scope->has_channel(scope->data, channel);
}

static inline bool scope_has_topic(const struct scope *scope, const char *topic)
{
	return !scope || scope->has_topic(scope->data, topic);
}

static inline bool scope_has_area(const struct scope *scope, const char *area)
{
	return !scope || scope->has_area(scope->data, area);
}
