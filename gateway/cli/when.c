/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/when.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define US       INT64_C(1000000)
#define SPAN_MAX (100ull * 366 * 86400) /* seconds: nobody plans further */

bool when_span(const char *text, uint32_t *span_s)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = {{'w', 7 * 86400},
		     {'d', 86400},
		     {'h', 3600},
		     {'m', 60},
		     {'s', 1}};
	unsigned long long number;
	char *end;
	size_t i;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || !*end || end[1] || number > SPAN_MAX)
		return false;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (*end == units[i].unit &&
		    number * units[i].seconds <= SPAN_MAX) {
			*span_s = (uint32_t)(number * units[i].seconds);
			return true;
		}
	return false;
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
	uint32_t span_s;

	if (when_span(text, &span_s)) {
		*at_us = now_us + (int64_t)span_s * US;
		return true;
	}
	return parse_local(text, "%Y-%m-%d", at_us) ||
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
