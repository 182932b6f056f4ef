/* SPDX-License-Identifier: MIT */
#include "proto/tails.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 64 /* a power of two, as every size */

static size_t hash(const char *topic)
{
	uint64_t value = 14695981039346656037u; /* FNV-1a */

	while (*topic)
		value = (value ^ (unsigned char)*topic++) * 1099511628211u;
	return (size_t)(value ^ value >> 32);
}

/* The place of a topic, or the free one where it belongs. */
static struct tail *place_of(const struct tails *tails, const char *topic)
{
	size_t mask = tails->size - 1;
	size_t i = hash(topic) & mask;

	while (tails->places[i].topic[0] &&
	       strcmp(tails->places[i].topic, topic))
		i = (i + 1) & mask;
	return &tails->places[i];
}

static int grow(struct tails *tails)
{
	struct tails larger = {.size = tails->size ? tails->size * 2
						   : FIRST_SIZE,
			       .count = tails->count};
	size_t i;

	larger.places = calloc(larger.size, sizeof(*larger.places));
	if (!larger.places)
		return -ENOMEM;
	for (i = 0; i < tails->size; i++)
		if (tails->places[i].topic[0])
			*place_of(&larger, tails->places[i].topic) =
				tails->places[i];
	free(tails->places);
	*tails = larger;
	return 0;
}

uint64_t tails_find(const struct tails *tails, const char *topic)
{
	return tails->size ? place_of(tails, topic)->topic_seq : 0;
}

int tails_set(struct tails *tails, const struct tail *tail)
{
	struct tail *place;

	if (!tail->topic[0] || !memchr(tail->topic, '\0', TOPIC_MAX))
		return -EINVAL;
	/* At most half full, so that a free place is always near. */
	if (2 * (tails->count + 1) > tails->size && grow(tails))
		return -ENOMEM;
	place = place_of(tails, tail->topic);
	if (!place->topic[0])
		tails->count++;
	*place = *tail;
	return 0;
}

void tails_clear(struct tails *tails)
{
	free(tails->places);
	*tails = (struct tails){0};
}
