/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * part.h - how much of a call is within a scope
 *
 * Threads: main only.
 */
#pragma once

#include "gateway/call/calls.h"
#include "gateway/record/scope.h"

enum calls_part {
	CALLS_UNKNOWN, /* no such call is open or ended lately */
	CALLS_NONE,
	CALLS_SOME,
	CALLS_WHOLE,
};

enum calls_part calls_part_of(const struct calls *calls, const char *call,
			      const struct scope *scope);

/* Where a unit of such a call is published; NULL when it has none such. */
const char *calls_area_of(const struct calls *calls, const char *call,
			  const char *unit);

/* The call that goes on on a channel, if any of it is within scope; else "". */
const char *calls_seen_on(const struct calls *calls, const char *channel,
			  const struct scope *scope);

/* How many open calls have a unit within scope. */
size_t calls_open_within(const struct calls *calls, const struct scope *scope);

/* What is not there; what somebody may not see is refused in the same words. */
#define CALLS_NO_OPEN_CALL "no call '%s' is open; look with calls"
#define CALLS_NO_LATE_CALL                                                     \
	"call '%s' is not open and did not end in the last 12 hours"
#define CALLS_NO_SUCH_UNIT "unit '%s' is not of call %s"
#define CALLS_NO_ALARM     "no alarm holds channel '%s'"
