/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/ledger_batch.h"

#include "gateway/clock.h"

#include <errno.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>

struct ledger_batch *ledger_batch_alloc(struct ledger *ledger)
{
	struct ledger_batch *batch = calloc(1, sizeof(*batch));

	OSMO_ASSERT(batch);
	batch->last = &batch->first;
	return batch;
}

void ledger_batch_free(struct ledger_batch *batch)
{
	struct ledger_op *op, *next;

	if (!batch)
		return;
	for (op = batch->first; op; op = next) {
		next = op->next;
		free(op);
	}
	free(batch);
}

/* One allocation: the op, name, second, room, then len bytes at data. */
static struct ledger_op *add(struct ledger_batch *batch,
			     enum ledger_op_kind kind, const char *name,
			     const char *second, size_t len)
{
	size_t name_size = strlen(name) + 1;
	size_t second_size = strlen(second) + 1;
	size_t room = kind == LEDGER_EVENT ? LEDGER_HEAD_MAX : 0;
	struct ledger_op *op;
	char *text;

	op = malloc(sizeof(*op) + name_size + second_size + room + len);
	OSMO_ASSERT(op);
	memset(op, 0, sizeof(*op));
	op->kind = kind;
	text = (char *)(op + 1);
	op->name = memcpy(text, name, name_size);
	op->idempotency_key = memcpy(text + name_size, second, second_size);
	op->data = (uint8_t *)text + name_size + second_size + room;
	op->len = len;
	*batch->last = op;
	batch->last = &op->next;
	batch->op_count++;
	return op;
}

int ledger_batch_event(struct ledger_batch *batch, const char *topic,
		       const char *call, const Gridcall__V1__Event *body)
{
	static const Gridcall__V1__Event empty = GRIDCALL__V1__EVENT__INIT;
	Gridcall__V1__Event bare = *body;
	struct topic parts;
	struct ledger_op *op;

	if (topic_parse(&parts, topic, strlen(topic)) ||
	    !topic_kind_is_durable(parts.kind))
		return -EINVAL;
	/* What comes last in the bytes wins, so no field of the head here. */
	bare.epoch = empty.epoch;
	bare.seq = 0;
	bare.gateway = empty.gateway;
	bare.time_us = 0;
	bare.topic = empty.topic;
	bare.topic_seq = 0;
	op = add(batch, LEDGER_EVENT, call, "",
		 gridcall__v1__event__get_packed_size(&bare));
	gridcall__v1__event__pack(&bare, op->data);
	strcpy(op->topic, topic);
	op->time_us = clock_utc_us();
	return 0;
}

void ledger_batch_call(struct ledger_batch *batch, bool open,
		       const Gridcall__V1__CallSummary *summary)
{
	struct ledger_op *op;

	op = add(batch, LEDGER_CALL, summary->call, "",
		 gridcall__v1__call_summary__get_packed_size(summary));
	gridcall__v1__call_summary__pack(summary, op->data);
	op->open = open;
	op->time_us = summary->started_at_us;
}

void ledger_batch_idempotency(struct ledger_batch *batch, const char *principal,
			      const char *idempotency_key,
			      const uint8_t digest[32], const uint8_t *reply,
			      size_t len)
{
	struct ledger_op *op;

	op = add(batch, LEDGER_IDEMPOTENCY, principal, idempotency_key, len);
	memcpy(op->digest, digest, sizeof(op->digest));
	if (len)
		memcpy(op->data, reply, len);
	op->time_us = clock_utc_us();
}

void ledger_batch_key(struct ledger_batch *batch, const Gridcall__V1__Key *key)
{
	struct ledger_op *op;

	op = add(batch, LEDGER_KEY, key->public_key, "",
		 gridcall__v1__key__get_packed_size(key));
	gridcall__v1__key__pack(key, op->data);
}

void ledger_batch_key_gone(struct ledger_batch *batch, const char *public_key)
{
	add(batch, LEDGER_KEY_GONE, public_key, "", 0);
}

void ledger_batch_unit(struct ledger_batch *batch,
		       const Gridcall__V1__Unit *unit)
{
	struct ledger_op *op;

	op = add(batch, LEDGER_UNIT, unit->code, "",
		 gridcall__v1__unit__get_packed_size(unit));
	gridcall__v1__unit__pack(unit, op->data);
}

void ledger_batch_unit_gone(struct ledger_batch *batch, const char *code)
{
	add(batch, LEDGER_UNIT_GONE, code, "", 0);
}

void ledger_batch_channel(struct ledger_batch *batch,
			  const Gridcall__V1__Channel *channel)
{
	struct ledger_op *op;

	op = add(batch, LEDGER_CHANNEL, channel->code, "",
		 gridcall__v1__channel__get_packed_size(channel));
	gridcall__v1__channel__pack(channel, op->data);
}

void ledger_batch_channel_gone(struct ledger_batch *batch, const char *code)
{
	add(batch, LEDGER_CHANNEL_GONE, code, "", 0);
}
