/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/control/jurisdiction.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gateway/call/part.h"
#include "gateway/control/command.h"

#define NOT_ALLOWED GRIDCALL__V1__ERROR_CODE__ERROR_NOT_ALLOWED
#define NOT_FOUND   GRIDCALL__V1__ERROR_CODE__ERROR_NOT_FOUND
#define CONFLICT    GRIDCALL__V1__ERROR_CODE__ERROR_CONFLICT

/* ---- what is whose ---- */

bool unit_is_theirs(const struct principal *principal, const struct unit *unit)
{
	char prefix[TOPIC_MAX];

	snprintf(prefix, sizeof(prefix), "gc1.%s.%s.%s.", unit->district,
		 unit->station, unit->grid);
	return authority_covers(principal, prefix);
}

bool channel_is_theirs(const struct principal *principal,
		       const struct channel_entry *channel)
{
	return authority_covers_area(principal, channel->home);
}

bool channel_is_seen(const struct principal *principal,
		     const struct channel_entry *channel)
{
	char **grid;

	if (channel_is_theirs(principal, channel))
		return true;
	for (grid = channel->grids; grid && *grid; grid++)
		if (authority_covers_area(principal, *grid))
			return true;
	return false;
}

static bool has_unit(const void *data, const struct unit *unit)
{
	return unit_is_theirs(data, unit);
}

static bool has_channel(const void *data, const struct channel_entry *channel)
{
	return channel_is_seen(data, channel);
}

static bool has_topic(const void *data, const char *topic)
{
	return authority_covers(data, topic);
}

static bool has_area(const void *data, const char *area)
{
	return authority_covers_area(data, area);
}

const struct scope *jurisdiction_of(const struct principal *principal,
				    struct scope *scope)
{
	*scope = (struct scope){
		.has_unit = has_unit,
		.has_channel = has_channel,
		.has_topic = has_topic,
		.has_area = has_area,
		.data = principal,
	};
	return authority_covers(principal, "") ? NULL : scope;
}

/* ---- the judges ---- */

int jurisdiction_outside(struct command *command)
{
	command->is_outside = true;
	return -EINVAL;
}

static int judge_hold(struct command *command)
{
	const char *call = command->request->pause->call;
	struct fault *fault = &command->fault;

	switch (calls_part_of(command->gateway->calls, call, command->sees)) {
	case CALLS_NONE:
		fault_set(fault, NOT_FOUND, CALLS_NO_OPEN_CALL, call);
		return jurisdiction_outside(command);
	case CALLS_SOME:
		return fault_set(fault, NOT_ALLOWED,
				 "call %s has units outside the jurisdiction "
				 "of '%s' too; ask somebody whose jurisdiction "
				 "has all of them",
				 call, command->principal.name);
	case CALLS_UNKNOWN:
	case CALLS_WHOLE:
		break;
	}
	return 0;
}

static int judge_confirm(struct command *command)
{
	const Gridcall__V1__ConfirmRequest *request = command->request->confirm;
	const struct calls *calls = command->gateway->calls;
	struct fault *fault = &command->fault;
	const char *area;

	if (calls_part_of(calls, request->call, command->sees) == CALLS_NONE) {
		fault_set(fault, NOT_FOUND, CALLS_NO_LATE_CALL, request->call);
		return jurisdiction_outside(command);
	}
	area = calls_area_of(calls, request->call, request->unit);
	if (!area || scope_has_area(command->sees, area))
		return 0;
	fault_set(fault, NOT_FOUND, CALLS_NO_SUCH_UNIT, request->unit,
		  request->call);
	return jurisdiction_outside(command);
}

/* Of a channel that is seen: its name may be told. */
static int refuse_home(struct command *command,
		       const struct channel_entry *channel)
{
	return fault_set(&command->fault, NOT_ALLOWED,
			 "channel %s has its home outside the jurisdiction of "
			 "'%s'; ask somebody of its home",
			 channel->code, command->principal.name);
}

static int judge_release(struct command *command)
{
	const char *code = command->request->release->channel;
	const struct channel_entry *channel;

	channel = directory_find_channel(command->gateway->directory, code);
	if (!channel || !scope_has_channel(command->sees, channel)) {
		fault_set(&command->fault, CONFLICT, CALLS_NO_ALARM, code);
		return jurisdiction_outside(command);
	}
	if (channel_is_theirs(&command->principal, channel))
		return 0;
	return refuse_home(command, channel);
}

static int judge_import(struct command *command)
{
	return fault_set(&command->fault, NOT_ALLOWED,
			 "an import replaces the whole directory, and the "
			 "jurisdiction of '%s' is a part of it; ask an "
			 "engineer whose jurisdiction is " AUTHORITY_EVERYTHING,
			 command->principal.name);
}

void jurisdiction_recorded_on(char *code, size_t size, const char *recording)
{
	const char *at = strchr(recording, '/');

	code[0] = '\0';
	if (at)
		snprintf(code, size, "%.*s", (int)strcspn(at + 1, "/"), at + 1);
}

/* The right to hear follows the channel's home. */
static int judge_recording(struct command *command)
{
	const char *name = command->request->recording->recording;
	const struct channel_entry *channel;
	char code[64];

	jurisdiction_recorded_on(code, sizeof(code), name);
	channel = directory_find_channel(command->gateway->directory, code);
	if (!channel || !scope_has_channel(command->sees, channel)) {
		fault_set(&command->fault, NOT_FOUND, JURISDICTION_NO_RECORDING,
			  name);
		return jurisdiction_outside(command);
	}
	if (channel_is_theirs(&command->principal, channel))
		return 0;
	return refuse_home(command, channel);
}

static int judge_excuse(struct command *command)
{
	const Gridcall__V1__ExcuseRequest *request = command->request->excuse;
	const struct unit *unit;
	size_t i;

	for (i = 0; i < request->n_units; i++) {
		unit = directory_find_unit(command->gateway->directory,
					   request->units[i]);
		if (unit && scope_has_unit(command->sees, unit))
			continue;
		fault_set(&command->fault, NOT_FOUND, JURISDICTION_NO_UNIT,
			  request->units[i]);
		return unit ? jurisdiction_outside(command) : -EINVAL;
	}
	return 0;
}

int jurisdiction_judge(struct command *command)
{
	if (!command->sees)
		return 0;
	switch (command->request->body_case) {
	case GRIDCALL__V1__REQUEST__BODY_PAUSE:
	case GRIDCALL__V1__REQUEST__BODY_RESUME:
	case GRIDCALL__V1__REQUEST__BODY_CANCEL:
		return judge_hold(command);
	case GRIDCALL__V1__REQUEST__BODY_CONFIRM:
		return judge_confirm(command);
	case GRIDCALL__V1__REQUEST__BODY_RELEASE:
		return judge_release(command);
	case GRIDCALL__V1__REQUEST__BODY_IMPORT:
		return judge_import(command);
	case GRIDCALL__V1__REQUEST__BODY_RECORDING:
		return judge_recording(command);
	case GRIDCALL__V1__REQUEST__BODY_EXCUSE:
		return judge_excuse(command);
	default:
		return 0;
	}
}
