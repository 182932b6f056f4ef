/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/ledger_keeper.h"

#include "gateway/record/database.h"
#include "gateway/record/ledger_post.h"
#include "gateway/record/ledger_thread.h"

#include <osmocom/core/utils.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ledger_keeper {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct database *database;
	struct ledger_post *post;
	char *path;
	bool check;
	bool kicked;
	bool stop;
};

static void look(struct ledger_keeper *keeper)
{
	struct ledger_note *note;
	char text[128];

	if (!database_text(keeper->database, "PRAGMA quick_check(1)", text,
			   sizeof(text)) &&
	    !strcmp(text, "ok"))
		return;
	note = ledger_note_alloc(LEDGER_NOTE_TROUBLE);
	snprintf(note->sentence, sizeof(note->sentence),
		 "the ledger '%s' is damaged (%s): stop the gateway and "
		 "restore a copy",
		 keeper->path, text);
	ledger_post_put(keeper->post, note);
}

static void *run(void *arg)
{
	struct ledger_keeper *keeper = arg;

	if (keeper->check)
		look(keeper);
	pthread_mutex_lock(&keeper->lock);
	while (!keeper->stop) {
		if (!keeper->kicked) {
			pthread_cond_wait(&keeper->work, &keeper->lock);
			continue;
		}
		keeper->kicked = false;
		pthread_mutex_unlock(&keeper->lock);
		(void)database_checkpoint(keeper->database);
		pthread_mutex_lock(&keeper->lock);
	}
	pthread_mutex_unlock(&keeper->lock);
	return NULL;
}

struct ledger_keeper *ledger_keeper_alloc(const char *path, bool check,
					  struct ledger_post *post,
					  struct gridcall_why *why)
{
	struct ledger_keeper *keeper = calloc(1, sizeof(*keeper));
	char text[128];

	OSMO_ASSERT(keeper);
	keeper->path = strdup(path);
	keeper->check = check;
	keeper->post = post;
	pthread_mutex_init(&keeper->lock, NULL);
	pthread_cond_init(&keeper->work, NULL);
	if (database_open(&keeper->database, path, DATABASE_WRITE, text,
			  sizeof(text)))
		snprintf(why->text, sizeof(why->text),
			 "the ledger '%s' can't be opened twice: %s", path,
			 text);
	else if (ledger_thread_start(&keeper->thread, "ledger-keeper", run,
				     keeper))
		snprintf(why->text, sizeof(why->text),
			 "the ledger's keeper has no thread: raise the limit "
			 "of tasks");
	else
		return keeper;
	keeper->database = database_close(keeper->database);
	free(keeper->path);
	free(keeper);
	return NULL;
}

struct ledger_keeper *ledger_keeper_free(struct ledger_keeper *keeper)
{
	if (!keeper)
		return NULL;
	pthread_mutex_lock(&keeper->lock);
	keeper->stop = true;
	pthread_cond_signal(&keeper->work);
	pthread_mutex_unlock(&keeper->lock);
	pthread_join(keeper->thread, NULL);
	database_close(keeper->database);
	pthread_cond_destroy(&keeper->work);
	pthread_mutex_destroy(&keeper->lock);
	free(keeper->path);
	free(keeper);
	return NULL;
}

void ledger_keeper_kick(struct ledger_keeper *keeper)
{
	pthread_mutex_lock(&keeper->lock);
	keeper->kicked = true;
	pthread_cond_signal(&keeper->work);
	pthread_mutex_unlock(&keeper->lock);
}
