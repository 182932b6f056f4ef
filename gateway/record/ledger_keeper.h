/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ledger_keeper.h - moves the write-ahead log home beside the writer
 *
 * A checkpoint writes and syncs much; on a thread and a connection of its own
 * it does not stall the writer, who goes on appending to the log.  After an
 * end that was not clean the keeper also reads the whole ledger once and looks
 * whether it is sound.
 *
 * Threads: alloc and free main; ledger_keeper_kick() the writer.
 */
#pragma once

#include "plugins/plugin.h"

#include <stdbool.h>

struct ledger_keeper;
struct ledger_post;

/* NULL and a sentence when it can't start.  check: look whether it is sound. */
struct ledger_keeper *ledger_keeper_alloc(const char *path, bool check,
					  struct ledger_post *post,
					  struct gridcall_why *why);

/* Accepts NULL.  Always returns NULL.  Waits for a checkpoint to end. */
struct ledger_keeper *ledger_keeper_free(struct ledger_keeper *keeper);

/* Ask for a checkpoint; more often than it can does no harm. */
void ledger_keeper_kick(struct ledger_keeper *keeper);
