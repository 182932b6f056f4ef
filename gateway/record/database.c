/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/database.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Another connection holds a lock only for the moment of a checkpoint. */
#define BUSY_MS        5000
#define STATEMENTS_MAX 32

struct statement {
	sqlite3_stmt *handle;
	const char *sql;
};

struct database {
	sqlite3 *handle;
	int log_pages;
	size_t statement_count;
	struct statement statements[STATEMENTS_MAX];
};

static int as_errno(int result)
{
	switch (result & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
		return 0;
	case SQLITE_ROW:
		return 1;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_IOERR:
		return -EIO;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CORRUPT:
		return -EUCLEAN;
	case SQLITE_NOTADB:
		return -ENOTSUP;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return -EACCES;
	case SQLITE_NOMEM:
		return -ENOMEM;
	default:
		return -EPROTO;
	}
}

static int on_log(void *data, sqlite3 *handle, const char *name, int pages)
{
	struct database *database = data;

	database->log_pages = pages;
	return SQLITE_OK;
}

static int settle(struct database *database, enum database_mode mode)
{
	int rc;

	sqlite3_extended_result_codes(database->handle, 1);
	sqlite3_busy_timeout(database->handle, BUSY_MS);
	if (mode == DATABASE_READ)
		return database_run(database, "PRAGMA query_only=1");
	rc = database_run(database, "PRAGMA journal_mode=WAL;"
				    "PRAGMA synchronous=FULL;"
				    "PRAGMA wal_autocheckpoint=0;"
				    "PRAGMA journal_size_limit=16777216");
	/* Replaces the hook of wal_autocheckpoint. */
	sqlite3_wal_hook(database->handle, on_log, database);
	return rc;
}

int database_open(struct database **result, const char *path,
		  enum database_mode mode, char *why, size_t why_size)
{
	static const int flags[] = {
		[DATABASE_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
		[DATABASE_WRITE] = SQLITE_OPEN_READWRITE,
		[DATABASE_READ] = SQLITE_OPEN_READONLY,
	};
	struct database *database = calloc(1, sizeof(*database));
	int rc;

	if (!database) {
		snprintf(why, why_size, "out of memory");
		return -ENOMEM;
	}
	rc = as_errno(sqlite3_open_v2(path, &database->handle,
				      flags[mode] | SQLITE_OPEN_NOMUTEX, NULL));
	if (!rc)
		rc = settle(database, mode);
	if (rc < 0) {
		snprintf(why, why_size, "%s", database_error(database));
		database_close(database);
		return rc;
	}
	*result = database;
	return 0;
}

struct database *database_close(struct database *database)
{
	size_t i;

	if (!database)
		return NULL;
	for (i = 0; i < database->statement_count; i++)
		sqlite3_finalize(database->statements[i].handle);
	sqlite3_close(database->handle);
	free(database);
	return NULL;
}

int database_run(struct database *database, const char *sql)
{
	return as_errno(sqlite3_exec(database->handle, sql, NULL, NULL, NULL));
}

int database_number(struct database *database, const char *sql, int64_t *number)
{
	sqlite3_stmt *handle;
	int rc;

	rc = as_errno(
		sqlite3_prepare_v2(database->handle, sql, -1, &handle, NULL));
	if (rc)
		return rc;
	rc = as_errno(sqlite3_step(handle));
	if (rc == 1)
		*number = sqlite3_column_int64(handle, 0);
	sqlite3_finalize(handle);
	return rc < 0 ? rc : rc == 1 ? 0 : -ENOENT;
}

int database_text(struct database *database, const char *sql, char *text,
		  size_t size)
{
	sqlite3_stmt *handle;
	const char *value;
	int rc;

	rc = as_errno(
		sqlite3_prepare_v2(database->handle, sql, -1, &handle, NULL));
	if (rc)
		return rc;
	rc = as_errno(sqlite3_step(handle));
	if (rc == 1) {
		value = (const char *)sqlite3_column_text(handle, 0);
		snprintf(text, size, "%s", value ? value : "");
	}
	sqlite3_finalize(handle);
	return rc < 0 ? rc : rc == 1 ? 0 : -ENOENT;
}

const char *database_error(struct database *database)
{
	return sqlite3_errmsg(database->handle);
}

int database_log_pages(struct database *database)
{
	return database->log_pages;
}

int database_checkpoint(struct database *database)
{
	return as_errno(sqlite3_wal_checkpoint_v2(
		database->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));
}

struct statement *database_prepare(struct database *database, const char *sql)
{
	struct statement *statement;
	size_t i;

	for (i = 0; i < database->statement_count; i++)
		if (database->statements[i].sql == sql)
			return &database->statements[i];
	if (i == STATEMENTS_MAX)
		return NULL;
	statement = &database->statements[i];
	if (sqlite3_prepare_v3(database->handle, sql, -1,
			       SQLITE_PREPARE_PERSISTENT, &statement->handle,
			       NULL) != SQLITE_OK)
		return NULL;
	statement->sql = sql;
	database->statement_count++;
	return statement;
}

void statement_set_number(struct statement *statement, int index,
			  int64_t number)
{
	sqlite3_bind_int64(statement->handle, index, number);
}

void statement_set_text(struct statement *statement, int index,
			const char *text)
{
	sqlite3_bind_text(statement->handle, index, text, -1, SQLITE_STATIC);
}

void statement_set_blob(struct statement *statement, int index,
			const void *data, size_t len)
{
	sqlite3_bind_blob64(statement->handle, index, data, len, SQLITE_STATIC);
}

int statement_step(struct statement *statement)
{
	int rc = as_errno(sqlite3_step(statement->handle));

	if (rc != 1)
		sqlite3_reset(statement->handle);
	return rc;
}

int statement_run(struct statement *statement)
{
	int rc = statement_step(statement);

	if (rc != 1)
		return rc;
	sqlite3_reset(statement->handle);
	return 0;
}

void statement_reset(struct statement *statement)
{
	sqlite3_reset(statement->handle);
}

int64_t statement_number(struct statement *statement, int column)
{
	return sqlite3_column_int64(statement->handle, column);
}

const char *statement_text(struct statement *statement, int column)
{
	const unsigned char *text;

	text = sqlite3_column_text(statement->handle, column);
	return text ? (const char *)text : "";
}

const uint8_t *statement_blob(struct statement *statement, int column,
			      size_t *len)
{
	const uint8_t *data = sqlite3_column_blob(statement->handle, column);

	*len = (size_t)sqlite3_column_bytes(statement->handle, column);
	return data ? data : (const uint8_t *)"";
}
