/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report.h - the state of a call, folded from its events
 *
 * The same fold makes a report for an officer and the state from which a
 * restart goes on, so the two can't differ.
 *
 * Memory:  below ctx.
 * Threads: any; each report belongs to one thread.
 */
#pragma once

#include "gateway/record/ledger.h"
#include "proto/gridcall.pb-c.h"

struct report;

struct report *report_alloc(void *ctx, const char *call);

/* Take in the next event of the call, in order of seq.  Others are ignored. */
void report_add(struct report *report, uint64_t seq, int64_t time_us,
		const Gridcall__V1__Event *event);

/* The message; lasts as long as report and until the next report_add(). */
const Gridcall__V1__Report *report_message(struct report *report);

/* [reader] Fold a whole call.  -ENOENT when the ledger has none. */
int report_read(struct ledger_reader *reader, struct report *report);
