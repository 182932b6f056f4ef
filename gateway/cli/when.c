/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define US       INT64_C(1000000)
#define SPAN_MAX 1000000 /* of any unit */

static int64_t unit_us(char unit)
{
	switch (unit) {
	case 'm':
		return 60 * US;
	case 'h':
		return 3600 * US;
	case 'd':
		return 86400 * US;
	case 'w':
		return 7 * 86400 * US;
	default:
		return 0;
	}
}

static bool parse_span(const char *text, int64_t now_us, int64_t *at_us)
{
	size_t len = strspn(text, "0123456789");
	long count = strtol(text, NULL, 10);
	int64_t unit = len ? unit_us(text[len]) : 0;

	if (!unit || text[len + 1] || count < 1 || count > SPAN_MAX)
		return false;
	*at_us = now_us + count * unit;
	return true;
}

/* strptime() takes blanks and short figures; what it read must read back. */
static bool parse_local(const char *text, const char *format, int64_t *at_us)
{
	struct tm tm = {0};
	struct tm again;
	char back[32];
	const char *end = strptime(text, format, &tm);
	time_t at;

	if (!end || *end || strcspn(text, "-") != 4)
		return false;
	tm.tm_isdst = -1;
	at = mktime(&tm);
	if (!localtime_r(&at, &again) ||
	    !strftime(back, sizeof(back), format, &again) || strcmp(back, text))
		return false;
	*at_us = (int64_t)at * US;
	return true;
}

bool when_parse(const char *text, int64_t now_us, int64_t *at_us)
{
	return parse_span(text, now_us, at_us) ||
	       parse_local(text, "%Y-%m-%d", at_us) ||
	       parse_local(text, "%Y-%m-%dT%H:%M", at_us);
}

void when_tell(char text[WHEN_SIZE], int64_t at_us)
{
	time_t at = (time_t)(at_us / US);
	struct tm tm;

	if (!localtime_r(&at, &tm) ||
	    !strftime(text, WHEN_SIZE, "%Y-%m-%d %H:%M", &tm))
		snprintf(text, WHEN_SIZE, "?");
}
