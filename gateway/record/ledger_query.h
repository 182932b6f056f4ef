/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ledger_query.h - what may be asked of the ledger
 *
 * For the work function of ledger_read() and ledger_read_now(): every question
 * of one run sees the same state of the ledger.
 *
 * Memory:  bytes passed to visit() last for that call.
 * Threads: the reader's; visit() must not ask the same question again, because
 *          a question has one statement.
 * Errors:  0 or a negative errno; visit() ends a question by false.
 */
#pragma once

#include "gateway/record/ledger_select.h"

/* Events of one call, in order. */
int ledger_reader_call(struct ledger_reader *reader, const char *call,
		       bool (*visit)(void *data,
				     const struct ledger_event *event),
		       void *data);

/* Events of one durable kind ("alarm") of every epoch, in order. */
int ledger_reader_kind(struct ledger_reader *reader, const char *kind,
		       bool (*visit)(void *data,
				     const struct ledger_event *event),
		       void *data);

/* Newest first; packed CallSummary, until visit() returns false. */
int ledger_reader_calls(struct ledger_reader *reader, bool open_only,
			bool (*visit)(void *data, const uint8_t *summary,
				      size_t len),
			void *data);

/* The packed CallSummary of one call, if it is there. */
int ledger_reader_summary(struct ledger_reader *reader, const char *call,
			  bool (*visit)(void *data, const uint8_t *summary,
					size_t len),
			  void *data);

/* The last topic_seq of every topic that has one of the prefixes, in order. */
int ledger_reader_tails(struct ledger_reader *reader,
			const struct prefixes *prefixes,
			bool (*visit)(void *data, const char *topic,
				      uint64_t topic_seq),
			void *data);

/* Last seq committed. */
uint64_t ledger_reader_seq(struct ledger_reader *reader);

/* From here on every event of the epoch in force is kept; see ledger-keep. */
uint64_t ledger_reader_first_seq(struct ledger_reader *reader);

/*
 * The reply kept under an idempotency key.  0 and bytes to be freed with
 * talloc_free(), -ENOENT, or -EEXIST when the digest is another.
 */
int ledger_reader_idempotency(struct ledger_reader *reader, void *ctx,
			      const char *principal,
			      const char *idempotency_key,
			      const uint8_t digest[32], uint8_t **reply,
			      size_t *len);

/* Every principal's CURVE key, in force or not; packed Key. */
int ledger_reader_keys(struct ledger_reader *reader,
		       bool (*visit)(void *data, const uint8_t *key,
				     size_t len),
		       void *data);

/* What ledger_reader_rows() goes through, in order of code. */
enum ledger_table {
	LEDGER_UNITS,      /* packed Unit */
	LEDGER_CHANNELS,   /* packed Channel */
	LEDGER_OPEN_CALLS, /* packed CallSummary */
};

/* Rows from a code on, that of it included, until visit() returns false. */
int ledger_reader_rows(struct ledger_reader *reader, enum ledger_table table,
		       const char *from,
		       bool (*visit)(void *data, const char *code,
				     const uint8_t *bytes, size_t len),
		       void *data);

/* Build the directory from its rows, below ctx. */
struct directory *ledger_reader_directory(struct ledger_reader *reader,
					  void *ctx);
