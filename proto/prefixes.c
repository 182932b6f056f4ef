/* SPDX-License-Identifier: MIT */
#include "proto/prefixes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool begins_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/* Who asks page by page most often asks in order. */
static bool is_in_order(const char *const *list, size_t count)
{
	size_t i;

	for (i = 1; i < count; i++)
		if (strcmp(list[i - 1], list[i]) > 0)
			return false;
	return true;
}

int prefixes_make(struct prefixes *prefixes, const char *const *list,
		  size_t count)
{
	const char **kept = calloc(count + 1, sizeof(*kept));
	size_t i, used = 0;

	if (!kept)
		return -ENOMEM;
	if (count)
		memcpy(kept, list, count * sizeof(*kept));
	if (!is_in_order(list, count))
		qsort(kept, count, sizeof(*kept), by_text);
	/* In order, whatever begins with a prefix comes right after it. */
	for (i = 0; i < count; i++)
		if (!used || !begins_with(kept[i], kept[used - 1]))
			kept[used++] = kept[i];
	prefixes->list = kept;
	prefixes->count = used;
	return 0;
}

void prefixes_clear(struct prefixes *prefixes)
{
	free(prefixes->list);
	*prefixes = (struct prefixes){0};
}

bool prefixes_hold(const struct prefixes *prefixes, const char *topic)
{
	size_t low = 0;
	size_t high = prefixes->count;

	/* The last that is not after the topic is the only one it can have. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(prefixes->list[middle], topic) > 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low && begins_with(topic, prefixes->list[low - 1]);
}
