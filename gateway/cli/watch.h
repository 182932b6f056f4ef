/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * watch.h - shows a call while it goes on, as a board, lines or JSON
 *
 * The feed is opened before the call is started, so that nothing of it is
 * missed; a feed that was lost is mended by the client library, and a history
 * that broke is taken from a report.
 *
 * Memory:  malloc; watch_clear() after watch_open(), also a failed one.
 * Threads: one.
 */
#pragma once

#include "gateway/cli/board.h"
#include "gateway/cli/cli.h"

struct watch {
	struct cli *cli;
	struct board *board; /* NULL until the call is known */
	struct gridcall_subscription *feed;
	char **prefixes;
	size_t prefix_count;
	int64_t asked_ms; /* when a report was asked for last */
	bool broken;      /* the history broke: a report is needed */
	bool fresh;       /* something changed since it was drawn */
	bool screen;      /* drawn in place, not told line by line */
	const char *trouble;
	char sentence[256];
};

/*
 * Subscribe to all that this principal may see.  position as in gridcall.h;
 * NULL: from now on, and it returns when the feed knows what "now" is.
 */
enum status watch_open(struct watch *watch, struct cli *cli,
		       const char *position);

/*
 * Show the call until it ends.  STATUS_DONE at its end, STATUS_INTERRUPTED when
 * the officer left.
 */
enum status watch_run(struct watch *watch, struct board *board);

void watch_clear(struct watch *watch);
