/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ledger_book.h - numbers, encodes and writes batches, one transaction a group
 *
 * Memory:  malloc.
 * Threads: the writer's, once it runs.
 */
#pragma once

#include "gateway/record/ledger_batch.h"
#include "gateway/record/ledger_schema.h"
#include "gateway/record/ledger_trim.h"

struct ledger_book;

/*
 * Takes over database; mark_fd stays the caller's.  NULL and a sentence when
 * the ledger can't be read.
 */
struct ledger_book *ledger_book_alloc(struct database *database,
				      const struct ledger_schema *schema,
				      int mark_fd, struct gridcall_why *why);

/* Accepts NULL.  Always returns NULL.  Notes a clean end in the mark. */
struct ledger_book *ledger_book_free(struct ledger_book *book);

/*
 * Write a list of batches in one transaction.  On success their events know
 * their numbers and bytes.  On error nothing was written or numbered, and why
 * says what the disk said.
 */
int ledger_book_write(struct ledger_book *book, struct ledger_batch *first,
		      struct gridcall_why *why);

/* Open the file again after an error that may have left it in disorder. */
int ledger_book_reopen(struct ledger_book *book, struct gridcall_why *why);

/* Take a step of trimming if one is due; see ledger_trim.h. */
void ledger_book_trim(struct ledger_book *book, struct ledger_trim *trim);

/* Pages in the log that were not moved home. */
int ledger_book_log_pages(struct ledger_book *book);

/* Move them home now; short when the keeper has just done so. */
void ledger_book_checkpoint(struct ledger_book *book);
