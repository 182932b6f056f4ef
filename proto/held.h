/* SPDX-License-Identifier: MIT
 *
 * held.h - messages that came during a replay and wait for its end
 *
 * Memory:  malloc; a struct held_queue starts zeroed and ends with
 *          held_clear().
 * Threads: any, one at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct held {
	size_t topic_len; /* with its NUL */
	size_t len;
	unsigned int source; /* of the feed it came from */
	uint8_t bytes[];     /* topic, payload */
};

struct held_queue {
	struct held **messages;
	size_t count;
	size_t size;
	size_t bytes;
};

/* Copies; false when there is no room for it. */
bool held_put(struct held_queue *queue, const struct held *head,
	      const char *topic, const uint8_t *payload);

/* Free the first so many. */
void held_drop(struct held_queue *queue, size_t count);

void held_clear(struct held_queue *queue);
