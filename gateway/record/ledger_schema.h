/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ledger_schema.h - the tables of a ledger, its version and its epochs
 *
 * An event's id is the number of its epoch times 2^40 plus its seq, so that
 * events of earlier epochs stay readable as history, in order, in one table.
 *
 * Threads: whichever owns the database.
 */
#pragma once

#include "gateway/record/database.h"
#include "gateway/record/ledger_mark.h"
#include "plugins/plugin.h"

#include <stdbool.h>
#include <stdint.h>

#define LEDGER_SCHEMA   2
#define LEDGER_SEQ_BITS 40
#define LEDGER_KEPT_US  (7 * 86400 * INT64_C(1000000)) /* a reply's life */

/* What ledger_schema_open() is told and what it found. */
struct ledger_schema {
	const char *path;
	const char *gateway;
	bool restored;           /* told so */
	struct ledger_mark mark; /* as read; then as to be written */
	int64_t epoch_number;
	char note[256]; /* why there is a new epoch; "" when there is none */
};

static inline int64_t ledger_id(int64_t epoch_number, uint64_t seq)
{
	return (epoch_number << LEDGER_SEQ_BITS) + (int64_t)seq;
}

static inline uint64_t ledger_id_seq(int64_t id)
{
	return (uint64_t)id & ((UINT64_C(1) << LEDGER_SEQ_BITS) - 1);
}

/*
 * Make the tables in an empty database, or check that they are this gateway's
 * and of a schema known here, and bring an older one to this; begin a new epoch
 * where the ledger was restored.
 * On error why holds a sentence.
 */
int ledger_schema_open(struct database *database, struct ledger_schema *schema,
		       struct gridcall_why *why);

/* The last seq of an epoch; 0 when it has none. */
int ledger_schema_last_seq(struct database *database, int64_t epoch_number,
			   uint64_t *seq);
