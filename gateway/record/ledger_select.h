/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ledger_select.h - the events after a seq whose topics have given prefixes
 *
 * Who selects much is served by reading on in order; who selects little out of
 * a long history by the index of topics, stretch by stretch.  Which of the two
 * shows by itself: it begins in order and changes over when too few rows fit.
 *
 * Threads: the reader's; see ledger_query.h, which this belongs to.
 */
#pragma once

#include "gateway/record/ledger.h"
#include "proto/prefixes.h"

struct ledger_selection {
	uint64_t after_seq;
	const struct prefixes *prefixes;
	uint64_t work_max; /* rows looked at; then it leaves off with more */
	/* false: this one is not taken, leave off with more. */
	bool (*visit)(void *data, const struct ledger_event *event);
	/* Asked now and then: true leaves off with more.  May be NULL. */
	bool (*should_stop)(void *data);
	void *data;
};

struct ledger_selected {
	uint64_t through_seq; /* all that fits up to here was visited */
	uint64_t work;        /* rows looked at */
	bool more;            /* not all that there is was looked at */
};

/* In order of seq, of the epoch in force.  0 or a negative errno. */
int ledger_reader_select(struct ledger_reader *reader,
			 const struct ledger_selection *selection,
			 struct ledger_selected *selected);
