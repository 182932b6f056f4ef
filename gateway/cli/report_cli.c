/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * calls and report: what was called, and who answered what.
 */
#include "gateway/cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/cli/board_draw.h"
#include "gateway/cli/csv_put.h"
#include "gateway/cli/screen.h"
#include "gateway/cli/table.h"
#include "gateway/cli/texts.h"

#define DATE_SIZE 32

/* --------------------------------------------------------------- calls -- */

static void add_time(struct table *table, int64_t utc_us)
{
	time_t seconds = utc_us / 1000000;
	char text[DATE_SIZE];
	struct tm local;

	if (!utc_us || !localtime_r(&seconds, &local) ||
	    !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local))
		snprintf(text, sizeof(text), "-");
	table_add(table, text);
}

static void add_call(struct table *table,
		     const Gridcall__V1__CallSummary *summary)
{
	const Gridcall__V1__CallOptions *options = summary->options;

	table_add(table, summary->call);
	table_add(table, options ? text_of(options->exercise ? TEXT_EXERCISE
							     : TEXT_REAL)
				 : "");
	table_add(table, options ? text_of_kind(options->kind) : "");
	table_add(table, summary->state);
	add_time(table, summary->started_at_us);
	table_format(table, "%u", summary->units);
	table_format(table, "%u", summary->agrees);
	table_format(table, "%u",
		     summary->attention + summary->doubtful + summary->heard);
	table_format(table, "%u", summary->silent);
	table_format(table, "%u", summary->pending);
	table_add(table, options ? options->title : "");
	table_add(table, summary->reason);
}

static void put_calls(const Gridcall__V1__CallsReply *calls)
{
	static const char *const headings[] = {
		"CALL",   "",        "KIND",     "STATE",   "STARTED",
		">UNITS", ">AGREES", ">OFFICER", ">SILENT", ">PENDING",
		"TITLE",  "REASON",  NULL};
	struct table table;
	size_t i;

	table_init(&table, headings);
	for (i = 0; i < calls->n_calls; i++)
		add_call(&table, calls->calls[i]);
	table_print(&table, stdout);
	table_clear(&table);
}

enum status calls_run(struct cli *cli)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__CallsRequest body = GRIDCALL__V1__CALLS_REQUEST__INIT;
	Gridcall__V1__Reply *reply;
	uint64_t limit = 0;
	enum status status = cli_number(cli, "limit", UINT32_MAX, &limit);
	size_t i;

	if (status)
		return status;
	request.body_case = GRIDCALL__V1__REQUEST__BODY_CALLS;
	request.calls = &body;
	body.limit = (uint32_t)limit;
	body.open_only = cli_has(cli, "open");
	status = cli_ask(cli, &request, &reply);
	if (status)
		return status;
	if (cli_has(cli, "json"))
		for (i = 0; i < reply->calls->n_calls; i++)
			(void)cli_print_json(&reply->calls->calls[i]->base);
	else
		put_calls(reply->calls);
	gridcall_reply_free(reply);
	return STATUS_DONE;
}

/* -------------------------------------------------------------- report -- */

enum status report_ask(struct cli *cli, const char *call,
		       Gridcall__V1__Reply **reply)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ReportRequest body = GRIDCALL__V1__REPORT_REQUEST__INIT;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_REPORT;
	request.report = &body;
	body.call = (char *)call;
	return cli_ask(cli, &request, reply);
}

static bool is_well(const struct board_unit *unit)
{
	return unit->state == GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED &&
	       unit->grade == GRIDCALL__V1__GRADE__GRADE_AGREES;
}

static bool is_not_asked(const struct board_unit *unit)
{
	return unit->state == GRIDCALL__V1__UNIT_STATE__UNIT_EXCUSED ||
	       unit->state == GRIDCALL__V1__UNIT_STATE__UNIT_OFF_DUTY;
}

enum status report_status(const Gridcall__V1__Report *report)
{
	size_t i;

	for (i = 0; i < report->n_units; i++) {
		const Gridcall__V1__ReportUnit *unit = report->units[i];
		bool asked =
			unit->state != GRIDCALL__V1__UNIT_STATE__UNIT_EXCUSED &&
			unit->state != GRIDCALL__V1__UNIT_STATE__UNIT_OFF_DUTY;
		bool well = unit->state ==
				    GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED &&
			    unit->grade == GRIDCALL__V1__GRADE__GRADE_AGREES;

		if (asked && !well)
			return STATUS_INCOMPLETE;
	}
	return STATUS_DONE;
}

static void put_head(const Gridcall__V1__Report *report,
		     const struct board *board)
{
	struct board_figures figures = board_count(board, NULL);
	struct line line = line_begin(stdout, SIZE_MAX, screen_has_color());
	char began[DURATION_SIZE], ended[DURATION_SIZE];

	board_clock(began, board->started_us);
	ended[0] = '\0'; /* it still goes on */
	if (board->ended_us)
		board_clock(ended, board->ended_us);
	line_format(&line, board->exercise ? STYLE_EXERCISE : STYLE_REAL,
		    " %s ",
		    text_of(board->exercise ? TEXT_EXERCISE : TEXT_REAL));
	line_format(&line, STYLE_BOLD, " %s %s", text_of_kind(board->kind),
		    board->call);
	line_format(&line, STYLE_PLAIN, "  %s  %s-%s  %s", board->title, began,
		    ended,
		    board->ended_us ? text_of(board->cancelled ? TEXT_CANCELLED
							       : TEXT_ENDED)
		    : report->summary ? report->summary->state
				      : "");
	line_end(&line);
	printf("%s %u  %s %u  %s %u  %s %u  %s %u  %s %u  %s %u  %s %u  %s "
	       "%u\n",
	       text_of(TEXT_UNITS), figures.units, text_of(TEXT_AGREES),
	       figures.agrees, text_of(TEXT_ATTENTION), figures.attention,
	       text_of(TEXT_DOUBTFUL), figures.doubtful, text_of(TEXT_HEARD),
	       figures.heard, text_of(TEXT_SILENT), figures.silent,
	       text_of(TEXT_UNREACHABLE), figures.unreachable,
	       text_of(TEXT_PENDING), figures.pending, text_of(TEXT_NOT_ASKED),
	       figures.not_asked);
}

static char *words_of(const struct board_unit *unit,
		      void (*put)(const struct board_unit *, struct line *))
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct line line;

	if (!out)
		abort();
	line = line_begin(out, SIZE_MAX, false);
	put(unit, &line);
	fclose(out);
	return text;
}

static void add_row(struct table *table, const struct board_unit *unit)
{
	char *words = words_of(unit, is_well(unit) ? board_put_answer
						   : board_put_exception);

	table_add(table, text_of_state(unit->state, unit->grade));
	table_add(table, unit->channel);
	table_add(table, unit->number);
	table_add(table, unit->code);
	table_add(table, unit->name);
	table_add(table, words + strspn(words, " "));
	free(words);
}

/* Exceptions, then those who answered well, then those not asked. */
static int group_of(const struct board_unit *unit)
{
	if (is_well(unit))
		return 1;
	return is_not_asked(unit) ? 2 : 0;
}

static size_t put_rows(const struct board *board, int groups)
{
	const char *const headings[] = {text_of(TEXT_STATE),
					text_of(TEXT_CHANNEL),
					text_of(TEXT_NUMBER),
					text_of(TEXT_UNIT),
					text_of(TEXT_NAME),
					text_of(TEXT_ANSWER),
					NULL};
	struct table table;
	size_t count = 0;
	int group;
	size_t i;

	table_init(&table, headings);
	for (group = 0; group < groups; group++)
		for (i = 0; i < board->unit_count; i++)
			if (group_of(board->units[i]) == group) {
				add_row(&table, board->units[i]);
				count++;
			}
	if (count)
		table_print(&table, stdout);
	table_clear(&table);
	return count;
}

static void put_alarms(const struct board *board)
{
	char clock[DURATION_SIZE];
	size_t i;

	for (i = 0; i < board->alarm_count; i++) {
		const struct board_alarm *alarm = &board->alarms[i];
		struct line line =
			line_begin(stdout, SIZE_MAX, screen_has_color());

		board_clock(clock, alarm->at_us);
		line_format(&line, STYLE_BAD, "%s %s", text_of(TEXT_ALARM),
			    clock);
		line_format(&line, STYLE_PLAIN, "  %s  %s %s  %s",
			    text_of_alarm(alarm->kind), alarm->channel,
			    alarm->unit, alarm->recording);
		line_end(&line);
	}
}

static void put_efficiency(const Gridcall__V1__Report *report)
{
	if (!report->took_ms || !report->least_ms)
		return;
	printf("%s %.0f %% (%.1f s / %.1f s)\n", text_of(TEXT_EFFICIENCY),
	       100.0 * report->least_ms / report->took_ms,
	       report->least_ms / 1000.0, report->took_ms / 1000.0);
}

void report_put(const Gridcall__V1__Report *report, bool everyone)
{
	struct board *board =
		board_alloc(report->summary ? report->summary->call : "");

	if (!board)
		abort();
	board_report(board, report);
	put_head(report, board);
	put_alarms(board);
	printf("-- %s\n", text_of(TEXT_NEEDS_OFFICER));
	if (!put_rows(board, everyone ? 3 : 1) && !everyone)
		puts(text_of(TEXT_ALL_WELL));
	put_efficiency(report);
	board_free(board);
}

enum status report_run(struct cli *cli)
{
	Gridcall__V1__Reply *reply;
	enum status status = report_ask(cli, cli->words[0], &reply);

	if (status)
		return status;
	if (cli_has(cli, "json"))
		(void)cli_print_json(&reply->report->base);
	else if (cli_has(cli, "csv"))
		csv_put_report(reply->report, stdout);
	else
		report_put(reply->report, true);
	status = report_status(reply->report);
	gridcall_reply_free(reply);
	return status;
}
