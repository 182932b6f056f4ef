/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * texts.h - the words that officers read, in Chinese and English
 *
 * Memory:  constant.
 * Threads: any, once texts_init() was called.
 */
#pragma once

#include <stddef.h>

#include "proto/gridcall.pb-c.h"

enum text {
	TEXT_EXERCISE,
	TEXT_REAL,
	TEXT_ROLL_CALL,
	TEXT_PULL_TEST,
	TEXT_DRILL,
	TEXT_INCIDENT,
	TEXT_CALL,
	TEXT_UNITS,
	TEXT_AGREES,
	TEXT_ATTENTION,
	TEXT_DOUBTFUL,
	TEXT_HEARD,
	TEXT_SILENT,
	TEXT_UNREACHABLE,
	TEXT_PENDING,
	TEXT_CALLED,
	TEXT_EXCUSED,
	TEXT_OFF_DUTY,
	TEXT_NOT_ASKED,
	TEXT_ALARM,
	TEXT_ALARM_BACK,
	TEXT_ALARM_OVER,
	TEXT_ELAPSED,
	TEXT_FINISH,
	TEXT_LEFT,
	TEXT_ENDED,
	TEXT_CANCELLED,
	TEXT_HELD,
	TEXT_RESUMED,
	TEXT_STARTED,
	TEXT_NEEDS_OFFICER,
	TEXT_NEWEST,
	TEXT_NOBODY_YET,
	TEXT_ALL_WELL,
	TEXT_MORE,
	TEXT_ROUND,
	TEXT_LATE,
	TEXT_EXPECTED,
	TEXT_NO_COUNT,
	TEXT_PEOPLE, /* a format with %u */
	TEXT_CODE,
	TEXT_SITUATION,
	TEXT_CLIP,
	TEXT_KEYS_HEARD,
	TEXT_QUIT_HINT,
	TEXT_GOES_ON, /* a format with the call twice */
	TEXT_CHANNEL,
	TEXT_AIRTIME,
	TEXT_LONGEST,
	TEXT_WAIT,
	TEXT_REACH,
	TEXT_CHOSEN,
	TEXT_WARNING,
	TEXT_EFFICIENCY,
	TEXT_PLANNED_FINISH,
	TEXT_STATE,
	TEXT_NUMBER,
	TEXT_UNIT,
	TEXT_NAME,
	TEXT_ANSWER,
	TEXT_START_QUESTION,
	TEXT_NEVER,
	TEXT_IN_FORCE,
	TEXT_EXPIRED,
	TEXT_REVOKED,
	TEXT_KEY_MADE,    /* a format: name, roles, areas, until */
	TEXT_KEY_GIVE,    /* path, name */
	TEXT_KEY_ADDRESS, /* address */
	TEXT_KEY_GUESSED,
	TEXT_KEY_TRY,
	TEXT_COUNT,
};

/* Chinese when LC_ALL, LC_MESSAGES or LANG, the first set, begins with zh. */
void texts_init(void);

const char *text_of(enum text text);

const char *text_of_kind(Gridcall__V1__CallKind kind);
const char *text_of_state(Gridcall__V1__UnitState state,
			  Gridcall__V1__Grade grade);

/* What a digit of a reply means; NULL when the contract does not say. */
const char *text_of_situation(const char *digit);
const char *text_of_code(const char *code);
const char *text_of_alarm(const char *kind);

/* The word of a doubt, or the doubt itself. */
const char *text_of_doubt(const char *doubt);
