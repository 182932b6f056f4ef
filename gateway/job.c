/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/job.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include <osmocom/core/select.h>
#include <osmocom/core/talloc.h>

#include "gateway/inbox.h"

#define JOBS_MAX 4096

/* A job may take this many calls of job_is_alive(), a minute, not more. */
#define JOB_CHECKS_MAX 60

struct job {
	void (*work)(void *arg); /* NULL: stop */
	void (*done)(void *arg);
	void *arg;
};

struct job_queue {
	struct inbox *waiting;
	struct inbox *finished;
	struct osmo_fd ofd;
	pthread_t thread;
	uint64_t added;
	uint64_t told;
	uint64_t told_before;
	unsigned int checks;
};

static void *job_thread(void *arg)
{
	struct job_queue *queue = arg;
	struct pollfd fd = {.fd = inbox_fd(queue->waiting), .events = POLLIN};
	struct job job;

	for (;;) {
		if (inbox_take(queue->waiting, &job)) {
			(void)poll(&fd, 1, -1);
			continue;
		}
		if (!job.work)
			return NULL;
		job.work(job.arg);
		/* Never full: as large as waiting, and main bounds both. */
		(void)inbox_put(queue->finished, &job);
	}
}

static int on_finished(struct osmo_fd *ofd, unsigned int what)
{
	struct job_queue *queue = ofd->data;
	struct job job;

	while (!inbox_take(queue->finished, &job)) {
		queue->told++;
		job.done(job.arg);
	}
	return 0;
}

static int job_queue_destroy(struct job_queue *queue)
{
	if (queue->ofd.fd >= 0)
		osmo_fd_unregister(&queue->ofd);
	inbox_free(queue->waiting);
	inbox_free(queue->finished);
	return 0;
}

struct job_queue *job_queue_alloc(void *ctx)
{
	struct job_queue *queue = talloc_zero(ctx, struct job_queue);

	if (!queue)
		return NULL;
	queue->ofd.fd = -1;
	talloc_set_destructor(queue, job_queue_destroy);
	/* One place more than jobs, for the order to stop. */
	queue->waiting = inbox_alloc(JOBS_MAX + 1, sizeof(struct job));
	queue->finished = inbox_alloc(JOBS_MAX + 1, sizeof(struct job));
	if (!queue->waiting || !queue->finished)
		goto fail;
	osmo_fd_setup(&queue->ofd, inbox_fd(queue->finished), OSMO_FD_READ,
		      on_finished, queue, 0);
	if (osmo_fd_register(&queue->ofd))
		goto fail;
	if (pthread_create(&queue->thread, NULL, job_thread, queue))
		goto fail;
	return queue;
fail:
	talloc_free(queue);
	return NULL;
}

struct job_queue *job_queue_free(struct job_queue *queue)
{
	struct job stop = {0};

	if (!queue)
		return NULL;
	(void)inbox_put(queue->waiting, &stop);
	pthread_join(queue->thread, NULL);
	/* Who waits for a done() owns memory that only it can free. */
	(void)on_finished(&queue->ofd, OSMO_FD_READ);
	talloc_free(queue);
	return NULL;
}

int job_add(struct job_queue *queue, void (*work)(void *arg),
	    void (*done)(void *arg), void *arg)
{
	struct job job = {.work = work, .done = done, .arg = arg};

	if (queue->added - queue->told >= JOBS_MAX)
		return -ENOSPC;
	queue->added++;
	return inbox_put(queue->waiting, &job);
}

bool job_is_alive(struct job_queue *queue)
{
	bool moved = queue->told != queue->told_before;

	queue->told_before = queue->told;
	if (moved || queue->added == queue->told)
		queue->checks = 0;
	else
		queue->checks++;
	return queue->checks < JOB_CHECKS_MAX;
}
