/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * directory_message.h - a unit or a channel as a message, and back
 *
 * Memory:  shallow: the result points into what it was made from, which must
 *          live as long.  Only the lists of a row made from a message are new,
 *          below ctx.
 * Threads: any.
 */
#pragma once

#include "gateway/record/directory.h"
#include "proto/gridcall.pb-c.h"

/* message is initialised here; state, call and figures stay at their zero. */
void unit_to_message(const struct unit *unit, Gridcall__V1__Unit *message);
void channel_to_message(const struct channel_entry *channel,
			Gridcall__V1__Channel *message);

void unit_from_message(struct unit *unit, void *ctx,
		       const Gridcall__V1__Unit *message);
void channel_from_message(struct channel_entry *channel, void *ctx,
			  const Gridcall__V1__Channel *message);
