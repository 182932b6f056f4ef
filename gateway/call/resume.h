/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * resume.h - calls taken up again after a restart
 *
 * State comes from the fold of each call's events (report.h) and from nothing
 * else: what was not committed had no effect on the air.
 *
 * Threads: main only, at start.
 */
#pragma once

#include "gateway/call/set.h"

/* Make the open calls, and those that ended lately, from the ledger. */
void resume_all(struct calls *calls);
