/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/ledger_schema.h"

#include "gateway/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define APPLICATION_ID 1195592753 /* "GCL1", so that file(1) can tell */

static const char tables[] =
	"PRAGMA application_id=1195592753;"
	"CREATE TABLE meta("
	"  name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE epoch("
	"  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
	"  began_us INTEGER NOT NULL);"
	"CREATE TABLE tail("
	"  id INTEGER PRIMARY KEY, topic TEXT NOT NULL UNIQUE,"
	"  topic_seq INTEGER NOT NULL);"
	"CREATE TABLE event("
	"  id INTEGER PRIMARY KEY, topic INTEGER NOT NULL,"
	"  topic_seq INTEGER NOT NULL, time_us INTEGER NOT NULL,"
	"  call TEXT NOT NULL, payload BLOB NOT NULL);"
	"CREATE INDEX event_topic ON event(topic);"
	"CREATE INDEX event_call ON event(call) WHERE call<>'';"
	"CREATE TABLE call("
	"  id TEXT PRIMARY KEY, open INTEGER NOT NULL,"
	"  started_us INTEGER NOT NULL, summary BLOB NOT NULL);"
	"CREATE INDEX call_started ON call(started_us);"
	"CREATE INDEX call_open ON call(started_us) WHERE open=1;"
	"CREATE TABLE idempotency("
	"  principal TEXT NOT NULL, idempotency_key TEXT NOT NULL,"
	"  digest BLOB NOT NULL, reply BLOB NOT NULL, time_us INTEGER NOT NULL,"
	"  PRIMARY KEY(principal, idempotency_key));"
	"CREATE INDEX idempotency_time ON idempotency(time_us);"
	"CREATE TABLE key(public_key TEXT PRIMARY KEY, message BLOB NOT NULL);"
	"CREATE TABLE unit(code TEXT PRIMARY KEY, message BLOB NOT NULL);"
	"CREATE TABLE channel(code TEXT PRIMARY KEY, message BLOB NOT NULL);"
	/* For a person with sqlite3 in hand. */
	"CREATE VIEW history AS SELECT epoch.id AS epoch,"
	"  event.id & 1099511627775 AS seq, tail.topic, event.topic_seq,"
	"  datetime(event.time_us / 1000000, 'unixepoch') AS utc,"
	"  event.call, event.payload"
	"  FROM event JOIN tail ON tail.id = event.topic"
	"  JOIN epoch ON epoch.number = event.id >> 40;";

/* From the schema of that number to the next. */
static const char *const steps[LEDGER_SCHEMA] = {
	[1] = "ALTER TABLE key RENAME TO idempotency;"
	      "ALTER TABLE idempotency RENAME COLUMN key TO idempotency_key;"
	      "DROP INDEX key_time;"
	      "CREATE INDEX idempotency_time ON idempotency(time_us);"
	      "CREATE TABLE key(public_key TEXT PRIMARY KEY,"
	      "  message BLOB NOT NULL);",
};

static int refuse_database(struct database *database, const char *path, int rc,
			   struct gridcall_why *why)
{
	if (rc == -ENOTSUP)
		snprintf(why->text, sizeof(why->text),
			 "'%s' is no ledger (it is not a database): name "
			 "another file, or move this one away",
			 path);
	else
		snprintf(why->text, sizeof(why->text),
			 "the ledger '%s' can't be used: %s; mend the disk or "
			 "restore a copy",
			 path, database_error(database));
	return rc;
}

static int new_epoch(struct database *database, struct ledger_schema *schema)
{
	char sql[256];
	uint64_t random;
	int rc;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	schema->epoch_number++;
	memset(&schema->mark, 0, sizeof(schema->mark));
	snprintf(schema->mark.epoch, sizeof(schema->mark.epoch), "%016" PRIx64,
		 random);
	snprintf(sql, sizeof(sql),
		 "INSERT INTO epoch VALUES(%" PRId64 ",'%s',%" PRId64 ");"
		 "UPDATE tail SET topic_seq=0;"
		 "DELETE FROM meta WHERE name='first_seq';",
		 schema->epoch_number, schema->mark.epoch, clock_utc_us());
	rc = database_run(database, sql);
	return rc;
}

static int make(struct database *database, struct ledger_schema *schema)
{
	char sql[256];
	int rc;

	rc = database_run(database, tables);
	if (rc)
		return rc;
	/* gateway was checked to be of 0-9A-Z. */
	snprintf(sql, sizeof(sql),
		 "INSERT INTO meta VALUES('schema','%d'),('gateway','%s')",
		 LEDGER_SCHEMA, schema->gateway);
	rc = database_run(database, sql);
	return rc ? rc : new_epoch(database, schema);
}

static int check_owner(struct database *database, struct ledger_schema *schema,
		       int64_t *version, struct gridcall_why *why)
{
	char gateway[64];
	int rc;

	rc = database_number(database,
			     "SELECT CAST(value AS INTEGER) FROM meta"
			     " WHERE name='schema'",
			     version);
	if (!rc)
		rc = database_text(
			database, "SELECT value FROM meta WHERE name='gateway'",
			gateway, sizeof(gateway));
	if (rc)
		return refuse_database(database, schema->path, rc, why);
	if (*version < 1 || *version > LEDGER_SCHEMA) {
		snprintf(
			why->text, sizeof(why->text),
			"the ledger '%s' has schema %" PRId64
			" and this program knows %d: start the newer gridcalld",
			schema->path, *version, LEDGER_SCHEMA);
		return -EINVAL;
	}
	if (strcmp(gateway, schema->gateway)) {
		snprintf(why->text, sizeof(why->text),
			 "the ledger '%s' belongs to gateway '%s' and this is "
			 "'%s': name another ledger or mend the gateway's id",
			 schema->path, gateway, schema->gateway);
		return -EINVAL;
	}
	return 0;
}

/* All steps or none: within the caller's transaction. */
static int migrate(struct database *database, int64_t version)
{
	char sql[96];
	int rc = 0;

	if (version == LEDGER_SCHEMA)
		return 0;
	for (; !rc && version < LEDGER_SCHEMA; version++)
		rc = database_run(database, steps[version]);
	snprintf(sql, sizeof(sql),
		 "UPDATE meta SET value='%d' WHERE name='schema'",
		 LEDGER_SCHEMA);
	return rc ? rc : database_run(database, sql);
}

/* Why this ledger is not the one that was last written; NULL: it is. */
static const char *doubt(const struct ledger_schema *schema, const char *epoch,
			 uint64_t seq)
{
	if (schema->restored)
		return "the operator says that it was restored";
	if (!schema->mark.epoch[0])
		return seq ? "its mark file is missing, as beside a copy"
			   : NULL;
	if (strcmp(schema->mark.epoch, epoch))
		return "its mark file tells of another epoch";
	if (schema->mark.seq > seq)
		return "its mark file tells of later events";
	return NULL;
}

static int check_epoch(struct database *database, struct ledger_schema *schema)
{
	char epoch[LEDGER_EPOCH_LEN + 1];
	const char *reason;
	uint64_t seq;
	int rc;

	rc = database_number(database, "SELECT max(number) FROM epoch",
			     &schema->epoch_number);
	if (!rc)
		rc = database_text(database,
				   "SELECT id FROM epoch ORDER BY number DESC",
				   epoch, sizeof(epoch));
	if (!rc)
		rc = ledger_schema_last_seq(database, schema->epoch_number,
					    &seq);
	if (rc)
		return rc;
	reason = doubt(schema, epoch, seq);
	if (reason) {
		snprintf(schema->note, sizeof(schema->note), "%s", reason);
		return new_epoch(database, schema);
	}
	memset(&schema->mark, 0, sizeof(schema->mark));
	strcpy(schema->mark.epoch, epoch);
	schema->mark.seq = seq;
	return 0;
}

int ledger_schema_last_seq(struct database *database, int64_t epoch_number,
			   uint64_t *seq)
{
	char sql[128];
	int64_t id;
	int rc;

	snprintf(sql, sizeof(sql),
		 "SELECT coalesce(max(id),0) FROM event WHERE id>%" PRId64,
		 ledger_id(epoch_number, 0));
	rc = database_number(database, sql, &id);
	if (!rc)
		*seq = ledger_id_seq(id);
	return rc;
}

static int open_within(struct database *database, struct ledger_schema *schema,
		       struct gridcall_why *why)
{
	int64_t application, objects, version;
	int rc;

	rc = database_number(database, "PRAGMA application_id", &application);
	if (!rc)
		rc = database_number(database,
				     "SELECT count(*) FROM sqlite_schema",
				     &objects);
	if (!rc && application != APPLICATION_ID && objects) {
		snprintf(why->text, sizeof(why->text),
			 "'%s' is a database of another program: name another "
			 "file, or move this one away",
			 schema->path);
		return -EINVAL;
	}
	if (rc)
		return refuse_database(database, schema->path, rc, why);
	if (!objects) {
		rc = make(database, schema);
	} else {
		rc = check_owner(database, schema, &version, why);
		if (rc)
			return rc;
		rc = migrate(database, version);
		if (!rc)
			rc = check_epoch(database, schema);
	}
	return rc ? refuse_database(database, schema->path, rc, why) : 0;
}

int ledger_schema_open(struct database *database, struct ledger_schema *schema,
		       struct gridcall_why *why)
{
	int rc = database_run(database, "BEGIN IMMEDIATE");

	if (rc)
		return refuse_database(database, schema->path, rc, why);
	rc = open_within(database, schema, why);
	if (rc) {
		(void)database_run(database, "ROLLBACK");
		return rc;
	}
	rc = database_run(database, "COMMIT");
	return rc ? refuse_database(database, schema->path, rc, why) : 0;
}
