/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plan.h - how long a call takes, told before anything is sent
 *
 * A plan's id is good for ten minutes; started by id it is
 * made afresh, so that it fits the directory and the radios of that moment.
 *
 * Units:   milliseconds end in _ms.
 * Memory:  below the ctx passed.
 * Threads: main only.
 */
#pragma once

#include "gateway/call/roster.h"
#include "gateway/call/set.h"

/* What a person takes, until measured ones say better. */
#define PLAN_REACTION_MS 2500 /* from the end of the cue to the key */
#define PLAN_OVER_MS     3000 /* key-up, the keys, and letting go */
#define PLAN_CUE_MS      1200 /* a cue that was not measured yet */
#define PLAN_ID_MAX      20

struct call;

/* Tell it, with times as of now. */
Gridcall__V1__Plan *plan_make(struct calls *calls, void *ctx,
			      const struct roster *roster, const char *id);

/*
 * Remember a principal's request under a new id, or find it again; NULL: it
 * expired, or is another's.
 */
void plan_keep(struct calls *calls, const char *principal,
	       const Gridcall__V1__PlanRequest *request, char id[PLAN_ID_MAX]);
const Gridcall__V1__PlanRequest *
plan_find(struct calls *calls, const char *principal, const char *id);

/* How long the cue of a unit sounds; 0: there is no recording of it. */
uint32_t plan_cue_ms(const struct calls *calls, const char *unit,
		     const char *number);
