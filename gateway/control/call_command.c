/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * call_command.c - plan, start, pause, resume, cancel, confirm, release
 */
#include "gateway/control/command.h"

#include <osmocom/core/utils.h>

static struct calls_principal asker(const struct command *command)
{
	return (struct calls_principal){.name = command->principal.name,
					.address = command->principal.address,
					.scope = command->sees};
}

void command_plan(struct command *command)
{
	struct calls_principal principal = asker(command);
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;

	if (calls_plan(command->gateway->calls, command, &principal,
		       command->request->plan, &reply.plan, &command->fault)) {
		command_refuse(command);
		return;
	}
	reply.body_case = GRIDCALL__V1__REPLY__BODY_PLAN;
	command_reply(command, &reply);
}

static void on_started(struct command *command)
{
	const Gridcall__V1__StartReply *start = command->data;

	calls_started(command->gateway->calls, start->call);
}

void command_start_call(struct command *command)
{
	struct calls_principal principal = asker(command);
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;

	if (command->gateway->trouble[0]) {
		fault_set(&command->fault,
			  GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE,
			  "no call can start while the ledger can't write: %s",
			  command->gateway->trouble);
		command_refuse(command);
		return;
	}
	if (calls_start(command->gateway->calls, command, &principal,
			command->request->start, command->batch, &reply.start,
			&command->fault)) {
		command_refuse(command);
		return;
	}
	reply.body_case = GRIDCALL__V1__REPLY__BODY_START;
	OSMO_STRLCPY_ARRAY(command->subject, reply.start->call);
	command->data = reply.start;
	command->committed = on_started;
	command_commit(command, &reply);
}

/* Pause, resume and cancel answer alike. */
static void finish_hold(struct command *command, int rc, char *call,
			Gridcall__V1__Reply__BodyCase body)
{
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__HoldReply hold = GRIDCALL__V1__HOLD_REPLY__INIT;

	if (rc) {
		command_refuse(command);
		return;
	}
	hold.call = call;
	reply.body_case = body;
	reply.pause = &hold;
	command_commit(command, &reply);
}

void command_pause(struct command *command)
{
	struct calls_principal principal = asker(command);
	Gridcall__V1__HoldRequest *request = command->request->pause;
	int rc = calls_pause(command->gateway->calls, &principal, request->call,
			     request->reason, command->batch, &command->fault);

	finish_hold(command, rc, request->call,
		    GRIDCALL__V1__REPLY__BODY_PAUSE);
}

void command_resume(struct command *command)
{
	struct calls_principal principal = asker(command);
	Gridcall__V1__HoldRequest *request = command->request->resume;
	int rc = calls_continue(command->gateway->calls, &principal,
				request->call, command->batch, &command->fault);

	finish_hold(command, rc, request->call,
		    GRIDCALL__V1__REPLY__BODY_RESUME);
}

void command_cancel(struct command *command)
{
	struct calls_principal principal = asker(command);
	Gridcall__V1__HoldRequest *request = command->request->cancel;
	int rc =
		calls_cancel(command->gateway->calls, &principal, request->call,
			     request->reason, command->batch, &command->fault);

	finish_hold(command, rc, request->call,
		    GRIDCALL__V1__REPLY__BODY_CANCEL);
}

void command_release(struct command *command)
{
	struct calls_principal principal = asker(command);
	Gridcall__V1__ReleaseRequest *request = command->request->release;
	int rc = calls_release(command->gateway->calls, &principal,
			       request->channel, command->batch,
			       &command->fault);

	finish_hold(command, rc, (char *)"", GRIDCALL__V1__REPLY__BODY_RELEASE);
}

void command_confirm(struct command *command)
{
	struct calls_principal principal = asker(command);
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__ConfirmReply confirm = GRIDCALL__V1__CONFIRM_REPLY__INIT;

	if (calls_confirm(command->gateway->calls, &principal,
			  command->request->confirm, command->batch,
			  &command->fault)) {
		command_refuse(command);
		return;
	}
	/* Everything about it comes after this seq. */
	confirm.seq = ledger_seq(command->gateway->ledger);
	reply.body_case = GRIDCALL__V1__REPLY__BODY_CONFIRM;
	reply.confirm = &confirm;
	command_commit(command, &reply);
}
