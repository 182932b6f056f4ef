/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plan.h - a plan as a person reads it before anything is sent
 *
 * Memory:  nothing stays.
 * Threads: one.
 */
#pragma once

#include "proto/gridcall.pb-c.h"

/* Channels with their times, warnings, who is not asked and why; on stdout. */
void plan_put(const Gridcall__V1__Plan *plan);
