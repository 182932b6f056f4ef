/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * live.h - what listen and talk share: which channels, and who is told of it
 *
 * Threads: main.
 */
#pragma once

#include "gateway/control/command.h"

/*
 * A channel whose home is within the asker's jurisdiction.  NULL and the
 * command's fault otherwise: what they don't see is answered like what is not
 * there.
 */
const struct channel_entry *live_channel(struct command *command,
					 const char *code);

/* That this command is about a channel: told at its home too. */
void live_audit(struct command *command, struct ledger_batch *batch,
		const struct channel_entry *channel);
