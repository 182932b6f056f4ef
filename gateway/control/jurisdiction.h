/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * jurisdiction.h - what of units, channels and calls is somebody's own
 *
 * A unit is theirs by its grid.  A channel is seen by its home or any of its
 * grids, and is theirs, to hear and to speak on, by its home.  A call is seen
 * with their units of it, and is theirs when every unit is.
 *
 * What is outside is refused as if it did not exist, where the refusal would
 * tell that it does.
 *
 * Threads: main, except the predicates: any.
 */
#pragma once

#include "gateway/control/authority.h"
#include "gateway/record/scope.h"

struct command;
struct fault;

bool unit_is_theirs(const struct principal *principal, const struct unit *unit);
bool channel_is_seen(const struct principal *principal,
		     const struct channel_entry *channel);
bool channel_is_theirs(const struct principal *principal,
		       const struct channel_entry *channel);

/* What a principal sees, NULL: everything.  It must live as long as scope. */
const struct scope *jurisdiction_of(const struct principal *principal,
				    struct scope *scope);

/*
 * Whether what a request names is theirs: 0, or -EINVAL and the command's
 * fault.  It comes right before the handler, after all that could be refused
 * of a thing that does not exist, so that no refusal tells one from the other.
 * What does not exist is refused here or, in the same words and before all
 * else, by the handler.  So is a request that names nothing: it goes by what
 * they see.
 */
int jurisdiction_judge(struct command *command);

/*
 * For handlers that find out later: count the command's fault as a refusal for
 * want of jurisdiction, although it says that there is no such thing.
 */
int jurisdiction_outside(struct command *command);

/* The channel's code in a recording's name, "" when it has none. */
void jurisdiction_recorded_on(char *code, size_t size, const char *recording);

#define JURISDICTION_NO_UNIT                                                   \
	"there is no unit '%.64s'; \"gridcall units\" lists them"
#define JURISDICTION_NO_RECORDING                                              \
	"there is no recording '%s'; that of an over that just ended is "      \
	"there in a moment, so ask again"
