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

#include "gateway/job.h"
#include "gateway/voice/voice.h"
#include "proto/topic.h"

#define RECORDING_MAX (32u << 20) /* bytes; hours of an over */

struct fetch {
	struct command *command;
	char path[512];
	uint8_t *data; /* malloc: read on the job thread */
	size_t len;
	int err;
};

/* 20261121/TH07/093000.120.wav: digits, a channel's code, a file. */
static bool name_is_safe(const char *name)
{
	const char *at;

	if (!name[0] || name[0] == '/' || strlen(name) > 128)
		return false;
	for (at = name; *at; at++) {
		bool plain = (*at >= '0' && *at <= '9') ||
			     (*at >= 'A' && *at <= 'Z') ||
			     (*at >= 'a' && *at <= 'z') || strchr("-_./", *at);

		if (!plain || (at[0] == '.' && at[1] == '.'))
			return false;
	}
	return true;
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
	got = fetch->data ? read(fd, fetch->data, fetch->len) : -1;
	if (got < 0)
		fetch->err = errno;
	else
		fetch->len = (size_t)got;
out:
	if (fd >= 0)
		close(fd);
}

static void add_audit(struct command *command, const char *name)
{
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;
	Gridcall__V1__AuditEvent audit = GRIDCALL__V1__AUDIT_EVENT__INIT;
	char *code = talloc_strdup(command, strchr(name, '/') + 1);
	const struct channel_entry *channel;
	char topic[TOPIC_MAX];

	code[strcspn(code, "/")] = '\0';
	channel = directory_find_channel(command->gateway->directory, code);
	/* A channel that is gone has no grid to tell. */
	if (!channel || topic_in_area(topic, channel->home, TOPIC_OVER))
		return;
	audit.principal = command->principal.name;
	audit.address = command->principal.address;
	audit.command = (char *)"recording";
	audit.subject = (char *)name;
	event.body_case = GRIDCALL__V1__EVENT__BODY_AUDIT;
	event.audit = &audit;
	(void)ledger_batch_event(command->batch, topic, "", &event);
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
	free(fetch->data);
	free(fetch);
}

static void on_read(void *arg)
{
	struct fetch *fetch = arg;
	struct command *command = fetch->command;
	const char *name = command->request->recording->recording;
	struct ledger_batch *batch = command->batch;

	if (fetch->err) {
		fault_set(&command->fault,
			  GRIDCALL__V1__ERROR_CODE__ERROR_NOT_FOUND,
			  "the recording '%s' can't be read: %s", name,
			  strerror(fetch->err));
		command_refuse(command);
		free(fetch->data);
		free(fetch);
		return;
	}
	add_audit(command, name);
	command->batch = NULL;
	ledger_commit(command->gateway->ledger, batch, reply_file, fetch);
}

void command_recording(struct command *command)
{
	struct gateway *gateway = command->gateway;
	const char *name = command->request->recording->recording;
	struct fetch *fetch;

	if (!gateway->settings.recordings || !name_is_safe(name) ||
	    !strchr(name, '/')) {
		fault_set(&command->fault,
			  GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT,
			  "'%.64s' names no recording; take the name from an "
			  "over or a report",
			  name);
		command_refuse(command);
		return;
	}
	fetch = calloc(1, sizeof(*fetch));
	OSMO_ASSERT(fetch);
	fetch->command = command;
	snprintf(fetch->path, sizeof(fetch->path), "%s/%s",
		 gateway->settings.recordings, name);
	if (!job_add(gateway->jobs, read_file, on_read, fetch))
		return;
	free(fetch);
	fault_set(&command->fault, GRIDCALL__V1__ERROR_CODE__ERROR_BUSY,
		  "the gateway is busy reading files; try again");
	command_refuse(command);
}
