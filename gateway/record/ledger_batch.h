/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ledger_batch.h - what one batch holds, on its way from main to the writer
 *
 * For the ledger's own files; its makers use ledger.h.  The bytes of an event
 * are its body, packed once, with room before them: the writer puts the head
 * there, and both together are the packed Event that every feed carries
 * (protobuf merges messages that stand one after the other).
 *
 * Memory:  malloc, so that a batch can cross threads.
 * Threads: filled by one thread, then handed over whole.
 */
#pragma once

#include "gateway/record/ledger.h"
#include "proto/topic.h"

/* Epoch, seq, gateway, time, topic, topic_seq with tags and lengths. */
#define LEDGER_HEAD_MAX 128

enum ledger_op_kind {
	LEDGER_EVENT,
	LEDGER_CALL,
	LEDGER_IDEMPOTENCY,
	LEDGER_KEY,
	LEDGER_KEY_GONE,
	LEDGER_UNIT,
	LEDGER_UNIT_GONE,
	LEDGER_CHANNEL,
	LEDGER_CHANNEL_GONE,
};

struct ledger_op {
	struct ledger_op *next;
	enum ledger_op_kind kind;
	bool open;                /* CALL */
	char topic[TOPIC_MAX];    /* EVENT */
	struct ledger_event told; /* EVENT: filled in by the writer */
	int64_t time_us;          /* EVENT: when it was added; CALL: started */
	/* EVENT, CALL: the call; IDEMPOTENCY: principal; a code or public key
	 */
	const char *name;
	const char *idempotency_key; /* IDEMPOTENCY */
	uint8_t digest[32];
	size_t len;
	uint8_t *data; /* EVENT: LEDGER_HEAD_MAX bytes of room lie before it */
};

struct ledger_batch {
	struct ledger_batch *next;
	struct ledger_op *first;
	struct ledger_op **last;
	size_t op_count;
	uint64_t first_seq; /* filled in by the writer; 0: no event */
	uint64_t last_seq;
	void (*done)(void *data, uint64_t first, uint64_t last);
	void *data;
};
