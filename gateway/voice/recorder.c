/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/recorder.h"

#include "gateway/clock.h"
#include "gateway/voice/recording.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define PIECES      4096
#define LOOK_US     UINT64_C(1000000) /* between looks at the free space */
#define LOOK_BYTES  (UINT64_C(4) << 20)
#define IDLE_MS     250
#define SAY_EACH_US UINT64_C(10000000)

/* What happens to the pieces of one channel. */
struct desk {
	struct recording *recording; /* NULL: none open */
	int64_t refused_utc_us;      /* the over that is not written */
};

struct recorder {
	struct recorder_config config;
	char folder[PATH_MAX];
	pthread_t thread;
	struct inbox *pieces;
	_Atomic bool stopping;
	_Atomic bool full;
	_Atomic uint64_t progress;
	_Atomic uint64_t files;
	_Atomic uint64_t bytes;
	_Atomic uint64_t refused;
	_Atomic uint64_t lost;
	/* the thread's own */
	uint64_t looked_us;
	uint64_t looked_bytes;
	uint64_t said_us;
	struct tape_piece piece;
	struct desk desks[VOICE_CHANNELS_MAX];
};

static uint64_t room_of_file_system(void *data, const char *folder)
{
	struct statvfs fs;

	if (statvfs(folder, &fs) < 0)
		return 0;
	return (uint64_t)fs.f_bavail * fs.f_frsize;
}

/* A disk in trouble fails for every channel: one line each ten seconds. */
static void say(struct recorder *recorder, uint32_t channel, const char *what,
		int err)
{
	uint64_t now_us = clock_now_us();
	struct signal signal = {
		.type = SIGNAL_LOG,
		.channel = channel,
		.at_us = now_us,
		.log.level = GRIDCALL_ERROR,
	};

	if (!recorder->config.signals ||
	    (recorder->said_us && now_us - recorder->said_us < SAY_EACH_US))
		return;
	recorder->said_us = now_us;
	snprintf(signal.log.text, sizeof(signal.log.text),
		 "%s below '%.90s': %s", what, recorder->folder, strerror(err));
	(void)inbox_put(recorder->config.signals, &signal);
}

/* Complete the file that is open for a channel. */
static void finish(struct recorder *recorder, uint32_t channel)
{
	struct desk *desk = &recorder->desks[channel];
	int rc;

	if (!desk->recording)
		return;
	rc = recording_close(desk->recording);
	desk->recording = NULL;
	atomic_fetch_add(&recorder->files, 1);
	if (rc < 0)
		say(recorder, channel, "a recording may be incomplete", -rc);
}

static void refuse(struct recorder *recorder, const struct tape_piece *piece)
{
	recorder->desks[piece->channel].refused_utc_us = piece->utc_us;
	atomic_fetch_add(&recorder->refused, 1);
}

static void finish_all(struct recorder *recorder)
{
	uint32_t i;

	for (i = 0; i < VOICE_CHANNELS_MAX; i++)
		finish(recorder, i);
}

/* Stop or go on by the free space, looked at each second or 4 MB. */
static void look_at_room(struct recorder *recorder)
{
	uint64_t now_us = clock_now_us();
	uint64_t bytes = atomic_load(&recorder->bytes);
	bool full;

	if (recorder->looked_us && now_us - recorder->looked_us < LOOK_US &&
	    bytes - recorder->looked_bytes < LOOK_BYTES)
		return;
	recorder->looked_us = now_us;
	recorder->looked_bytes = bytes;
	full = recorder->config.room(recorder->config.data, recorder->folder) <
	       recorder->config.reserve;
	if (full && !atomic_load(&recorder->full)) {
		say(recorder, 0, "recording stopped", ENOSPC);
		finish_all(recorder);
	}
	atomic_store(&recorder->full, full);
}

static struct recording *recording_for(struct recorder *recorder,
				       const struct tape_piece *piece)
{
	struct desk *desk = &recorder->desks[piece->channel];

	if (desk->recording && !recording_takes(desk->recording, piece))
		finish(recorder, piece->channel);
	if (desk->recording || desk->refused_utc_us == piece->utc_us)
		return desk->recording;
	if (atomic_load(&recorder->full)) {
		refuse(recorder, piece);
		return NULL;
	}
	desk->recording = recording_open(recorder->folder, piece);
	if (!desk->recording) {
		say(recorder, piece->channel, "cannot record", errno);
		refuse(recorder, piece);
	}
	return desk->recording;
}

static void write_piece(struct recorder *recorder,
			const struct tape_piece *piece)
{
	struct recording *recording = recording_for(recorder, piece);
	uint64_t bytes = 0;
	int rc;

	if (!recording)
		return;
	rc = recording_put(recording, piece, &bytes);
	atomic_fetch_add(&recorder->bytes, bytes);
	if (rc) {
		say(recorder, piece->channel, "cannot record", abs(rc));
		refuse(recorder, piece);
	}
	if (rc || piece->last)
		finish(recorder, piece->channel);
}

static void *run(void *data)
{
	struct recorder *recorder = data;
	struct pollfd fd = {.fd = inbox_fd(recorder->pieces), .events = POLLIN};
	bool stopping;

	do {
		stopping = atomic_load(&recorder->stopping);
		look_at_room(recorder);
		while (!inbox_take(recorder->pieces, &recorder->piece)) {
			write_piece(recorder, &recorder->piece);
			atomic_fetch_add(&recorder->progress, 1);
			look_at_room(recorder);
		}
		atomic_fetch_add(&recorder->progress, 1);
		if (!stopping)
			poll(&fd, 1, IDLE_MS);
	} while (!stopping);
	finish_all(recorder);
	return NULL;
}

static struct recorder *give_up(struct recorder *recorder,
				struct gridcall_why *why, const char *what,
				int err)
{
	snprintf(why->text, sizeof(why->text), "%s '%.120s': %s; %s", what,
		 recorder->folder, strerror(err),
		 "give a folder that this user may write");
	inbox_free(recorder->pieces);
	free(recorder);
	return NULL;
}

/* The signals of the process are main's. */
static int start(struct recorder *recorder)
{
	sigset_t all;
	sigset_t before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&recorder->thread, NULL, run, recorder);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!rc)
		pthread_setname_np(recorder->thread, "recorder");
	return rc;
}

struct recorder *recorder_alloc(const struct recorder_config *config,
				struct gridcall_why *why)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	int rc;

	if (!recorder) {
		snprintf(why->text, sizeof(why->text), "out of memory");
		return NULL;
	}
	recorder->config = *config;
	if (!config->room)
		recorder->config.room = room_of_file_system;
	snprintf(recorder->folder, sizeof(recorder->folder), "%s",
		 config->folder);
	recorder->pieces = inbox_alloc(config->pieces ? config->pieces : PIECES,
				       sizeof(struct tape_piece));
	if (!recorder->pieces)
		return give_up(recorder, why, "no memory to record to", ENOMEM);
	if (mkdir(recorder->folder, 0750) < 0 && errno != EEXIST)
		return give_up(recorder, why, "cannot make the folder", errno);
	look_at_room(recorder);
	rc = start(recorder);
	if (rc)
		return give_up(recorder, why, "no thread to record to", rc);
	return recorder;
}

struct recorder *recorder_free(struct recorder *recorder)
{
	if (!recorder)
		return NULL;
	atomic_store(&recorder->stopping, true);
	pthread_join(recorder->thread, NULL);
	inbox_free(recorder->pieces);
	free(recorder);
	return NULL;
}

int recorder_put(struct recorder *recorder, const struct tape_piece *piece)
{
	return inbox_put(recorder->pieces, piece);
}

void recorder_count_lost(struct recorder *recorder, uint32_t frames)
{
	atomic_fetch_add_explicit(&recorder->lost, frames,
				  memory_order_relaxed);
}

bool recorder_is_taking(struct recorder *recorder)
{
	if (!atomic_load_explicit(&recorder->full, memory_order_relaxed))
		return true;
	atomic_fetch_add_explicit(&recorder->refused, 1, memory_order_relaxed);
	return false;
}

uint64_t recorder_progress(const struct recorder *recorder)
{
	return atomic_load(&recorder->progress);
}

void recorder_stats(const struct recorder *recorder,
		    struct voice_recorder_stats *stats)
{
	stats->files = atomic_load(&recorder->files);
	stats->bytes = atomic_load(&recorder->bytes);
	stats->refused = atomic_load(&recorder->refused);
	stats->lost = atomic_load(&recorder->lost);
	stats->stopped = atomic_load(&recorder->full);
}
