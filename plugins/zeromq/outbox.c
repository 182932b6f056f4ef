/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/zeromq/outbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct outbox {
	pthread_mutex_t lock;
	int fd;
	size_t capacity;
	_Atomic size_t count; /* for the feeds, also those in taken bundles */
	bool resting;         /* the owner waits, or is about to */
	bool told;            /* the descriptor is readable */
	struct bundle *first;
	struct bundle *last;
	struct bundle *spare; /* at most one */
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
	return outbox;
}

static void bundle_free(struct bundle *bundle)
{
	while (bundle->count)
		zmq_msg_close(&bundle->letters[--bundle->count].payload);
	free(bundle);
}

struct outbox *outbox_free(struct outbox *outbox)
{
	struct bundle *bundle;

	if (!outbox)
		return NULL;
	while ((bundle = outbox->first)) {
		outbox->first = bundle->next;
		bundle_free(bundle);
	}
	free(outbox->spare);
	close(outbox->fd);
	pthread_mutex_destroy(&outbox->lock);
	free(outbox);
	return NULL;
}

/* With the lock. */
static void tell(struct outbox *outbox)
{
	outbox->resting = false;
	outbox->told = true;
	(void)eventfd_write(outbox->fd, 1);
}

void outbox_wake(struct outbox *outbox)
{
	pthread_mutex_lock(&outbox->lock);
	tell(outbox);
	pthread_mutex_unlock(&outbox->lock);
}

/* With the lock: a bundle with room, NULL when memory is out. */
static struct bundle *open_bundle(struct outbox *outbox)
{
	struct bundle *bundle = outbox->spare;

	if (outbox->last && outbox->last->count < BUNDLE_LETTERS)
		return outbox->last;
	outbox->spare = NULL;
	if (!bundle)
		bundle = malloc(sizeof(*bundle));
	if (!bundle)
		return NULL;
	bundle->next = NULL;
	bundle->count = 0;
	if (outbox->last)
		outbox->last->next = bundle;
	else
		outbox->first = bundle;
	outbox->last = bundle;
	return bundle;
}

/* With the lock; moves the payload in. */
static int append(struct outbox *outbox, const struct letter *letter,
		  zmq_msg_t *payload)
{
	struct bundle *bundle;
	struct letter *copy;

	if (!letter->token && outbox->count >= outbox->capacity)
		return -EAGAIN;
	bundle = open_bundle(outbox);
	if (!bundle)
		return -ENOMEM;
	copy = &bundle->letters[bundle->count++];
	copy->token = letter->token;
	copy->feed = letter->feed;
	copy->topic_len = letter->topic_len;
	memcpy(copy->topic, letter->topic, letter->topic_len + 1);
	zmq_msg_init(&copy->payload);
	(void)zmq_msg_move(&copy->payload, payload);
	outbox->count += !letter->token;
	if (outbox->resting)
		tell(outbox);
	return 0;
}

int outbox_put(struct outbox *outbox, const struct letter *letter,
	       const uint8_t *data, size_t len)
{
	zmq_msg_t payload;
	int rc;

	if (zmq_msg_init_size(&payload, len))
		return -ENOMEM;
	if (len)
		memcpy(zmq_msg_data(&payload), data, len);
	pthread_mutex_lock(&outbox->lock);
	rc = append(outbox, letter, &payload);
	pthread_mutex_unlock(&outbox->lock);
	zmq_msg_close(&payload);
	return rc;
}

bool outbox_rest(struct outbox *outbox)
{
	bool rests;

	pthread_mutex_lock(&outbox->lock);
	rests = !outbox->first;
	outbox->resting = rests;
	pthread_mutex_unlock(&outbox->lock);
	return rests;
}

struct bundle *outbox_take(struct outbox *outbox)
{
	struct bundle *bundles;
	eventfd_t count;

	pthread_mutex_lock(&outbox->lock);
	if (outbox->told)
		(void)eventfd_read(outbox->fd, &count);
	outbox->told = false;
	outbox->resting = false;
	bundles = outbox->first;
	outbox->first = NULL;
	outbox->last = NULL;
	pthread_mutex_unlock(&outbox->lock);
	return bundles;
}

void outbox_give_back(struct outbox *outbox, struct bundle *bundle)
{
	size_t messages = 0;
	size_t i;

	for (i = 0; i < bundle->count; i++)
		messages += !bundle->letters[i].token;
	outbox->count -= messages;
	pthread_mutex_lock(&outbox->lock);
	if (!outbox->spare) {
		outbox->spare = bundle;
		bundle = NULL;
	}
	pthread_mutex_unlock(&outbox->lock);
	free(bundle);
}

int outbox_fd(const struct outbox *outbox)
{
	return outbox->fd;
}
