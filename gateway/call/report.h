/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report.h - the state of a call, folded from its events
 *
 * The same fold makes a report for an officer and the state from which a
 * restart goes on, so the two can't differ.
 *
 * Over and alarm events come twice when a unit's grid is not its channel's
 * home; the fold takes each once.
 *
 * Memory:  below ctx.
 * Threads: any; each report belongs to one thread.
 */
#pragma once

#include "gateway/record/ledger.h"
#include "proto/gridcall.pb-c.h"

#include <stdbool.h>
#include <stdint.h>

struct report;
struct scope;

struct report *report_alloc(void *ctx, const char *call);

/*
 * Fold only what is told on topics of scope, before the first event: units,
 * channels and figures are those of it, and how the call was selected is left
 * out where others are in it too.
 */
void report_within(struct report *report, const struct scope *scope);

/* Take in the next event of the call, in order of seq.  Others are ignored. */
void report_add(struct report *report, uint64_t seq, int64_t time_us,
		const Gridcall__V1__Event *event);

/* The message; lasts as long as report and until the next report_add(). */
const Gridcall__V1__Report *report_message(struct report *report);

/* Whether the call is there, but nothing of it is within scope. */
bool report_is_outside(const struct report *report);

/* ---- what a restart needs besides the message ---- */

/* The unit whose turn a channel was at; NULL before its first turn. */
const char *report_open_unit(const struct report *report, const char *channel);

/* district.station.grid under which a unit's part of the call is published. */
const char *report_area(const struct report *report, const char *unit);

/* Whether something was told to hold a channel, and not that it let go. */
bool report_channel_is_held(const struct report *report, const char *channel);

/* The call's own state, whatever alarms hold besides. */
const char *report_call_state(const struct report *report);

/* When the last event came, UTC; 0: none. */
int64_t report_last_us(const struct report *report);

/* [reader] Fold a whole call.  -ENOENT when the ledger, or scope, has none. */
int report_read(struct ledger_reader *reader, struct report *report);

/*
 * [reader] How the call was selected, which no event tells when the call is of
 * several grids.  For who sees all of it; report_read() does it by itself.
 */
int report_read_selector(struct ledger_reader *reader, struct report *report);

/* The same as report_read(); -ECANCELED when is_wanted() was false before it
 * was done. */
int report_read_while(struct ledger_reader *reader, struct report *report,
		      bool (*is_wanted)(void *data), void *data);
