/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/ledger_book.h"

#include "gateway/clock.h"
#include "gateway/record/tails.h"

#include <errno.h>
#include <inttypes.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRUNE_EVERY_US UINT64_C(3600000000)

struct ledger_book {
	struct database *database;
	struct tails *tails;
	int64_t last_tail_id;
	struct ledger_mark mark; /* epoch, and the last seq written */
	uint64_t next_seq;       /* given out in the open transaction */
	int64_t epoch_number;
	int mark_fd;
	uint64_t pruned_us;
	char gateway[16];
	char *path;
};

static int load_tails(struct ledger_book *book)
{
	struct statement *statement;
	struct tail *tail;
	int rc;

	statement = database_prepare(book->database,
				     "SELECT id,topic,topic_seq FROM tail");
	if (!statement)
		return -EIO;
	while ((rc = statement_step(statement)) == 1) {
		tail = tails_get(book->tails, statement_text(statement, 1));
		if (!tail) {
			statement_reset(statement);
			return -EUCLEAN;
		}
		tail->id = statement_number(statement, 0);
		tail->topic_seq = (uint64_t)statement_number(statement, 2);
		tail->next = tail->topic_seq;
		if (tail->id > book->last_tail_id)
			book->last_tail_id = tail->id;
	}
	return rc;
}

struct ledger_book *ledger_book_alloc(struct database *database,
				      const struct ledger_schema *schema,
				      int mark_fd, struct gridcall_why *why)
{
	struct ledger_book *book = calloc(1, sizeof(*book));

	OSMO_ASSERT(book);
	book->database = database;
	book->tails = tails_alloc();
	book->path = strdup(schema->path);
	OSMO_ASSERT(book->tails && book->path);
	book->mark = schema->mark;
	book->epoch_number = schema->epoch_number;
	book->mark_fd = mark_fd;
	snprintf(book->gateway, sizeof(book->gateway), "%s", schema->gateway);
	if (load_tails(book)) {
		snprintf(why->text, sizeof(why->text),
			 "the topics of the ledger '%s' can't be read: %s",
			 book->path, database_error(database));
		return ledger_book_free(book);
	}
	(void)ledger_mark_write(mark_fd, &book->mark);
	return book;
}

struct ledger_book *ledger_book_free(struct ledger_book *book)
{
	if (!book)
		return NULL;
	book->database = database_close(book->database);
	book->mark.closed = true;
	(void)ledger_mark_write(book->mark_fd, &book->mark);
	tails_free(book->tails);
	free(book->path);
	free(book);
	return NULL;
}

/* The head, right before the body; see ledger_batch.h. */
static void encode(struct ledger_book *book, struct ledger_op *op)
{
	Gridcall__V1__Event head = GRIDCALL__V1__EVENT__INIT;
	uint8_t bytes[LEDGER_HEAD_MAX];
	size_t len;

	head.epoch = book->mark.epoch;
	head.seq = op->told.seq;
	head.gateway = book->gateway;
	head.time_us = op->time_us;
	head.topic = op->topic;
	head.topic_seq = op->told.topic_seq;
	OSMO_ASSERT(gridcall__v1__event__get_packed_size(&head) <=
		    sizeof(bytes));
	len = gridcall__v1__event__pack(&head, bytes);
	memcpy(op->data - len, bytes, len);
	op->told.payload = op->data - len;
	op->told.len = len + op->len;
	op->told.time_us = op->time_us;
	op->told.topic = op->topic;
}

static int write_event(struct ledger_book *book, struct ledger_op *op)
{
	struct tail *tail = tails_get(book->tails, op->topic);
	struct statement *statement;

	statement = database_prepare(
		book->database, "INSERT INTO event VALUES(?1,?2,?3,?4,?5,?6)");
	if (!statement || !tail)
		return -ENOMEM;
	if (!tail->id)
		tail->id = ++book->last_tail_id;
	tails_touch(book->tails, tail, 0);
	op->told.seq = ++book->next_seq;
	op->told.topic_seq = ++tail->next;
	encode(book, op);
	statement_set_number(statement, 1,
			     ledger_id(book->epoch_number, op->told.seq));
	statement_set_number(statement, 2, tail->id);
	statement_set_number(statement, 3, (int64_t)op->told.topic_seq);
	statement_set_number(statement, 4, op->time_us);
	statement_set_text(statement, 5, op->name);
	statement_set_blob(statement, 6, op->told.payload, op->told.len);
	return statement_run(statement);
}

static int write_tail(struct ledger_book *book, const struct tail *tail)
{
	struct statement *statement;

	statement = database_prepare(
		book->database,
		"INSERT INTO tail VALUES(?1,?2,?3)"
		" ON CONFLICT(id) DO UPDATE SET topic_seq=excluded.topic_seq");
	if (!statement)
		return -ENOMEM;
	statement_set_number(statement, 1, tail->id);
	statement_set_text(statement, 2, tail->topic);
	statement_set_number(statement, 3, (int64_t)tail->next);
	return statement_run(statement);
}

static int write_call(struct ledger_book *book, const struct ledger_op *op)
{
	struct statement *statement;

	statement = database_prepare(
		book->database,
		"INSERT INTO call VALUES(?1,?2,?3,?4) ON CONFLICT(id)"
		" DO UPDATE SET open=excluded.open,"
		" started_us=excluded.started_us, summary=excluded.summary");
	if (!statement)
		return -ENOMEM;
	statement_set_text(statement, 1, op->name);
	statement_set_number(statement, 2, op->open);
	statement_set_number(statement, 3, op->time_us);
	statement_set_blob(statement, 4, op->data, op->len);
	return statement_run(statement);
}

/* The first reply under an idempotency key stands until it has aged out. */
static int write_idempotency(struct ledger_book *book,
			     const struct ledger_op *op)
{
	struct statement *statement;

	statement = database_prepare(
		book->database,
		"INSERT INTO idempotency VALUES(?1,?2,?3,?4,?5)"
		" ON CONFLICT(principal,idempotency_key) DO UPDATE SET"
		" digest=excluded.digest, reply=excluded.reply,"
		" time_us=excluded.time_us WHERE idempotency.time_us<=?6");
	if (!statement)
		return -ENOMEM;
	statement_set_text(statement, 1, op->name);
	statement_set_text(statement, 2, op->idempotency_key);
	statement_set_blob(statement, 3, op->digest, sizeof(op->digest));
	statement_set_blob(statement, 4, op->data, op->len);
	statement_set_number(statement, 5, op->time_us);
	statement_set_number(statement, 6, op->time_us - LEDGER_KEPT_US);
	return statement_run(statement);
}

static int write_row(struct ledger_book *book, const struct ledger_op *op)
{
	static const char *const sql[] = {
		[LEDGER_KEY] = "REPLACE INTO key VALUES(?1,?2)",
		[LEDGER_KEY_GONE] = "DELETE FROM key WHERE public_key=?1",
		[LEDGER_UNIT] = "REPLACE INTO unit VALUES(?1,?2)",
		[LEDGER_UNIT_GONE] = "DELETE FROM unit WHERE code=?1",
		[LEDGER_CHANNEL] = "REPLACE INTO channel VALUES(?1,?2)",
		[LEDGER_CHANNEL_GONE] = "DELETE FROM channel WHERE code=?1",
	};
	struct statement *statement;

	statement = database_prepare(book->database, sql[op->kind]);
	if (!statement)
		return -ENOMEM;
	statement_set_text(statement, 1, op->name);
	if (op->len)
		statement_set_blob(statement, 2, op->data, op->len);
	return statement_run(statement);
}

static int write_op(struct ledger_book *book, struct ledger_op *op)
{
	switch (op->kind) {
	case LEDGER_EVENT:
		return write_event(book, op);
	case LEDGER_CALL:
		return write_call(book, op);
	case LEDGER_IDEMPOTENCY:
		return write_idempotency(book, op);
	case LEDGER_KEY:
	case LEDGER_KEY_GONE:
	case LEDGER_UNIT:
	case LEDGER_UNIT_GONE:
	case LEDGER_CHANNEL:
	case LEDGER_CHANNEL_GONE:
		return write_row(book, op);
	}
	return -EPROTO;
}

static int write_batch(struct ledger_book *book, struct ledger_batch *batch)
{
	uint64_t before = book->next_seq;
	struct ledger_op *op;
	int rc;

	for (op = batch->first; op; op = op->next) {
		rc = write_op(book, op);
		if (rc)
			return rc;
	}
	batch->first_seq = book->next_seq > before ? before + 1 : 0;
	batch->last_seq = book->next_seq > before ? book->next_seq : 0;
	return 0;
}

static int prune(struct ledger_book *book)
{
	uint64_t now_us = clock_now_us();
	char sql[96];
	int rc;

	if (book->pruned_us && now_us - book->pruned_us < PRUNE_EVERY_US)
		return 0;
	snprintf(sql, sizeof(sql),
		 "DELETE FROM idempotency WHERE time_us<=%" PRId64,
		 clock_utc_us() - LEDGER_KEPT_US);
	rc = database_run(book->database, sql);
	if (!rc)
		book->pruned_us = now_us;
	return rc;
}

static int write_group(struct ledger_book *book, struct ledger_batch *first)
{
	struct ledger_batch *batch;
	struct tail *tail;
	int rc;

	rc = database_run(book->database, "BEGIN IMMEDIATE");
	for (batch = first; !rc && batch; batch = batch->next)
		rc = write_batch(book, batch);
	for (tail = tails_newest(book->tails); !rc && tail; tail = tail->older)
		rc = write_tail(book, tail);
	if (!rc)
		rc = prune(book);
	if (!rc)
		rc = database_run(book->database, "COMMIT");
	return rc;
}

/* Numbers given out become the ledger's, or are taken back. */
static void settle(struct ledger_book *book, bool written)
{
	struct tail *tail;

	for (tail = tails_newest(book->tails); tail; tail = tail->older) {
		if (written)
			tail->topic_seq = tail->next;
		else
			tail->next = tail->topic_seq;
	}
	tails_untouch_all(book->tails);
	if (written)
		book->mark.seq = book->next_seq;
	else
		book->next_seq = book->mark.seq;
}

int ledger_book_write(struct ledger_book *book, struct ledger_batch *first,
		      struct gridcall_why *why)
{
	int rc;

	if (!book->database) {
		rc = ledger_book_reopen(book, why);
		if (rc)
			return rc;
	}
	book->next_seq = book->mark.seq;
	rc = write_group(book, first);
	if (rc) {
		snprintf(why->text, sizeof(why->text),
			 "the ledger '%s' can't be written: %s", book->path,
			 database_error(book->database));
		(void)database_run(book->database, "ROLLBACK");
	}
	settle(book, !rc);
	if (!rc)
		(void)ledger_mark_write(book->mark_fd, &book->mark);
	return rc;
}

int ledger_book_reopen(struct ledger_book *book, struct gridcall_why *why)
{
	char text[128];
	uint64_t seq = 0;
	int rc;

	book->database = database_close(book->database);
	rc = database_open(&book->database, book->path, DATABASE_WRITE, text,
			   sizeof(text));
	if (!rc)
		rc = ledger_schema_last_seq(book->database, book->epoch_number,
					    &seq);
	else
		book->database = NULL;
	if (!rc && seq == book->mark.seq)
		return 0;
	if (!rc)
		snprintf(why->text, sizeof(why->text),
			 "the ledger '%s' was exchanged under this gateway: "
			 "restart it",
			 book->path);
	else
		snprintf(
			why->text, sizeof(why->text),
			"the ledger '%s' can't be opened again: %s", book->path,
			book->database ? database_error(book->database) : text);
	book->database = database_close(book->database);
	return rc ? rc : -ESTALE;
}

void ledger_book_trim(struct ledger_book *book, struct ledger_trim *trim)
{
	if (book->database)
		ledger_trim_step(trim, book->database, book->epoch_number);
}

int ledger_book_log_pages(struct ledger_book *book)
{
	return book->database ? database_log_pages(book->database) : 0;
}

void ledger_book_checkpoint(struct ledger_book *book)
{
	if (book->database)
		(void)database_checkpoint(book->database);
}
