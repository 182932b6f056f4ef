/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/ledger_writer.h"

#include "gateway/clock.h"
#include "gateway/record/ledger_thread.h"

#include <errno.h>
#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RETRY_S 1
/* Bounds the latency of a group; one batch may hold more. */
#define GROUP_OPS_MAX 4000
/* Pages of 4 KiB in the log: when the keeper, and when we ourselves, act. */
#define LOG_PAGES_KEEPER 1000
#define LOG_PAGES_WRITER 8000
#define LOG_PAGES_LONG   12000 /* who reads much should leave it alone */

struct ledger_writer {
	struct ledger_writer_config config;
	char *path;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;    /* something to write, or stop */
	pthread_cond_t written; /* more is written, or the disk refuses */

	/* below lock */
	struct ledger_batch *first;
	struct ledger_batch **last;
	uint64_t given;
	uint64_t done;
	bool stop;
	bool stuck; /* the last write failed */
	struct ledger_stats stats;

	/* the thread's own */
	struct ledger_batch *held; /* taken from the queue, not yet written */
	bool short_of_reserve;
	struct ledger_trim trim;
	struct gridcall_why told; /* the trouble that main knows; "" none */
	struct ledger_pulse pulse;
};

static void tell_trouble(struct ledger_writer *writer, const char *sentence)
{
	struct ledger_note *note;

	if (!strcmp(writer->told.text, sentence))
		return;
	snprintf(writer->told.text, sizeof(writer->told.text), "%s", sentence);
	note = ledger_note_alloc(LEDGER_NOTE_TROUBLE);
	snprintf(note->sentence, sizeof(note->sentence), "%s", sentence);
	ledger_post_put(writer->config.post, note);
	pthread_mutex_lock(&writer->lock);
	snprintf(writer->stats.trouble, sizeof(writer->stats.trouble), "%s",
		 sentence);
	pthread_mutex_unlock(&writer->lock);
}

static void set_stuck(struct ledger_writer *writer, bool stuck)
{
	pthread_mutex_lock(&writer->lock);
	writer->stuck = stuck;
	pthread_cond_broadcast(&writer->written);
	pthread_mutex_unlock(&writer->lock);
}

/* Take the front of the queue, at most GROUP_OPS_MAX but whole batches. */
static void take_group(struct ledger_writer *writer)
{
	struct ledger_batch **end = &writer->first;
	size_t ops = 0;

	while (*end && (!ops || ops + (*end)->op_count <= GROUP_OPS_MAX)) {
		ops += (*end)->op_count;
		end = &(*end)->next;
	}
	if (end == &writer->first)
		return;
	writer->held = writer->first;
	writer->first = *end;
	*end = NULL;
	if (!writer->first)
		writer->last = &writer->first;
}

static void pause_before_retry(struct ledger_writer *writer)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += RETRY_S;
	while (!writer->stop && (writer->stuck || !writer->first))
		if (pthread_cond_timedwait(&writer->work, &writer->lock,
					   &until))
			return;
}

/* Until there is something to write, or old events are to go. */
static void wait_idle(struct ledger_writer *writer)
{
	uint64_t due_us = writer->trim.due_us;
	struct timespec until = {.tv_sec = (time_t)(due_us / 1000000),
				 .tv_nsec = (long)(due_us % 1000000) * 1000};
	int rc = 0;

	while (!rc && !writer->stop && !writer->first && !writer->held) {
		if (writer->trim.keep_us)
			rc = pthread_cond_timedwait(&writer->work,
						    &writer->lock, &until);
		else
			pthread_cond_wait(&writer->work, &writer->lock);
	}
}

/* Returns false when there is nothing left to do for ever. */
static bool wait_for_work(struct ledger_writer *writer)
{
	bool more;

	ledger_pulse_end(&writer->pulse);
	pthread_mutex_lock(&writer->lock);
	if (writer->stuck || writer->short_of_reserve)
		pause_before_retry(writer);
	else
		wait_idle(writer);
	if (!writer->held)
		take_group(writer);
	more = writer->held || !writer->stop;
	pthread_mutex_unlock(&writer->lock);
	ledger_pulse_begin(&writer->pulse);
	return more;
}

/* A chain of notes that take over what is held. */
static struct ledger_note *notes_of(struct ledger_writer *writer)
{
	struct ledger_note *first = NULL;
	struct ledger_note **last = &first;
	struct ledger_batch *batch, *next;

	for (batch = writer->held; batch; batch = next) {
		next = batch->next;
		batch->next = NULL;
		*last = ledger_note_alloc(LEDGER_NOTE_WRITTEN);
		(*last)->batch = batch;
		(*last)->op = batch->first;
		last = &(*last)->next;
	}
	writer->held = NULL;
	return first;
}

static void count_written(struct ledger_writer *writer, uint64_t took_us)
{
	const struct ledger_batch *batch;
	struct ledger_note *notes;
	uint64_t batches = 0, events = 0;

	for (batch = writer->held; batch; batch = batch->next) {
		batches++;
		if (batch->last_seq)
			events += batch->last_seq - batch->first_seq + 1;
	}
	notes = notes_of(writer);
	pthread_mutex_lock(&writer->lock);
	writer->done += batches;
	writer->stats.commits++;
	writer->stats.events += events;
	if (took_us > writer->stats.slowest_us)
		writer->stats.slowest_us = took_us;
	writer->stuck = false;
	pthread_cond_broadcast(&writer->written);
	/* Within the lock: who sees the count finds it told, and the reverse.
	 */
	ledger_post_put(writer->config.post, notes);
	pthread_mutex_unlock(&writer->lock);
}

static int write_held(struct ledger_writer *writer, struct gridcall_why *why)
{
	uint64_t began_us = clock_now_us();
	int rc = ledger_book_write(writer->config.book, writer->held, why);

	if (!rc)
		count_written(writer, clock_now_us() - began_us);
	return rc;
}

/* The disk refuses: make room, or find the file again, and try once more. */
static void relieve(struct ledger_writer *writer, int rc,
		    struct gridcall_why *why)
{
	tell_trouble(writer, why->text);
	if (writer->config.reserve && !writer->short_of_reserve) {
		writer->short_of_reserve = true;
		(void)ledger_reserve_release(writer->path);
	}
	if (rc != -ENOSPC && rc != -EBUSY &&
	    ledger_book_reopen(writer->config.book, why)) {
		tell_trouble(writer, why->text);
		set_stuck(writer, true);
		return;
	}
	if (write_held(writer, why)) {
		tell_trouble(writer, why->text);
		set_stuck(writer, true);
	}
}

/* All is well when writing works and the reserve is there. */
static void recover(struct ledger_writer *writer)
{
	char sentence[256];
	int rc;

	if (writer->held) /* still refused */
		return;
	rc = ledger_reserve_make(writer->path, writer->config.reserve);
	writer->short_of_reserve = rc != 0;
	if (!rc) {
		tell_trouble(writer, "");
		return;
	}
	if (writer->told.text[0])
		return;
	snprintf(sentence, sizeof(sentence),
		 "the disk of the ledger '%s' has no room for its reserve "
		 "(%s): free space on it",
		 writer->path, strerror(-rc));
	tell_trouble(writer, sentence);
}

static void keep_log_short(struct ledger_writer *writer)
{
	int pages = ledger_book_log_pages(writer->config.book);

	pthread_mutex_lock(&writer->lock);
	writer->stats.log_is_long = pages >= LOG_PAGES_LONG;
	pthread_mutex_unlock(&writer->lock);
	if (pages >= LOG_PAGES_KEEPER)
		ledger_keeper_kick(writer->config.keeper);
	/* The keeper has moved most; moving the rest lets the log restart. */
	if (pages >= LOG_PAGES_WRITER)
		ledger_book_checkpoint(writer->config.book);
}

static void *run(void *arg)
{
	struct ledger_writer *writer = arg;
	struct gridcall_why why;
	int rc;

	recover(writer);
	while (wait_for_work(writer)) {
		if (writer->held) {
			rc = write_held(writer, &why);
			if (rc)
				relieve(writer, rc, &why);
		}
		if (writer->told.text[0])
			recover(writer);
		if (!writer->held)
			ledger_book_trim(writer->config.book, &writer->trim);
		keep_log_short(writer);
		if (writer->held && writer->stop)
			break; /* refused to the last */
	}
	return NULL;
}

static void free_writer(struct ledger_writer *writer)
{
	ledger_book_free(writer->config.book);
	pthread_cond_destroy(&writer->work);
	pthread_cond_destroy(&writer->written);
	pthread_mutex_destroy(&writer->lock);
	free(writer->path);
	free(writer);
}

struct ledger_writer *
ledger_writer_start(const struct ledger_writer_config *config)
{
	struct ledger_writer *writer = calloc(1, sizeof(*writer));
	pthread_condattr_t monotonic;

	OSMO_ASSERT(writer);
	writer->config = *config;
	writer->trim.keep_us = config->keep_us;
	writer->path = strdup(config->path);
	OSMO_ASSERT(writer->path);
	writer->last = &writer->first;
	pthread_mutex_init(&writer->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&writer->work, &monotonic);
	pthread_cond_init(&writer->written, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (ledger_thread_start(&writer->thread, "ledger-writer", run,
				writer)) {
		free_writer(writer);
		return NULL;
	}
	return writer;
}

static size_t drop(struct ledger_batch *batch)
{
	struct ledger_batch *next;
	size_t count = 0;

	for (; batch; batch = next) {
		next = batch->next;
		ledger_batch_free(batch);
		count++;
	}
	return count;
}

size_t ledger_writer_stop(struct ledger_writer *writer)
{
	size_t lost;

	pthread_mutex_lock(&writer->lock);
	writer->stop = true;
	pthread_cond_signal(&writer->work);
	pthread_mutex_unlock(&writer->lock);
	pthread_join(writer->thread, NULL);
	lost = drop(writer->held) + drop(writer->first);
	free_writer(writer);
	return lost;
}

void ledger_writer_put(struct ledger_writer *writer, struct ledger_batch *batch)
{
	pthread_mutex_lock(&writer->lock);
	batch->next = NULL;
	*writer->last = batch;
	writer->last = &batch->next;
	writer->given++;
	pthread_cond_signal(&writer->work);
	pthread_mutex_unlock(&writer->lock);
}

uint64_t ledger_writer_given(struct ledger_writer *writer)
{
	uint64_t given;

	pthread_mutex_lock(&writer->lock);
	given = writer->given;
	pthread_mutex_unlock(&writer->lock);
	return given;
}

void ledger_writer_wait(struct ledger_writer *writer, uint64_t count)
{
	pthread_mutex_lock(&writer->lock);
	while (writer->done < count && !writer->stuck)
		pthread_cond_wait(&writer->written, &writer->lock);
	pthread_mutex_unlock(&writer->lock);
}

bool ledger_writer_is_stuck(struct ledger_writer *writer)
{
	bool stuck;

	pthread_mutex_lock(&writer->lock);
	stuck = writer->stuck;
	pthread_mutex_unlock(&writer->lock);
	return stuck;
}

void ledger_writer_stats(struct ledger_writer *writer,
			 struct ledger_stats *stats)
{
	pthread_mutex_lock(&writer->lock);
	*stats = writer->stats;
	stats->queued = writer->given - writer->done;
	pthread_mutex_unlock(&writer->lock);
}

struct ledger_pulse *ledger_writer_pulse(struct ledger_writer *writer)
{
	return &writer->pulse;
}
