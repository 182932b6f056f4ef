/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/inbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct inbox {
	pthread_mutex_t lock;
	int fd;
	size_t item_size;
	size_t capacity;
	size_t head; /* next to take */
	size_t count;
	size_t peak;
	uint64_t refused;
	uint8_t items[];
};

struct inbox *inbox_alloc(size_t capacity, size_t item_size)
{
	struct inbox *inbox;

	inbox = calloc(1, sizeof(*inbox) + capacity * item_size);
	if (!inbox)
		return NULL;
	inbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (inbox->fd < 0) {
		free(inbox);
		return NULL;
	}
	pthread_mutex_init(&inbox->lock, NULL);
	inbox->capacity = capacity;
	inbox->item_size = item_size;
	return inbox;
}

struct inbox *inbox_free(struct inbox *inbox)
{
	if (!inbox)
		return NULL;
	close(inbox->fd);
	pthread_mutex_destroy(&inbox->lock);
	free(inbox);
	return NULL;
}

static uint8_t *slot(struct inbox *inbox, size_t index)
{
	return inbox->items + (index % inbox->capacity) * inbox->item_size;
}

int inbox_put(struct inbox *inbox, const void *item)
{
	int rc = 0;

	pthread_mutex_lock(&inbox->lock);
	if (inbox->count == inbox->capacity) {
		inbox->refused++;
		rc = -ENOSPC;
	} else {
		memcpy(slot(inbox, inbox->head + inbox->count), item,
		       inbox->item_size);
		if (inbox->count++ == 0)
			(void)eventfd_write(inbox->fd, 1);
		if (inbox->count > inbox->peak)
			inbox->peak = inbox->count;
	}
	pthread_mutex_unlock(&inbox->lock);
	return rc;
}

int inbox_take(struct inbox *inbox, void *item)
{
	eventfd_t told;
	int rc = -EAGAIN;

	pthread_mutex_lock(&inbox->lock);
	if (inbox->count) {
		memcpy(item, slot(inbox, inbox->head), inbox->item_size);
		inbox->head = (inbox->head + 1) % inbox->capacity;
		if (--inbox->count == 0)
			(void)eventfd_read(inbox->fd, &told);
		rc = 0;
	}
	pthread_mutex_unlock(&inbox->lock);
	return rc;
}

int inbox_fd(const struct inbox *inbox)
{
	return inbox->fd;
}

uint64_t inbox_refused(struct inbox *inbox)
{
	uint64_t refused;

	pthread_mutex_lock(&inbox->lock);
	refused = inbox->refused;
	pthread_mutex_unlock(&inbox->lock);
	return refused;
}

size_t inbox_peak(struct inbox *inbox)
{
	size_t peak;

	pthread_mutex_lock(&inbox->lock);
	peak = inbox->peak;
	pthread_mutex_unlock(&inbox->lock);
	return peak;
}
