/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/zeromq/key_set.h"

#include <stdlib.h>
#include <string.h>

/* Names and areas lie behind the keys. */
struct key_set {
	size_t count;
	struct key keys[];
};

static size_t text_size(const struct gridcall_key *key)
{
	size_t size = strlen(key->principal) + 2;
	size_t i;

	for (i = 0; key->jurisdiction[i]; i++)
		size += strlen(key->jurisdiction[i]) + 1;
	return size;
}

static char *put(char *at, const char *text)
{
	return stpcpy(at, text) + 1;
}

static char *copy_key(struct key *key, const struct gridcall_key *from,
		      char *at)
{
	size_t i;

	memcpy(key->public_key, from->public_key, KEY_BYTES);
	key->listens = from->listens;
	key->principal = at;
	at = put(at, from->principal);
	key->areas = at;
	for (i = 0; from->jurisdiction[i]; i++)
		at = put(at, from->jurisdiction[i]);
	return put(at, "");
}

static int compare(const void *a, const void *b)
{
	return memcmp(((const struct key *)a)->public_key,
		      ((const struct key *)b)->public_key, KEY_BYTES);
}

struct key_set *key_set_alloc(const struct gridcall_key *keys, size_t count)
{
	size_t size = sizeof(struct key_set) + count * sizeof(struct key);
	struct key_set *set;
	size_t text = 0;
	char *at;
	size_t i;

	for (i = 0; i < count; i++)
		text += text_size(&keys[i]);
	set = malloc(size + text);
	if (!set)
		return NULL;
	set->count = count;
	at = (char *)set + size;
	for (i = 0; i < count; i++)
		at = copy_key(&set->keys[i], &keys[i], at);
	qsort(set->keys, count, sizeof(struct key), compare);
	return set;
}

struct key_set *key_set_free(struct key_set *set)
{
	free(set);
	return NULL;
}

const struct key *key_set_find(const struct key_set *set,
			       const uint8_t public_key[KEY_BYTES])
{
	struct key wanted;

	if (!set)
		return NULL;
	memcpy(wanted.public_key, public_key, KEY_BYTES);
	return bsearch(&wanted, set->keys, set->count, sizeof(struct key),
		       compare);
}

bool key_is_good_for(const struct key *key, const struct settings_feed *feed)
{
	const char *area;

	if (!key || (feed->voice && !key->listens))
		return false;
	for (area = key->areas; *area; area += strlen(area) + 1)
		if (topic_prefix_is_within(feed->jurisdiction, area))
			return true;
	return false;
}
