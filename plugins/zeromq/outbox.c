/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/zeromq/outbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct outbox {
	pthread_mutex_t lock;
	int fd;
	size_t capacity;
	size_t count; /* for the feed */
	struct letter *first;
	struct letter **last;
};

struct outbox *outbox_alloc(size_t capacity)
{
	struct outbox *outbox = calloc(1, sizeof(*outbox));

	if (!outbox)
		return NULL;
	outbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (outbox->fd < 0) {
		free(outbox);
		return NULL;
	}
	pthread_mutex_init(&outbox->lock, NULL);
	outbox->capacity = capacity;
	outbox->last = &outbox->first;
	return outbox;
}

struct outbox *outbox_free(struct outbox *outbox)
{
	struct letter *letter;

	if (!outbox)
		return NULL;
	while ((letter = outbox->first)) {
		outbox->first = letter->next;
		free(letter);
	}
	close(outbox->fd);
	pthread_mutex_destroy(&outbox->lock);
	free(outbox);
	return NULL;
}

void outbox_wake(struct outbox *outbox)
{
	(void)eventfd_write(outbox->fd, 1);
}

static int append(struct outbox *outbox, struct letter *letter)
{
	int rc = 0;

	pthread_mutex_lock(&outbox->lock);
	if (!letter->token && outbox->count == outbox->capacity) {
		rc = -EAGAIN;
	} else {
		outbox->count += !letter->token;
		if (!outbox->first)
			outbox_wake(outbox);
		*outbox->last = letter;
		outbox->last = &letter->next;
	}
	pthread_mutex_unlock(&outbox->lock);
	return rc;
}

int outbox_put(struct outbox *outbox, const struct letter *letter,
	       const uint8_t *data)
{
	struct letter *copy;
	int rc;

	if (!memchr(letter->topic, '\0', TOPIC_MAX))
		return -EINVAL;
	copy = malloc(sizeof(*copy) + letter->len);
	if (!copy)
		return -ENOMEM;
	*copy = *letter;
	copy->next = NULL;
	if (letter->len)
		memcpy(copy->data, data, letter->len);
	rc = append(outbox, copy);
	if (rc)
		free(copy);
	return rc;
}

struct letter *outbox_take(struct outbox *outbox)
{
	struct letter *letters;
	eventfd_t told;

	pthread_mutex_lock(&outbox->lock);
	(void)eventfd_read(outbox->fd, &told);
	letters = outbox->first;
	outbox->first = NULL;
	outbox->last = &outbox->first;
	outbox->count = 0;
	pthread_mutex_unlock(&outbox->lock);
	return letters;
}

int outbox_fd(const struct outbox *outbox)
{
	return outbox->fd;
}
