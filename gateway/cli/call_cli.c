/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plan, call and watch: what a call would do, doing it, and looking on.
 */
#include "gateway/cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/cli/board_draw.h"
#include "gateway/cli/plan.h"
#include "gateway/cli/texts.h"
#include "gateway/cli/watch.h"

#define ROUNDS_MAX    9
#define SILENCE_MAX_S 120
#define POSITION_SIZE 64

/* What plan and start have in common; its parts are freed by spec_clear(). */
struct spec {
	Gridcall__V1__PlanRequest request;
	Gridcall__V1__CallOptions options;
};

static enum status set_kind(const struct cli *cli,
			    Gridcall__V1__CallOptions *options)
{
	static const char *const names[] = {"", "roll-call", "pull-test",
					    "drill", "incident"};
	const char *name = cli_text(cli, "kind", "roll-call");
	int i;

	for (i = 1; i < (int)(sizeof(names) / sizeof(names[0])); i++)
		if (!strcmp(names[i], name)) {
			options->kind = (Gridcall__V1__CallKind)i;
			return STATUS_DONE;
		}
	return cli_fail(STATUS_USAGE,
			"--kind is roll-call, pull-test, drill or incident, "
			"not '%s'",
			name);
}

static enum status set_numbers(const struct cli *cli,
			       Gridcall__V1__CallOptions *options)
{
	uint64_t rounds = 0;
	uint64_t silence_s = 0;
	enum status status = cli_number(cli, "rounds", ROUNDS_MAX, &rounds);

	if (!status)
		status = cli_number(cli, "silence", SILENCE_MAX_S, &silence_s);
	options->rounds = (uint32_t)rounds;
	options->silence_ms = (uint32_t)silence_s * 1000;
	return status;
}

static enum status spec_fill(struct cli *cli, struct spec *spec)
{
	Gridcall__V1__CallOptions *options = &spec->options;
	const char *announcement = cli_text(cli, "announcement", NULL);
	enum status status;

	gridcall__v1__plan_request__init(&spec->request);
	gridcall__v1__call_options__init(options);
	spec->request.options = options;
	options->mode = GRIDCALL__V1__CALL_MODE__MODE_TURN;
	options->exercise = !cli_has(cli, "real");
	options->title = (char *)cli_text(cli, "title", "");
	options->always_cue = cli_has(cli, "always-cue");
	options->ignore_duty = cli_has(cli, "ignore-duty");
	if (cli_has(cli, "real") && cli_has(cli, "exercise"))
		return cli_fail(STATUS_USAGE,
				"a call is either --exercise or --real");
	status = set_kind(cli, options);
	if (!status)
		status = set_numbers(cli, options);
	if (!status && announcement)
		status = cli_read_file(announcement, GRIDCALL_REQUEST_MAX,
				       &options->announcement_file.data,
				       &options->announcement_file.len);
	spec->request.selector = cli_joined(cli, 0);
	return status;
}

static void spec_clear(struct spec *spec)
{
	free(spec->request.selector);
	free(spec->options.announcement_file.data);
}

static enum status ask_plan(struct cli *cli, struct spec *spec,
			    Gridcall__V1__Reply **reply)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_PLAN;
	request.plan = &spec->request;
	return cli_ask(cli, &request, reply);
}

enum status plan_run(struct cli *cli)
{
	struct spec spec;
	Gridcall__V1__Reply *reply;
	enum status status = spec_fill(cli, &spec);

	if (!status)
		status = ask_plan(cli, &spec, &reply);
	spec_clear(&spec);
	if (status)
		return status;
	if (cli_has(cli, "json"))
		status = cli_print_json(&reply->plan->base);
	else
		plan_put(reply->plan);
	gridcall_reply_free(reply);
	return status;
}

/* --------------------------------------------------------------- watch -- */

static enum status left_early(const struct board *board)
{
	fprintf(stderr, "\n");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	/* The table's text is the format, with two %s in every language. */
	fprintf(stderr, text_of(TEXT_GOES_ON), board->call, board->call);
#pragma GCC diagnostic pop
	fprintf(stderr, "\n");
	return STATUS_INTERRUPTED;
}

/* The result, from the ledger rather than from what was seen. */
static enum status put_result(struct cli *cli, const char *call)
{
	Gridcall__V1__Reply *reply;
	enum status status = report_ask(cli, call, &reply);

	if (status)
		return status;
	if (cli_has(cli, "json"))
		(void)cli_print_json(&reply->report->base);
	else
		report_put(reply->report, false);
	status = report_status(reply->report);
	gridcall_reply_free(reply);
	return status;
}

static enum status show(struct watch *watch, struct board *board)
{
	enum status status = watch_run(watch, board);

	if (status == STATUS_INTERRUPTED)
		return left_early(board);
	return put_result(watch->cli, board->call);
}

enum status watch_call_run(struct cli *cli)
{
	struct watch watch = {0};
	struct board *board = board_alloc(cli->words[0]);
	Gridcall__V1__Reply *reply = NULL;
	char position[POSITION_SIZE];
	enum status status = report_ask(cli, cli->words[0], &reply);

	if (!status) {
		board_report(board, reply->report);
		snprintf(position, sizeof(position), "- %llu",
			 (unsigned long long)reply->report->through_seq);
		status = watch_open(&watch, cli, position);
	}
	if (!status && board_is_over(board))
		status = put_result(cli, board->call);
	else if (!status)
		status = show(&watch, board);
	gridcall_reply_free(reply);
	watch_clear(&watch);
	board_free(board);
	return status;
}

/* ---------------------------------------------------------------- call -- */

static bool is_agreed(const struct cli *cli)
{
	char answer[16];

	if (cli_has(cli, "yes") || cli_has(cli, "json") ||
	    !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return true;
	fputs(text_of(TEXT_START_QUESTION), stdout);
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

/*
 * The very plan that was shown; but a key of the caller's own stands for a
 * body that is the same each time, which a plan's id is not.
 */
static enum status ask_start(struct cli *cli, struct spec *spec,
			     const Gridcall__V1__Plan *plan,
			     Gridcall__V1__Reply **reply)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__StartRequest body = GRIDCALL__V1__START_REQUEST__INIT;
	const char *key = cli_text(cli, "once", NULL);
	char random[CLI_KEY_SIZE];

	cli_make_key(random);
	request.body_case = GRIDCALL__V1__REQUEST__BODY_START;
	request.start = &body;
	request.idempotency_key = key ? (char *)key : random;
	if (key)
		body.spec = &spec->request;
	else
		body.plan = plan->plan;
	return cli_ask(cli, &request, reply);
}

/* A repeat of an earlier start: what came since is asked for. */
static enum status reopen_if_older(struct watch *watch, struct cli *cli,
				   const Gridcall__V1__StartReply *start)
{
	char position[POSITION_SIZE];

	if (!cli_has(cli, "once"))
		return STATUS_DONE;
	watch_clear(watch);
	snprintf(position, sizeof(position), "- %llu",
		 (unsigned long long)start->seq);
	return watch_open(watch, cli, position);
}

static enum status start_and_show(struct cli *cli, struct spec *spec,
				  const Gridcall__V1__Plan *plan,
				  struct watch *watch)
{
	Gridcall__V1__Reply *reply;
	struct board *board;
	enum status status = ask_start(cli, spec, plan, &reply);

	if (status)
		return status;
	if (cli_has(cli, "json"))
		(void)cli_print_json(&reply->start->base);
	else
		printf("%s %s\n", text_of(TEXT_CALL), reply->start->call);
	fflush(stdout);
	if (cli_has(cli, "wait")) {
		board = board_alloc(reply->start->call);
		board_plan(board, plan);
		status = reopen_if_older(watch, cli, reply->start);
		if (!status)
			status = show(watch, board);
		board_free(board);
	}
	gridcall_reply_free(reply);
	return status;
}

static enum status plan_and_start(struct cli *cli, struct spec *spec,
				  struct watch *watch)
{
	Gridcall__V1__Reply *reply;
	enum status status = ask_plan(cli, spec, &reply);

	if (status)
		return status;
	if (cli_has(cli, "json"))
		(void)cli_print_json(&reply->plan->base);
	else
		plan_put(reply->plan);
	if (!is_agreed(cli))
		status = cli_fail(STATUS_INTERRUPTED, "nothing was started");
	else
		status = start_and_show(cli, spec, reply->plan, watch);
	gridcall_reply_free(reply);
	return status;
}

enum status call_run(struct cli *cli)
{
	struct spec spec;
	struct watch watch = {0};
	enum status status;

	if (!cli_has(cli, "exercise") && !cli_has(cli, "real"))
		return cli_fail(STATUS_USAGE,
				"say --exercise or --real: guards hear the "
				"difference, and it is in every record");
	status = spec_fill(cli, &spec);
	if (!status && cli_has(cli, "wait"))
		status = watch_open(&watch, cli, NULL);
	if (!status)
		status = plan_and_start(cli, &spec, &watch);
	watch_clear(&watch);
	spec_clear(&spec);
	return status;
}
