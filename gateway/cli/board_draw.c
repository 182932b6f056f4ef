/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/board_draw.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cli/texts.h"
#include "gateway/cli/width.h"

#define HEADER_LINES   3
#define NEWEST_LEAST   3
#define TURNS_TO_TRUST 3 /* before that the plan knows better */

/* What is asked of a turn is said once; every unit's name ends so. */
static const char common_suffix[] = "最小应急单元";

/* Lines for each part of the picture. */
struct layout {
	size_t channels;
	size_t exceptions;
	size_t newest;
	bool headings;
};

struct sheet {
	const struct board *board;
	const struct board_view *view;
	FILE *out;
	const struct board_unit **exceptions; /* gravest first */
	size_t exception_count;
	size_t alarms; /* not settled; they stand before the exceptions */
};

static struct line begin(const struct sheet *sheet)
{
	return line_begin(sheet->out, sheet->view->width, sheet->view->color);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t clamp(size_t value, size_t low, size_t high)
{
	return value < low ? low : least(value, high);
}

/* ---------------------------------------------------------- exceptions -- */

/* 0: not an exception; else the smaller the graver. */
static int rank_of(const struct board_unit *unit)
{
	switch (unit->state) {
	case GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED:
		if (unit->grade == GRIDCALL__V1__GRADE__GRADE_AGREES)
			return 0;
		if (unit->grade == GRIDCALL__V1__GRADE__GRADE_DOUBTFUL)
			return 2;
		return unit->situation[0] == '9' ? 1 : 3;
	case GRIDCALL__V1__UNIT_STATE__UNIT_HEARD:
		return 4;
	case GRIDCALL__V1__UNIT_STATE__UNIT_UNREACHABLE:
		return 5;
	case GRIDCALL__V1__UNIT_STATE__UNIT_SILENT:
		return 6;
	default:
		return 0;
	}
}

static int compare_exceptions(const void *left, const void *right)
{
	const struct board_unit *a = *(const struct board_unit *const *)left;
	const struct board_unit *b = *(const struct board_unit *const *)right;
	int order = rank_of(a) - rank_of(b);

	if (order)
		return order;
	return a->change < b->change ? 1 : -1;
}

static void find_exceptions(struct sheet *sheet)
{
	const struct board *board = sheet->board;
	size_t i;

	sheet->exceptions =
		calloc(board->unit_count + 1, sizeof(*sheet->exceptions));
	for (i = 0; sheet->exceptions && i < board->unit_count; i++)
		if (rank_of(board->units[i]))
			sheet->exceptions[sheet->exception_count++] =
				board->units[i];
	if (sheet->exception_count)
		qsort(sheet->exceptions, sheet->exception_count,
		      sizeof(*sheet->exceptions), compare_exceptions);
	for (i = 0; i < board->alarm_count; i++)
		sheet->alarms += !board->alarms[i].settled;
}

static struct layout lay_out(const struct sheet *sheet)
{
	struct layout layout = {0};
	size_t used = HEADER_LINES + 1;
	size_t body =
		sheet->view->height > used ? sheet->view->height - used : 0;
	size_t wanted = sheet->alarms + sheet->exception_count;

	layout.headings = body >= 9;
	if (layout.headings)
		body -= 3;
	layout.channels =
		least(sheet->board->channel_count, clamp(body / 3, 1, body));
	layout.channels = least(layout.channels, body);
	body -= layout.channels;
	layout.exceptions = least(wanted ? wanted : layout.headings,
				  body - least(body / 2, NEWEST_LEAST));
	layout.newest = body - layout.exceptions;
	return layout;
}

/* -------------------------------------------------------------- header -- */

static void draw_title(const struct sheet *sheet)
{
	const struct board *board = sheet->board;
	struct line line = begin(sheet);
	enum style badge = board->exercise ? STYLE_EXERCISE : STYLE_REAL;

	if (board->started) {
		line_format(
			&line, badge, " %s ",
			text_of(board->exercise ? TEXT_EXERCISE : TEXT_REAL));
		line_put(&line, STYLE_PLAIN, " ");
	}
	line_format(&line, STYLE_BOLD, "%s  %s", text_of_kind(board->kind),
		    board->call);
	if (board->title[0])
		line_format(&line, STYLE_PLAIN, "  %s", board->title);
	line_end(&line);
}

static void put_figure(struct line *line, enum text text, enum style style,
		       uint32_t count)
{
	if (line->used)
		line_put(line, STYLE_PLAIN, "  ");
	line_format(line, STYLE_PLAIN, "%s ", text_of(text));
	line_format(line, count ? style : STYLE_DIM, "%" PRIu32, count);
}

static void draw_figures(const struct sheet *sheet)
{
	struct board_figures figures = board_count(sheet->board, NULL);
	struct line line = begin(sheet);

	put_figure(&line, TEXT_UNITS, STYLE_BOLD, figures.units);
	put_figure(&line, TEXT_AGREES, STYLE_GOOD, figures.agrees);
	put_figure(&line, TEXT_ATTENTION, STYLE_WARN, figures.attention);
	put_figure(&line, TEXT_DOUBTFUL, STYLE_WARN, figures.doubtful);
	put_figure(&line, TEXT_HEARD, STYLE_WARN, figures.heard);
	put_figure(&line, TEXT_SILENT, STYLE_BAD, figures.silent);
	put_figure(&line, TEXT_PENDING, STYLE_PLAIN, figures.pending);
	if (figures.unreachable)
		put_figure(&line, TEXT_UNREACHABLE, STYLE_BAD,
			   figures.unreachable);
	if (figures.not_asked)
		put_figure(&line, TEXT_NOT_ASKED, STYLE_DIM, figures.not_asked);
	line_end(&line);
}

static void draw_times(const struct sheet *sheet)
{
	const struct board *board = sheet->board;
	struct line line = begin(sheet);
	char elapsed[DURATION_SIZE], finish[DURATION_SIZE];
	bool over = board_is_over(board);
	int64_t until_us = over ? board->ended_us : sheet->view->now_us;

	board_duration(elapsed, board->started_us
					? (until_us - board->started_us) / 1000
					: 0);
	board_clock(finish, board->finish_us);
	line_format(&line, STYLE_PLAIN, "%s %s", text_of(TEXT_ELAPSED),
		    elapsed);
	line_format(&line, STYLE_PLAIN, "  %s %s", text_of(TEXT_FINISH),
		    finish);
	if (over)
		line_format(&line, STYLE_BOLD, "  %s",
			    text_of(board->cancelled ? TEXT_CANCELLED
						     : TEXT_ENDED));
	else if (board->held)
		line_format(&line, STYLE_BAD, "  %s: %s", text_of(TEXT_HELD),
			    board->reason);
	line_end(&line);
}

static void draw_heading(const struct sheet *sheet, enum text text,
			 size_t hidden)
{
	struct line line = begin(sheet);

	line_put(&line, STYLE_DIM, "-- ");
	line_put(&line, STYLE_BOLD, text_of(text));
	if (hidden)
		line_format(&line, STYLE_WARN, " (%s %zu)", text_of(TEXT_MORE),
			    hidden);
	line_put(&line, STYLE_PLAIN, " ");
	while (line.used < line.width)
		line_put(&line, STYLE_DIM, "-----"); /* cut at the edge */
	line_end(&line);
}

/* ------------------------------------------------------------ channels -- */

/* Parts of a bar never add up to more than its width. */
static void put_bar(struct line *line, const struct board_figures *figures,
		    size_t width)
{
	const struct {
		enum style style;
		uint32_t count;
	} parts[] = {
		{STYLE_BAR_GOOD, figures->agrees},
		{STYLE_BAR_WARN,
		 figures->attention + figures->doubtful + figures->heard},
		{STYLE_BAR_BAD, figures->silent + figures->unreachable},
		{STYLE_BAR_REST, figures->pending},
	};
	size_t begun = 0;
	size_t count = 0;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t end;

		count += parts[i].count;
		end = figures->units ? count * width / figures->units : 0;
		line_bar(line, parts[i].style, end - begun);
		begun = end;
	}
	line_bar(line, STYLE_BAR_REST, width - begun);
}

/* Time that a channel still needs: from its own pace, at first from the plan.
 */
static int64_t left_ms(const struct board_channel *channel,
		       const struct board_figures *figures, int64_t now_us)
{
	if (!figures->pending)
		return 0;
	if (channel->turns >= TURNS_TO_TRUST && now_us > channel->first_us)
		return (now_us - channel->first_us) / 1000 / channel->turns *
		       figures->pending;
	return channel->finish_us ? (channel->finish_us - now_us) / 1000 : 0;
}

/* The name without what all names end in. */
static void put_name(struct line *line, enum style style, const char *name,
		     size_t cells)
{
	size_t len = strlen(name);
	size_t suffix = sizeof(common_suffix) - 1;
	char text[sizeof(((struct board_unit *)0)->name)];

	if (len > suffix && !strcmp(name + len - suffix, common_suffix))
		len -= suffix;
	snprintf(text, sizeof(text), "%.*s", (int)len, name);
	if (cells)
		line_cell(line, style, text, cells);
	else
		line_put(line, style, text);
}

static void put_now(struct line *line, const struct board *board,
		    const struct board_channel *channel)
{
	if (channel->held) {
		line_format(line, STYLE_BAD, "%s: %s", text_of(TEXT_HELD),
			    channel->reason);
	} else if (channel->turn) {
		line_format(line, STYLE_BOLD, "> %s ", channel->turn->number);
		put_name(line, STYLE_BOLD, channel->turn->name, 0);
		if (channel->turn->round > 1)
			line_format(line, STYLE_DIM, " (%s %u)",
				    text_of(TEXT_ROUND), channel->turn->round);
	} else if (board_is_over(board)) {
		line_put(line, STYLE_DIM, text_of(TEXT_ENDED));
	}
}

static void draw_channel(const struct sheet *sheet,
			 const struct board_channel *channel)
{
	struct board_figures figures = board_count(sheet->board, channel->code);
	struct line line = begin(sheet);
	size_t bar = clamp(line.width / 4, 8, 40);
	char text[DURATION_SIZE];
	int64_t left = left_ms(channel, &figures, sheet->view->now_us);

	line_cell(&line, STYLE_PLAIN, channel->code, 8);
	line_put(&line, STYLE_PLAIN, " ");
	put_bar(&line, &figures, bar);
	snprintf(text, sizeof(text), " %u/%u",
		 figures.agrees + figures.attention + figures.doubtful,
		 figures.units);
	line_cell(&line, STYLE_PLAIN, text, 8);
	text[0] = '\0';
	if (left > 0 && !board_is_over(sheet->board))
		board_duration(text, left);
	line_cell(&line, STYLE_DIM, text, 7);
	line_put(&line, STYLE_PLAIN, " ");
	put_now(&line, sheet->board, channel);
	line_end(&line);
}

/* With more channels than lines, those that are at work come first. */
static void draw_channels(const struct sheet *sheet, size_t lines)
{
	const struct board *board = sheet->board;
	bool all = lines >= board->channel_count;
	int pass;
	size_t i;

	for (pass = all; pass < 2; pass++)
		for (i = 0; lines && i < board->channel_count; i++) {
			const struct board_channel *channel =
				&board->channels[i];
			bool busy = channel->turn || channel->held;

			if (!all && busy == (pass == 1))
				continue;
			draw_channel(sheet, channel);
			lines--;
		}
}

/* ---------------------------------------------------------------- rows -- */

static enum style style_of(const struct board_unit *unit)
{
	int rank = rank_of(unit);

	if (!rank)
		return STYLE_GOOD;
	return rank == 1 || rank >= 5 ? STYLE_BAD : STYLE_WARN;
}

static void put_unit(struct line *line, const struct board_unit *unit)
{
	line_cell(line, STYLE_PLAIN, unit->channel, 8);
	line_put(line, STYLE_PLAIN, " ");
	line_cell(line, STYLE_PLAIN, unit->number, 3);
	line_put(line, STYLE_PLAIN, " ");
	put_name(line, STYLE_PLAIN, unit->name, clamp(line->width / 5, 12, 32));
	line_put(line, STYLE_PLAIN, " ");
}

static void draw_alarm(const struct sheet *sheet,
		       const struct board_alarm *alarm)
{
	const struct board_unit *unit =
		board_unit_find(sheet->board, alarm->unit);
	struct line line = begin(sheet);
	char clock[DURATION_SIZE];

	board_clock(clock, alarm->at_us);
	line_format(&line, STYLE_REAL, " %s ", text_of(TEXT_ALARM));
	line_format(&line, STYLE_BAD, " %s  %s  %s", clock,
		    text_of_alarm(alarm->kind), alarm->channel);
	if (unit)
		line_format(&line, STYLE_BAD, "  %s %s", unit->number,
			    unit->name);
	else if (alarm->unit[0])
		line_format(&line, STYLE_BAD, "  %s", alarm->unit);
	if (alarm->recording[0])
		line_format(&line, STYLE_BOLD, "  %s", alarm->recording);
	line_end(&line);
}

static void draw_exception(const struct sheet *sheet,
			   const struct board_unit *unit)
{
	struct line line = begin(sheet);

	line_cell(&line, style_of(unit),
		  text_of_state(unit->state, unit->grade), 11);
	line_put(&line, STYLE_PLAIN, " ");
	put_unit(&line, unit);
	board_put_exception(unit, &line);
	line_end(&line);
}

static void draw_dim(const struct sheet *sheet, enum text text)
{
	struct line line = begin(sheet);

	line_put(&line, STYLE_DIM, text_of(text));
	line_end(&line);
}

/* Lines that were used. */
static size_t draw_exceptions(const struct sheet *sheet, size_t lines)
{
	const struct board *board = sheet->board;
	size_t used = 0;
	size_t i;

	for (i = board->alarm_count; i > 0 && used < lines; i--)
		if (!board->alarms[i - 1].settled) {
			draw_alarm(sheet, &board->alarms[i - 1]);
			used++;
		}
	for (i = 0; i < sheet->exception_count && used < lines; i++, used++)
		draw_exception(sheet, sheet->exceptions[i]);
	if (!used && lines) {
		draw_dim(sheet, TEXT_ALL_WELL);
		used++;
	}
	return used;
}

static void draw_reply(const struct sheet *sheet,
		       const struct board_reply *reply)
{
	struct line line = begin(sheet);
	char clock[DURATION_SIZE];

	board_clock(clock, reply->at_us);
	line_cell(&line, STYLE_DIM, clock, 11);
	line_put(&line, STYLE_PLAIN, " ");
	put_unit(&line, &reply->unit);
	if (rank_of(&reply->unit))
		line_format(
			&line, style_of(&reply->unit), "%s  ",
			text_of_state(reply->unit.state, reply->unit.grade));
	board_put_answer(&reply->unit, &line);
	line_end(&line);
}

static void draw_newest(const struct sheet *sheet, size_t lines)
{
	const struct board *board = sheet->board;
	size_t count = least(board->reply_count, BOARD_NEWEST);
	size_t i;

	if (!count && lines)
		draw_dim(sheet, TEXT_NOBODY_YET);
	for (i = 1; i <= count && i <= lines; i++)
		draw_reply(sheet, &board->newest[(board->reply_count - i) %
						 BOARD_NEWEST]);
}

static void draw_footer(const struct sheet *sheet)
{
	struct line line = begin(sheet);

	if (sheet->view->trouble)
		line_put(&line, STYLE_BAD, sheet->view->trouble);
	else
		line_put(&line, STYLE_DIM, text_of(TEXT_QUIT_HINT));
	line_end(&line);
}

void board_draw(const struct board *board, const struct board_view *view,
		FILE *out)
{
	struct sheet sheet = {.board = board, .view = view, .out = out};
	struct layout layout;
	size_t wanted;

	if (view->height <= HEADER_LINES) {
		if (view->height)
			draw_figures(&sheet);
		return;
	}
	find_exceptions(&sheet);
	wanted = sheet.alarms + sheet.exception_count;
	layout = lay_out(&sheet);
	draw_title(&sheet);
	draw_figures(&sheet);
	draw_times(&sheet);
	if (layout.headings)
		draw_heading(&sheet, TEXT_CHANNEL,
			     board->channel_count - layout.channels);
	draw_channels(&sheet, layout.channels);
	if (layout.headings)
		draw_heading(&sheet, TEXT_NEEDS_OFFICER,
			     wanted > layout.exceptions
				     ? wanted - layout.exceptions
				     : 0);
	(void)draw_exceptions(&sheet, layout.exceptions);
	if (layout.headings)
		draw_heading(&sheet, TEXT_NEWEST, 0);
	draw_newest(&sheet, layout.newest);
	draw_footer(&sheet);
	free(sheet.exceptions);
}
