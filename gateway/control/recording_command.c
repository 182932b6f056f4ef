/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * recording_command.c - fetch one recorded over, which is itself recorded
 *
 * The file is read on the job thread.  Hearing a recording is an event of its
 * own, committed before the audio leaves.
 */
#include "gateway/control/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/control/audit.h"
#include "gateway/job.h"
#include "gateway/voice/recorder.h"
#include "proto/topic.h"

#define RECORDING_MAX (32u << 20) /* bytes; hours of an over */

/* A talloc child of its command; the job thread only writes its fields. */
struct fetch {
	struct command *command;
	char path[512];
	uint8_t *data; /* malloc: read on the job thread */
	size_t len;
	int err;
};

/*
 * 20261121/TH07/20261121T093000.120000Z.wav: a day, a channel's code, a file.
 * One way to write each name, because what was heard is recorded by it.
 */
static bool name_is_safe(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_.";
	const char *at = name;
	size_t parts = 1;
	size_t len;

	if (strlen(name) >= RECORDER_NAME_MAX)
		return false;
	for (;; at += len + 1, parts++) {
		len = strspn(at, plain);
		if (!len || *at == '.' || (at[len] && at[len] != '/'))
			return false;
		if (!at[len])
			return parts == 3;
	}
}

static int fetch_destroy(struct fetch *fetch)
{
	free(fetch->data);
	return 0;
}

/* [job] */
static void read_file(void *arg)
{
	struct fetch *fetch = arg;
	int fd = open(fetch->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;
	ssize_t got;

	if (fd < 0 || fstat(fd, &status)) {
		fetch->err = errno;
		goto out;
	}
	fetch->len = (size_t)status.st_size;
	fetch->err = fetch->len > RECORDING_MAX ? EFBIG : 0;
	if (fetch->err)
		goto out;
	fetch->data = malloc(fetch->len + 1);
	if (!fetch->data)
		errno = ENOMEM;
	got = fetch->data ? read(fd, fetch->data, fetch->len) : -1;
	if (got < 0)
		fetch->err = errno;
	else
		fetch->len = (size_t)got;
out:
	if (fd >= 0)
		close(fd);
}

/* Where the channel lives it is told too who heard it. */
static void tell_home(struct command *command, const char *name)
{
	const struct channel_entry *channel;
	char code[64];

	jurisdiction_recorded_on(code, sizeof(code), name);
	channel = directory_find_channel(command->gateway->directory, code);
	if (channel) /* else the gateway's own topic has it */
		audit_at_home(command, command->batch, channel, TOPIC_OVER,
			      name);
}

/* On main, when the event is on the disk. */
static void reply_file(void *data, uint64_t first, uint64_t last)
{
	struct fetch *fetch = data;
	struct command *command = fetch->command;
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__RecordingReply recording =
		GRIDCALL__V1__RECORDING_REPLY__INIT;
	char *name = command->request->recording->recording;
	size_t length = strlen(name);

	recording.name = name;
	recording.type = length > 4 && !strcmp(name + length - 4, ".wav")
				 ? (char *)"audio/wav"
				 : (char *)"audio/ogg";
	recording.file.data = fetch->data;
	recording.file.len = fetch->len;
	reply.body_case = GRIDCALL__V1__REPLY__BODY_RECORDING;
	reply.recording = &recording;
	command_reply(command, &reply);
}

static void explain(const struct fetch *fetch, const char *name)
{
	struct fault *fault = &fetch->command->fault;

	if (fetch->err == ENOENT)
		fault_set(fault, GRIDCALL__V1__ERROR_CODE__ERROR_NOT_FOUND,
			  JURISDICTION_NO_RECORDING, name);
	else if (fetch->err == EFBIG)
		fault_set(fault, GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE,
			  "the recording '%s' is larger than %u MiB; copy it "
			  "from the gateway's folder of recordings",
			  name, RECORDING_MAX >> 20);
	else
		fault_set(fault, GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE,
			  "the recording '%s' can't be read: %s; look at the "
			  "gateway's folder of recordings",
			  name, strerror(fetch->err));
}

static void on_read(void *arg)
{
	struct fetch *fetch = arg;
	struct command *command = fetch->command;
	const char *name = command->request->recording->recording;
	struct ledger_batch *batch = command->batch;

	if (command_check_time(command)) {
		command_refuse(command);
		return;
	}
	if (fetch->err) {
		explain(fetch, name);
		command_refuse(command);
		return;
	}
	tell_home(command, name);
	audit_done(command);
	command_keep_idempotency(command);
	command->batch = NULL;
	ledger_commit(command->gateway->ledger, batch, reply_file, fetch);
}

void command_recording(struct command *command)
{
	struct gateway *gateway = command->gateway;
	const char *name = command->request->recording->recording;
	struct fetch *fetch;

	if (!gateway->running.recordings || !name_is_safe(name)) {
		fault_set(&command->fault,
			  GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT,
			  "'%.64s' names no recording; take the name from an "
			  "over or a report",
			  name);
		command_refuse(command);
		return;
	}
	fetch = talloc_zero(command, struct fetch);
	OSMO_ASSERT(fetch);
	talloc_set_destructor(fetch, fetch_destroy);
	fetch->command = command;
	snprintf(fetch->path, sizeof(fetch->path), "%s/%s",
		 gateway->running.recordings, name);
	if (!job_add(gateway->jobs, read_file, on_read, fetch))
		return;
	fault_set(&command->fault, GRIDCALL__V1__ERROR_CODE__ERROR_BUSY,
		  "the gateway is busy reading files; try again");
	command_refuse(command);
}
