/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/csv_put.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#define TIME_SIZE 40

static const char heading[] =
	"call,exercise,unit,name,channel,number,state,grade,headcount,expected,"
	"situation,code,via,raw,doubts,heard_at,answered_at,after_ms,late,"
	"round,over,recording,settled_by,reason,sentence\r\n";

static const char *const states[] = {"pending",  "called",     "heard",
				     "answered", "silent",     "excused",
				     "off_duty", "unreachable"};
static const char *const grades[] = {"", "agrees", "attention", "doubtful"};

struct row {
	FILE *out;
	bool begun;
};

static void put(struct row *row, const char *text)
{
	if (row->begun)
		fputc(',', row->out);
	row->begun = true;
	if (!text[strcspn(text, ",\"\r\n")]) {
		fputs(text, row->out);
		return;
	}
	fputc('"', row->out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', row->out);
		fputc(*text, row->out);
	}
	fputc('"', row->out);
}

static void put_number(struct row *row, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	put(row, text);
}

static void put_name(struct row *row, const char *const *names, size_t count,
		     int value)
{
	bool known = value >= 0 && (size_t)value < count;

	put(row, known ? names[value] : "?");
}

/* UTC, with microseconds: 2026-05-01T10:32:05.123456Z */
static void put_time(struct row *row, int64_t utc_us)
{
	time_t seconds = utc_us / 1000000;
	char date[TIME_SIZE], text[TIME_SIZE + 16] = "";
	struct tm utc;

	if (utc_us > 0 && gmtime_r(&seconds, &utc) &&
	    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc))
		snprintf(text, sizeof(text), "%s.%06dZ", date,
			 (int)(utc_us % 1000000));
	put(row, text);
}

static void put_doubts(struct row *row, const Gridcall__V1__ReplyEvent *reply)
{
	char text[256] = "";
	size_t len = 0;
	size_t i;

	for (i = 0; i < reply->n_doubts && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
					i ? ";" : "", reply->doubts[i]);
	put(row, text);
}

static void put_reply(struct row *row, const Gridcall__V1__ReplyEvent *reply,
		      uint32_t expected)
{
	if (reply->headcount_stated_case ==
	    GRIDCALL__V1__REPLY_EVENT__HEADCOUNT_STATED_HEADCOUNT)
		put_number(row, reply->headcount);
	else
		put(row, "");
	put_number(row, expected);
	put(row, reply->situation);
	put(row, reply->code);
	put(row, reply->via);
	put(row, reply->raw);
	put_doubts(row, reply);
	put_time(row, reply->heard_at_us);
	put_time(row, reply->answered_at_us);
	if (reply->answered_at_us)
		put_number(row, reply->after_ms);
	else
		put(row, "");
	put(row, reply->late ? "yes" : "no");
}

static void put_unit(const char *call, bool exercise,
		     const Gridcall__V1__ReportUnit *entry, FILE *out)
{
	static const Gridcall__V1__ReplyEvent none =
		GRIDCALL__V1__REPLY_EVENT__INIT;
	const Gridcall__V1__ReplyEvent *reply =
		entry->reply ? entry->reply : &none;
	const Gridcall__V1__CalledUnit *unit = entry->unit;
	struct row row = {.out = out};

	put(&row, call);
	put(&row, exercise ? "yes" : "no");
	put(&row, unit->unit);
	put(&row, unit->name);
	put(&row, unit->channel);
	put(&row, unit->number);
	put_name(&row, states, sizeof(states) / sizeof(states[0]),
		 (int)entry->state);
	put_name(&row, grades, sizeof(grades) / sizeof(grades[0]),
		 (int)entry->grade);
	put_reply(&row, reply, unit->expected);
	put_number(&row, entry->round);
	put(&row, entry->over);
	put(&row, entry->recording);
	put(&row, reply->principal);
	put(&row, entry->reason);
	put(&row, reply->sentence);
	fputs("\r\n", out);
}

void csv_put_report(const Gridcall__V1__Report *report, FILE *out)
{
	const Gridcall__V1__CallSummary *summary = report->summary;
	bool exercise =
		summary && summary->options && summary->options->exercise;
	size_t i;

	fputs(heading, out);
	for (i = 0; i < report->n_units; i++)
		if (report->units[i]->unit)
			put_unit(summary ? summary->call : "", exercise,
				 report->units[i], out);
}
