/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/watch.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/cli/board_draw.h"
#include "gateway/cli/screen.h"

#define TICK_MS   250   /* clocks on the board go on */
#define REPORT_MS 15000 /* of silence, then the report may know more */
#define REPORT_S  3
#define SETTLE_MS 5000 /* for the feed to know what "now" is */
#define REDRAW_MS 100  /* no eye sees more */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t now_utc_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ------------------------------------------------------------- handler -- */

static void on_event(void *data, const struct gridcall_event *event)
{
	struct watch *watch = data;

	/* Before the call is known nothing can be about it. */
	if (!watch->board || !board_concerns(watch->board, event->event))
		return;
	board_add(watch->board, event->event);
	watch->fresh = true;
	watch->asked_ms = now_ms();
	if (cli_has(watch->cli, "json")) {
		(void)cli_print_json(&event->event->base);
	} else if (!watch->screen) {
		(void)board_tell(watch->board, event->event, stdout);
		fflush(stdout);
	}
}

static void on_break(void *data, const struct gridcall_break *now,
		     uint64_t *after_seq)
{
	struct watch *watch = data;

	(void)now;
	(void)after_seq;
	watch->broken = true;
}

static void on_trouble(void *data, const char *sentence)
{
	struct watch *watch = data;

	watch->trouble = NULL;
	if (sentence) {
		snprintf(watch->sentence, sizeof(watch->sentence), "%s",
			 sentence);
		watch->trouble = watch->sentence;
	}
	watch->fresh = true;
	if (sentence && !watch->screen)
		(void)cli_say(STATUS_DONE, sentence);
}

/* ---------------------------------------------------------------- open -- */

/* What a principal may see; everything when the gateway does not say. */
static enum status ask_prefixes(struct watch *watch)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__WhoamiRequest whoami = GRIDCALL__V1__WHOAMI_REQUEST__INIT;
	Gridcall__V1__Reply *reply;
	enum status status;
	size_t count, i;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_WHOAMI;
	request.whoami = &whoami;
	status = cli_ask(watch->cli, &request, &reply);
	if (status)
		return status;
	count = reply->whoami->n_jurisdiction;
	watch->prefixes = calloc(count + 1, sizeof(*watch->prefixes));
	for (i = 0; watch->prefixes && i < count; i++)
		watch->prefixes[watch->prefix_count++] =
			strdup(reply->whoami->jurisdiction[i]);
	if (watch->prefixes && !count)
		watch->prefixes[watch->prefix_count++] = strdup("");
	gridcall_reply_free(reply);
	return STATUS_DONE;
}

static void wait_for_feed(struct watch *watch, int64_t until_ms)
{
	struct pollfd fd = {.fd = gridcall_fd(watch->cli->client),
			    .events = POLLIN};
	int64_t left_ms = until_ms - now_ms();

	if (left_ms > 0)
		(void)poll(&fd, 1, (int)left_ms);
	gridcall_process(watch->cli->client);
}

static enum status settle(struct watch *watch)
{
	int64_t end_ms = now_ms() + SETTLE_MS;

	do {
		wait_for_feed(watch, now_ms() + TICK_MS);
		if (*cli_interrupted())
			return STATUS_INTERRUPTED;
		if (gridcall_is_whole(watch->feed))
			return STATUS_DONE;
	} while (now_ms() < end_ms);
	return cli_fail(STATUS_UNREACHABLE,
			"the gateway at '%s' does not say where its feed "
			"stands; nothing was started, try again",
			cli_commands_address(watch->cli));
}

enum status watch_open(struct watch *watch, struct cli *cli,
		       const char *position)
{
	struct gridcall_interest config = {.feed = cli_feed_address(cli),
					   .position = position,
					   .on_event = on_event,
					   .on_break = on_break,
					   .on_trouble = on_trouble,
					   .data = watch};
	struct gridcall_fault fault = {0};
	enum status status;

	*watch = (struct watch){.cli = cli};
	cli_catch_interrupts();
	status = ask_prefixes(watch);
	if (status)
		return status;
	config.prefixes = (const char *const *)watch->prefixes;
	config.prefix_count = watch->prefix_count;
	watch->feed = gridcall_subscribe(cli->client, &config, &fault);
	if (!watch->feed)
		return cli_say(STATUS_UNREACHABLE, fault.sentence);
	return position ? STATUS_DONE : settle(watch);
}

void watch_clear(struct watch *watch)
{
	size_t i;

	gridcall_unsubscribe(watch->feed);
	for (i = 0; i < watch->prefix_count; i++)
		free(watch->prefixes[i]);
	free(watch->prefixes);
	*watch = (struct watch){0};
}

/* ----------------------------------------------------------------- run -- */

static bool report_says_over(const Gridcall__V1__Report *report)
{
	const char *state = report->summary ? report->summary->state : "";

	return !strcmp(state, "ended") || !strcmp(state, "cancelled");
}

/* A gateway that is away may come back: no answer is no end. */
static bool report_is_over(struct watch *watch)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ReportRequest body = GRIDCALL__V1__REPORT_REQUEST__INIT;
	struct gridcall_patience patience = {.deadline_ms = REPORT_S * 1000,
					     .cancel = cli_interrupted()};
	Gridcall__V1__Reply *reply;
	bool over;

	watch->asked_ms = now_ms();
	request.body_case = GRIDCALL__V1__REQUEST__BODY_REPORT;
	request.report = &body;
	body.call = watch->board->call;
	if (gridcall_ask(watch->cli->client, &request, &patience, &reply, NULL))
		return false;
	over = reply->body_case == GRIDCALL__V1__REPLY__BODY_REPORT &&
	       report_says_over(reply->report);
	if (reply->body_case == GRIDCALL__V1__REPLY__BODY_REPORT &&
	    watch->broken) {
		board_report(watch->board, reply->report);
		watch->broken = false;
		watch->fresh = true;
	}
	gridcall_reply_free(reply);
	return over;
}

static bool is_over(struct watch *watch)
{
	if (board_is_over(watch->board))
		return true;
	if (!watch->broken && now_ms() - watch->asked_ms < REPORT_MS)
		return false;
	if (watch->broken && now_ms() - watch->asked_ms < TICK_MS)
		return false;
	return report_is_over(watch);
}

static void draw(struct watch *watch)
{
	struct screen_size size = screen_size();
	struct board_view view = {.width = size.width,
				  .height = size.height,
				  .color = screen_has_color(),
				  .now_us = now_utc_us(),
				  .trouble = watch->trouble};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	board_draw(watch->board, &view, out);
	fclose(out);
	if (text)
		screen_show(text);
	free(text);
	watch->fresh = false;
}

static void loop(struct watch *watch)
{
	int64_t drawn_ms = 0;

	while (!*cli_interrupted() && !is_over(watch)) {
		int64_t due_ms =
			drawn_ms + (watch->fresh ? REDRAW_MS : TICK_MS);

		if (watch->screen &&
		    (screen_was_resized() || now_ms() >= due_ms)) {
			draw(watch);
			drawn_ms = now_ms();
			due_ms = drawn_ms + TICK_MS;
		}
		if (!watch->screen)
			due_ms = now_ms() + TICK_MS;
		wait_for_feed(watch, due_ms);
	}
}

enum status watch_run(struct watch *watch, struct board *board)
{
	watch->board = board;
	watch->asked_ms = now_ms();
	watch->fresh = true;
	watch->screen = screen_is_there() && !cli_has(watch->cli, "json");
	if (watch->screen)
		screen_begin();
	loop(watch);
	if (watch->screen)
		screen_end();
	watch->screen = false;
	return *cli_interrupted() ? STATUS_INTERRUPTED : STATUS_DONE;
}
