/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * import_check.c - the rules that the values of a row must keep
 */
#include "gateway/record/directory_builder.h"
#include "gateway/record/duty.h"
#include "gateway/record/import_table.h"
#include "proto/topic.h"

#include <osmocom/core/utils.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

#define CODE_MAX   40
#define NAME_MAX_  128
#define DRIVER_MAX 16
#define NUMBER_MAX 4
#define RADIO_MAX  16

#define DIGITS  "0123456789"
#define CAPITAL "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define SMALL   "abcdefghijklmnopqrstuvwxyz"

/* All that the check of a row needs. */
struct check {
	struct import *import;
	const struct import_rules *rules;
	const struct import_table *table;
	uint32_t row;
	const struct directory *channels; /* without units */
};

/* A word that must be the only one of its scope. */
struct claim {
	const char *scope;
	const char *word;
	uint32_t row;
};

#define FAULT(check, column, value, ...)                                       \
	import_add_fault((check)->import,                                      \
			 (struct import_place){(check)->table->file,           \
					       (check)->row, column, value},   \
			 __VA_ARGS__)

static bool is_of(const char *text, const char *set, size_t max)
{
	size_t len = strlen(text);

	return len >= 1 && len <= max && strspn(text, set) == len;
}

static void check_code(const struct check *check, const char *code)
{
	if (!is_of(code, DIGITS CAPITAL SMALL "-_.", CODE_MAX) ||
	    code[0] == '.')
		FAULT(check, "code", code,
		      "a code is 1 to %d of 0-9 A-Z a-z - _ . and does not "
		      "begin with a dot",
		      CODE_MAX);
}

static void check_name(const struct check *check, const char *name)
{
	if (!*name || strlen(name) > NAME_MAX_)
		FAULT(check, "name", name, "a name has 1 to %d bytes",
		      NAME_MAX_);
}

/* ---- channels ---- */

static void check_grids(const struct check *check, struct channel_entry *entry)
{
	char topic[TOPIC_MAX];
	bool has_home = false;
	size_t count;
	char **grids;

	if (topic_in_area(topic, entry->home, TOPIC_CALL))
		FAULT(check, "home", entry->home,
		      "home is district.station.grid, for example "
		      "440106.440106530000.07");
	for (count = 0; entry->grids[count]; count++) {
		has_home |= !strcmp(entry->grids[count], entry->home);
		if (topic_in_area(topic, entry->grids[count], TOPIC_CALL))
			FAULT(check, "grids", entry->grids[count],
			      "a grid is district.station.grid, for example "
			      "440106.440106530000.07");
	}
	if (has_home)
		return;
	grids = talloc_array(check->import, char *, count + 2);
	OSMO_ASSERT(grids);
	grids[0] = (char *)entry->home;
	memcpy(grids + 1, entry->grids, (count + 1) * sizeof(*grids));
	entry->grids = grids;
}

static void check_channel(const struct check *check,
			  struct channel_entry *entry)
{
	struct fault fault;

	check_code(check, entry->code);
	check_name(check, entry->name);
	check_grids(check, entry);
	if (!is_of(entry->driver, DIGITS SMALL, DRIVER_MAX))
		FAULT(check, "driver", entry->driver,
		      "a driver is named by 1 to %d of a-z 0-9", DRIVER_MAX);
	if (!*entry->address)
		FAULT(check, "address", "",
		      "the address is empty: give the driver's words, such as "
		      "remote=192.0.2.7:5004");
	if (check->rules->check_signalling &&
	    check->rules->check_signalling(entry->signalling, &fault))
		FAULT(check, "signalling", entry->signalling, "%s",
		      fault.sentence);
}

/* ---- units ---- */

static void check_area(const struct check *check, const struct unit *unit)
{
	if (!topic_district_is_valid(unit->district))
		FAULT(check, "district", unit->district,
		      "a district is 6 digits, as in GB/T 2260");
	if (!topic_station_is_valid(unit->station))
		FAULT(check, "station", unit->station,
		      "a station is 1 to 12 of 0-9 A-Z");
	if (!topic_grid_is_valid(unit->grid))
		FAULT(check, "grid", unit->grid, "a grid is 1 to 8 of 0-9 A-Z");
}

static void check_category(const struct check *check, const char *category)
{
	const char *colon = strchr(category, ':');
	size_t scheme = strspn(category, DIGITS CAPITAL);

	if (!colon || scheme < 1 || scheme > 8 || category + scheme != colon ||
	    !is_of(colon + 1, CAPITAL, 1))
		FAULT(check, "category", category,
		      "a category is scheme:letter, for example GZ:A");
}

static bool answers_by(const struct unit *unit, const char *word)
{
	char **list;

	for (list = unit->answers_by; *list; list++)
		if (!strcmp(*list, word))
			return true;
	return false;
}

static void check_answers_by(const struct check *check, const struct unit *unit)
{
	static const char *const words[] = {"keypad", "speech", "click", "data",
					    "phone"};
	char **list;
	size_t i;

	if (!*unit->answers_by)
		FAULT(check, "answers_by", "",
		      "answers_by is one or more of keypad;speech;click;data;"
		      "phone");
	for (list = unit->answers_by; *list; list++) {
		for (i = 0; i < sizeof(words) / sizeof(*words); i++)
			if (!strcmp(*list, words[i]))
				break;
		if (i == sizeof(words) / sizeof(*words))
			FAULT(check, "answers_by", *list,
			      "'%.40s' is no way to answer: use keypad, "
			      "speech, click, data or phone",
			      *list);
	}
}

static void check_number(const struct check *check, const struct unit *unit,
			 const struct channel_entry *channel)
{
	struct fault fault;

	if (!*unit->number && !answers_by(unit, "keypad"))
		return;
	if (!is_of(unit->number, DIGITS, NUMBER_MAX)) {
		FAULT(check, "number", unit->number,
		      "a keypad number is 1 to %d digits", NUMBER_MAX);
		return;
	}
	if (channel && check->rules->check_number &&
	    check->rules->check_number(channel, unit->number, &fault))
		FAULT(check, "number", unit->number, "%s", fault.sentence);
}

static void check_radios(const struct check *check, const struct unit *unit)
{
	char **radio;

	for (radio = unit->radio_ids; *radio; radio++)
		if (!is_of(*radio, DIGITS CAPITAL SMALL, RADIO_MAX))
			FAULT(check, "radio_ids", *radio,
			      "a radio id is 1 to %d of 0-9 A-Z a-z",
			      RADIO_MAX);
}

static bool is_degrees(const char *text, double limit)
{
	const char *digits = text + (*text == '-');
	size_t whole = strspn(digits, DIGITS);
	size_t part = 0;

	if (whole < 1 || whole > 3)
		return false;
	if (digits[whole] == '.') {
		part = strspn(digits + whole + 1, DIGITS);
		if (part < 1 || part > 12)
			return false;
		part++;
	}
	return !digits[whole + part] && strtod(digits, NULL) <= limit;
}

static void check_position(const struct check *check, const struct unit *unit)
{
	if (!*unit->lon && !*unit->lat && !*unit->crs)
		return;
	if (!is_degrees(unit->lon, 180))
		FAULT(check, "lon", unit->lon,
		      "lon is degrees from -180 to 180, as 113.3245; leave "
		      "lon, lat and crs empty when not known");
	if (!is_degrees(unit->lat, 90))
		FAULT(check, "lat", unit->lat,
		      "lat is degrees from -90 to 90, as 23.1322; leave lon, "
		      "lat and crs empty when not known");
	if (strcmp(unit->crs, "WGS84") && strcmp(unit->crs, "GCJ02"))
		FAULT(check, "crs", unit->crs,
		      "crs is WGS84 or GCJ02: maps of the place use one of "
		      "them");
}

static void check_unit(const struct check *check, const struct unit *unit)
{
	const struct channel_entry *channel;
	struct fault fault;

	check_code(check, unit->code);
	check_name(check, unit->name);
	check_category(check, unit->category);
	check_area(check, unit);
	channel = directory_find_channel(check->channels, unit->channel);
	if (!channel)
		FAULT(check, "channel", unit->channel,
		      "there is no channel '%.40s': import it with "
		      "channels.csv, or mend the code",
		      unit->channel);
	check_number(check, unit, channel);
	check_radios(check, unit);
	check_answers_by(check, unit);
	if (duty_check(unit->duty, &fault))
		FAULT(check, "duty", unit->duty, "%s", fault.sentence);
	check_position(check, unit);
}

/* Units that stay must still fit the channels that come. */
static void check_kept_unit(struct check *check, const struct unit *unit,
			    const struct import_rows *channels)
{
	const struct channel_entry *entries = channels->rows;
	const struct channel_entry *channel;
	struct fault fault;
	size_t i;

	check->row = 0;
	channel = directory_find_channel(check->channels, unit->channel);
	if (!channel) {
		FAULT(check, "code", unit->channel,
		      "channel '%.40s' is gone but unit '%.40s' is on it: "
		      "move the unit with a units.csv in the same import",
		      unit->channel, unit->code);
		return;
	}
	if (!*unit->number || !check->rules->check_number ||
	    !check->rules->check_number(channel, unit->number, &fault))
		return;
	for (i = 0; i < channels->count; i++)
		if (!strcmp(entries[i].code, unit->channel))
			check->row = channels->numbers[i];
	FAULT(check, "signalling", channel->signalling,
	      "unit '%.40s' has number '%s': %s", unit->code, unit->number,
	      fault.sentence);
}

/* ---- what must be unique ---- */

static int by_claim(const void *a, const void *b)
{
	const struct claim *left = a;
	const struct claim *right = b;
	int order = strcmp(left->scope, right->scope);

	if (!order)
		order = strcmp(left->word, right->word);
	return order ? order
		     : (left->row > right->row) - (left->row < right->row);
}

static void check_unique(struct check *check, const char *column,
			 struct claim *claims, size_t count)
{
	size_t i, first = 0;

	if (count)
		qsort(claims, count, sizeof(*claims), by_claim);
	for (i = 1; i < count; i++) {
		if (strcmp(claims[i].word, claims[first].word) ||
		    strcmp(claims[i].scope, claims[first].scope)) {
			first = i;
			continue;
		}
		check->row = claims[i].row;
		if (*claims[i].scope)
			FAULT(check, column, claims[i].word,
			      "'%.40s' is already used on channel '%.40s' by "
			      "row %u",
			      claims[i].word, claims[i].scope,
			      claims[first].row);
		else
			FAULT(check, column, claims[i].word,
			      "'%.40s' is already used by row %u",
			      claims[i].word, claims[first].row);
	}
}

static void check_unique_channels(struct check *check,
				  const struct import_rows *rows)
{
	const struct channel_entry *channels = rows->rows;
	struct claim *claims =
		talloc_array(check->import, struct claim, rows->count + 1);
	size_t i;

	OSMO_ASSERT(claims);
	for (i = 0; i < rows->count; i++)
		claims[i] =
			(struct claim){"", channels[i].code, rows->numbers[i]};
	check_unique(check, "code", claims, rows->count);
	talloc_free(claims);
}

static size_t count_radios(const struct import_rows *rows)
{
	const struct unit *units = rows->rows;
	size_t count = 0;
	char **radio;
	size_t i;

	for (i = 0; i < rows->count; i++)
		for (radio = units[i].radio_ids; *radio; radio++)
			count++;
	return count;
}

static void check_unique_units(struct check *check,
			       const struct import_rows *rows)
{
	const struct unit *units = rows->rows;
	size_t room = rows->count + count_radios(rows) + 1;
	struct claim *claims = talloc_array(check->import, struct claim, room);
	size_t i, count;
	char **radio;

	OSMO_ASSERT(claims);
	for (i = 0; i < rows->count; i++)
		claims[i] = (struct claim){"", units[i].code, rows->numbers[i]};
	check_unique(check, "code", claims, rows->count);
	for (i = 0, count = 0; i < rows->count; i++)
		if (*units[i].number)
			claims[count++] = (struct claim){units[i].channel,
							 units[i].number,
							 rows->numbers[i]};
	check_unique(check, "number", claims, count);
	for (i = 0, count = 0; i < rows->count; i++)
		for (radio = units[i].radio_ids; *radio; radio++)
			claims[count++] = (struct claim){
				units[i].channel, *radio, rows->numbers[i]};
	check_unique(check, "radio_ids", claims, count);
	talloc_free(claims);
}

/* ---- all ---- */

static void check_channels(struct check *check, const struct import_rows *rows)
{
	struct channel_entry *channels = rows->rows;
	size_t i;

	check->table = &import_channels;
	for (i = 0; i < rows->count; i++) {
		check->row = rows->numbers[i];
		check_channel(check, &channels[i]);
	}
	check_unique_channels(check, rows);
}

static const struct directory *only_channels(struct import *import,
					     const struct import_rows *rows)
{
	struct directory_builder *builder = directory_builder_alloc(import);
	const struct channel_entry *channels = rows->rows;
	size_t i;

	for (i = 0; i < rows->count; i++)
		directory_builder_channel(builder, &channels[i]);
	return directory_builder_finish(builder);
}

void import_check(struct import *import, const struct import_rows *units,
		  const struct import_rows *channels)
{
	struct check check = {.import = import, .rules = import->rules};
	const struct unit *rows = units->rows;
	size_t i;

	if (channels->numbers)
		check_channels(&check, channels);
	check.channels = only_channels(import, channels);
	if (units->numbers)
		check.table = &import_units;
	for (i = 0; i < units->count && !import_should_stop(import); i++) {
		if (units->numbers) {
			check.row = units->numbers[i];
			check_unit(&check, &rows[i]);
		} else if (channels->numbers) {
			check_kept_unit(&check, &rows[i], channels);
		}
	}
	if (units->numbers)
		check_unique_units(&check, units);
}
