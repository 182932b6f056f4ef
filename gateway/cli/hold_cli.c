/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an officer does to a call that goes on: pause, resume, cancel, release
 * an alarm's hold, settle a doubtful reply.
 */
#include "gateway/cli/commands.h"

#include <stdio.h>
#include <stdlib.h>

static enum status hold(struct cli *cli, Gridcall__V1__Request__BodyCase kind,
			const char *done)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__HoldRequest body = GRIDCALL__V1__HOLD_REQUEST__INIT;
	Gridcall__V1__Reply *reply;
	char *reason = cli_joined(cli, 1);
	enum status status;

	request.body_case = kind;
	request.pause = &body; /* resume and cancel share its place */
	body.call = (char *)cli->words[0];
	body.reason = reason;
	status = cli_ask_once(cli, &request, &reply);
	free(reason);
	if (status)
		return status;
	if (cli_has(cli, "json"))
		status = cli_print_json(&reply->pause->base);
	else
		printf("Call %s %s.\n", cli->words[0], done);
	gridcall_reply_free(reply);
	return status;
}

enum status pause_run(struct cli *cli)
{
	return hold(cli, GRIDCALL__V1__REQUEST__BODY_PAUSE, "is paused");
}

enum status resume_run(struct cli *cli)
{
	return hold(cli, GRIDCALL__V1__REQUEST__BODY_RESUME, "goes on");
}

enum status cancel_run(struct cli *cli)
{
	return hold(cli, GRIDCALL__V1__REQUEST__BODY_CANCEL, "is cancelled");
}

enum status release_run(struct cli *cli)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ReleaseRequest body = GRIDCALL__V1__RELEASE_REQUEST__INIT;
	Gridcall__V1__Reply *reply;
	enum status status;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_RELEASE;
	request.release = &body;
	body.channel = (char *)cli->words[0];
	status = cli_ask_once(cli, &request, &reply);
	if (status)
		return status;
	if (cli_has(cli, "json"))
		status = cli_print_json(&reply->release->base);
	else
		printf("The alarm's hold on %s is released.\n", cli->words[0]);
	gridcall_reply_free(reply);
	return status;
}

static enum status fill_confirm(const struct cli *cli,
				Gridcall__V1__ConfirmRequest *body)
{
	uint64_t count = 0;
	enum status status = cli_number(cli, "count", 9999, &count);

	if (!status)
		status = cli_number(cli, "replaces", UINT64_MAX,
				    &body->replaces);
	if (status)
		return status;
	body->call = (char *)cli->words[0];
	body->unit = (char *)cli->words[1];
	body->absent = cli_has(cli, "absent");
	body->situation = (char *)cli_text(cli, "situation", "");
	if (cli_has(cli, "count") == body->absent)
		return cli_fail(STATUS_USAGE,
				"confirm needs either --count N, what you "
				"heard, or --absent, nobody answered");
	if (body->absent)
		return STATUS_DONE;
	body->headcount_stated_case =
		GRIDCALL__V1__CONFIRM_REQUEST__HEADCOUNT_STATED_HEADCOUNT;
	body->headcount = (uint32_t)count;
	return STATUS_DONE;
}

enum status confirm_run(struct cli *cli)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ConfirmRequest body = GRIDCALL__V1__CONFIRM_REQUEST__INIT;
	Gridcall__V1__Reply *reply;
	enum status status = fill_confirm(cli, &body);

	if (status)
		return status;
	request.body_case = GRIDCALL__V1__REQUEST__BODY_CONFIRM;
	request.confirm = &body;
	status = cli_ask_once(cli, &request, &reply);
	if (status)
		return status;
	if (cli_has(cli, "json"))
		status = cli_print_json(&reply->confirm->base);
	else
		printf("Unit %s is settled (event %llu).\n", cli->words[1],
		       (unsigned long long)reply->confirm->seq);
	gridcall_reply_free(reply);
	return status;
}
