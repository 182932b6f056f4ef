/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/ledger_post.h"

#include "gateway/record/ledger_batch.h"

#include <osmocom/core/utils.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct ledger_post {
	pthread_mutex_t lock;
	struct ledger_note *first;
	struct ledger_note **last;
	int fd;
};

struct ledger_post *ledger_post_alloc(void)
{
	struct ledger_post *post = calloc(1, sizeof(*post));

	if (!post)
		return NULL;
	post->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (post->fd < 0) {
		free(post);
		return NULL;
	}
	pthread_mutex_init(&post->lock, NULL);
	post->last = &post->first;
	return post;
}

struct ledger_post *ledger_post_free(struct ledger_post *post)
{
	struct ledger_note *note, *next;

	if (!post)
		return NULL;
	for (note = post->first; note; note = next) {
		next = note->next;
		ledger_note_free(note);
	}
	close(post->fd);
	pthread_mutex_destroy(&post->lock);
	free(post);
	return NULL;
}

struct ledger_note *ledger_note_alloc(enum ledger_note_kind kind)
{
	struct ledger_note *note = calloc(1, sizeof(*note));

	OSMO_ASSERT(note);
	note->kind = kind;
	return note;
}

void ledger_note_free(struct ledger_note *note)
{
	ledger_batch_free(note->batch);
	free(note);
}

void ledger_post_put(struct ledger_post *post, struct ledger_note *note)
{
	bool was_empty;

	pthread_mutex_lock(&post->lock);
	was_empty = !post->first;
	*post->last = note;
	while (note->next)
		note = note->next;
	post->last = &note->next;
	pthread_mutex_unlock(&post->lock);
	if (was_empty)
		ledger_post_wake(post);
}

struct ledger_note *ledger_post_take(struct ledger_post *post)
{
	struct ledger_note *first;
	eventfd_t count;

	/* Before looking: what comes later wakes again. */
	(void)eventfd_read(post->fd, &count);
	pthread_mutex_lock(&post->lock);
	first = post->first;
	post->first = NULL;
	post->last = &post->first;
	pthread_mutex_unlock(&post->lock);
	return first;
}

int ledger_post_fd(const struct ledger_post *post)
{
	return post->fd;
}

void ledger_post_wake(struct ledger_post *post)
{
	(void)eventfd_write(post->fd, 1);
}
