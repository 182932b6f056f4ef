/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_prefixes.c - the set finds what a look at each prefix finds
 * (input: a topic, then prefixes, a line each)
 */
#include "proto/prefixes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MANY 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = strndup((const char *)data, len);
	char *rest = text;
	const char *topic = strsep(&rest, "\n");
	const char *list[MANY];
	struct prefixes prefixes;
	bool held = false;
	size_t i, count = 0;

	while (rest && count < MANY)
		list[count++] = strsep(&rest, "\n");
	for (i = 0; i < count; i++)
		held |= !strncmp(topic, list[i], strlen(list[i]));
	if (prefixes_make(&prefixes, list, count) ||
	    prefixes_hold(&prefixes, topic) != held)
		abort();
	prefixes_clear(&prefixes);
	free(text);
	return 0;
}
