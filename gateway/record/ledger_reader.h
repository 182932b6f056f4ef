/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ledger_reader.h - the threads that read, each with a connection of its own
 *
 * Jobs are taken in order by whichever reader is free; each job sees one state
 * of the ledger from its first question to its last.  The questions themselves
 * (ledger_reader_select() and its kin) are declared in ledger_query.h.
 *
 * Threads: alloc, put and free main.
 */
#pragma once

#include "gateway/record/ledger_topics.h"
#include "gateway/record/ledger_writer.h"

#define LEDGER_READERS 2

struct ledger_readers;

/* One connection; for the files of the ledger alone. */
struct ledger_reader {
	struct database *database;
	int64_t epoch_number;
	struct ledger_topics topics;
	struct ledger_pulse pulse;
};

struct ledger_job {
	struct ledger_job *next;
	uint64_t after; /* batches that must be written before */
	void (*work)(struct ledger_reader *reader, void *data);
	void (*done)(void *data);
	void *data;
};

struct ledger_readers_config {
	const char *path;
	int64_t epoch_number;
	struct ledger_writer *writer; /* borrowed */
	struct ledger_post *post;     /* borrowed */
};

/* NULL and a sentence when a connection or a thread can't be had. */
struct ledger_readers *
ledger_readers_alloc(const struct ledger_readers_config *config,
		     struct gridcall_why *why);

/* Accepts NULL.  Always returns NULL.  Works off what is queued. */
struct ledger_readers *ledger_readers_free(struct ledger_readers *readers);

/* Queue a job (malloc), which the readers then own. */
void ledger_readers_put(struct ledger_readers *readers, struct ledger_job *job);

/* Whether each made progress or had nothing to do. */
bool ledger_readers_are_alive(struct ledger_readers *readers);

/* One reader for the calling thread alone, without a pool. */
struct ledger_reader *ledger_reader_alloc(const char *path,
					  int64_t epoch_number,
					  struct gridcall_why *why);

/* Accepts NULL.  Always returns NULL. */
struct ledger_reader *ledger_reader_free(struct ledger_reader *reader);

/* Run work() on one state of the ledger. */
void ledger_reader_run(struct ledger_reader *reader,
		       void (*work)(struct ledger_reader *reader, void *data),
		       void *data);

struct ledger_pulse *ledger_reader_pulse(struct ledger_reader *reader);
