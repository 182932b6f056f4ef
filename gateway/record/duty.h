/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * duty.h - when a unit is on duty (勤务时段), as the column duty says it
 *
 * Rules separated by ';', each days and hours, of which the later one wins for
 * the days that it names:
 *
 *   Mo-Fr 07:00-19:00; Sa,Su 08:00-18:00; PH off
 *
 * Days are Mo Tu We Th Fr Sa Su, ranges of them (Fr-Mo goes over the weekend)
 * and PH for public holidays; a rule without days is for all seven.  Hours are
 * "off" or spans separated by commas; a span may end at 24:00 or pass midnight
 * (22:00-06:00 belongs to the day on which it begins).  A day that no rule
 * names is off.  Without a rule for PH a holiday counts as its weekday.  Empty
 * text means always on duty.
 *
 * Memory:  none.
 * Threads: any.
 */
#pragma once

#include "gateway/fault.h"

#include <stdbool.h>
#include <time.h>

/* -EINVAL and a sentence when the text breaks a rule. */
int duty_check(const char *text, struct fault *fault);
bool duty_is_valid(const char *text);

/* Whether the day, and the day before it, are public holidays. */
struct duty_holiday {
	bool today;
	bool yesterday;
};

/*
 * Whether the unit is on duty at a local time, of which tm_wday, tm_hour and
 * tm_min are read.  Text that is not valid counts as always on duty: rather
 * called once too often.
 */
bool duty_is_on(const char *text, const struct tm *local);
bool duty_is_on_holiday(const char *text, const struct tm *local,
			struct duty_holiday holiday);
