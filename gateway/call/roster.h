/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * roster.h - who would be asked, and who not and why
 *
 * The same roster makes the plan that an officer sees and the call that is
 * started from it.
 *
 * Memory:  below the ctx passed; units and channels are the directory's.
 * Threads: main only.
 */
#pragma once

#include "gateway/call/set.h"

#include <time.h>

/* One unit chosen, and whether it is asked. */
struct candidate {
	const struct unit *unit;
	const struct channel_entry *channel; /* NULL: no such channel */
	Gridcall__V1__UnitState state; /* PENDING, or why it is not asked */
	uint32_t place;                /* in its channel's order */
};

/* Why it is not asked, where its state says too little; else "". */
const char *candidate_reason(const struct candidate *candidate);

struct roster {
	Gridcall__V1__CallOptions *options; /* defaults filled in */
	const char *selector;
	const char *announcement; /* path; NULL: it came with the request */
	uint32_t announcement_ms; /* with its lead-in; 0: not measured yet */
	struct candidate *candidates; /* by channel, then number */
	size_t count;
	size_t asked;
	struct tm local; /* duty hours are local time */
	int64_t now_us;  /* UTC: excuses end */
};

/*
 * Choose within scope and check.  NULL and fault: no units, a mode not built,
 * an unknown option, no announcement or one too long for a channel.
 */
struct roster *roster_make(struct calls *calls, void *ctx,
			   const Gridcall__V1__PlanRequest *request,
			   const struct scope *scope, struct fault *fault);

/*
 * Keep an announcement that came with the request, before a call is started
 * from the roster: options then name it.  0, or -EINVAL and fault.
 */
int roster_store_upload(struct calls *calls, struct roster *roster,
			struct fault *fault);
