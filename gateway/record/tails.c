/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/tails.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 256

struct tails {
	struct tail **slots;
	size_t slot_count; /* a power of two */
	size_t count;
	struct tail *newest;
	struct tail *oldest;
};

struct tails *tails_alloc(void)
{
	struct tails *tails = calloc(1, sizeof(*tails));

	if (!tails)
		return NULL;
	tails->slot_count = SLOTS_FIRST;
	tails->slots = calloc(tails->slot_count, sizeof(*tails->slots));
	if (!tails->slots)
		return tails_free(tails);
	return tails;
}

struct tails *tails_free(struct tails *tails)
{
	struct tail *tail, *next;
	size_t i;

	if (!tails)
		return NULL;
	for (i = 0; tails->slots && i < tails->slot_count; i++) {
		for (tail = tails->slots[i]; tail; tail = next) {
			next = tail->same_slot;
			free(tail);
		}
	}
	free(tails->slots);
	free(tails);
	return NULL;
}

/* FNV-1a. */
static size_t hash(const char *text)
{
	uint32_t value = 2166136261u;

	for (; *text; text++)
		value = (value ^ (uint8_t)*text) * 16777619u;
	return value;
}

/* Twice the slots; when memory is out the chains just grow longer. */
static void grow(struct tails *tails)
{
	size_t count = tails->slot_count * 2;
	struct tail **slots = calloc(count, sizeof(*slots));
	struct tail *tail, *next;
	size_t i, slot;

	if (!slots)
		return;
	for (i = 0; i < tails->slot_count; i++) {
		for (tail = tails->slots[i]; tail; tail = next) {
			next = tail->same_slot;
			slot = hash(tail->topic) & (count - 1);
			tail->same_slot = slots[slot];
			slots[slot] = tail;
		}
	}
	free(tails->slots);
	tails->slots = slots;
	tails->slot_count = count;
}

struct tail *tails_get(struct tails *tails, const char *topic)
{
	size_t slot = hash(topic) & (tails->slot_count - 1);
	struct tail *tail;

	for (tail = tails->slots[slot]; tail; tail = tail->same_slot)
		if (!strcmp(tail->topic, topic))
			return tail;
	if (strlen(topic) >= sizeof(tail->topic))
		return NULL;
	tail = calloc(1, sizeof(*tail));
	if (!tail)
		return NULL;
	strcpy(tail->topic, topic);
	tail->same_slot = tails->slots[slot];
	tails->slots[slot] = tail;
	if (++tails->count > tails->slot_count)
		grow(tails);
	return tail;
}

static void unlink_tail(struct tails *tails, struct tail *tail)
{
	if (tail->newer)
		tail->newer->older = tail->older;
	else if (tails->newest == tail)
		tails->newest = tail->older;
	if (tail->older)
		tail->older->newer = tail->newer;
	else if (tails->oldest == tail)
		tails->oldest = tail->newer;
	tail->newer = NULL;
	tail->older = NULL;
}

void tails_touch(struct tails *tails, struct tail *tail, uint64_t now_us)
{
	tail->changed_us = now_us;
	if (tails->newest == tail)
		return;
	unlink_tail(tails, tail);
	tail->older = tails->newest;
	if (tails->newest)
		tails->newest->newer = tail;
	else
		tails->oldest = tail;
	tails->newest = tail;
}

struct tail *tails_newest(struct tails *tails)
{
	return tails->newest;
}

void tails_untouch_all(struct tails *tails)
{
	while (tails->newest)
		unlink_tail(tails, tails->newest);
}
