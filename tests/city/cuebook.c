/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cuebook.c - from the recordings in an over to the one who is asked
 *
 * What stands at the end of an over counts: a name may follow a lead-in, an
 * announcement or a receipt.
 */
#include "tests/city/cuebook.h"
#include "codecs/audiofile.h"
#include "codecs/resampler.h"
#include "tests/city/sound.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Sound after the last recording: then it was not the last word. */
#define TAIL_MS 700
/* Between the digits of one number. */
#define DIGITS_MS 1200
/* What stands before a receipt, at most: lead and carrier. */
#define NOTICE_MS 2500

enum role { ROLE_OTHER, ROLE_UNIT, ROLE_DIGIT, ROLE_REPEAT, ROLE_DONE };

struct entry { /* by number in the book */
	enum role role;
	const struct person *person;
	char digit;
};

struct cuebook {
	const struct people *people;
	struct book *book;
	struct entry *entries;
	size_t count;
};

static int add(struct cuebook *book, const char *path, const char *name,
	       struct entry entry, char *why, size_t why_size)
{
	int16_t *pcm = NULL, *narrow = NULL;
	struct entry *entries;
	char reason[160] = "";
	uint32_t rate_hz;
	size_t samples;
	int rc;

	rc = audiofile_read(path, &pcm, &samples, &rate_hz, reason,
			    sizeof(reason));
	if (!rc)
		rc = resample_all(pcm, samples, rate_hz, SOUND_RATE_HZ, &narrow,
				  &samples);
	if (!rc)
		rc = book_add(book->book, name, narrow, samples);
	free(pcm);
	free(narrow);
	if (rc == -EINVAL && !*reason)
		return 0; /* silence: nobody will ever hear it */
	entries = rc < 0 ? NULL
			 : realloc(book->entries,
				   (book->count + 1) * sizeof(*entries));
	if (!entries) {
		snprintf(why, why_size, "can't take '%s': %s", path,
			 *reason ? reason : strerror(rc < 0 ? -rc : ENOMEM));
		return -EINVAL;
	}
	book->entries = entries;
	entries[book->count++] = entry;
	return 0;
}

/* NAME.wav or NAME.opus, whichever is there; neither is no failure. */
static int add_if_there(struct cuebook *book, const char *folder,
			const char *name, struct entry entry, char *why,
			size_t why_size)
{
	static const char *const suffixes[] = {".wav", ".opus"};
	char path[1024];
	size_t i;

	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s%s", folder, name,
			 suffixes[i]);
		if (!access(path, R_OK))
			return add(book, path, name, entry, why, why_size);
	}
	return 0;
}

static int add_units(struct cuebook *book, const char *folder, char *why,
		     size_t why_size)
{
	char path[768], name[PEOPLE_CODE_MAX + 8];
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < book->people->person_count; i++) {
		const struct person *person = &book->people->persons[i];
		struct entry entry = {.role = ROLE_UNIT, .person = person};

		snprintf(path, sizeof(path), "%s", folder);
		snprintf(name, sizeof(name), "units/%s", person->code);
		rc = add_if_there(book, path, name, entry, why, why_size);
	}
	return rc;
}

static int add_digits(struct cuebook *book, const char *folder, char *why,
		      size_t why_size)
{
	char name[16];
	char digit;
	int rc = 0;

	for (digit = '0'; !rc && digit <= '9'; digit++) {
		struct entry entry = {.role = ROLE_DIGIT, .digit = digit};

		snprintf(name, sizeof(name), "digits/%c", digit);
		rc = add_if_there(book, folder, name, entry, why, why_size);
	}
	return rc;
}

static enum role role_of(const char *name)
{
	if (!strcmp(name, "repeat"))
		return ROLE_REPEAT;
	return strcmp(name, "done") ? ROLE_OTHER : ROLE_DONE;
}

/* Every recording in the folder itself. */
static int add_prompts(struct cuebook *book, const char *folder, char *why,
		       size_t why_size)
{
	DIR *dir = opendir(folder);
	struct dirent *file;
	int rc = 0;

	if (!dir) {
		snprintf(why, why_size, "can't read the prompts in '%s': %s",
			 folder, strerror(errno));
		return -EINVAL;
	}
	while (!rc && (file = readdir(dir))) {
		char *dot = strrchr(file->d_name, '.');
		struct entry entry = {.role = ROLE_OTHER};

		if (!dot || (strcmp(dot, ".wav") && strcmp(dot, ".opus")))
			continue;
		*dot = '\0';
		entry.role = role_of(file->d_name);
		rc = add_if_there(book, folder, file->d_name, entry, why,
				  why_size);
	}
	closedir(dir);
	return rc;
}

struct cuebook *cuebook_load(const char *prompts, const char *language,
			     const struct people *people, char *why,
			     size_t why_size)
{
	struct cuebook *book = calloc(1, sizeof(*book));
	char folder[768];

	if (book)
		book->book = book_alloc();
	if (!book || !book->book) {
		snprintf(why, why_size, "out of memory");
		return cuebook_free(book);
	}
	book->people = people;
	snprintf(folder, sizeof(folder), "%s/%s", prompts, language);
	if (add_prompts(book, folder, why, why_size) ||
	    add_digits(book, folder, why, why_size) ||
	    add_units(book, folder, why, why_size))
		return cuebook_free(book);
	return book;
}

struct cuebook *cuebook_free(struct cuebook *book)
{
	if (!book)
		return NULL;
	book_free(book->book);
	free(book->entries);
	free(book);
	return NULL;
}

/* ------------------------------------------------------------------------ */

static bool has_recording(const struct cuebook *book,
			  const struct person *person)
{
	size_t i;

	for (i = 0; i < book->count; i++)
		if (book->entries[i].person == person)
			return true;
	return false;
}

static bool needs_digits(const struct cuebook *book, const struct place *place)
{
	size_t i;

	for (i = 0; i < book->people->person_count; i++)
		if (!strcmp(book->people->persons[i].channel, place->code) &&
		    !has_recording(book, &book->people->persons[i]))
			return true;
	return false;
}

struct ear *cuebook_ear(const struct cuebook *book, const struct place *place)
{
	int *numbers = calloc(book->count + 1, sizeof(*numbers));
	bool digits = needs_digits(book, place);
	struct ear *ear = NULL;
	size_t count = 0, i;

	for (i = 0; numbers && i < book->count; i++) {
		const struct entry *entry = &book->entries[i];

		if (entry->role == ROLE_UNIT &&
		    strcmp(entry->person->channel, place->code))
			continue;
		if (entry->role == ROLE_DIGIT && !digits)
			continue;
		numbers[count++] = (int)i;
	}
	if (numbers)
		ear = ear_alloc(book->book, numbers, count);
	free(numbers);
	return ear;
}

static const struct person *numbered(const struct cuebook *book,
				     const struct place *place,
				     const char *number)
{
	size_t i;

	for (i = 0; i < book->people->person_count; i++) {
		const struct person *person = &book->people->persons[i];

		if (!strcmp(person->channel, place->code) &&
		    !strcmp(person->number, number))
			return person;
	}
	return NULL;
}

/* The digits up to the end, the longest row of them that is a number. */
static const struct person *spelt(const struct cuebook *book,
				  const struct place *place,
				  const struct heard *heard)
{
	char digits[EAR_HEARD_MAX + 1] = "";
	size_t at = heard->count, len = 0;

	while (at-- > 0) {
		const struct entry *entry = &book->entries[heard->numbers[at]];

		if (entry->role != ROLE_DIGIT ||
		    (len &&
		     heard->end_ms[at] + DIGITS_MS < heard->end_ms[at + 1]))
			break;
		memmove(digits + 1, digits, len + 1);
		digits[0] = entry->digit;
		len++;
	}
	for (at = 0; at < len; at++) {
		const struct person *person =
			numbered(book, place, digits + at);

		if (person)
			return person;
	}
	return NULL;
}

/* "Repeat" may name in the same over who is to. */
static const struct person *named_before(const struct cuebook *book,
					 const struct heard *heard)
{
	size_t at = heard->count - 1;

	while (at-- > 0)
		if (book->entries[heard->numbers[at]].role == ROLE_UNIT)
			return book->entries[heard->numbers[at]].person;
	return NULL;
}

struct meaning cuebook_meaning(const struct cuebook *book,
			       const struct place *place,
			       const struct heard *heard)
{
	struct meaning meaning = {.cue = CUE_OTHER};
	const struct entry *last;
	size_t at = heard->count;

	if (!at || heard->end_ms[at - 1] + TAIL_MS < heard->length_ms)
		return meaning;
	at--;
	last = &book->entries[heard->numbers[at]];
	meaning.name = book_name(book->book, heard->numbers[at]);
	meaning.score = (double)heard->scores[at];
	if (last->role == ROLE_UNIT)
		meaning.person = last->person;
	else if (last->role == ROLE_DIGIT)
		meaning.person = spelt(book, place, heard);
	else if (last->role == ROLE_REPEAT)
		meaning.person = named_before(book, heard);
	if (meaning.person)
		meaning.cue = CUE_UNIT;
	else if (last->role == ROLE_REPEAT)
		meaning.cue = CUE_REPEAT;
	else if (last->role == ROLE_DONE)
		meaning.cue = CUE_DONE;
	else if (last->role == ROLE_OTHER && heard->begin_ms[at] < NOTICE_MS &&
		 strncmp(meaning.name, "announce", 8))
		meaning.cue = CUE_NOTICE;
	return meaning;
}
