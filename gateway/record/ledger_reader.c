/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/ledger_reader.h"

#include "gateway/clock.h"
#include "gateway/record/directory_builder.h"
#include "gateway/record/ledger_query.h"

#include <errno.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

struct ledger_reader *ledger_reader_alloc(const char *path,
					  int64_t epoch_number,
					  struct gridcall_why *why)
{
	struct ledger_reader *reader = calloc(1, sizeof(*reader));
	char text[128];

	OSMO_ASSERT(reader);
	reader->epoch_number = epoch_number;
	if (!database_open(&reader->database, path, DATABASE_READ, text,
			   sizeof(text)))
		return reader;
	snprintf(why->text, sizeof(why->text),
		 "the ledger '%s' can't be opened for reading: %s", path, text);
	free(reader);
	return NULL;
}

struct ledger_reader *ledger_reader_free(struct ledger_reader *reader)
{
	if (!reader)
		return NULL;
	database_close(reader->database);
	ledger_topics_clear(&reader->topics);
	free(reader);
	return NULL;
}

void ledger_reader_run(struct ledger_reader *reader,
		       void (*work)(struct ledger_reader *reader, void *data),
		       void *data)
{
	ledger_pulse_begin(&reader->pulse);
	(void)database_run(reader->database, "BEGIN");
	work(reader, data);
	(void)database_run(reader->database, "COMMIT");
	ledger_pulse_end(&reader->pulse);
}

struct ledger_pulse *ledger_reader_pulse(struct ledger_reader *reader)
{
	return &reader->pulse;
}

static int
visit_events(struct ledger_reader *reader, struct statement *statement,
	     bool (*visit)(void *data, const struct ledger_event *event),
	     void *data)
{
	struct ledger_event event;
	int rc;

	while ((rc = statement_step(statement)) == 1) {
		ledger_pulse_beat(&reader->pulse);
		event.seq = ledger_id_seq(statement_number(statement, 0));
		event.topic = statement_text(statement, 1);
		event.topic_seq = (uint64_t)statement_number(statement, 2);
		event.time_us = statement_number(statement, 3);
		event.payload = statement_blob(statement, 4, &event.len);
		if (visit(data, &event))
			continue;
		statement_reset(statement);
		return 0;
	}
	return rc;
}

#define EVENT_COLUMNS                                                          \
	"SELECT event.id,tail.topic,event.topic_seq,event.time_us,"            \
	"event.payload FROM event JOIN tail ON tail.id=event.topic "

int ledger_reader_call(struct ledger_reader *reader, const char *call,
		       bool (*visit)(void *data,
				     const struct ledger_event *event),
		       void *data)
{
	static const char sql[] =
		EVENT_COLUMNS "WHERE event.call=?1 AND event.call<>''"
			      " ORDER BY event.id";
	struct statement *statement = database_prepare(reader->database, sql);

	if (!statement)
		return -EIO;
	statement_set_text(statement, 1, call);
	return visit_events(reader, statement, visit, data);
}

int ledger_reader_kind(struct ledger_reader *reader, const char *kind,
		       bool (*visit)(void *data,
				     const struct ledger_event *event),
		       void *data)
{
	/* CROSS JOIN: by topic, of which there are few, not by event. */
	static const char sql[] =
		"SELECT event.id,tail.topic,event.topic_seq,event.time_us,"
		"event.payload FROM tail CROSS JOIN event"
		" ON event.topic=tail.id WHERE tail.topic LIKE '%.'||?1"
		" ORDER BY event.id";
	struct statement *statement = database_prepare(reader->database, sql);

	if (!statement)
		return -EIO;
	statement_set_text(statement, 1, kind);
	return visit_events(reader, statement, visit, data);
}

int ledger_reader_calls(struct ledger_reader *reader, bool open_only,
			bool (*visit)(void *data, const uint8_t *summary,
				      size_t len),
			void *data)
{
	static const char all[] = "SELECT summary FROM call"
				  " ORDER BY started_us DESC, rowid DESC";
	static const char open[] = "SELECT summary FROM call WHERE open=1"
				   " ORDER BY started_us DESC, rowid DESC";
	struct statement *statement;
	const uint8_t *summary;
	size_t len;
	int rc;

	statement = database_prepare(reader->database, open_only ? open : all);
	if (!statement)
		return -EIO;
	while ((rc = statement_step(statement)) == 1) {
		ledger_pulse_beat(&reader->pulse);
		summary = statement_blob(statement, 0, &len);
		if (visit(data, summary, len))
			continue;
		statement_reset(statement);
		return 0;
	}
	return rc;
}

int ledger_reader_summary(struct ledger_reader *reader, const char *call,
			  bool (*visit)(void *data, const uint8_t *summary,
					size_t len),
			  void *data)
{
	static const char sql[] = "SELECT summary FROM call WHERE id=?1";
	struct statement *statement = database_prepare(reader->database, sql);
	const uint8_t *summary;
	size_t len;
	int rc;

	if (!statement)
		return -EIO;
	statement_set_text(statement, 1, call);
	rc = statement_step(statement);
	if (rc == 1) {
		summary = statement_blob(statement, 0, &len);
		(void)visit(data, summary, len);
	}
	statement_reset(statement);
	return rc < 0 ? rc : 0;
}

int ledger_reader_tails(struct ledger_reader *reader,
			const struct prefixes *prefixes,
			bool (*visit)(void *data, const char *topic,
				      uint64_t topic_seq),
			void *data)
{
	static const char sql[] = "SELECT topic,topic_seq FROM tail"
				  " WHERE topic>=?1 AND topic_seq>0"
				  " ORDER BY topic";
	struct statement *statement = database_prepare(reader->database, sql);
	const char *topic;
	size_t i;
	int rc = 0;

	if (!statement)
		return -EIO;
	for (i = 0; rc >= 0 && i < prefixes->count; i++) {
		const char *prefix = prefixes->list[i];

		statement_set_text(statement, 1, prefix);
		while ((rc = statement_step(statement)) == 1) {
			ledger_pulse_beat(&reader->pulse);
			topic = statement_text(statement, 0);
			if (strncmp(topic, prefix, strlen(prefix)))
				break;
			if (visit(data, topic,
				  (uint64_t)statement_number(statement, 1)))
				continue;
			statement_reset(statement);
			return 0;
		}
		statement_reset(statement);
	}
	return rc < 0 ? rc : 0;
}

uint64_t ledger_reader_seq(struct ledger_reader *reader)
{
	uint64_t seq = 0;

	(void)ledger_schema_last_seq(reader->database, reader->epoch_number,
				     &seq);
	return seq;
}

uint64_t ledger_reader_first_seq(struct ledger_reader *reader)
{
	int64_t seq;

	if (database_number(reader->database,
			    "SELECT CAST(value AS INTEGER) FROM meta"
			    " WHERE name='first_seq'",
			    &seq) ||
	    seq < 1)
		return 1;
	return (uint64_t)seq;
}

int ledger_reader_idempotency(struct ledger_reader *reader, void *ctx,
			      const char *principal,
			      const char *idempotency_key,
			      const uint8_t digest[32], uint8_t **reply,
			      size_t *len)
{
	static const char sql[] = "SELECT digest,reply FROM idempotency"
				  " WHERE principal=?1"
				  " AND idempotency_key=?2"
				  " AND time_us>?3";
	struct statement *statement = database_prepare(reader->database, sql);
	const uint8_t *bytes;
	size_t size;
	int rc;

	if (!statement)
		return -EIO;
	statement_set_text(statement, 1, principal);
	statement_set_text(statement, 2, idempotency_key);
	statement_set_number(statement, 3, clock_utc_us() - LEDGER_KEPT_US);
	rc = statement_step(statement);
	if (rc != 1)
		return rc ? rc : -ENOENT;
	bytes = statement_blob(statement, 0, &size);
	if (size != 32 || memcmp(bytes, digest, 32)) {
		statement_reset(statement);
		return -EEXIST;
	}
	bytes = statement_blob(statement, 1, &size);
	*reply = talloc_size(ctx, size ? size : 1);
	OSMO_ASSERT(*reply);
	memcpy(*reply, bytes, size);
	*len = size;
	statement_reset(statement);
	return 0;
}

int ledger_reader_keys(struct ledger_reader *reader,
		       bool (*visit)(void *data, const uint8_t *key,
				     size_t len),
		       void *data)
{
	static const char sql[] = "SELECT message FROM key ORDER BY public_key";
	struct statement *statement = database_prepare(reader->database, sql);
	const uint8_t *key;
	size_t len;
	int rc;

	if (!statement)
		return -EIO;
	while ((rc = statement_step(statement)) == 1) {
		ledger_pulse_beat(&reader->pulse);
		key = statement_blob(statement, 0, &len);
		if (visit(data, key, len))
			continue;
		statement_reset(statement);
		return 0;
	}
	return rc;
}

int ledger_reader_rows(struct ledger_reader *reader, enum ledger_table table,
		       const char *from,
		       bool (*visit)(void *data, const char *code,
				     const uint8_t *bytes, size_t len),
		       void *data)
{
	static const char *const sql[] = {
		[LEDGER_UNITS] = "SELECT code,message FROM unit"
				 " WHERE code>=?1 ORDER BY code",
		[LEDGER_CHANNELS] = "SELECT code,message FROM channel"
				    " WHERE code>=?1 ORDER BY code",
		[LEDGER_OPEN_CALLS] = "SELECT id,summary FROM call"
				      " WHERE open=1 AND id>=?1 ORDER BY id",
	};
	struct statement *statement =
		database_prepare(reader->database, sql[table]);
	const uint8_t *bytes;
	size_t len;
	int rc;

	if (!statement)
		return -EIO;
	statement_set_text(statement, 1, from);
	while ((rc = statement_step(statement)) == 1) {
		ledger_pulse_beat(&reader->pulse);
		bytes = statement_blob(statement, 1, &len);
		if (visit(data, statement_text(statement, 0), bytes, len))
			continue;
		statement_reset(statement);
		return 0;
	}
	return rc;
}

static int add_channels(struct ledger_reader *reader,
			struct directory_builder *builder)
{
	static const char sql[] = "SELECT message FROM channel ORDER BY code";
	struct statement *statement = database_prepare(reader->database, sql);
	const uint8_t *data;
	size_t len;
	int rc;

	if (!statement)
		return -EIO;
	while ((rc = statement_step(statement)) == 1) {
		ledger_pulse_beat(&reader->pulse);
		data = statement_blob(statement, 0, &len);
		rc = directory_builder_channel_bytes(builder, data, len);
		if (rc)
			break;
	}
	statement_reset(statement);
	return rc;
}

static int add_units(struct ledger_reader *reader,
		     struct directory_builder *builder)
{
	static const char sql[] = "SELECT message FROM unit ORDER BY code";
	struct statement *statement = database_prepare(reader->database, sql);
	const uint8_t *data;
	size_t len;
	int rc;

	if (!statement)
		return -EIO;
	while ((rc = statement_step(statement)) == 1) {
		ledger_pulse_beat(&reader->pulse);
		data = statement_blob(statement, 0, &len);
		rc = directory_builder_unit_bytes(builder, data, len);
		if (rc)
			break;
	}
	statement_reset(statement);
	return rc;
}

struct directory *ledger_reader_directory(struct ledger_reader *reader,
					  void *ctx)
{
	struct directory_builder *builder = directory_builder_alloc(ctx);

	if (!add_channels(reader, builder) && !add_units(reader, builder))
		return directory_builder_finish(builder);
	talloc_free(builder);
	return NULL;
}
