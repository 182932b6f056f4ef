/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/ledger_topics.h"

#include <errno.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file that was tampered with must not take all memory. */
#define NUMBER_MAX (INT64_C(1) << 24)
#define FIRST_SIZE 1024

static void make_room(struct ledger_topics *topics, size_t count)
{
	size_t size = topics->size ? topics->size : FIRST_SIZE;

	while (size < count)
		size *= 2;
	if (size == topics->size)
		return;
	topics->names = realloc(topics->names, size * TOPIC_MAX);
	OSMO_ASSERT(topics->names);
	memset(topics->names + topics->size, 0,
	       (size - topics->size) * TOPIC_MAX);
	topics->size = size;
}

int ledger_topics_refresh(struct ledger_topics *topics,
			  struct database *database)
{
	static const char sql[] =
		"SELECT id,topic FROM tail WHERE id>=?1 ORDER BY id";
	struct statement *statement = database_prepare(database, sql);
	int64_t id;
	int rc;

	if (!statement)
		return -EIO;
	statement_set_number(statement, 1, (int64_t)topics->count);
	while ((rc = statement_step(statement)) == 1) {
		id = statement_number(statement, 0);
		if (id < 0 || id >= NUMBER_MAX)
			continue;
		make_room(topics, (size_t)id + 1);
		snprintf(topics->names[id], TOPIC_MAX, "%s",
			 statement_text(statement, 1));
		topics->count = (size_t)id + 1;
	}
	return rc;
}

const char *ledger_topics_name(const struct ledger_topics *topics, int64_t id)
{
	return id >= 0 && (uint64_t)id < topics->count ? topics->names[id] : "";
}

void ledger_topics_clear(struct ledger_topics *topics)
{
	free(topics->names);
	*topics = (struct ledger_topics){0};
}
