/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/import.h"

#include "gateway/record/directory_builder.h"
#include "gateway/record/directory_message.h"
#include "gateway/record/import_table.h"
#include "proto/topic.h"

#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

#define REPLY_ROWS_MAX 1000

/* Two directories side by side, both in order of code. */
struct side {
	const struct directory *directory;
	size_t count;
	size_t index;
};

static void keep_units(struct import *import, const struct directory *existing,
		       struct import_rows *rows)
{
	struct unit *units;
	size_t i;

	memset(rows, 0, sizeof(*rows));
	rows->count = directory_unit_count(existing);
	units = talloc_array(import, struct unit, rows->count + 1);
	OSMO_ASSERT(units);
	for (i = 0; i < rows->count; i++)
		units[i] = *directory_unit(existing, i);
	rows->rows = units;
}

static void keep_channels(struct import *import,
			  const struct directory *existing,
			  struct import_rows *rows)
{
	struct channel_entry *channels;
	size_t i;

	memset(rows, 0, sizeof(*rows));
	rows->count = directory_channel_count(existing);
	channels = talloc_array(import, struct channel_entry, rows->count + 1);
	OSMO_ASSERT(channels);
	for (i = 0; i < rows->count; i++)
		channels[i] = *directory_channel(existing, i);
	rows->rows = channels;
}

/* They are no columns of the file: a unit that stays stays excused. */
static void keep_excuses(const struct import_rows *rows,
			 const struct directory *existing)
{
	const struct unit *before;
	struct unit *units = rows->rows;
	size_t i;

	for (i = 0; i < rows->count; i++) {
		before = directory_find_unit(existing, units[i].code);
		if (!before)
			continue;
		units[i].excused_until_us = before->excused_until_us;
		units[i].excused_reason = before->excused_reason;
	}
}

static struct directory *build(struct import *import,
			       const struct import_rows *units,
			       const struct import_rows *channels)
{
	struct directory_builder *builder = directory_builder_alloc(import);
	const struct channel_entry *entries = channels->rows;
	const struct unit *rows = units->rows;
	size_t i;

	for (i = 0; i < channels->count; i++)
		directory_builder_channel(builder, &entries[i]);
	for (i = 0; i < units->count; i++)
		directory_builder_unit(builder, &rows[i]);
	return directory_builder_finish(builder);
}

/* ---- what changes ---- */

static struct import_change *add_change(struct import *import,
					Gridcall__V1__Change kind)
{
	struct import_change *change;

	if (!(import->change_count & (import->change_count - 1)))
		import->changes = talloc_realloc(
			import, import->changes, struct import_change,
			import->change_count ? 2 * import->change_count : 1);
	OSMO_ASSERT(import->changes);
	change = &import->changes[import->change_count++];
	memset(change, 0, sizeof(*change));
	change->change = kind;
	if (kind == GRIDCALL__V1__CHANGE__CHANGE_ADDED)
		import->added++;
	else if (kind == GRIDCALL__V1__CHANGE__CHANGE_REMOVED)
		import->removed++;
	else
		import->changed++;
	return change;
}

static void word_change(struct import *import, struct import_change *change,
			const struct import_column *column, const void *rows[2])
{
	char *before = import_column_text(import, column, rows[0]);
	char *now = import_column_text(import, column, rows[1]);
	size_t n = change->column_count++;

	change->columns =
		talloc_realloc(import, change->columns, char *, n + 1);
	change->wordings =
		talloc_realloc(import, change->wordings, char *, n + 1);
	OSMO_ASSERT(before && now && change->columns && change->wordings);
	change->columns[n] = (char *)column->name;
	change->wordings[n] = talloc_asprintf(import, "%s: %s → %s",
					      column->name, before, now);
	OSMO_ASSERT(change->wordings[n]);
	talloc_free(before);
	talloc_free(now);
}

/* NULL when the two rows are the same. */
static struct import_change *compare(struct import *import,
				     const struct import_table *table,
				     const void *before, const void *now)
{
	const void *rows[2] = {before, now};
	struct import_change *change = NULL;
	size_t i;

	for (i = 0; i < table->column_count; i++) {
		if (import_column_is_same(&table->columns[i], before, now))
			continue;
		if (!change)
			change = add_change(
				import, GRIDCALL__V1__CHANGE__CHANGE_CHANGED);
		word_change(import, change, &table->columns[i], rows);
	}
	if (!change)
		import->same++;
	return change;
}

static int order_of(const char *before, const char *now)
{
	if (!before)
		return 1;
	return now ? strcmp(before, now) : -1;
}

static Gridcall__V1__Change kind_of(int order)
{
	return order < 0 ? GRIDCALL__V1__CHANGE__CHANGE_REMOVED
			 : GRIDCALL__V1__CHANGE__CHANGE_ADDED;
}

static const struct channel_entry *channel_at(const struct side *side)
{
	if (side->index == side->count)
		return NULL;
	return directory_channel(side->directory, side->index);
}

static void compare_channels(struct import *import,
			     const struct directory *existing)
{
	struct side old = {existing, directory_channel_count(existing), 0};
	struct side new = {import->directory,
			   directory_channel_count(import->directory), 0};
	const struct channel_entry *before, *now;
	struct import_change *change;
	int order;

	while ((before = channel_at(&old)) || channel_at(&new)) {
		now = channel_at(&new);
		order = order_of(before ? before->code : NULL,
				 now ? now->code : NULL);
		change = order ? add_change(import, kind_of(order))
			       : compare(import, &import_channels, before, now);
		if (change && order >= 0)
			change->channel = now;
		if (change && order <= 0)
			change->channel_before = before;
		old.index += order <= 0;
		new.index += order >= 0;
	}
}

static const struct unit *unit_at(const struct side *side)
{
	if (side->index == side->count)
		return NULL;
	return directory_unit(side->directory, side->index);
}

static void compare_units(struct import *import,
			  const struct directory *existing)
{
	struct side old = {existing, directory_unit_count(existing), 0};
	struct side new = {import->directory,
			   directory_unit_count(import->directory), 0};
	const struct unit *before, *now;
	struct import_change *change;
	int order;

	while (((before = unit_at(&old)) || unit_at(&new)) &&
	       !import_should_stop(import)) {
		now = unit_at(&new);
		order = order_of(before ? before->code : NULL,
				 now ? now->code : NULL);
		change = order ? add_change(import, kind_of(order))
			       : compare(import, &import_units, before, now);
		if (change && order >= 0)
			change->unit = now;
		if (change && order <= 0)
			change->unit_before = before;
		old.index += order <= 0;
		new.index += order >= 0;
	}
}

static int by_place(const void *a, const void *b)
{
	const struct import_fault *left = a;
	const struct import_fault *right = b;
	int order = strcmp(left->file, right->file);

	if (!order)
		order = (left->row > right->row) - (left->row < right->row);
	if (!order)
		order = (left->order > right->order) -
			(left->order < right->order);
	return order;
}

bool import_should_stop(struct import *import)
{
	const struct import_rules *rules = import->rules;

	if (!import->stopped && rules->should_stop)
		import->stopped = rules->should_stop(rules->data);
	return import->stopped;
}

struct import *import_run(void *ctx, const struct import_files *files,
			  const struct directory *existing,
			  const struct import_rules *rules)
{
	struct import *import = talloc_zero(ctx, struct import);
	struct import_rows units, channels;

	OSMO_ASSERT(import);
	import->encoding = "";
	import->rules = rules;
	if (files->channels)
		import_table_read(&import_channels, import, files->channels,
				  files->channels_len, &channels);
	else
		keep_channels(import, existing, &channels);
	if (files->units)
		import_table_read(&import_units, import, files->units,
				  files->units_len, &units);
	else
		keep_units(import, existing, &units);
	if (!import->stopped)
		import_check(import, &units, &channels);
	if (import->stopped)
		return import;
	if (import->fault_total) {
		qsort(import->faults, import->fault_count,
		      sizeof(*import->faults), by_place);
		return import;
	}
	keep_excuses(&units, existing);
	import->directory = build(import, &units, &channels);
	compare_channels(import, existing);
	compare_units(import, existing);
	if (import->stopped)
		import->directory = NULL;
	return import;
}

/* ---- telling ---- */

static const char *change_code(const struct import_change *change)
{
	if (change->unit || change->unit_before)
		return change->unit ? change->unit->code
				    : change->unit_before->code;
	return change->channel ? change->channel->code
			       : change->channel_before->code;
}

static const char *change_name(const struct import_change *change)
{
	if (change->unit || change->unit_before)
		return change->unit ? change->unit->name
				    : change->unit_before->name;
	return change->channel ? change->channel->name
			       : change->channel_before->name;
}

static void fill_change(Gridcall__V1__ImportChange *message,
			const struct import_change *change)
{
	bool is_unit = change->unit || change->unit_before;

	gridcall__v1__import_change__init(message);
	message->change = change->change;
	message->file =
		(char *)(is_unit ? import_units.file : import_channels.file);
	message->code = (char *)change_code(change);
	message->name = (char *)change_name(change);
	message->columns = change->wordings;
	message->n_columns = change->column_count;
}

static void fill_fault(Gridcall__V1__ImportFault *message,
		       const struct import_fault *fault)
{
	gridcall__v1__import_fault__init(message);
	message->file = (char *)fault->file;
	message->row = fault->row;
	message->column = (char *)fault->column;
	message->value = (char *)fault->value;
	message->sentence = (char *)fault->sentence;
}

static size_t at_most(size_t count)
{
	return count < REPLY_ROWS_MAX ? count : REPLY_ROWS_MAX;
}

void import_reply(const struct import *import, void *ctx,
		  Gridcall__V1__ImportReply *reply)
{
	size_t i;

	gridcall__v1__import_reply__init(reply);
	reply->faults_total = (uint32_t)import->fault_total;
	reply->added = (uint32_t)import->added;
	reply->changed = (uint32_t)import->changed;
	reply->removed = (uint32_t)import->removed;
	reply->same = (uint32_t)import->same;
	reply->encoding = (char *)import->encoding;
	reply->n_faults = at_most(import->fault_count);
	reply->faults = talloc_array(ctx, Gridcall__V1__ImportFault *,
				     reply->n_faults + 1);
	reply->n_changes = at_most(import->change_count);
	reply->changes = talloc_array(ctx, Gridcall__V1__ImportChange *,
				      reply->n_changes + 1);
	OSMO_ASSERT(reply->faults && reply->changes);
	for (i = 0; i < reply->n_faults; i++) {
		reply->faults[i] = talloc(ctx, Gridcall__V1__ImportFault);
		OSMO_ASSERT(reply->faults[i]);
		fill_fault(reply->faults[i], &import->faults[i]);
	}
	for (i = 0; i < reply->n_changes; i++) {
		reply->changes[i] = talloc(ctx, Gridcall__V1__ImportChange);
		OSMO_ASSERT(reply->changes[i]);
		fill_change(reply->changes[i], &import->changes[i]);
	}
}

static void unit_topic(char topic[TOPIC_MAX], const struct unit *unit)
{
	struct topic parts = {.kind = TOPIC_UNIT};

	osmo_strlcpy(parts.district, unit->district, sizeof(parts.district));
	osmo_strlcpy(parts.station, unit->station, sizeof(parts.station));
	osmo_strlcpy(parts.grid, unit->grid, sizeof(parts.grid));
	/* Fails only for a row that no import let in: then nobody is told. */
	if (topic_build(topic, &parts))
		topic[0] = '\0';
}

static void write_unit_event(const struct import_change *change,
			     struct ledger_batch *batch, const char *principal)
{
	const struct unit *unit =
		change->unit ? change->unit : change->unit_before;
	Gridcall__V1__UnitEvent message = GRIDCALL__V1__UNIT_EVENT__INIT;
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;
	Gridcall__V1__Unit row;
	char now[TOPIC_MAX], before[TOPIC_MAX], left[TOPIC_MAX];
	bool moved;

	unit_topic(now, unit);
	unit_topic(before, change->unit_before ? change->unit_before : unit);
	moved = strcmp(now, before) != 0;
	unit_to_message(unit, &row);
	message.change = change->change;
	message.unit = &row;
	message.principal = (char *)principal;
	message.columns = change->columns;
	message.n_columns = change->column_count;
	if (moved) {
		/* The prefix: all but the kind. */
		osmo_strlcpy(left, before, sizeof(left));
		if (strrchr(left, '.'))
			strrchr(left, '.')[1] = '\0';
		message.moved_from = left;
	}
	event.body_case = GRIDCALL__V1__EVENT__BODY_UNIT;
	event.unit = &message;
	(void)ledger_batch_event(batch, now, "", &event);
	if (moved)
		(void)ledger_batch_event(batch, before, "", &event);
}

static void write_channel(const struct import_change *change,
			  struct ledger_batch *batch)
{
	Gridcall__V1__Channel row;

	if (!change->channel) {
		ledger_batch_channel_gone(batch, change->channel_before->code);
		return;
	}
	channel_to_message(change->channel, &row);
	ledger_batch_channel(batch, &row);
}

static void write_unit(const struct import_change *change,
		       struct ledger_batch *batch)
{
	Gridcall__V1__Unit row;

	if (!change->unit) {
		ledger_batch_unit_gone(batch, change->unit_before->code);
		return;
	}
	unit_to_message(change->unit, &row);
	ledger_batch_unit(batch, &row);
}

void import_write(struct import *import, struct ledger_batch *batch,
		  const char *principal)
{
	const struct import_change *change;
	size_t i;

	for (i = 0; i < import->change_count; i++) {
		if (import_should_stop(import))
			return;
		change = &import->changes[i];
		if (change->channel || change->channel_before) {
			write_channel(change, batch);
			continue;
		}
		write_unit(change, batch);
		write_unit_event(change, batch, principal);
	}
}
