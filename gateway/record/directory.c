/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/directory.h"

#include "gateway/record/directory_builder.h"
#include "gateway/record/directory_message.h"

#include <errno.h>
#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

#define CHUNK_BYTES 65536

/* One way to reach a unit: its keypad number or one of its radios. */
struct reach {
	const char *channel;
	const char *word;
	const struct unit *unit;
};

struct directory {
	struct unit *units; /* by code */
	size_t unit_count;
	struct channel_entry *channels; /* by code */
	size_t channel_count;
	struct reach *numbers; /* by channel, then word */
	size_t number_count;
	struct reach *radios;
	size_t radio_count;
};

struct directory_builder {
	struct directory *directory;
	char *chunk; /* room for strings and lists */
	size_t chunk_left;
	size_t radio_count;
};

struct directory *directory_alloc(void *ctx)
{
	return directory_builder_finish(directory_builder_alloc(ctx));
}

size_t directory_unit_count(const struct directory *directory)
{
	return directory->unit_count;
}

size_t directory_channel_count(const struct directory *directory)
{
	return directory->channel_count;
}

const struct unit *directory_unit(const struct directory *directory,
				  size_t index)
{
	return &directory->units[index];
}

const struct channel_entry *directory_channel(const struct directory *directory,
					      size_t index)
{
	return &directory->channels[index];
}

static int by_unit_code(const void *a, const void *b)
{
	const struct unit *left = a;
	const struct unit *right = b;

	return strcmp(left->code, right->code);
}

static int by_channel_code(const void *a, const void *b)
{
	const struct channel_entry *left = a;
	const struct channel_entry *right = b;

	return strcmp(left->code, right->code);
}

static int by_reach(const void *a, const void *b)
{
	const struct reach *left = a;
	const struct reach *right = b;
	int order = strcmp(left->channel, right->channel);

	return order ? order : strcmp(left->word, right->word);
}

bool unit_is_excused(const struct unit *unit, int64_t now_us)
{
	return unit->excused_until_us > now_us;
}

const struct unit *directory_find_unit(const struct directory *directory,
				       const char *code)
{
	struct unit key = {.code = code};

	return bsearch(&key, directory->units, directory->unit_count,
		       sizeof(key), by_unit_code);
}

const struct channel_entry *
directory_find_channel(const struct directory *directory, const char *code)
{
	struct channel_entry key = {.code = code};

	return bsearch(&key, directory->channels, directory->channel_count,
		       sizeof(key), by_channel_code);
}

static const struct unit *find_reach(const struct reach *reaches, size_t count,
				     const char *channel, const char *word)
{
	struct reach key = {.channel = channel, .word = word};
	const struct reach *found;

	found = bsearch(&key, reaches, count, sizeof(key), by_reach);
	return found ? found->unit : NULL;
}

const struct unit *directory_find_number(const struct directory *directory,
					 const char *channel,
					 const char *number)
{
	return find_reach(directory->numbers, directory->number_count, channel,
			  number);
}

const struct unit *directory_find_radio(const struct directory *directory,
					const char *channel,
					const char *radio_id)
{
	return find_reach(directory->radios, directory->radio_count, channel,
			  radio_id);
}

/* ---- building ---- */

struct directory_builder *directory_builder_alloc(void *ctx)
{
	struct directory_builder *builder;

	builder = talloc_zero(ctx, struct directory_builder);
	OSMO_ASSERT(builder);
	builder->directory = talloc_zero(builder, struct directory);
	OSMO_ASSERT(builder->directory);
	return builder;
}

/* Many small strings that live and die together: carved from chunks. */
static void *carve(struct directory_builder *builder, size_t size)
{
	void *start;

	if (size > CHUNK_BYTES / 4) {
		start = talloc_size(builder->directory, size);
		OSMO_ASSERT(start);
		return start;
	}
	if (size > builder->chunk_left) {
		builder->chunk = talloc_size(builder->directory, CHUNK_BYTES);
		OSMO_ASSERT(builder->chunk);
		builder->chunk_left = CHUNK_BYTES;
	}
	start = builder->chunk + CHUNK_BYTES - builder->chunk_left;
	builder->chunk_left -= size;
	return start;
}

static void keep_text(struct directory_builder *builder, const char **text)
{
	size_t size;

	if (!*text || !**text) {
		*text = "";
		return;
	}
	size = strlen(*text) + 1;
	*text = memcpy(carve(builder, size), *text, size);
}

static void keep_list(struct directory_builder *builder, char ***list)
{
	static char *empty[1];
	size_t misfit, i, count = 0;
	const char *text;
	char **kept;

	if (!*list || !**list) {
		*list = empty;
		return;
	}
	while ((*list)[count])
		count++;
	misfit = builder->chunk_left % sizeof(*kept);
	if (misfit)
		(void)carve(builder, misfit);
	kept = carve(builder, (count + 1) * sizeof(*kept));
	for (i = 0; i < count; i++) {
		text = (*list)[i];
		keep_text(builder, &text);
		kept[i] = (char *)text;
	}
	kept[count] = NULL;
	*list = kept;
}

/* Room for one more in an array that doubles. */
static void *grow(void *ctx, void *array, size_t size, size_t count)
{
	if (count & (count - 1) || (count && count < 16))
		return array;
	array = talloc_realloc_size(ctx, array,
				    size * (count ? 2 * count : 16));
	OSMO_ASSERT(array);
	return array;
}

void directory_builder_unit(struct directory_builder *builder,
			    const struct unit *unit)
{
	struct directory *directory = builder->directory;
	struct unit *kept;
	char **radio;

	directory->units = grow(directory, directory->units, sizeof(*kept),
				directory->unit_count);
	kept = &directory->units[directory->unit_count++];
	*kept = *unit;
	keep_text(builder, &kept->code);
	keep_text(builder, &kept->name);
	keep_text(builder, &kept->spoken);
	keep_list(builder, &kept->aliases);
	keep_text(builder, &kept->category);
	keep_text(builder, &kept->district);
	keep_text(builder, &kept->station);
	keep_text(builder, &kept->grid);
	keep_text(builder, &kept->zone);
	keep_text(builder, &kept->channel);
	keep_text(builder, &kept->number);
	keep_list(builder, &kept->radio_ids);
	keep_list(builder, &kept->answers_by);
	keep_text(builder, &kept->duty);
	keep_text(builder, &kept->phone);
	keep_text(builder, &kept->lon);
	keep_text(builder, &kept->lat);
	keep_text(builder, &kept->crs);
	keep_list(builder, &kept->cameras);
	keep_list(builder, &kept->tags);
	keep_text(builder, &kept->excused_reason);
	for (radio = kept->radio_ids; *radio; radio++)
		builder->radio_count++;
}

void directory_builder_channel(struct directory_builder *builder,
			       const struct channel_entry *channel)
{
	struct directory *directory = builder->directory;
	struct channel_entry *kept;

	directory->channels = grow(directory, directory->channels,
				   sizeof(*kept), directory->channel_count);
	kept = &directory->channels[directory->channel_count++];
	*kept = *channel;
	keep_text(builder, &kept->code);
	keep_text(builder, &kept->name);
	keep_text(builder, &kept->home);
	keep_list(builder, &kept->grids);
	keep_text(builder, &kept->driver);
	keep_text(builder, &kept->address);
	keep_text(builder, &kept->signalling);
}

int directory_builder_unit_bytes(struct directory_builder *builder,
				 const uint8_t *data, size_t len)
{
	Gridcall__V1__Unit *message;
	struct unit unit;
	void *lists;

	message = gridcall__v1__unit__unpack(NULL, len, data);
	if (!message)
		return -EBADMSG;
	lists = talloc_new(builder);
	unit_from_message(&unit, lists, message);
	directory_builder_unit(builder, &unit);
	talloc_free(lists);
	gridcall__v1__unit__free_unpacked(message, NULL);
	return 0;
}

int directory_builder_channel_bytes(struct directory_builder *builder,
				    const uint8_t *data, size_t len)
{
	Gridcall__V1__Channel *message;
	struct channel_entry channel;
	void *lists;

	message = gridcall__v1__channel__unpack(NULL, len, data);
	if (!message)
		return -EBADMSG;
	lists = talloc_new(builder);
	channel_from_message(&channel, lists, message);
	directory_builder_channel(builder, &channel);
	talloc_free(lists);
	gridcall__v1__channel__free_unpacked(message, NULL);
	return 0;
}

static void index_reaches(struct directory *directory, size_t radio_count)
{
	const struct unit *unit;
	char **radio;
	size_t i;

	directory->numbers = talloc_array(directory, struct reach,
					  directory->unit_count + 1);
	directory->radios =
		talloc_array(directory, struct reach, radio_count + 1);
	OSMO_ASSERT(directory->numbers && directory->radios);
	for (i = 0; i < directory->unit_count; i++) {
		unit = &directory->units[i];
		if (*unit->number)
			directory->numbers[directory->number_count++] =
				(struct reach){unit->channel, unit->number,
					       unit};
		for (radio = unit->radio_ids; *radio; radio++)
			directory->radios[directory->radio_count++] =
				(struct reach){unit->channel, *radio, unit};
	}
	qsort(directory->numbers, directory->number_count, sizeof(struct reach),
	      by_reach);
	qsort(directory->radios, directory->radio_count, sizeof(struct reach),
	      by_reach);
}

struct directory *directory_builder_finish(struct directory_builder *builder)
{
	struct directory *directory = builder->directory;

	/* Searching wants an array even where there is nothing to find. */
	if (!directory->units)
		directory->units = talloc_zero(directory, struct unit);
	if (!directory->channels)
		directory->channels =
			talloc_zero(directory, struct channel_entry);
	OSMO_ASSERT(directory->units && directory->channels);
	if (directory->unit_count)
		qsort(directory->units, directory->unit_count,
		      sizeof(struct unit), by_unit_code);
	if (directory->channel_count)
		qsort(directory->channels, directory->channel_count,
		      sizeof(struct channel_entry), by_channel_code);
	index_reaches(directory, builder->radio_count);
	talloc_steal(talloc_parent(builder), directory);
	talloc_free(builder);
	return directory;
}
