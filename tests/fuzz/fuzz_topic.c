/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_topic.c - what parses builds back; prefixes select what they should
 * (input: a topic, or a prefix and a topic with a newline between)
 */
#include "proto/topic.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *topic = (const char *)data;
	const char *line = memchr(topic, '\n', len);
	size_t topic_len = line ? len - (size_t)(line + 1 - topic) : len;
	size_t prefix_len = line ? (size_t)(line - topic) : 0;
	char *prefix = strndup(topic, prefix_len);
	char text[TOPIC_MAX];
	struct topic parsed;
	size_t i;

	topic = line ? line + 1 : topic;
	if (!topic_parse(&parsed, topic, topic_len)) {
		if (topic_build(text, &parsed) || strlen(text) != topic_len ||
		    memcmp(text, topic, topic_len))
			abort();
		/* It is selected by itself and by each of its areas. */
		for (i = 0; i <= topic_len; i++)
			if (topic_prefix_is_valid(topic, i) !=
			    (!i || i == topic_len || topic[i - 1] == '.'))
				abort();
		if (topic_prefix_is_within(text, prefix) &&
		    memcmp(text, prefix, strlen(prefix)))
			abort();
	}
	free(prefix);
	return 0;
}
