/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tally.h - how many units of a call are in which state
 *
 * The same figures in a summary, a report and a call's last event.
 *
 * Threads: any; plain data.
 */
#pragma once

#include "proto/gridcall.pb-c.h"

struct tally {
	uint32_t units;
	uint32_t agrees;
	uint32_t attention;
	uint32_t doubtful;
	uint32_t heard;
	uint32_t silent;
	uint32_t not_asked;
	uint32_t pending; /* called or yet to be */
};

void tally_add(struct tally *tally, Gridcall__V1__UnitState state,
	       Gridcall__V1__Grade grade);

void tally_to_summary(const struct tally *tally,
		      Gridcall__V1__CallSummary *summary);

/* What is still pending was not asked when a call ends. */
void tally_to_ended(const struct tally *tally, Gridcall__V1__CallEnded *ended);
