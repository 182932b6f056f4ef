/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * import.h - units.csv and channels.csv become a directory, or a list of faults
 *
 * Every row is checked and every fault is told with its file, row, column and
 * value.  Only when there is none is there a new directory, with the list of
 * what changes.  A file that is given replaces all rows of its kind; one that
 * is not keeps those of the directory in force.
 *
 * Columns: as design of the files says, in any order, each exactly once; lists
 *          with ';'.  Times of a channel: lead_ms 0 to 2000, hang_ms 0 to
 *          10000, tail_ms 0 to 2000, tx_limit_s 1 to 600, over_limit_s 1 to
 *          3600.
 * Memory:  one talloc tree below ctx.  It points into existing, which must
 *          live as long; the new directory stands alone and may be stolen.
 * Threads: any; nothing of the main loop is touched, so that it can be a job.
 */
#pragma once

#include "gateway/fault.h"
#include "gateway/record/directory.h"
#include "gateway/record/ledger.h"
#include "proto/gridcall.pb-c.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More are counted, not kept. */
#define IMPORT_FAULTS_MAX 10000

struct import_files {
	const uint8_t *units; /* NULL: not given */
	size_t units_len;
	const uint8_t *channels; /* NULL: not given */
	size_t channels_len;
};

/* What other rooms know; each may be NULL. */
struct import_rules {
	/* Asked at each row: nobody waits for the result any more. */
	bool (*should_stop)(void *data);
	void *data;
	int (*check_signalling)(const char *signalling, struct fault *fault);
	int (*check_number)(const struct channel_entry *channel,
			    const char *number, struct fault *fault);
};

struct import_fault {
	const char *file; /* units.csv or channels.csv */
	uint32_t row;     /* the header is row 1; 0: the whole file */
	const char *column;
	const char *value;
	const char *sentence;
	size_t order; /* in which it was found */
};

/* One of the two pairs is set; before is NULL when added, now when removed. */
struct import_change {
	Gridcall__V1__Change change;
	const struct unit *unit;
	const struct unit *unit_before;
	const struct channel_entry *channel;
	const struct channel_entry *channel_before;
	char **columns;  /* CHANGED: which */
	char **wordings; /* "column: old → new" */
	size_t column_count;
};

struct import {
	struct directory *directory; /* NULL when there is a fault */
	struct import_fault *faults; /* by file and row */
	size_t fault_count;          /* kept */
	size_t fault_total;
	struct import_change *changes; /* channels first, then by code */
	size_t change_count;
	size_t added;
	size_t changed;
	size_t removed;
	size_t same;
	const char *encoding; /* of units.csv, else of channels.csv */
	const struct import_rules *rules;
	bool stopped; /* by the rules: neither directory nor faults count */
};

/* The rules must live as long as the import. */
struct import *import_run(void *ctx, const struct import_files *files,
			  const struct directory *existing,
			  const struct import_rules *rules);

/* Fill the message; it points into import, its arrays hang below ctx. */
void import_reply(const struct import *import, void *ctx,
		  Gridcall__V1__ImportReply *reply);

/* Whether the rules stop it; from then on it is stopped. */
bool import_should_stop(struct import *import);

/*
 * Add the changed rows to a batch, and an event for every unit that changed;
 * a unit that moved to another grid is told on both.  Stopped half way, the
 * batch must not be committed.
 */
void import_write(struct import *import, struct ledger_batch *batch,
		  const char *principal);
