/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/ledger_reader.h"
#include "gateway/record/ledger_thread.h"

#include <osmocom/core/utils.h>
#include <stdio.h>
#include <stdlib.h>

struct seat {
	struct ledger_readers *readers;
	struct ledger_reader *reader;
	pthread_t thread;
	bool started;
};

struct ledger_readers {
	struct ledger_writer *writer;
	struct ledger_post *post;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct ledger_job *first;
	struct ledger_job **last;
	bool stop;
	struct seat seats[LEDGER_READERS];
};

/* NULL when there is nothing left to do for ever. */
static struct ledger_job *take(struct ledger_readers *readers)
{
	struct ledger_job *job;

	pthread_mutex_lock(&readers->lock);
	while (!readers->first && !readers->stop)
		pthread_cond_wait(&readers->work, &readers->lock);
	job = readers->first;
	if (job) {
		readers->first = job->next;
		if (!readers->first)
			readers->last = &readers->first;
	}
	pthread_mutex_unlock(&readers->lock);
	return job;
}

static void *run(void *arg)
{
	struct seat *seat = arg;
	struct ledger_readers *readers = seat->readers;
	struct ledger_note *note;
	struct ledger_job *job;

	while ((job = take(readers))) {
		ledger_writer_wait(readers->writer, job->after);
		ledger_reader_run(seat->reader, job->work, job->data);
		note = ledger_note_alloc(LEDGER_NOTE_READ);
		note->done = job->done;
		note->data = job->data;
		free(job);
		ledger_post_put(readers->post, note);
	}
	return NULL;
}

static int start_seat(struct seat *seat,
		      const struct ledger_readers_config *config,
		      struct gridcall_why *why)
{
	seat->reader =
		ledger_reader_alloc(config->path, config->epoch_number, why);
	if (!seat->reader)
		return -1;
	if (ledger_thread_start(&seat->thread, "ledger-reader", run, seat)) {
		snprintf(why->text, sizeof(why->text),
			 "the ledger's readers have no thread: raise the limit "
			 "of tasks");
		return -1;
	}
	seat->started = true;
	return 0;
}

struct ledger_readers *
ledger_readers_alloc(const struct ledger_readers_config *config,
		     struct gridcall_why *why)
{
	struct ledger_readers *readers = calloc(1, sizeof(*readers));
	size_t i;

	OSMO_ASSERT(readers);
	readers->writer = config->writer;
	readers->post = config->post;
	readers->last = &readers->first;
	pthread_mutex_init(&readers->lock, NULL);
	pthread_cond_init(&readers->work, NULL);
	for (i = 0; i < LEDGER_READERS; i++) {
		readers->seats[i].readers = readers;
		if (start_seat(&readers->seats[i], config, why))
			return ledger_readers_free(readers);
	}
	return readers;
}

struct ledger_readers *ledger_readers_free(struct ledger_readers *readers)
{
	size_t i;

	if (!readers)
		return NULL;
	pthread_mutex_lock(&readers->lock);
	readers->stop = true;
	pthread_cond_broadcast(&readers->work);
	pthread_mutex_unlock(&readers->lock);
	for (i = 0; i < LEDGER_READERS; i++) {
		if (readers->seats[i].started)
			pthread_join(readers->seats[i].thread, NULL);
		ledger_reader_free(readers->seats[i].reader);
	}
	pthread_cond_destroy(&readers->work);
	pthread_mutex_destroy(&readers->lock);
	free(readers);
	return NULL;
}

void ledger_readers_put(struct ledger_readers *readers, struct ledger_job *job)
{
	pthread_mutex_lock(&readers->lock);
	job->next = NULL;
	*readers->last = job;
	readers->last = &job->next;
	pthread_cond_signal(&readers->work);
	pthread_mutex_unlock(&readers->lock);
}

bool ledger_readers_are_alive(struct ledger_readers *readers)
{
	bool alive = true;
	size_t i;

	for (i = 0; i < LEDGER_READERS; i++)
		if (!ledger_pulse_is_alive(
			    ledger_reader_pulse(readers->seats[i].reader)))
			alive = false;
	return alive;
}
