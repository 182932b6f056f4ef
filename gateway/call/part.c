/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/part.h"
#include "gateway/call/call.h"
#include "gateway/call/leg.h"
#include "gateway/call/turn.h"

#include <string.h>

static const struct call *call_at_hand(const struct calls *calls,
				       const char *id)
{
	const struct call *call = calls_find_open(calls, id);

	return call ? call : calls_find_ended(calls, id);
}

static enum calls_part part_of(const struct call *call,
			       const struct scope *scope)
{
	size_t inside = 0, outside = 0;
	const struct leg *leg;
	uint32_t i;

	llist_for_each_entry (leg, &call->legs, entry)
		for (i = 0; i < leg->turn_count; i++)
			if (scope_has_area(scope, leg->turns[i]->area))
				inside++;
			else
				outside++;
	if (!inside)
		return CALLS_NONE;
	return outside ? CALLS_SOME : CALLS_WHOLE;
}

enum calls_part calls_part_of(const struct calls *calls, const char *id,
			      const struct scope *scope)
{
	const struct call *call = call_at_hand(calls, id);

	if (!call)
		return CALLS_UNKNOWN;
	return scope ? part_of(call, scope) : CALLS_WHOLE;
}

const char *calls_area_of(const struct calls *calls, const char *id,
			  const char *unit)
{
	const struct call *call = call_at_hand(calls, id);
	const struct turn *turn = call ? call_find_turn(call, unit) : NULL;

	return turn ? turn->area : NULL;
}

static bool is_within(const struct call *call, const struct scope *scope)
{
	const struct leg *leg;
	uint32_t i;

	llist_for_each_entry (leg, &call->legs, entry)
		for (i = 0; i < leg->turn_count; i++)
			if (scope_has_area(scope, leg->turns[i]->area))
				return true;
	return false;
}

const char *calls_seen_on(const struct calls *calls, const char *channel,
			  const struct scope *scope)
{
	const char *id = calls_on_channel(calls, channel);
	const struct call *call = call_at_hand(calls, id);

	return !scope || (call && is_within(call, scope)) ? id : "";
}

size_t calls_open_within(const struct calls *calls, const struct scope *scope)
{
	const struct call *call;
	size_t count = 0;

	llist_for_each_entry (call, &calls->open, entry)
		count += !scope || is_within(call, scope);
	return count;
}
