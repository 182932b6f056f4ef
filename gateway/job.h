/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * job.h - long work done beside the main loop, one piece after the other
 *
 * Reading and encoding recordings, reading directory files: whatever takes
 * longer than a main loop may wait and touches nothing that main owns.
 *
 * Memory:  arg belongs to the caller; job_queue below ctx.
 * Threads: main, except work(), which runs on the job thread.
 */
#pragma once

#include <stdbool.h>

struct job_queue;

/* NULL when memory, descriptors or threads are out. */
struct job_queue *job_queue_alloc(void *ctx);

/*
 * Work off what waits, with done() of each, then stop the thread.  Nothing may
 * be added any more.  Accepts NULL.  Always returns NULL.
 */
struct job_queue *job_queue_free(struct job_queue *queue);

/*
 * Have work(arg) run on the job thread, then done(arg) on main.  -ENOSPC when
 * 4096 jobs wait already: nothing was taken.
 */
int job_add(struct job_queue *queue, void (*work)(void *arg),
	    void (*done)(void *arg), void *arg);

/* Whether it is idle or finished a job since the last call. */
bool job_is_alive(struct job_queue *queue);
