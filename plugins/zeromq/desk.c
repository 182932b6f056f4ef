/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/zeromq/desk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SHARE 8 /* of what is free, one peer may have as much over this */

struct place {
	uint64_t token; /* 0: free */
	size_t next;    /* free place after this one */
	struct desk_peer peer;
};

struct desk {
	size_t capacity;
	size_t free; /* first free place, capacity: none */
	size_t taken;
	uint64_t opened;
	struct place places[];
};

struct desk *desk_alloc(size_t capacity)
{
	struct desk *desk =
		calloc(1, sizeof(*desk) + capacity * sizeof(struct place));
	size_t i;

	if (!desk)
		return NULL;
	desk->capacity = capacity;
	for (i = 0; i < capacity; i++)
		desk->places[i].next = i + 1;
	return desk;
}

struct desk *desk_free(struct desk *desk)
{
	free(desk);
	return NULL;
}

static bool is_same(const struct desk_peer *a, const struct desk_peer *b)
{
	return a->inlet == b->inlet && a->len == b->len &&
	       !memcmp(a->id, b->id, a->len);
}

/* Places are given out from the front, so few are looked at. */
static size_t taken_by(const struct desk *desk, const struct desk_peer *peer)
{
	size_t seen = 0;
	size_t count = 0;
	size_t i;

	for (i = 0; seen < desk->taken; i++) {
		if (!desk->places[i].token)
			continue;
		seen++;
		count += is_same(&desk->places[i].peer, peer);
	}
	return count;
}

/*
 * Who has none may have one as long as there is any.  The more is taken the
 * less one may have, so that there is room for those who come next.
 */
static bool has_room(const struct desk *desk, const struct desk_peer *peer)
{
	size_t own = taken_by(desk, peer);
	size_t left = desk->capacity - desk->taken;

	return left && (!own || own < left / SHARE);
}

/* The place of a token is its remainder; the rest makes it unique. */
uint64_t desk_open(struct desk *desk, const struct desk_peer *peer)
{
	struct place *place;

	if (!has_room(desk, peer))
		return 0;
	place = &desk->places[desk->free];
	place->token = ++desk->opened * desk->capacity + desk->free;
	place->peer = *peer;
	desk->free = place->next;
	desk->taken++;
	return place->token;
}

int desk_close(struct desk *desk, uint64_t token, struct desk_peer *peer)
{
	size_t index = token % desk->capacity;
	struct place *place = &desk->places[index];

	if (!token || place->token != token)
		return -ENOENT;
	*peer = place->peer;
	place->token = 0;
	place->next = desk->free;
	desk->free = index;
	desk->taken--;
	return 0;
}
