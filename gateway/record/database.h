/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * database.h - the one door to SQLite
 *
 * A connection in WAL mode with synchronous=FULL, prepared statements that are
 * kept for the connection's life, and SQLite's results as negative errnos.
 *
 * Memory:  a statement belongs to its database; text and blobs that are bound
 *          must last until the statement's last step; columns last until the
 *          next step.
 * Threads: one connection belongs to one thread at a time.
 * Errors:  negative errno: -ENOSPC full, -EROFS read-only, -EIO, -EBUSY,
 *          -EUCLEAN malformed, -ENOTSUP no SQLite file, -EACCES can't be
 *          opened, -EPROTO anything else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct database;
struct statement;

enum database_mode {
	DATABASE_CREATE, /* read and write, made when absent */
	DATABASE_WRITE,  /* read and write, must be there */
	DATABASE_READ,   /* read only, must be there */
};

/* 0 and a database, or an error; why (of why_size bytes) says it in words. */
int database_open(struct database **database, const char *path,
		  enum database_mode mode, char *why, size_t why_size);

/* Accepts NULL.  Always returns NULL.  An open transaction is rolled back. */
struct database *database_close(struct database *database);

/* Run statements that return nothing. */
int database_run(struct database *database, const char *sql);

/* The first column of the first row as a number. */
int database_number(struct database *database, const char *sql,
		    int64_t *number);

/* The first column of the first row as text, cut to size. */
int database_text(struct database *database, const char *sql, char *text,
		  size_t size);

/* The last error in SQLite's words. */
const char *database_error(struct database *database);

/* Pages in the write-ahead log after the last commit of this connection. */
int database_log_pages(struct database *database);

/* Move pages of the log home without waiting for anybody. */
int database_checkpoint(struct database *database);

/*
 * Prepare, or take the one prepared before from the same literal: sql is
 * compared by address.  NULL: see database_error().
 */
struct statement *database_prepare(struct database *database, const char *sql);

/* Parameters count from 1, columns from 0. */
void statement_set_number(struct statement *statement, int index,
			  int64_t number);
void statement_set_text(struct statement *statement, int index,
			const char *text);
void statement_set_blob(struct statement *statement, int index,
			const void *data, size_t len);

/* 1: a row, 0: no more, or an error.  Unless 1, it is reset. */
int statement_step(struct statement *statement);

/* Step a statement that gives no rows. */
int statement_run(struct statement *statement);

/* Leave before the last row. */
void statement_reset(struct statement *statement);

int64_t statement_number(struct statement *statement, int column);
const char *statement_text(struct statement *statement, int column);
const uint8_t *statement_blob(struct statement *statement, int column,
			      size_t *len);
