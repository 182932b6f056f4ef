/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The words of a board: what a unit answered, and each event as one line.
 */
#include "gateway/cli/board_draw.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "gateway/cli/texts.h"
#include "gateway/cli/width.h"

#define ANY_WIDTH 1000

void board_duration(char text[DURATION_SIZE], int64_t ms)
{
	int64_t s = ms > 0 ? (ms + 500) / 1000 : 0;

	if (s >= 3600)
		snprintf(text, DURATION_SIZE,
			 "%" PRId64 ":%02" PRId64 ":%02" PRId64, s / 3600,
			 s / 60 % 60, s % 60);
	else
		snprintf(text, DURATION_SIZE, "%" PRId64 ":%02" PRId64, s / 60,
			 s % 60);
}

void board_clock(char text[DURATION_SIZE], int64_t utc_us)
{
	time_t seconds = utc_us / 1000000;
	struct tm local;

	if (!utc_us || !localtime_r(&seconds, &local) ||
	    !strftime(text, DURATION_SIZE, "%H:%M:%S", &local))
		snprintf(text, DURATION_SIZE, "-");
}

/* ----------------------------------------------------------- an answer -- */

static void put_people(struct line *line, enum style style, uint32_t count)
{
	char text[48];

	/* The table's text is the format; it has one %u in every language. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), text_of(TEXT_PEOPLE), count);
#pragma GCC diagnostic pop
	line_put(line, style, text);
}

static void put_situation(struct line *line, const char *digit)
{
	const char *words = text_of_situation(digit);

	if (!digit[0])
		return;
	if (words)
		line_format(line, STYLE_PLAIN, " %s", words);
	else
		line_format(line, STYLE_PLAIN, " %s %s",
			    text_of(TEXT_SITUATION), digit);
}

static void put_code(struct line *line, const char *code)
{
	const char *words = text_of_code(code);

	if (words)
		line_put(line, STYLE_PLAIN, words);
	else
		line_format(line, STYLE_PLAIN, "%s %s", text_of(TEXT_CODE),
			    code);
}

static void put_words(struct line *line, const struct board_unit *unit)
{
	if (unit->reply_code[0])
		put_code(line, unit->reply_code);
	else if (unit->counted)
		put_people(line, STYLE_PLAIN, unit->headcount);
	else
		line_put(line, STYLE_PLAIN, text_of(TEXT_NO_COUNT));
	put_situation(line, unit->situation);
	if (unit->late)
		line_format(line, STYLE_WARN, " %s", text_of(TEXT_LATE));
}

static void put_time(struct line *line, const struct board_unit *unit)
{
	if (unit->after_ms)
		line_format(line, STYLE_DIM, " %u.%u s",
			    (unit->after_ms + 50) / 1000,
			    (unit->after_ms + 50) / 100 % 10);
}

void board_put_answer(const struct board_unit *unit, struct line *line)
{
	put_words(line, unit);
	put_time(line, unit);
}

static void put_doubt(struct line *line, const struct board_unit *unit)
{
	put_words(line, unit);
	if (unit->expected && unit->counted &&
	    unit->headcount != unit->expected)
		line_format(line, STYLE_WARN, "  %s %u", text_of(TEXT_EXPECTED),
			    unit->expected);
	if (unit->doubts[0])
		line_format(line, STYLE_WARN, "  %s", unit->doubts);
}

/* A name that was cut fetches nothing: then only that there is one. */
static void put_recording(struct line *line, const struct board_unit *unit,
			  bool follows)
{
	const char *text = unit->recording;

	if (!text[0])
		return;
	if (width_of(text) + 2 > line->width - line->used)
		text = text_of(TEXT_CLIP);
	line_format(line, STYLE_BOLD, "%s%s", follows ? "  " : "", text);
}

void board_put_exception(const struct board_unit *unit, struct line *line)
{
	bool answered = unit->state == GRIDCALL__V1__UNIT_STATE__UNIT_ANSWERED;

	if (answered)
		put_doubt(line, unit);
	else if (unit->round > 1)
		line_format(line, STYLE_PLAIN, "%s %u  ", text_of(TEXT_ROUND),
			    unit->round);
	if (unit->reason[0])
		line_format(line, STYLE_PLAIN, "%s%s", answered ? "  " : "",
			    unit->reason);
	/* What to listen to is of more use than the keys. */
	put_recording(line, unit, answered || unit->reason[0]);
	if (answered && unit->doubts[0] && unit->raw[0])
		line_format(line, STYLE_PLAIN, "  %s %s",
			    text_of(TEXT_KEYS_HEARD), unit->raw);
}

/* --------------------------------------------------------------- lines -- */

static void put_unit(struct line *line, const struct board *board,
		     const char *channel, const char *code)
{
	const struct board_unit *unit = board_unit_find(board, code);

	line_cell(line, STYLE_PLAIN, channel, 8);
	line_format(line, STYLE_PLAIN, " %s %s  ", unit ? unit->number : "",
		    unit ? unit->name : code);
}

static void tell_turn(const struct board *board,
		      const Gridcall__V1__CallTurn *turn, struct line *line)
{
	put_unit(line, board, turn->channel, turn->unit);
	line_put(line, STYLE_PLAIN,
		 text_of_state(turn->state,
			       GRIDCALL__V1__GRADE__GRADE_UNSPECIFIED));
	if (turn->round > 1)
		line_format(line, STYLE_PLAIN, " (%s %u)", text_of(TEXT_ROUND),
			    turn->round);
	if (turn->reason[0])
		line_format(line, STYLE_PLAIN, "  %s", turn->reason);
}

static void tell_ended(const Gridcall__V1__CallEnded *ended, struct line *line)
{
	line_format(line, STYLE_PLAIN,
		    "%s  %s %u  %s %u  %s %u  %s %u  %s %u  %s %u  %s %u",
		    text_of(ended->cancelled ? TEXT_CANCELLED : TEXT_ENDED),
		    text_of(TEXT_UNITS), ended->units, text_of(TEXT_AGREES),
		    ended->agrees, text_of(TEXT_ATTENTION), ended->attention,
		    text_of(TEXT_DOUBTFUL), ended->doubtful,
		    text_of(TEXT_HEARD), ended->heard, text_of(TEXT_SILENT),
		    ended->silent, text_of(TEXT_NOT_ASKED), ended->not_asked);
}

static void tell_call(const struct board *board,
		      const Gridcall__V1__CallEvent *call, struct line *line)
{
	const char *badge = text_of(call->exercise ? TEXT_EXERCISE : TEXT_REAL);

	switch (call->change_case) {
	case GRIDCALL__V1__CALL_EVENT__CHANGE_STARTED:
		line_format(line, STYLE_PLAIN, "%s %s %s  %s %zu", badge,
			    board->call, text_of(TEXT_STARTED),
			    text_of(TEXT_UNITS), call->started->n_units);
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_TURN:
		tell_turn(board, call->turn, line);
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_HELD:
		line_format(line, STYLE_PLAIN, "%s %s  %s", call->held->channel,
			    text_of(TEXT_HELD), call->held->reason);
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_RESUMED:
		line_format(line, STYLE_PLAIN, "%s %s", call->resumed->channel,
			    text_of(TEXT_RESUMED));
		break;
	case GRIDCALL__V1__CALL_EVENT__CHANGE_ENDED:
		line_format(line, STYLE_PLAIN, "%s ", board->call);
		tell_ended(call->ended, line);
		break;
	default:
		break;
	}
}

static void tell_reply(const struct board *board,
		       const Gridcall__V1__ReplyEvent *reply, struct line *line)
{
	const struct board_unit *unit;

	unit = &board->newest[(board->reply_count - 1) % BOARD_NEWEST].unit;
	put_unit(line, board, reply->channel, reply->unit);
	if (reply->grade == GRIDCALL__V1__GRADE__GRADE_AGREES) {
		board_put_answer(unit, line);
		return;
	}
	line_format(line, STYLE_PLAIN, "%s  ",
		    text_of_state(unit->state, unit->grade));
	board_put_exception(unit, line);
}

static void tell_over(const Gridcall__V1__OverEvent *over, struct line *line)
{
	line_cell(line, STYLE_PLAIN, over->channel, 8);
	line_format(line, STYLE_PLAIN, " %u.%u s", over->length_ms / 1000,
		    over->length_ms / 100 % 10);
	if (over->digits[0])
		line_format(line, STYLE_PLAIN, "  %s %s",
			    text_of(TEXT_KEYS_HEARD), over->digits);
	if (over->recording[0])
		line_format(line, STYLE_PLAIN, "  %s %s", text_of(TEXT_CLIP),
			    over->recording);
}

static void tell_alarm(const struct board *board,
		       const Gridcall__V1__AlarmEvent *alarm, struct line *line)
{
	enum text text = alarm->taken_back ? TEXT_ALARM_BACK
			 : alarm->released ? TEXT_ALARM_OVER
					   : TEXT_ALARM;

	put_unit(line, board, alarm->channel, alarm->unit);
	line_format(line, STYLE_PLAIN, "%s %s %s", text_of(text),
		    text_of_alarm(alarm->kind), alarm->raw);
}

bool board_tell(const struct board *board, const Gridcall__V1__Event *event,
		FILE *out)
{
	struct line line = line_begin(out, ANY_WIDTH, false);
	char clock[DURATION_SIZE];

	if (!board_concerns(board, event))
		return false;
	board_clock(clock, event->time_us);
	line_format(&line, STYLE_PLAIN, "%s  ", clock);
	if (event->body_case == GRIDCALL__V1__EVENT__BODY_CALL)
		tell_call(board, event->call, &line);
	else if (event->body_case == GRIDCALL__V1__EVENT__BODY_REPLY)
		tell_reply(board, event->reply, &line);
	else if (event->body_case == GRIDCALL__V1__EVENT__BODY_OVER)
		tell_over(event->over, &line);
	else
		tell_alarm(board, event->alarm, &line);
	line_end(&line);
	return true;
}
