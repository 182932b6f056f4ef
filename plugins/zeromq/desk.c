/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/zeromq/desk.h"

#include <errno.h>
#include <stdlib.h>

struct place {
	uint64_t token; /* 0: free */
	size_t next;    /* free place after this one */
	struct desk_peer peer;
};

struct desk {
	size_t capacity;
	size_t free; /* first free place, capacity: none */
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

/* The place of a token is its remainder; the rest makes it unique. */
uint64_t desk_open(struct desk *desk, const struct desk_peer *peer)
{
	struct place *place;

	if (desk->free == desk->capacity)
		return 0;
	place = &desk->places[desk->free];
	place->token = ++desk->opened * desk->capacity + desk->free;
	place->peer = *peer;
	desk->free = place->next;
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
	return 0;
}
