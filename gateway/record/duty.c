/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/duty.h"

#include "proto/gridcall.pb-c.h"

#include <stdint.h>
#include <string.h>

#define BAD         GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT
#define DAYS        7 /* Monday is 0 */
#define HOLIDAY     7 /* the eighth day */
#define DAY_MINUTES (24 * 60)
#define SPANS_MAX   8

struct span {
	int from; /* minutes of the day */
	int to;   /* above DAY_MINUTES: into the next day */
};

struct day {
	bool named;
	int span_count;
	struct span spans[SPANS_MAX];
};

struct duty {
	struct day days[DAYS + 1];
};

/* What is being read, and the words that did not fit. */
struct reader {
	const char *at;
	const char *trouble; /* NULL: none */
};

static void skip_spaces(struct reader *reader)
{
	reader->at += strspn(reader->at, " ");
}

static bool take(struct reader *reader, char c)
{
	if (*reader->at != c)
		return false;
	reader->at++;
	return true;
}

static int read_day(struct reader *reader)
{
	static const char names[] = "MoTuWeThFrSaSuPH";
	int i;

	for (i = 0; i <= HOLIDAY; i++) {
		if (strncmp(reader->at, names + 2 * i, 2))
			continue;
		reader->at += 2;
		return i;
	}
	reader->trouble = "is no day (Mo Tu We Th Fr Sa Su PH)";
	return 0;
}

/* The days of a rule as bits; all seven when it names none. */
static unsigned int read_days(struct reader *reader)
{
	unsigned int days = 0;
	int first, last;

	if ((*reader->at >= '0' && *reader->at <= '9') ||
	    !strncmp(reader->at, "off", 3))
		return (1u << DAYS) - 1;
	do {
		skip_spaces(reader);
		first = read_day(reader);
		last = first;
		if (!reader->trouble && take(reader, '-'))
			last = read_day(reader);
		if (reader->trouble)
			return 0;
		if (last != first && (last == HOLIDAY || first == HOLIDAY)) {
			reader->trouble = "makes a range with PH";
			return 0;
		}
		days |= 1u << last;
		for (; first != last; first = (first + 1) % DAYS)
			days |= 1u << first;
		skip_spaces(reader);
	} while (take(reader, ','));
	return days;
}

static int read_two_digits(struct reader *reader, int max)
{
	int value;

	if (reader->at[0] < '0' || reader->at[0] > '9' || reader->at[1] < '0' ||
	    reader->at[1] > '9')
		return -1;
	value = (reader->at[0] - '0') * 10 + reader->at[1] - '0';
	if (value > max)
		return -1;
	reader->at += 2;
	return value;
}

static int read_time(struct reader *reader)
{
	int hour = read_two_digits(reader, 24);
	int minute = -1;

	if (hour >= 0 && take(reader, ':'))
		minute = read_two_digits(reader, hour == 24 ? 0 : 59);
	if (minute < 0) {
		reader->trouble = "is no time (00:00 to 24:00)";
		return 0;
	}
	return hour * 60 + minute;
}

static struct span read_span(struct reader *reader)
{
	struct span span = {0, 0};

	span.from = read_time(reader);
	if (!reader->trouble && !take(reader, '-'))
		reader->trouble = "is no '-' between two times";
	if (!reader->trouble)
		span.to = read_time(reader);
	if (!reader->trouble &&
	    (span.to == span.from || span.from == DAY_MINUTES))
		reader->trouble = "ends where it begins";
	if (span.to < span.from)
		span.to += DAY_MINUTES;
	return span;
}

static void read_hours(struct reader *reader, struct day *day)
{
	memset(day, 0, sizeof(*day));
	day->named = true;
	if (!strncmp(reader->at, "off", 3)) {
		reader->at += 3;
		return;
	}
	do {
		skip_spaces(reader);
		if (day->span_count == SPANS_MAX) {
			reader->trouble = "is one span too many (8 a day)";
			return;
		}
		day->spans[day->span_count++] = read_span(reader);
		if (reader->trouble)
			return;
		skip_spaces(reader);
	} while (take(reader, ','));
}

static void read_rule(struct reader *reader, struct duty *duty)
{
	unsigned int days = read_days(reader);
	struct day day;
	int i;

	if (reader->trouble)
		return;
	skip_spaces(reader);
	read_hours(reader, &day);
	if (reader->trouble)
		return;
	skip_spaces(reader);
	if (*reader->at && *reader->at != ';') {
		reader->trouble = "follows a rule without ';'";
		return;
	}
	for (i = 0; i <= HOLIDAY; i++)
		if (days & 1u << i)
			duty->days[i] = day;
}

/* On trouble reader says where and what. */
static bool read_duty(struct reader *reader, struct duty *duty)
{
	memset(duty, 0, sizeof(*duty));
	do {
		skip_spaces(reader);
		if (!*reader->at)
			break; /* a last ';' does no harm */
		read_rule(reader, duty);
	} while (!reader->trouble && take(reader, ';'));
	return !reader->trouble;
}

static bool is_empty(const char *text)
{
	return !text[strspn(text, " ;")];
}

int duty_check(const char *text, struct fault *fault)
{
	struct reader reader = {.at = text};
	struct duty duty;

	if (read_duty(&reader, &duty))
		return 0;
	return fault_set(fault, BAD,
			 "'%.40s' %s: write duty hours as Mo-Fr 07:00-19:00; "
			 "Sa,Su 08:00-18:00; PH off",
			 reader.at, reader.trouble);
}

bool duty_is_valid(const char *text)
{
	return duty_check(text, NULL) == 0;
}

static const struct day *day_of(const struct duty *duty, int day, bool holiday)
{
	if (holiday && duty->days[HOLIDAY].named)
		return &duty->days[HOLIDAY];
	return &duty->days[day];
}

static bool covers(const struct day *day, int minute)
{
	int i;

	for (i = 0; i < day->span_count; i++)
		if (minute >= day->spans[i].from && minute < day->spans[i].to)
			return true;
	return false;
}

bool duty_is_on_holiday(const char *text, const struct tm *local,
			struct duty_holiday holiday)
{
	struct reader reader = {.at = text};
	int minute = local->tm_hour * 60 + local->tm_min;
	int today = (local->tm_wday + 6) % DAYS;
	struct duty duty;

	if (is_empty(text) || !read_duty(&reader, &duty))
		return true;
	return covers(day_of(&duty, today, holiday.today), minute) ||
	       covers(day_of(&duty, (today + 6) % DAYS, holiday.yesterday),
		      minute + DAY_MINUTES);
}

bool duty_is_on(const char *text, const struct tm *local)
{
	return duty_is_on_holiday(text, local, (struct duty_holiday){0});
}
