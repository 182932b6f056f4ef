/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * worker.h - one thread that runs a share of the channels
 *
 * A worker sleeps in one epoll: a timer of 20 ms (while it has channels), the
 * radios' descriptors, and two inboxes, main's orders and the drivers' reports.
 *
 * Threads: every function here is main's.
 */
#pragma once

#include "gateway/voice/radio.h"
#include "plugins/plugin.h"

#include <stdint.h>

struct worker;

/* NULL and a sentence when threads, descriptors or memory are out. */
struct worker *worker_alloc(unsigned int number, struct gridcall_why *why);

/* Unkeys what is left, joins.  Accepts NULL.  Always returns NULL. */
struct worker *worker_free(struct worker *worker);

/* Where its radios' drivers report to. */
struct inbox *worker_reports(struct worker *worker);

size_t worker_load(const struct worker *worker);

/* Know a radio; its reports are taken from now on.  Waits. */
int worker_attach(struct worker *worker, struct gridcall_radio *radio);

/* Let its channel run.  Waits.  0 or a negative errno of watching. */
int worker_run(struct worker *worker, struct gridcall_radio *radio);

/* Close its channel if it runs, and forget it.  Waits, at most a frame. */
void worker_detach(struct worker *worker, struct gridcall_radio *radio);

/* Unkey and close all its channels at once.  Waits. */
void worker_close_all(struct worker *worker);

/* The list must last until PLAY_ENDED was told. */
void worker_play(struct worker *worker, struct gridcall_radio *radio,
		 const struct playlist *list, uint32_t ticket);
void worker_halt(struct worker *worker, struct gridcall_radio *radio,
		 uint32_t ticket);

/* Grows at least each second. */
uint64_t worker_progress(const struct worker *worker);

const char *worker_name(const struct worker *worker);
