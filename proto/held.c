/* SPDX-License-Identifier: MIT */
#include "proto/held.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 65536
#define BYTES_MAX (64u << 20)

static bool has_room(struct held_queue *queue, size_t len)
{
	size_t size = queue->size ? queue->size * 2 : 64;
	struct held **messages;

	if (queue->count == COUNT_MAX || queue->bytes + len > BYTES_MAX)
		return false;
	if (queue->count < queue->size)
		return true;
	messages = realloc(queue->messages, size * sizeof(*messages));
	if (!messages)
		return false;
	queue->messages = messages;
	queue->size = size;
	return true;
}

bool held_put(struct held_queue *queue, const struct held *head,
	      const char *topic, const uint8_t *payload)
{
	size_t len = head->topic_len + head->len;
	struct held *held =
		has_room(queue, len) ? malloc(sizeof(*held) + len) : NULL;

	if (!held)
		return false;
	held->topic_len = head->topic_len;
	held->len = head->len;
	held->source = head->source;
	memcpy(held->bytes, topic, head->topic_len);
	if (head->len)
		memcpy(held->bytes + head->topic_len, payload, head->len);
	queue->messages[queue->count++] = held;
	queue->bytes += len;
	return true;
}

void held_drop(struct held_queue *queue, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct held *held = queue->messages[i];

		queue->bytes -= held->topic_len + held->len;
		free(held);
	}
	queue->count -= count;
	if (queue->count)
		memmove(queue->messages, queue->messages + count,
			queue->count * sizeof(*queue->messages));
}

void held_clear(struct held_queue *queue)
{
	held_drop(queue, queue->count);
	free(queue->messages);
	*queue = (struct held_queue){0};
}
