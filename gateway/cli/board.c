/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/board.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cli/texts.h"

#define COPY(to, from) copy_text(to, sizeof(to), from)

/* Cut before a character rather than inside it. */
static void copy_text(char *to, size_t size, const char *from)
{
	size_t len = strlen(from);

	if (len >= size) {
		len = size - 1;
		while (len && ((unsigned char)from[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(to, from, len);
	to[len] = '\0';
}

/* One more, zeroed, at the end of an array; out of memory ends the program. */
static void *grow(void *array, size_t *count, size_t size)
{
	char *items = *(char **)array;

	/* Room for 8, then for twice as many each time it is full. */
	if (!*count || (*count >= 8 && !(*count & (*count - 1)))) {
		items = realloc(items, (*count < 8 ? 8 : *count * 2) * size);
		if (!items)
			abort();
		*(char **)array = items;
	}
	memset(items + *count * size, 0, size);
	return items + (*count)++ * size;
}

struct board *board_alloc(const char *call)
{
	struct board *board = calloc(1, sizeof(*board));

	if (board)
		COPY(board->call, call);
	return board;
}

static void forget_unit(void *unit)
{
	(void)unit; /* owned by the array of units */
}

static void forget(struct board *board)
{
	size_t i;

	tdestroy(board->by_code, forget_unit);
	for (i = 0; i < board->unit_count; i++)
		free(board->units[i]);
	free(board->units);
	free(board->channels);
	free(board->alarms);
	free(board->grids);
	free(board->overs);
}

struct board *board_free(struct board *board)
{
	if (board)
		forget(board);
	free(board);
	return NULL;
}

/* -------------------------------------------------------------- lookup -- */

static int compare_units(const void *left, const void *right)
{
	const struct board_unit *a = left;
	const struct board_unit *b = right;

	return strcmp(a->code, b->code);
}

struct board_unit *board_unit_find(const struct board *board, const char *code)
{
	struct board_unit key;
	struct board_unit **found;

	COPY(key.code, code);
	found = tfind(&key, &board->by_code, compare_units);
	return found ? *found : NULL;
}

static struct board_channel *channel_find(const struct board *board,
					  const char *code)
{
	size_t i;

	for (i = 0; i < board->channel_count; i++)
		if (!strcmp(board->channels[i].code, code))
			return &board->channels[i];
	return NULL;
}

static struct board_channel *channel_get(struct board *board, const char *code)
{
	struct board_channel *channel = channel_find(board, code);

	if (channel || !code[0])
		return channel;
	channel =
		grow(&board->channels, &board->channel_count, sizeof(*channel));
	COPY(channel->code, code);
	return channel;
}

static const char *recording_of(const struct board *board, const char *over)
{
	size_t i;

	for (i = board->over_count; over[0] && i > 0; i--)
		if (!strcmp(board->overs[i - 1].over, over))
			return board->overs[i - 1].recording;
	return "";
}

static struct board_unit *unit_get(struct board *board, const char *code)
{
	struct board_unit *unit = board_unit_find(board, code);
	struct board_unit **place;

	if (unit)
		return unit;
	unit = calloc(1, sizeof(*unit));
	place = unit ? grow(&board->units, &board->unit_count, sizeof(*place))
		     : NULL;
	if (!place)
		abort();
	COPY(unit->code, code);
	COPY(unit->name, code);
	*place = unit;
	if (!tsearch(unit, &board->by_code, compare_units))
		abort();
	return unit;
}

/* ---------------------------------------------------------------- call -- */

static struct board_unit *add_called(struct board *board,
				     const Gridcall__V1__CalledUnit *called)
{
	struct board_unit *unit = board_unit_find(board, called->unit);

	if (unit)
		return unit;
	unit = unit_get(board, called->unit);
	COPY(unit->channel, called->channel);
	COPY(unit->number, called->number);
	if (called->name[0])
		COPY(unit->name, called->name);
	unit->expected = called->expected;
	unit->state = called->state;
	COPY(unit->reason, called->reason);
	(void)channel_get(board, called->channel);
	return unit;
}

static struct board_grid *grid_get(struct board *board, const char *topic)
{
	struct board_grid *grid;
	size_t i;

	for (i = 0; i < board->grid_count; i++)
		if (!strcmp(board->grids[i].topic, topic))
			return &board->grids[i];
	grid = grow(&board->grids, &board->grid_count, sizeof(*grid));
	COPY(grid->topic, topic);
	return grid;
}

static void set_options(struct board *board,
			const Gridcall__V1__CallOptions *options)
{
	if (!options)
		return;
	board->kind = options->kind;
	COPY(board->title, options->title);
}

static void add_started(struct board *board, const Gridcall__V1__Event *event,
			const Gridcall__V1__CallStarted *started)
{
	size_t i;

	(void)grid_get(board, event->topic);
	set_options(board, started->options);
	if (!board->started)
		board->started_us = event->time_us;
	board->started = true;
	if (started->finish_at_us > board->finish_us)
		board->finish_us = started->finish_at_us;
	for (i = 0; i < started->n_channels; i++)
		(void)channel_get(board, started->channels[i]);
	for (i = 0; i < started->n_units; i++)
		(void)add_called(board, started->units[i]);
}

static void close_turn(struct board_channel *channel,
		       const struct board_unit *unit)
{
	if (!channel || !unit || channel->turn != unit)
		return;
	channel->turn = NULL;
	channel->turns++;
}

static void open_turn(struct board_channel *channel,
		      const struct board_unit *unit, int64_t time_us)
{
	if (!channel)
		return;
	close_turn(channel, channel->turn);
	channel->turn = unit;
	if (!channel->first_us)
		channel->first_us = time_us;
}

static void heard_in(const struct board *board, struct board_unit *unit,
		     const char *over)
{
	if (!over[0])
		return;
	COPY(unit->over, over);
	COPY(unit->recording, recording_of(board, over));
}

static void add_turn(struct board *board, int64_t time_us,
		     const Gridcall__V1__CallTurn *turn)
{
	struct board_unit *unit = unit_get(board, turn->unit);
	struct board_channel *channel = channel_get(board, turn->channel);

	if (turn->state == GRIDCALL__V1__UNIT_STATE__UNIT_CALLED)
		open_turn(channel, unit, time_us);
	else
		close_turn(channel, unit);
	/* An officer who heard that nobody answered takes a reply back. */
	if (turn->state == GRIDCALL__V1__UNIT_STATE__UNIT_SILENT)
		unit->reply_seq = 0;
	/* Asked again, what it answered before still stands. */
	if (!unit->reply_seq)
		unit->state = turn->state;
	if (turn->round)
		unit->round = turn->round;
	COPY(unit->reason, turn->reason);
	heard_in(board, unit, turn->over);
	unit->change = ++board->changes;
}

static void set_held(struct board *board, const char *code, bool held,
		     const char *reason)
{
	struct board_channel *channel = channel_get(board, code);

	if (channel) {
		channel->held = held;
		COPY(channel->reason, reason);
		return;
	}
	board->held = held;
	COPY(board->reason, reason);
}

static void add_ended(struct board *board, const Gridcall__V1__Event *event,
		      const Gridcall__V1__CallEnded *ended)
{
	size_t i;

	grid_get(board, event->topic)->ended = true;
	board->ended_us = event->time_us;
	board->cancelled |= ended->cancelled;
	if (!board_is_over(board))
		return;
	for (i = 0; i < board->channel_count; i++)
		close_turn(&board->channels[i], board->channels[i].turn);
}

static void add_call(struct board *board, const Gridcall__V1__Event *event)
{
	const Gridcall__V1__CallEvent *call = event->call;

	board->exercise = call->exercise;
	switch (call->change_case) {
	case GRIDCALL__V1__CALL_EVENT__CHANGE_STARTED:
		add_started(board, event, call->started);
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_TURN:
		add_turn(board, event->time_us, call->turn);
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_HELD:
		set_held(board, call->held->channel, true, call->held->reason);
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_RESUMED:
		set_held(board, call->resumed->channel, false, "");
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_ENDED:
		add_ended(board, event, call->ended);
		break;
	default:
		break; /* of a newer gateway */
	}
}

/* --------------------------------------------------------------- reply -- */

/* A doubtful answer never displaces a certain one that it doesn't replace. */
static bool stands(const struct board_unit *unit,
		   const Gridcall__V1__ReplyEvent *reply)
{
	if (!unit->reply_seq || reply->replaces == unit->reply_seq)
		return true;
	return reply->grade != GRIDCALL__V1__GRADE__GRADE_DOUBTFUL ||
	       unit->grade == GRIDCALL__V1__GRADE__GRADE_DOUBTFUL;
}

static void list_doubts(struct board_unit *unit,
			const Gridcall__V1__ReplyEvent *reply)
{
	size_t i;

	unit->doubts[0] = '\0';
	for (i = 0; i < reply->n_doubts; i++) {
		char text[sizeof(unit->doubts) * 2];

		snprintf(text, sizeof(text), "%s%s%.64s", unit->doubts,
			 i ? ", " : "", text_of_doubt(reply->doubts[i]));
		COPY(unit->doubts, text);
	}
}

static void take_reply(const struct board *board, struct board_unit *unit,
		       const Gridcall__V1__ReplyEvent *reply)
{
	unit->state = GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED;
	unit->grade = reply->grade;
	unit->counted = reply->headcount_stated_case ==
			GRIDCALL__V1__REPLY_EVENT__HEADCOUNT_STATED_HEADCOUNT;
	unit->headcount = unit->counted ? reply->headcount : 0;
	unit->after_ms = reply->after_ms;
	unit->late = reply->late;
	unit->reason[0] = '\0';
	if (reply->expected)
		unit->expected = reply->expected;
	COPY(unit->situation, reply->situation);
	COPY(unit->reply_code, reply->code);
	COPY(unit->raw, reply->raw);
	list_doubts(unit, reply);
	heard_in(board, unit, reply->over);
}

static void add_reply(struct board *board, const Gridcall__V1__Event *event)
{
	const Gridcall__V1__ReplyEvent *reply = event->reply;
	struct board_unit *unit = unit_get(board, reply->unit);
	struct board_channel *channel = channel_get(board, reply->channel);
	struct board_reply *newest =
		&board->newest[board->reply_count++ % BOARD_NEWEST];

	newest->at_us = event->time_us;
	newest->unit = *unit;
	take_reply(board, &newest->unit, reply);
	close_turn(channel, unit);
	if (!stands(unit, reply))
		return;
	take_reply(board, unit, reply);
	unit->reply_seq = event->seq;
	unit->change = ++board->changes;
}

static void add_over(struct board *board, const Gridcall__V1__OverEvent *event)
{
	struct board_over *over;
	size_t i;

	if (!event->over[0] || !event->recording[0])
		return;
	over = grow(&board->overs, &board->over_count, sizeof(*over));
	COPY(over->over, event->over);
	COPY(over->recording, event->recording);
	for (i = 0; i < board->unit_count; i++)
		if (!strcmp(board->units[i]->over, event->over))
			COPY(board->units[i]->recording, event->recording);
	for (i = 0; i < board->alarm_count; i++)
		if (!strcmp(board->alarms[i].over, event->over))
			COPY(board->alarms[i].recording, event->recording);
}

static void add_alarm(struct board *board, int64_t time_us,
		      const Gridcall__V1__AlarmEvent *event)
{
	struct board_alarm *alarm = NULL;
	size_t i;

	for (i = 0; i < board->alarm_count; i++)
		if (!strcmp(board->alarms[i].alarm, event->alarm))
			alarm = &board->alarms[i];
	if (!alarm) {
		alarm = grow(&board->alarms, &board->alarm_count,
			     sizeof(*alarm));
		COPY(alarm->alarm, event->alarm);
		COPY(alarm->unit, event->unit);
		COPY(alarm->channel, event->channel);
		COPY(alarm->kind, event->kind);
		COPY(alarm->over, event->over);
		COPY(alarm->recording, recording_of(board, event->over));
		alarm->at_us =
			event->heard_at_us ? event->heard_at_us : time_us;
	}
	alarm->settled |= event->taken_back || event->released;
}

bool board_concerns(const struct board *board, const Gridcall__V1__Event *event)
{
	switch (event->body_case) {
	case GRIDCALL__V1__EVENT__BODY_CALL:
		return !strcmp(event->call->call, board->call);
	case GRIDCALL__V1__EVENT__BODY_REPLY:
		return !strcmp(event->reply->call, board->call);
	case GRIDCALL__V1__EVENT__BODY_OVER:
		return !strcmp(event->over->call, board->call);
	case GRIDCALL__V1__EVENT__BODY_ALARM:
		/* An alarm outranks every call: its channel is enough. */
		return !strcmp(event->alarm->call, board->call) ||
		       channel_find(board, event->alarm->channel);
	default:
		return false;
	}
}

void board_add(struct board *board, const Gridcall__V1__Event *event)
{
	if (!board_concerns(board, event))
		return;
	if (event->body_case == GRIDCALL__V1__EVENT__BODY_CALL)
		add_call(board, event);
	else if (event->body_case == GRIDCALL__V1__EVENT__BODY_REPLY)
		add_reply(board, event);
	else if (event->body_case == GRIDCALL__V1__EVENT__BODY_OVER)
		add_over(board, event->over);
	else
		add_alarm(board, event->time_us, event->alarm);
}

/* -------------------------------------------------------------- report -- */

void board_plan(struct board *board, const Gridcall__V1__Plan *plan)
{
	size_t i;

	for (i = 0; i < plan->n_channels; i++) {
		struct board_channel *channel =
			channel_get(board, plan->channels[i]->channel);

		if (channel)
			channel->finish_us = plan->channels[i]->finish_at_us;
	}
	if (!board->finish_us)
		board->finish_us = plan->finish_at_us;
}

static void add_report_unit(struct board *board,
			    const Gridcall__V1__ReportUnit *entry)
{
	struct board_unit *unit;

	if (!entry->unit)
		return;
	unit = add_called(board, entry->unit);
	COPY(unit->over, entry->over);
	COPY(unit->recording, entry->recording);
	if (entry->reply)
		take_reply(board, unit, entry->reply);
	if (entry->recording[0])
		COPY(unit->recording, entry->recording);
	unit->state = entry->state;
	unit->reply_seq = entry->reply_seq;
	unit->round = entry->round;
	COPY(unit->reason, entry->reason);
	if (entry->reply)
		unit->grade = entry->grade;
	unit->change = ++board->changes;
}

static bool state_is_end(const char *state)
{
	return !strcmp(state, "ended") || !strcmp(state, "cancelled");
}

static void take_summary(struct board *board,
			 const Gridcall__V1__CallSummary *summary)
{
	size_t i;

	board->started = true;
	board->started_us = summary->started_at_us;
	board->finish_us = summary->finish_at_us;
	set_options(board, summary->options);
	if (summary->options)
		board->exercise = summary->options->exercise;
	board->cancelled = !strcmp(summary->state, "cancelled");
	board->held = !strcmp(summary->state, "paused") ||
		      !strcmp(summary->state, "held");
	COPY(board->reason, summary->reason);
	if (state_is_end(summary->state))
		board->ended_us = summary->finish_at_us;
	for (i = 0; i < summary->n_channels; i++)
		(void)channel_get(board, summary->channels[i]);
}

void board_report(struct board *board, const Gridcall__V1__Report *report)
{
	char call[sizeof(board->call)];
	size_t i;

	COPY(call, board->call);
	forget(board);
	*board = (struct board){0};
	COPY(board->call, call);
	if (report->summary)
		take_summary(board, report->summary);
	for (i = 0; i < report->n_units; i++)
		add_report_unit(board, report->units[i]);
	for (i = 0; i < report->n_alarms; i++)
		add_alarm(board, report->alarms[i]->heard_at_us,
			  report->alarms[i]);
}

/* ------------------------------------------------------------- figures -- */

bool board_is_over(const struct board *board)
{
	size_t i;

	for (i = 0; i < board->grid_count; i++)
		if (!board->grids[i].ended)
			return false;
	return board->started && board->ended_us;
}

static uint32_t *figure_of(struct board_figures *figures,
			   const struct board_unit *unit)
{
	switch (unit->state) {
	case GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED:
		if (unit->grade == GRIDCALL__V1__GRADE__GRADE_AGREES)
			return &figures->agrees;
		if (unit->grade == GRIDCALL__V1__GRADE__GRADE_DOUBTFUL)
			return &figures->doubtful;
		return &figures->attention;
	case GRIDCALL__V1__UNIT_STATE__UNIT_HEARD:
		return &figures->heard;
	case GRIDCALL__V1__UNIT_STATE__UNIT_SILENT:
		return &figures->silent;
	case GRIDCALL__V1__UNIT_STATE__UNIT_UNREACHABLE:
		return &figures->unreachable;
	case GRIDCALL__V1__UNIT_STATE__UNIT_EXCUSED:
	case GRIDCALL__V1__UNIT_STATE__UNIT_OFF_DUTY:
		return &figures->not_asked;
	default:
		return &figures->pending;
	}
}

struct board_figures board_count(const struct board *board, const char *channel)
{
	struct board_figures figures = {0};
	size_t i;

	for (i = 0; i < board->unit_count; i++) {
		const struct board_unit *unit = board->units[i];

		if (channel && strcmp(channel, unit->channel))
			continue;
		(*figure_of(&figures, unit))++;
		figures.units++;
	}
	figures.units -= figures.not_asked;
	return figures;
}
