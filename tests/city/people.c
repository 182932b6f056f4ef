/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * people.c - comma separated values with quotes, UTF-8, columns by name
 */
#include "tests/city/people.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_MAX 32

/* One row, its cells unquoted in place of the text. */
struct row {
	char *cells[CELLS_MAX];
	size_t count;
};

struct sheet {
	char *text;
	char *at;
	struct row head;
	unsigned int line;
};

/* Read one cell at *at and step behind it; true when the row goes on. */
static bool cell(char **at, char **value)
{
	char *from = *at, *to = *at;
	bool quoted = *from == '"';
	bool more;

	if (quoted)
		from++;
	*value = to;
	for (; *from; from++) {
		if (quoted && *from == '"' && from[1] == '"')
			from++;
		else if (quoted && *from == '"') {
			quoted = false;
			continue;
		} else if (!quoted && strchr(",\r\n", *from))
			break;
		*to++ = *from;
	}
	more = *from == ',';
	if (*from == '\r' && from[1] == '\n')
		from++;
	*at = *from ? from + 1 : from;
	*to = '\0';
	return more;
}

/* False at the end of the text.  Cells past CELLS_MAX are left out. */
static bool next_row(struct sheet *sheet, struct row *row)
{
	char *value;
	bool more = true;

	row->count = 0;
	while (*sheet->at == '\n' || *sheet->at == '\r')
		sheet->at++;
	if (!*sheet->at)
		return false;
	sheet->line++;
	while (more) {
		more = cell(&sheet->at, &value);
		if (row->count < CELLS_MAX)
			row->cells[row->count++] = value;
	}
	return true;
}

static int sheet_open(struct sheet *sheet, const char *text)
{
	static const char mark[] = "\xef\xbb\xbf";

	memset(sheet, 0, sizeof(*sheet));
	if (!strncmp(text, mark, 3))
		text += 3;
	sheet->text = strdup(text);
	sheet->at = sheet->text;
	if (!sheet->text)
		return -ENOMEM;
	return next_row(sheet, &sheet->head) ? 0 : -EINVAL;
}

static const char *value_of(const struct sheet *sheet, const struct row *row,
			    const char *column)
{
	size_t i;

	for (i = 0; i < sheet->head.count && i < row->count; i++)
		if (!strcmp(sheet->head.cells[i], column))
			return row->cells[i];
	return "";
}

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

/* "local=1.2.3.4:5 remote=1.2.3.4:6 codec=pcma", unknown words are skipped. */
static int address(struct place *place, const char *words, char *why,
		   size_t why_size)
{
	char text[512], *word, *rest = text;

	copy(text, sizeof(text), words);
	copy(place->codec, sizeof(place->codec), "pcma");
	place->rate_hz = 8000;
	while ((word = strsep(&rest, " \t"))) {
		char *value = strchr(word, '=');

		if (!value)
			continue;
		*value++ = '\0';
		if (!strcmp(word, "local"))
			copy(place->local, sizeof(place->local), value);
		else if (!strcmp(word, "remote"))
			copy(place->remote, sizeof(place->remote), value);
		else if (!strcmp(word, "codec"))
			copy(place->codec, sizeof(place->codec), value);
		else if (!strcmp(word, "rate"))
			place->rate_hz = (uint32_t)strtoul(value, NULL, 10);
		else if (!strcmp(word, "pt"))
			place->payload = (uint32_t)strtoul(value, NULL, 10);
	}
	if (*place->local && *place->remote)
		return 0;
	snprintf(why, why_size,
		 "channel '%s' has no local= and remote= in its address: write "
		 "both as IP:PORT",
		 place->code);
	return -EINVAL;
}

static int read_place(struct people *people, const struct sheet *sheet,
		      const struct row *row, char *why, size_t why_size)
{
	struct place *places = realloc(
		people->places, (people->place_count + 1) * sizeof(*places));
	struct place *place;

	if (!places)
		return -ENOMEM;
	people->places = places;
	place = &places[people->place_count++];
	memset(place, 0, sizeof(*place));
	copy(place->code, sizeof(place->code), value_of(sheet, row, "code"));
	place->repeater = !strcmp(value_of(sheet, row, "kind"), "repeater");
	place->hang_ms =
		(uint32_t)strtoul(value_of(sheet, row, "hang_ms"), NULL, 10);
	place->tail_ms =
		(uint32_t)strtoul(value_of(sheet, row, "tail_ms"), NULL, 10);
	return address(place, value_of(sheet, row, "address"), why, why_size);
}

static int read_person(struct people *people, const struct sheet *sheet,
		       const struct row *row, char *why, size_t why_size)
{
	struct person *persons = realloc(
		people->persons, (people->person_count + 1) * sizeof(*persons));
	struct person *person;

	if (!persons)
		return -ENOMEM;
	people->persons = persons;
	person = &persons[people->person_count++];
	memset(person, 0, sizeof(*person));
	copy(person->code, sizeof(person->code), value_of(sheet, row, "code"));
	copy(person->name, sizeof(person->name), value_of(sheet, row, "name"));
	copy(person->channel, sizeof(person->channel),
	     value_of(sheet, row, "channel"));
	copy(person->number, sizeof(person->number),
	     value_of(sheet, row, "number"));
	copy(person->radio_id, sizeof(person->radio_id),
	     value_of(sheet, row, "radio_ids"));
	person->radio_id[strcspn(person->radio_id, ";")] = '\0';
	person->strength =
		(uint32_t)strtoul(value_of(sheet, row, "strength"), NULL, 10);
	if (*person->code)
		return 0;
	snprintf(why, why_size, "units, row %u: it has no code", sheet->line);
	return -EINVAL;
}

static int
read_sheet(struct people *people, const char *text,
	   int (*take)(struct people *people, const struct sheet *sheet,
		       const struct row *row, char *why, size_t why_size),
	   char *why, size_t why_size)
{
	struct sheet sheet;
	struct row row;
	int rc = sheet_open(&sheet, text);

	if (rc)
		snprintf(why, why_size, "a table is empty: it needs a header");
	while (!rc && next_row(&sheet, &row))
		rc = take(people, &sheet, &row, why, why_size);
	if (rc == -ENOMEM)
		snprintf(why, why_size, "out of memory");
	free(sheet.text);
	return rc;
}

/* By channel, then as the list on the wall has them. */
static int by_number(const void *a, const void *b)
{
	const struct person *left = a, *right = b;
	int order = strcmp(left->channel, right->channel);

	if (!order)
		order = strcmp(left->number, right->number);
	return order ? order : strcmp(left->code, right->code);
}

int people_parse(struct people *people, const char *units, const char *channels,
		 char *why, size_t why_size)
{
	int rc;

	memset(people, 0, sizeof(*people));
	rc = read_sheet(people, channels, read_place, why, why_size);
	if (!rc)
		rc = read_sheet(people, units, read_person, why, why_size);
	if (rc)
		people_fini(people);
	else if (people->person_count)
		qsort(people->persons, people->person_count,
		      sizeof(*people->persons), by_number);
	return rc;
}

char *people_file(const char *path, char *why, size_t why_size)
{
	FILE *file = fopen(path, "r");
	size_t room = 0;
	char *text = NULL;

	if (file && getdelim(&text, &room, '\0', file) < 0 && ferror(file)) {
		free(text);
		text = NULL;
	} else if (file && !text) {
		text = calloc(1, 1);
	}
	if (!text)
		snprintf(why, why_size, "can't read '%s': %s", path,
			 strerror(errno));
	if (file)
		fclose(file);
	return text;
}

int people_read(struct people *people, const char *units_path,
		const char *channels_path, char *why, size_t why_size)
{
	char *units = people_file(units_path, why, why_size);
	char *channels =
		units ? people_file(channels_path, why, why_size) : NULL;
	int rc = -EINVAL;

	memset(people, 0, sizeof(*people));
	if (channels)
		rc = people_parse(people, units, channels, why, why_size);
	free(units);
	free(channels);
	return rc;
}

void people_fini(struct people *people)
{
	free(people->persons);
	free(people->places);
	memset(people, 0, sizeof(*people));
}
