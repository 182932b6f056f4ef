/* SPDX-License-Identifier: MIT
 *
 * A recovery's position as text, and back.
 */
#include "proto/recovery_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t recovery_position(const struct recovery *recovery, char *text,
			 size_t size)
{
	const char *epoch = recovery->epoch[0] ? recovery->epoch : "-";
	size_t len, i;

	if (size)
		*text = '\0';
	/* Nothing was given yet, and where "now" is is not known either. */
	if (!recovery->epoch[0] && recovery->from_now)
		return 0;
	len = (size_t)snprintf(text, size, "%s %" PRIu64, epoch,
			       recovery->through);
	/* Seen already, though an older one of another topic may be missing. */
	for (i = 0; i < recovery->tails.size; i++) {
		const struct tail *tail = &recovery->tails.places[i];
		size_t at = len < size ? len : size;

		if (tail->topic[0] && tail->seq > recovery->through)
			len += (size_t)snprintf(text + at, size - at,
						" %s:%" PRIu64, tail->topic,
						tail->topic_seq);
	}
	return len;
}

static int take_number(const char **text, uint64_t *number)
{
	char *end;

	if (**text < '0' || **text > '9')
		return -EINVAL;
	errno = 0;
	*number = strtoull(*text, &end, 10);
	*text = end;
	return errno ? -EINVAL : 0;
}

/* One " TOPIC:TOPIC_SEQ" of a position. */
static int take_tail(struct recovery *recovery, const char **text)
{
	struct topic parsed;
	struct tail tail = {0};
	size_t len;

	len = strcspn(++*text, ":");
	if ((*text)[len] != ':' || topic_parse(&parsed, *text, len))
		return -EINVAL;
	memcpy(tail.topic, *text, len);
	*text += len + 1;
	if (take_number(text, &tail.topic_seq))
		return -EINVAL;
	tail.seq = UINT64_MAX; /* beyond through: keep it in the position */
	return tails_set(&recovery->tails, &tail);
}

int recovery_take_position(struct recovery *recovery, const char *text)
{
	size_t len = strcspn(text, " ");

	if (!len || len >= EPOCH_MAX || text[len] != ' ')
		return -EINVAL;
	if (len != 1 || *text != '-')
		memcpy(recovery->epoch, text, len);
	text += len + 1;
	if (take_number(&text, &recovery->through))
		return -EINVAL;
	while (*text == ' ')
		if (take_tail(recovery, &text))
			return -EINVAL;
	return *text ? -EINVAL : 0;
}
