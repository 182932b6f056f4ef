/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * report_fold.h - what a report keeps while events are folded into it
 *
 * For report.c and report_fold.c alone; the door for all others is report.h.
 *
 * Memory:  all hangs below the report.
 * Threads: any; each report belongs to one thread.
 */
#pragma once

#include "gateway/call/report.h"

#include <osmocom/core/hashtable.h>
#include <osmocom/core/linuxlist.h>

#define AREA_MAX 64

struct report_unit {
	struct llist_head entry;
	struct hlist_node node;
	struct hlist_node awaiting; /* the over it was heard in to end */
	Gridcall__V1__ReportUnit message;
	Gridcall__V1__CalledUnit called; /* shallow; strings below report */
	char area[AREA_MAX];
	uint32_t sent_ms;
};

struct report_channel {
	struct llist_head entry;
	struct hlist_node node;
	const char *code;
	const char *open_unit;
	bool held;
	uint32_t least_ms; /* while the least of all is sought */
};

struct report_over {
	struct hlist_node node;
	const char *id;
	const char *recording;
	int64_t began_at_us;
	uint32_t length_ms;
};

struct report {
	const char *call;
	const struct scope *scope; /* NULL: everything */
	bool is_partial;           /* some of its units are outside scope */
	struct llist_head units;
	struct llist_head channels;
	/*
	 * A city's call has some 20,000 units on 1,700 channels, and as many
	 * overs: nothing here may go through all of them for one event.
	 */
	DECLARE_HASHTABLE(units_by_code, 12);
	DECLARE_HASHTABLE(units_awaiting, 10); /* by over */
	DECLARE_HASHTABLE(channels_by_code, 10);
	DECLARE_HASHTABLE(overs, 12);
	size_t unit_count;
	int64_t started_us;
	int64_t ended_us;
	int64_t last_us;
	bool is_started;
	const char *state; /* of the call; alarms may hold all of it besides */
	Gridcall__V1__Report message;
	Gridcall__V1__CallSummary summary;
};

/* By code, or by an over's id; NULL when the call has none. */
struct report_unit *report_find_unit(const struct report *report,
				     const char *code);
struct report_channel *report_find_channel(const struct report *report,
					   const char *code);
struct report_over *report_find_over(const struct report *report,
				     const char *id);
