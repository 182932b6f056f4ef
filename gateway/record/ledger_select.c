/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/ledger_select.h"

#include "gateway/record/ledger_query.h"
#include "gateway/record/ledger_reader.h"

#include <errno.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>

/* Rows read in order before it is known how much of them fits. */
#define TRIAL_ROWS 2048
/*
 * Measured: to look up a row or a topic by the index costs as much as reading
 * so many on in order.
 */
#define LOOK_UP_ROWS 8
/* Numbers gathered at once; a stretch that has more is halved. */
#define GATHER_MAX 16384
#define ASK_EVERY  256

struct search {
	struct ledger_reader *reader;
	const struct ledger_selection *selection;
	struct ledger_selected *selected;
	uint64_t last_seq; /* of the ledger */
	uint64_t hits;
	uint64_t asked;  /* work when should_stop() was last asked */
	bool thin;       /* too little fits to go on in order */
	bool *fits;      /* by number of topic */
	bool *is_known;  /* whether fits was found out */
	int64_t *topics; /* all that fit; NULL while read in order */
	size_t topic_count;
	int64_t *ids; /* gathered in one stretch */
	size_t id_count;
};

static bool topic_fits(struct search *search, int64_t id)
{
	const struct ledger_topics *topics = &search->reader->topics;

	if (id < 0 || (uint64_t)id >= topics->count)
		return false;
	if (!search->is_known[id]) {
		search->is_known[id] = true;
		search->fits[id] = prefixes_hold(search->selection->prefixes,
						 topics->names[id]);
	}
	return search->fits[id];
}

/* Whether to leave off, for the caller's reasons or for the bound. */
static bool is_enough(struct search *search)
{
	const struct ledger_selection *selection = search->selection;
	uint64_t work = search->selected->work;

	if (work >= selection->work_max)
		return true;
	if (!selection->should_stop || work < search->asked + ASK_EVERY)
		return false;
	search->asked = work;
	return selection->should_stop(selection->data);
}

static bool visit(struct search *search, struct statement *statement)
{
	const struct ledger_selection *selection = search->selection;
	struct ledger_event event;

	event.seq = ledger_id_seq(statement_number(statement, 0));
	event.topic = ledger_topics_name(&search->reader->topics,
					 statement_number(statement, 1));
	event.topic_seq = (uint64_t)statement_number(statement, 2);
	event.time_us = statement_number(statement, 3);
	event.payload = statement_blob(statement, 4, &event.len);
	search->hits++;
	return selection->visit(selection->data, &event);
}

/* ---- in order ---- */

static bool is_thin(struct search *search)
{
	if (!search->topics && search->selected->work == TRIAL_ROWS &&
	    search->hits * LOOK_UP_ROWS < TRIAL_ROWS)
		search->thin = true;
	return search->thin && !search->topics;
}

/*
 * Until the end, or until it is enough, or until too little fits: then more is
 * left set.
 */
static int read_on(struct search *search)
{
	static const char sql[] =
		"SELECT id,topic,topic_seq,time_us,payload FROM event"
		" WHERE id>?1 AND id<?2 ORDER BY id";
	struct ledger_reader *reader = search->reader;
	struct ledger_selected *selected = search->selected;
	struct statement *statement = database_prepare(reader->database, sql);
	int rc;

	if (!statement)
		return -EIO;
	statement_set_number(
		statement, 1,
		ledger_id(reader->epoch_number, selected->through_seq));
	statement_set_number(statement, 2,
			     ledger_id(reader->epoch_number + 1, 0));
	while ((rc = statement_step(statement)) == 1) {
		ledger_pulse_beat(&reader->pulse);
		selected->more = true;
		if (is_enough(search) || is_thin(search))
			break;
		if (topic_fits(search, statement_number(statement, 1)) &&
		    !visit(search, statement))
			break;
		selected->work++;
		selected->more = false;
		selected->through_seq =
			ledger_id_seq(statement_number(statement, 0));
	}
	if (rc == 1)
		statement_reset(statement);
	return rc < 0 ? rc : 0;
}

/* ---- by topic ---- */

static void find_topics(struct search *search)
{
	size_t count = search->reader->topics.count;
	size_t id;

	search->topics = calloc(count + 1, sizeof(*search->topics));
	search->ids = calloc(GATHER_MAX, sizeof(*search->ids));
	OSMO_ASSERT(search->topics && search->ids);
	for (id = 0; id < count; id++)
		if (topic_fits(search, (int64_t)id))
			search->topics[search->topic_count++] = (int64_t)id;
}

static int gather_topic(struct search *search, int64_t topic, uint64_t through)
{
	static const char sql[] = "SELECT id FROM event"
				  " WHERE topic=?1 AND id>?2 AND id<=?3";
	struct ledger_reader *reader = search->reader;
	struct statement *statement = database_prepare(reader->database, sql);
	int rc;

	if (!statement)
		return -EIO;
	statement_set_number(statement, 1, topic);
	statement_set_number(
		statement, 2,
		ledger_id(reader->epoch_number, search->selected->through_seq));
	statement_set_number(statement, 3,
			     ledger_id(reader->epoch_number, through));
	while ((rc = statement_step(statement)) == 1) {
		if (search->id_count == GATHER_MAX) {
			statement_reset(statement);
			return -E2BIG;
		}
		search->ids[search->id_count++] =
			statement_number(statement, 0);
	}
	ledger_pulse_beat(&reader->pulse);
	return rc;
}

static int by_number(const void *a, const void *b)
{
	int64_t one = *(const int64_t *)a;
	int64_t other = *(const int64_t *)b;

	return (one > other) - (one < other);
}

/* The numbers of what fits up to a seq, which is drawn nearer if need be. */
static int gather(struct search *search, uint64_t *through)
{
	uint64_t from = search->selected->through_seq;
	size_t i;
	int rc;

	do {
		search->id_count = 0;
		rc = 0;
		for (i = 0; !rc && i < search->topic_count; i++)
			rc = gather_topic(search, search->topics[i], *through);
		search->selected->work += search->topic_count;
		if (rc == -E2BIG)
			*through = from + (*through - from) / 2;
	} while (rc == -E2BIG && *through > from);
	qsort(search->ids, search->id_count, sizeof(*search->ids), by_number);
	return rc;
}

/* 1 when the visitor wants no more. */
static int visit_one(struct search *search, int64_t id)
{
	static const char sql[] =
		"SELECT id,topic,topic_seq,time_us,payload FROM event"
		" WHERE id=?1";
	struct statement *statement =
		database_prepare(search->reader->database, sql);
	bool taken = true;
	int rc;

	if (!statement)
		return -EIO;
	statement_set_number(statement, 1, id);
	rc = statement_step(statement);
	if (rc == 1) {
		taken = visit(search, statement);
		statement_reset(statement);
	}
	ledger_pulse_beat(&search->reader->pulse);
	search->selected->work++;
	return rc < 0 ? rc : !taken;
}

static int visit_gathered(struct search *search, uint64_t through)
{
	struct ledger_selected *selected = search->selected;
	size_t i;
	int rc;

	for (i = 0; i < search->id_count; i++) {
		rc = is_enough(search) ? 1 : visit_one(search, search->ids[i]);
		if (rc) {
			selected->more = true;
			return rc < 0 ? rc : 0;
		}
		selected->through_seq = ledger_id_seq(search->ids[i]);
	}
	selected->through_seq = through;
	selected->more = through < search->last_seq;
	return 0;
}

/* A stretch likely to hold what one reply takes, and worth the look-ups. */
static uint64_t first_stretch(const struct search *search)
{
	uint64_t least = search->topic_count * LOOK_UP_ROWS * 4;
	uint64_t likely = TRIAL_ROWS * 1000 / (search->hits + 1);

	return OSMO_MAX(least, likely);
}

static int look_up(struct search *search)
{
	struct ledger_selected *selected = search->selected;
	uint64_t stretch = first_stretch(search);
	uint64_t through;
	int rc = 0;

	selected->more = true;
	while (!rc && selected->more && !is_enough(search)) {
		uint64_t left = search->last_seq - selected->through_seq;
		uint64_t hits = search->hits;

		through = selected->through_seq + OSMO_MIN(stretch, left);
		rc = gather(search, &through);
		if (!rc)
			rc = visit_gathered(search, through);
		if (!rc && selected->through_seq < through)
			return 0; /* the visitor or the bound ended it */
		if (search->hits - hits < GATHER_MAX / 4)
			stretch *= 2;
	}
	return rc;
}

/* ---- both ---- */

/* So many topics that looking each up would cost more than reading on. */
static bool is_cheaper_in_order(const struct search *search)
{
	uint64_t left = search->last_seq - search->selected->through_seq;

	return search->topic_count * LOOK_UP_ROWS > left / 4;
}

static int run(struct search *search)
{
	int rc = read_on(search);

	if (rc || !search->thin)
		return rc;
	find_topics(search);
	return is_cheaper_in_order(search) ? read_on(search) : look_up(search);
}

int ledger_reader_select(struct ledger_reader *reader,
			 const struct ledger_selection *selection,
			 struct ledger_selected *selected)
{
	struct search search = {
		.reader = reader, .selection = selection, .selected = selected};
	int rc = ledger_topics_refresh(&reader->topics, reader->database);

	*selected =
		(struct ledger_selected){.through_seq = selection->after_seq};
	if (rc || selection->after_seq >> LEDGER_SEQ_BITS)
		return rc;
	search.last_seq = ledger_reader_seq(reader);
	search.fits = calloc(reader->topics.count + 1, sizeof(bool));
	search.is_known = calloc(reader->topics.count + 1, sizeof(bool));
	OSMO_ASSERT(search.fits && search.is_known);
	rc = run(&search);
	free(search.fits);
	free(search.is_known);
	free(search.topics);
	free(search.ids);
	return rc;
}
