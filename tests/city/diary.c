/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * diary.c - JSON lines for programs, sentences for people
 */
#include "tests/city/diary.h"

static void quote(FILE *file, const char *text)
{
	fputc('"', file);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', file);
		if ((unsigned char)*text < ' ')
			fprintf(file, "\\u%04x", *text);
		else
			fputc(*text, file);
	}
	fputc('"', file);
}

static void member(FILE *file, const char *name, const char *text)
{
	if (!text)
		return;
	fprintf(file, ",\"%s\":", name);
	quote(file, text);
}

static void write_json(FILE *file, const struct diary_line *line, double time)
{
	fprintf(file, "{\"time\":%.6f", time);
	member(file, "channel", line->channel);
	member(file, "event", line->what);
	member(file, "unit", line->unit);
	if (line->unit && line->guard)
		fprintf(file, ",\"guard\":%u", line->guard);
	member(file, "cue", line->cue);
	if (line->cue)
		fprintf(file, ",\"score\":%.3f", line->score);
	member(file, "answer", line->answer);
	if (line->over_ms)
		fprintf(file, ",\"over_ms\":%u", line->over_ms);
	if (line->answer)
		fprintf(file, ",\"reaction_ms\":%u", line->reaction_ms);
	fputs("}\n", file);
}

static void write_sentence(FILE *file, const struct diary_line *line,
			   double time)
{
	uint64_t second = (uint64_t)time % 86400;

	fprintf(file, "%02u:%02u:%06.3f  %-10s %-7s", (unsigned)second / 3600,
		(unsigned)second / 60 % 60,
		(double)(second % 60) + time - (double)(uint64_t)time,
		line->channel, line->what);
	if (line->unit)
		fprintf(file, " %s", line->unit);
	if (line->unit && line->guard)
		fprintf(file, " (guard %u)", line->guard + 1);
	if (line->cue)
		fprintf(file, " '%s' %.2f", line->cue, line->score);
	if (line->answer)
		fprintf(file, " %s", line->answer);
	if (line->over_ms)
		fprintf(file, ", %.2f s", line->over_ms / 1000.0);
	fputc('\n', file);
}

void diary_write(struct diary *diary, const struct diary_line *line)
{
	double time = (double)((int64_t)line->at_us + diary->offset_us) / 1e6;

	if (!diary->file)
		return;
	if (diary->json)
		write_json(diary->file, line, time);
	else
		write_sentence(diary->file, line, time);
	fflush(diary->file);
}

void diary_ready(struct diary *diary, uint32_t channels, uint32_t guards)
{
	const char *form = diary->json
				   ? "{\"event\":\"ready\",\"channels\":%u,"
				     "\"guards\":%u}\n"
				   : "%u channels and %u guards are ready\n";

	if (!diary->file)
		return;
	fprintf(diary->file, form, channels, guards);
	fflush(diary->file);
}

void diary_summary(struct diary *diary, uint32_t channels, uint32_t done)
{
	const char *form =
		diary->json
			? "{\"event\":\"summary\",\"channels\":%u,\"done\":%u,"
			  "\"cues\":%u,\"overs\":%u,\"silent\":%u,"
			  "\"waits\":%u,\"unknown\":%u}\n"
			: "%u channels, %u heard the end; %u cues, %u overs, "
			  "%u stayed silent, %u waited, %u unknown sounds\n";

	if (diary->file)
		fprintf(diary->file, form, channels, done, diary->cues,
			diary->overs, diary->silent, diary->waits,
			diary->unknown);
}
