/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ledger_trim.h - takes events away that are older than the site keeps them
 *
 * In small batches, between what the writer has to write.  What is still of
 * use stays, however old: the events of a call that is open or of which any is
 * young enough, so that a report is whole; an alarm that nobody released; the
 * newest event of all, because numbers go on from it.  How far it came stands
 * in the ledger as first_seq, in the same transaction.
 *
 * Units:   microseconds; the age of events is UTC, the rest monotonic.
 * Threads: the writer's.
 */
#pragma once

#include "gateway/record/database.h"

#include <stdbool.h>
#include <stdint.h>

struct ledger_trim {
	int64_t keep_us;    /* 0: for ever */
	uint64_t due_us;    /* when to take the next step */
	int64_t at;         /* id of the event that was last looked at */
	int64_t reached_us; /* time of the latest event before it */
};

/*
 * Take one step if one is due, in a transaction of its own.  An error leaves
 * the ledger as it was; it is tried again later.
 */
void ledger_trim_step(struct ledger_trim *trim, struct database *database,
		      int64_t epoch_number);
