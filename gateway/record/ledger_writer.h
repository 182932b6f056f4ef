/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ledger_writer.h - the one thread that writes
 *
 * It takes everything that is queued and writes it as one group; while the
 * disk works on that, the next group gathers.  When the disk refuses, the
 * group is kept, the reserve beside the ledger is given back to the disk so
 * that what is queued still finds room, and every second it tries again.
 * Trouble is over when writing works and the reserve was made anew.
 *
 * Threads: put, given, stats and stop main; wait the readers.
 */
#pragma once

#include "gateway/record/ledger_book.h"
#include "gateway/record/ledger_keeper.h"
#include "gateway/record/ledger_post.h"
#include "gateway/record/ledger_pulse.h"

struct ledger_writer;

struct ledger_writer_config {
	const char *path;
	uint64_t reserve;
	int64_t keep_us;              /* 0: for ever */
	struct ledger_book *book;     /* taken over */
	struct ledger_keeper *keeper; /* borrowed */
	struct ledger_post *post;     /* borrowed */
};

/* NULL when there is no thread to be had; book is freed then, too. */
struct ledger_writer *
ledger_writer_start(const struct ledger_writer_config *config);

/*
 * Write what is queued, or try once more when the disk refuses, and free.
 * Returns how many batches could not be written and are lost.
 */
size_t ledger_writer_stop(struct ledger_writer *writer);

/* Queue a batch, which the writer then owns. */
void ledger_writer_put(struct ledger_writer *writer,
		       struct ledger_batch *batch);

/* How many batches were ever put. */
uint64_t ledger_writer_given(struct ledger_writer *writer);

/* Wait until that many are written, but not while the disk refuses. */
void ledger_writer_wait(struct ledger_writer *writer, uint64_t count);

/* Whether the disk refuses now. */
bool ledger_writer_is_stuck(struct ledger_writer *writer);

void ledger_writer_stats(struct ledger_writer *writer,
			 struct ledger_stats *stats);
struct ledger_pulse *ledger_writer_pulse(struct ledger_writer *writer);
