/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * import_command.c - new directory files: checked beside the main loop, then
 * written with their events, and in force when these are durable
 */
#include "gateway/control/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/control/audit.h"
#include "gateway/job.h"
#include "gateway/log.h"
#include "gateway/record/import.h"
#include "proto/topic.h"

/*
 * One import on its way, a talloc child of its command.  The tree is made on
 * the job thread below no context of main's, and belongs to main from
 * import_done() on.  So does the batch, which is filled there too: main can't
 * wait for a hundred thousand units to be packed.
 *
 * The gateway has one change at a time: the directory that is being compared
 * with must not be swapped meanwhile.
 */
struct import_job {
	struct command *command;
	struct ledger_batch *batch; /* the command's */
	const struct directory *existing;
	void *ctx;
	struct import_rules rules;
	struct import *import;
};

/* [job] The same reading of the column that a call will use. */
static int check_signalling(const char *signalling, struct fault *fault)
{
	struct answer_format format;

	return answer_format_parse(&format, signalling, NULL, NULL, fault);
}

/* [job] */
static int check_number(const struct channel_entry *channel, const char *number,
			struct fault *fault)
{
	struct answer_format format;

	if (answer_format_parse(&format, channel->signalling, NULL, NULL,
				NULL) ||
	    strlen(number) == format.unit_width)
		return 0;
	return fault_set(fault, GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT,
			 "channel %s has numbers of %u digits; write it so, "
			 "with leading zeros",
			 channel->code, format.unit_width);
}

/* [job] A channel that changed is told where it lives; units have events. */
static void audit_channels(struct import_job *job)
{
	const struct import *import = job->import;
	size_t i;

	for (i = 0; i < import->change_count; i++) {
		const struct import_change *change = &import->changes[i];
		const struct channel_entry *channel =
			change->channel ? change->channel
					: change->channel_before;

		if (channel)
			audit_at_home(job->command, job->batch, channel,
				      TOPIC_UNIT, channel->code);
	}
}

/* [job] */
static bool should_stop(void *data)
{
	return command_should_stop(data);
}

/* [job] */
static void import_work(void *arg)
{
	struct import_job *job = arg;
	const Gridcall__V1__ImportRequest *request =
		job->command->request->import;
	struct import_files files = {
		.units =
			request->units_csv.len ? request->units_csv.data : NULL,
		.units_len = request->units_csv.len,
		.channels = request->channels_csv.len
				    ? request->channels_csv.data
				    : NULL,
		.channels_len = request->channels_csv.len,
	};

	job->rules = (struct import_rules){
		.should_stop = should_stop,
		.data = job->command,
		.check_signalling = check_signalling,
		.check_number = check_number,
	};
	job->ctx = talloc_new(NULL);
	job->import = import_run(job->ctx, &files, job->existing, &job->rules);
	if (job->import->stopped || job->import->fault_total ||
	    request->dry_run)
		return;
	import_write(job->import, job->batch, job->command->principal.name);
	audit_channels(job);
}

int command_begin_change(struct command *command)
{
	struct gateway *gateway = command->gateway;

	if (gateway->changing)
		return fault_set(&command->fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_BUSY,
				 "the directory is being changed; try again "
				 "when that is done");
	gateway->changing = command;
	return 0;
}

static int import_job_destroy(struct import_job *job)
{
	job->command->gateway->changing = NULL;
	talloc_free(job->ctx);
	return 0;
}

/* The events are durable: the directory is in force before the reply. */
static void import_committed(struct command *command)
{
	struct import_job *job = command->data;

	gateway_count(command->gateway, COUNT_IMPORTS);
	LOGP(DRECORD, LOGL_NOTICE,
	     "directory: %zu added, %zu changed, %zu removed by '%s'\n",
	     job->import->added, job->import->changed, job->import->removed,
	     command->principal.name);
	gateway_swap_directory(command->gateway, job->import->directory);
}

/* A channel is not pulled away from under a call. */
static const char *channel_in_call(const struct command *command,
				   const struct import *import)
{
	size_t i;

	for (i = 0; i < import->change_count; i++) {
		const struct channel_entry *before =
			import->changes[i].channel_before;

		if (before &&
		    calls_on_channel(command->gateway->calls, before->code)[0])
			return before->code;
	}
	return NULL;
}

static void import_done(void *arg)
{
	struct import_job *job = arg;
	struct command *command = job->command;
	struct import *import = job->import;
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__ImportReply message = GRIDCALL__V1__IMPORT_REPLY__INIT;
	const char *busy;

	if (command_check_time(command)) {
		command_refuse(command);
		return;
	}
	busy = channel_in_call(command, import);
	import_reply(import, command, &message);
	reply.body_case = GRIDCALL__V1__REPLY__BODY_IMPORT;
	reply.import = &message;
	message.done = false;
	if (import->fault_total || command->request->import->dry_run) {
		command_reply(command, &reply);
		return;
	}
	if (busy) {
		fault_set(&command->fault,
			  GRIDCALL__V1__ERROR_CODE__ERROR_CONFLICT,
			  "channel %s is in call %s; import when that call has "
			  "ended, or cancel it",
			  busy,
			  calls_on_channel(command->gateway->calls, busy));
		command_refuse(command);
		return;
	}
	message.done = true;
	snprintf(command->subject, sizeof(command->subject),
		 "%zu added, %zu changed, %zu removed", import->added,
		 import->changed, import->removed);
	command->data = job;
	command->committed = import_committed;
	command_commit(command, &reply);
}

void command_import(struct command *command)
{
	const Gridcall__V1__ImportRequest *request = command->request->import;
	struct gateway *gateway = command->gateway;
	struct import_job *job;

	if (!request->units_csv.len && !request->channels_csv.len) {
		fault_set(&command->fault,
			  GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT,
			  "the import holds no file; give units.csv, "
			  "channels.csv or both");
		command_refuse(command);
		return;
	}
	if (command_begin_change(command)) {
		command_refuse(command);
		return;
	}
	job = talloc_zero(command, struct import_job);
	OSMO_ASSERT(job);
	job->command = command;
	job->batch = command->batch;
	job->existing = gateway->directory;
	talloc_set_destructor(job, import_job_destroy);
	if (!job_add(gateway->jobs, import_work, import_done, job))
		return;
	fault_set(&command->fault, GRIDCALL__V1__ERROR_CODE__ERROR_BUSY,
		  "the gateway is busy reading files; try again");
	command_refuse(command);
}
