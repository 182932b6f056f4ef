/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/ledger.h"

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/record/ledger_reader.h"
#include "gateway/record/tails.h"
#include "proto/topic.h"

#include <errno.h>
#include <osmocom/core/select.h>
#include <osmocom/core/utils.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>
#include <unistd.h>

#define LOGLEDGER(ledger, level, format, args...)                              \
	LOGP(DRECORD, level, "ledger(%s) " format, (ledger)->config.path,      \
	     ##args)

#define DAY_US    (86400 * INT64_C(1000000))
#define RECENT_US (30 * UINT64_C(1000000))
/* Told in one turn of the main loop, so that it stays fair to the rest. */
#define TELL_MAX 500
/* At close: how long to wait for callbacks that ask for more. */
#define CLOSE_TURNS_MAX 50
#define CLOSE_TURN_MS   200

struct ledger {
	struct ledger_config config;
	struct ledger_schema schema; /* epoch */
	int lock_fd;
	int mark_fd;
	struct ledger_post *post;
	struct ledger_keeper *keeper;
	struct ledger_writer *writer;
	struct ledger_readers *readers;
	struct ledger_reader *reader; /* main's own, for its start */
	struct osmo_fd ofd;
	struct ledger_note *notes; /* taken from the post, not yet told */
	uint64_t outstanding;      /* commits and reads not yet told */
	uint64_t seq;              /* last told */
	struct tails *recent;
	bool closing; /* threads are gone */
};

/* ---- telling main ---- */

static void tell_event(struct ledger *ledger, const struct ledger_event *event)
{
	struct tail *tail = tails_get(ledger->recent, event->topic);

	ledger->seq = event->seq;
	if (tail) {
		tail->topic_seq = event->topic_seq;
		tails_touch(ledger->recent, tail, clock_now_us());
	}
	if (ledger->config.on_event)
		ledger->config.on_event(ledger->config.data, event);
}

static void tell_trouble(struct ledger *ledger, const char *sentence)
{
	if (*sentence)
		LOGLEDGER(ledger, LOGL_ERROR, "%s; what is queued is kept\n",
			  sentence);
	else
		LOGLEDGER(ledger, LOGL_NOTICE, "can be written again\n");
	if (ledger->config.on_trouble)
		ledger->config.on_trouble(ledger->config.data,
					  *sentence ? sentence : NULL);
}

static void finish_note(struct ledger *ledger, struct ledger_note *note)
{
	switch (note->kind) {
	case LEDGER_NOTE_WRITTEN:
		ledger->outstanding--;
		if (note->batch->done)
			note->batch->done(note->batch->data,
					  note->batch->first_seq,
					  note->batch->last_seq);
		break;
	case LEDGER_NOTE_READ:
		ledger->outstanding--;
		if (note->done)
			note->done(note->data);
		break;
	case LEDGER_NOTE_TROUBLE:
		tell_trouble(ledger, note->sentence);
		break;
	}
	ledger_note_free(note);
}

/* Tell up to max events; false when more is left. */
static bool tell(struct ledger *ledger, unsigned int max)
{
	struct ledger_note *note;
	struct ledger_op *op;

	while ((note = ledger->notes)) {
		while ((op = note->op)) {
			if (!max--)
				return false;
			note->op = op->next;
			if (op->kind == LEDGER_EVENT)
				tell_event(ledger, &op->told);
		}
		ledger->notes = note->next;
		finish_note(ledger, note);
	}
	return true;
}

static int on_post(struct osmo_fd *ofd, unsigned int what)
{
	struct ledger *ledger = ofd->data;
	struct ledger_note **end = &ledger->notes;

	while (*end)
		end = &(*end)->next;
	*end = ledger_post_take(ledger->post);
	if (!tell(ledger, TELL_MAX))
		ledger_post_wake(ledger->post);
	return 0;
}

/* ---- opening ---- */

static int take_lock(struct ledger *ledger, struct gridcall_why *why)
{
	const char *path = ledger->config.path;
	pid_t holder = 0;

	ledger->lock_fd = ledger_lock_open(path, &holder);
	if (ledger->lock_fd >= 0)
		return 0;
	if (ledger->lock_fd == -EBUSY)
		snprintf(why->text, sizeof(why->text),
			 "the ledger '%s' is in use by process %d: stop that "
			 "one, or give this gateway a ledger of its own",
			 path, (int)holder);
	else
		snprintf(why->text, sizeof(why->text),
			 "the folder of the ledger '%s' can't be written (%s): "
			 "make it, and give it to the user of gridcalld",
			 path, strerror(-ledger->lock_fd));
	return ledger->lock_fd;
}

static struct database *open_database(struct ledger *ledger,
				      struct gridcall_why *why)
{
	const char *path = ledger->config.path;
	struct database *database;
	char text[128];
	int rc;

	rc = database_open(&database, path, DATABASE_CREATE, text,
			   sizeof(text));
	if (!rc)
		return database;
	if (rc == -ENOTSUP)
		snprintf(why->text, sizeof(why->text),
			 "'%s' is no ledger (it is not a database): name "
			 "another file, or move this one away",
			 path);
	else
		snprintf(why->text, sizeof(why->text),
			 "the ledger '%s' can't be opened: %s; look at its "
			 "owner and its disk",
			 path, text);
	return NULL;
}

/* The files and tables; the database goes to the book. */
static struct ledger_book *open_book(struct ledger *ledger, bool *unclean,
				     struct gridcall_why *why)
{
	struct ledger_schema *schema = &ledger->schema;
	struct database *database;
	struct ledger_book *book;

	if (take_lock(ledger, why))
		return NULL;
	ledger->mark_fd = ledger_mark_open(ledger->config.path, &schema->mark);
	if (ledger->mark_fd < 0) {
		snprintf(why->text, sizeof(why->text),
			 "the mark of the ledger '%s' can't be opened (%s): "
			 "give it to the user of gridcalld",
			 ledger->config.path, strerror(-ledger->mark_fd));
		return NULL;
	}
	*unclean = schema->mark.epoch[0] && !schema->mark.closed;
	database = open_database(ledger, why);
	if (!database)
		return NULL;
	schema->path = ledger->config.path;
	schema->gateway = ledger->config.gateway;
	schema->restored = ledger->config.restored;
	if (ledger_schema_open(database, schema, why)) {
		database_close(database);
		return NULL;
	}
	book = ledger_book_alloc(database, schema, ledger->mark_fd, why);
	if (book)
		(void)fsync(ledger->mark_fd); /* a power cut keeps it whole */
	return book;
}

static int start_threads(struct ledger *ledger, struct gridcall_why *why)
{
	struct ledger_writer_config writer = {
		.path = ledger->config.path,
		.reserve = ledger->config.reserve,
		.keep_us = ledger->config.keep_days * DAY_US,
		.post = ledger->post,
	};
	struct ledger_readers_config readers = {
		.path = ledger->config.path,
		.post = ledger->post,
	};
	bool unclean;

	writer.book = open_book(ledger, &unclean, why);
	if (!writer.book)
		return -EINVAL;
	ledger->keeper = ledger_keeper_alloc(ledger->config.path, unclean,
					     ledger->post, why);
	if (!ledger->keeper) {
		ledger_book_free(writer.book);
		return -EINVAL;
	}
	writer.keeper = ledger->keeper;
	ledger->writer = ledger_writer_start(&writer);
	if (!ledger->writer) {
		snprintf(why->text, sizeof(why->text),
			 "the ledger's writer has no thread: raise the limit "
			 "of tasks");
		return -EINVAL;
	}
	readers.writer = ledger->writer;
	readers.epoch_number = ledger->schema.epoch_number;
	ledger->readers = ledger_readers_alloc(&readers, why);
	if (!ledger->readers)
		return -EINVAL;
	ledger->reader =
		ledger_reader_alloc(readers.path, readers.epoch_number, why);
	return ledger->reader ? 0 : -EINVAL;
}

static void say_opened(struct ledger *ledger)
{
	const struct ledger_schema *schema = &ledger->schema;

	if (schema->note[0])
		LOGLEDGER(ledger, LOGL_NOTICE,
			  "was restored (%s): new epoch %s, numbers count from "
			  "1 again, subscribers take a snapshot, and keys "
			  "revoked since that copy are in force again (look at "
			  "\"show keys\")\n",
			  schema->note, schema->mark.epoch);
	else
		LOGLEDGER(ledger, LOGL_INFO, "open, epoch %s, seq %llu\n",
			  schema->mark.epoch,
			  (unsigned long long)schema->mark.seq);
}

struct ledger *ledger_open(void *ctx, const struct ledger_config *config,
			   struct gridcall_why *why)
{
	struct ledger *ledger;

	if (!topic_gateway_is_valid(config->gateway)) {
		snprintf(why->text, sizeof(why->text),
			 "the gateway's id '%s' is not 1 to 12 of 0-9 A-Z",
			 config->gateway);
		return NULL;
	}
	ledger = talloc_zero(ctx, struct ledger);
	OSMO_ASSERT(ledger);
	ledger->config = *config;
	ledger->config.path = talloc_strdup(ledger, config->path);
	ledger->config.gateway = talloc_strdup(ledger, config->gateway);
	ledger->lock_fd = -1;
	ledger->mark_fd = -1;
	ledger->ofd.fd = -1;
	ledger->post = ledger_post_alloc();
	ledger->recent = tails_alloc();
	OSMO_ASSERT(ledger->post && ledger->recent);
	if (start_threads(ledger, why))
		return ledger_close(ledger);
	ledger->seq = ledger->schema.mark.seq;
	osmo_fd_setup(&ledger->ofd, ledger_post_fd(ledger->post), OSMO_FD_READ,
		      on_post, ledger, 0);
	OSMO_ASSERT(osmo_fd_register(&ledger->ofd) == 0);
	say_opened(ledger);
	return ledger;
}

/* ---- closing ---- */

/* Callbacks may ask for more: go on until all has been told. */
static void tell_the_rest(struct ledger *ledger)
{
	struct pollfd fd = {.fd = ledger->ofd.fd, .events = POLLIN};
	int turn;

	for (turn = 0; turn < CLOSE_TURNS_MAX && ledger->outstanding; turn++) {
		if (ledger_writer_is_stuck(ledger->writer))
			return;
		if (poll(&fd, 1, CLOSE_TURN_MS) > 0) {
			(void)on_post(&ledger->ofd, OSMO_FD_READ);
			turn = -1;
		}
	}
}

static void stop_threads(struct ledger *ledger)
{
	size_t lost;

	ledger->reader = ledger_reader_free(ledger->reader);
	ledger->readers = ledger_readers_free(ledger->readers);
	if (!ledger->writer) {
		ledger->keeper = ledger_keeper_free(ledger->keeper);
		return;
	}
	lost = ledger_writer_stop(ledger->writer);
	ledger->writer = NULL;
	ledger->keeper = ledger_keeper_free(ledger->keeper);
	if (lost)
		LOGLEDGER(ledger, LOGL_ERROR,
			  "closed while the disk refused: %zu batches that "
			  "nobody was told of are lost\n",
			  lost);
}

struct ledger *ledger_close(struct ledger *ledger)
{
	struct ledger_note *note;

	if (!ledger)
		return NULL;
	if (ledger->ofd.fd >= 0)
		tell_the_rest(ledger);
	stop_threads(ledger);
	ledger->closing = true;
	if (ledger->ofd.fd >= 0) {
		(void)on_post(&ledger->ofd, OSMO_FD_READ);
		(void)tell(ledger, UINT32_MAX);
		osmo_fd_unregister(&ledger->ofd);
	}
	while ((note = ledger->notes)) {
		ledger->notes = note->next;
		ledger_note_free(note);
	}
	ledger_post_free(ledger->post);
	tails_free(ledger->recent);
	if (ledger->mark_fd >= 0)
		close(ledger->mark_fd);
	if (ledger->lock_fd >= 0)
		close(ledger->lock_fd);
	talloc_free(ledger);
	return NULL;
}

/* ---- asking ---- */

const char *ledger_epoch(const struct ledger *ledger)
{
	return ledger->schema.mark.epoch;
}

uint64_t ledger_seq(const struct ledger *ledger)
{
	return ledger->seq;
}

size_t ledger_recent(const struct ledger *ledger, const char *prefix,
		     Gridcall__V1__TopicTail *tails, size_t max)
{
	uint64_t now_us = clock_now_us();
	struct tail *tail = tails_newest(ledger->recent);
	size_t count = 0;

	for (; tail && count < max; tail = tail->older) {
		if (now_us - tail->changed_us > RECENT_US)
			break;
		if (strncmp(tail->topic, prefix, strlen(prefix)))
			continue;
		gridcall__v1__topic_tail__init(&tails[count]);
		tails[count].topic = tail->topic;
		tails[count++].topic_seq = tail->topic_seq;
	}
	return count;
}

void ledger_commit(struct ledger *ledger, struct ledger_batch *batch,
		   void (*done)(void *data, uint64_t first, uint64_t last),
		   void *data)
{
	if (ledger->closing) {
		LOGLEDGER(ledger, LOGL_ERROR, "is closed: a batch is lost\n");
		ledger_batch_free(batch);
		return;
	}
	batch->done = done;
	batch->data = data;
	ledger->outstanding++;
	ledger_writer_put(ledger->writer, batch);
}

void ledger_read(struct ledger *ledger,
		 void (*work)(struct ledger_reader *reader, void *data),
		 void (*done)(void *data), void *data)
{
	struct ledger_job *job;

	if (ledger->closing) {
		LOGLEDGER(ledger, LOGL_ERROR, "is closed: a read is lost\n");
		return;
	}
	job = calloc(1, sizeof(*job));
	OSMO_ASSERT(job);
	job->after = ledger_writer_given(ledger->writer);
	job->work = work;
	job->done = done;
	job->data = data;
	ledger->outstanding++;
	ledger_readers_put(ledger->readers, job);
}

void ledger_read_now(struct ledger *ledger,
		     void (*work)(struct ledger_reader *reader, void *data),
		     void *data)
{
	ledger_writer_wait(ledger->writer, ledger_writer_given(ledger->writer));
	ledger_reader_run(ledger->reader, work, data);
}

void ledger_stats(struct ledger *ledger, struct ledger_stats *stats)
{
	ledger_writer_stats(ledger->writer, stats);
}

bool ledger_is_alive(struct ledger *ledger, const char **name)
{
	bool writer =
		ledger_pulse_is_alive(ledger_writer_pulse(ledger->writer));
	bool readers = ledger_readers_are_alive(ledger->readers);

	if (!writer)
		*name = "ledger-writer";
	else if (!readers)
		*name = "ledger-reader";
	return writer && readers;
}
