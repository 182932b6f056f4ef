/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * alarm.h - one-key alarms: raised, acknowledged, taken back, released
 *
 * An alarm is published, acknowledged aloud and holds every call on its channel
 * until an officer releases it.  Its unit may take it back; the hold stays.
 *
 * Memory:  alarms hang below their lane.
 * Threads: main only.
 */
#pragma once

#include "gateway/call/lane.h"

struct note;

/* The kind of alarm that keys raise: police ... panic; NULL: none. */
const char *alarm_kind(const struct answer *answer);

/*
 * Raise one for the over that is being heard.  unit, its area and the call may
 * be "": a bare alarm belongs to the channel.  Once an over.
 */
struct alarm_source {
	const struct answer *answer;
	const char *unit;
	const char *area;
	const char *call;
	bool exercise;
};
void alarm_raise(struct lane *lane, struct note *note,
		 const struct alarm_source *source);

/* **0#: take back the unit's newest alarm.  false: it has none. */
bool alarm_take_back(struct lane *lane, struct note *note,
		     const struct alarm_source *source);

/* An officer lets calls go on; the caller kicks the lane. */
void alarm_release(struct lane *lane, struct note *note, const char *principal);

/* The ledger can't write: tell what it has not recorded, unnumbered. */
void alarm_publish_unrecorded(struct calls *calls);

/* [reader, at start] The holds of alarms that nobody has released. */
void alarm_restore_all(struct calls *calls, struct ledger_reader *reader);

/* Acknowledge aloud, when the recording is ready.  data: the lane. */
void alarm_acknowledge(void *data);
