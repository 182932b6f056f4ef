/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/ledger_trim.h"

#include "gateway/clock.h"
#include "gateway/record/ledger_schema.h"
#include "proto/gridcall.pb-c.h"
#include "proto/topic.h"

#include <errno.h>
#include <inttypes.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <string.h>

/* A step delays what comes to be written by a few milliseconds. */
#define STEP_ROWS 256
#define STEP_US   UINT64_C(50000)
#define PASS_US   UINT64_C(3600000000)
#define CALL_MAX  64

/* One event that may go. */
struct row {
	int64_t id;
	int64_t topic;
	int64_t time_us;
	bool is_alarm;
	char call[CALL_MAX];
};

struct step {
	struct ledger_trim *trim;
	struct database *database;
	int64_t epoch_number;
	int64_t newest_id;
	int64_t until_us; /* what is older may go */
	struct row rows[STEP_ROWS];
	size_t count;
	size_t old;          /* of these */
	int64_t first_id;    /* of what is kept whole; 0: unchanged */
	char call[CALL_MAX]; /* the last that was judged */
	bool keeps_call;
};

static bool is_alarm(const char *topic)
{
	const char *kind = strrchr(topic, '.');

	return kind && !strcmp(kind + 1, topic_kind_name(TOPIC_ALARM));
}

static int read_rows(struct step *step)
{
	static const char sql[] =
		"SELECT event.id,event.topic,event.time_us,event.call,"
		"tail.topic FROM event JOIN tail ON tail.id=event.topic"
		" WHERE event.id>?1 ORDER BY event.id LIMIT ?2";
	struct statement *statement = database_prepare(step->database, sql);
	struct row *row;
	int rc = 0;

	if (!statement)
		return -EIO;
	statement_set_number(statement, 1, step->trim->at);
	statement_set_number(statement, 2, STEP_ROWS);
	while (step->count < STEP_ROWS &&
	       (rc = statement_step(statement)) == 1) {
		row = &step->rows[step->count++];
		row->id = statement_number(statement, 0);
		row->topic = statement_number(statement, 1);
		row->time_us = statement_number(statement, 2);
		OSMO_STRLCPY_ARRAY(row->call, statement_text(statement, 3));
		row->is_alarm = is_alarm(statement_text(statement, 4));
	}
	statement_reset(statement);
	return rc < 0 ? rc : 0;
}

/* ---- what stays ---- */

/* The first column for a call; missing when there is no row. */
static int ask_of_call(struct step *step, const char *sql, const char *call,
		       int64_t missing, int64_t *number)
{
	struct statement *statement = database_prepare(step->database, sql);
	int rc;

	if (!statement)
		return -EIO;
	*number = missing;
	statement_set_text(statement, 1, call);
	rc = statement_step(statement);
	if (rc == 1)
		*number = statement_number(statement, 0);
	statement_reset(statement);
	return rc < 0 ? rc : 0;
}

/* 1: open, or some event of it is young enough. */
static int keeps_call(struct step *step, const char *call)
{
	static const char is_open[] = "SELECT open FROM call WHERE id=?1";
	static const char newest[] =
		"SELECT time_us FROM event WHERE call=?1 AND call<>''"
		" ORDER BY id DESC LIMIT 1";
	int64_t open, newest_us;
	int rc;

	if (!call[0])
		return 0;
	if (!strcmp(call, step->call))
		return step->keeps_call;
	rc = ask_of_call(step, is_open, call, 0, &open);
	if (!rc)
		rc = ask_of_call(step, newest, call, 0, &newest_us);
	if (rc)
		return rc;
	OSMO_STRLCPY_ARRAY(step->call, call);
	step->keeps_call = open || newest_us >= step->until_us;
	return step->keeps_call;
}

/* Whether bytes release the alarm of that id; with id "" they set it. */
static bool releases(const uint8_t *bytes, size_t len, char id[CALL_MAX])
{
	Gridcall__V1__Event *event =
		gridcall__v1__event__unpack(NULL, len, bytes);
	bool released = false;

	if (event && event->body_case == GRIDCALL__V1__EVENT__BODY_ALARM) {
		if (!id[0])
			snprintf(id, CALL_MAX, "%s", event->alarm->alarm);
		released = event->alarm->released &&
			   !strcmp(event->alarm->alarm, id);
	}
	gridcall__v1__event__free_unpacked(event, NULL);
	return released;
}

/* 1: nobody released it, as far as its topic tells. */
static int keeps_alarm(struct step *step, const struct row *row)
{
	static const char sql[] = "SELECT payload FROM event"
				  " WHERE topic=?1 AND id>=?2 ORDER BY id";
	struct statement *statement = database_prepare(step->database, sql);
	const uint8_t *bytes;
	char id[CALL_MAX] = "";
	size_t len;
	int rc;

	if (!statement)
		return -EIO;
	statement_set_number(statement, 1, row->topic);
	statement_set_number(statement, 2, row->id);
	while ((rc = statement_step(statement)) == 1) {
		bytes = statement_blob(statement, 0, &len);
		if (releases(bytes, len, id))
			break;
	}
	statement_reset(statement);
	return rc < 0 ? rc : rc == 0;
}

/* ---- what goes ---- */

static int take_away(struct step *step, const struct row *row)
{
	static const char sql[] = "DELETE FROM event WHERE id=?1";
	struct statement *statement = database_prepare(step->database, sql);

	if (!statement)
		return -EIO;
	statement_set_number(statement, 1, row->id);
	if (row->id > ledger_id(step->epoch_number, 0))
		step->first_id = row->id + 1;
	return statement_run(statement);
}

static int judge(struct step *step, const struct row *row)
{
	int rc;

	/* A clock that was wrong for a while makes an event neither old nor
	 * young: what came before it counts.
	 */
	if (row->time_us > step->trim->reached_us &&
	    row->time_us <= clock_utc_us())
		step->trim->reached_us = row->time_us;
	step->trim->at = row->id;
	if (step->trim->reached_us >= step->until_us ||
	    row->id >= step->newest_id)
		return 0;
	step->old++;
	rc = keeps_call(step, row->call);
	if (!rc && row->is_alarm)
		rc = keeps_alarm(step, row);
	if (!rc)
		return take_away(step, row);
	return rc < 0 ? rc : 0;
}

static int note_first(struct step *step)
{
	char sql[160];

	if (!step->first_id)
		return 0;
	snprintf(sql, sizeof(sql),
		 "REPLACE INTO meta SELECT 'first_seq',max(%" PRIu64
		 ",coalesce((SELECT CAST(value AS INTEGER) FROM meta"
		 " WHERE name='first_seq'),1))",
		 ledger_id_seq(step->first_id));
	return database_run(step->database, sql);
}

/* Calls of which nothing is left are no longer listed. */
static int drop_calls(struct step *step)
{
	char sql[320];

	snprintf(sql, sizeof(sql),
		 "DELETE FROM call WHERE id IN (SELECT id FROM call AS old"
		 " WHERE open=0 AND started_us<%" PRId64
		 " AND NOT EXISTS (SELECT 1 FROM event WHERE event.call=old.id"
		 " AND event.call<>'') ORDER BY started_us LIMIT %d)",
		 step->until_us, STEP_ROWS);
	return database_run(step->database, sql);
}

static int run(struct step *step)
{
	size_t i;
	int rc;

	rc = database_number(step->database,
			     "SELECT coalesce(max(id),0) FROM event",
			     &step->newest_id);
	if (!rc)
		rc = read_rows(step);
	for (i = 0; !rc && i < step->count; i++)
		rc = judge(step, &step->rows[i]);
	if (!rc)
		rc = note_first(step);
	if (!rc && !step->old)
		rc = drop_calls(step);
	return rc;
}

void ledger_trim_step(struct ledger_trim *trim, struct database *database,
		      int64_t epoch_number)
{
	struct ledger_trim before = *trim;
	struct step step = {.trim = trim,
			    .database = database,
			    .epoch_number = epoch_number,
			    .until_us = clock_utc_us() - trim->keep_us};
	uint64_t now_us = clock_now_us();
	int rc;

	if (!trim->keep_us || now_us < trim->due_us)
		return;
	rc = database_run(database, "BEGIN IMMEDIATE");
	if (!rc)
		rc = run(&step);
	if (!rc)
		rc = database_run(database, "COMMIT");
	if (rc) {
		(void)database_run(database, "ROLLBACK");
		*trim = before;
	}
	trim->due_us = clock_now_us() + STEP_US;
	/* Nothing old in so many: what comes after is young too. */
	if (rc || !step.old)
		*trim = (struct ledger_trim){.keep_us = trim->keep_us,
					     .due_us = now_us + PASS_US};
}
