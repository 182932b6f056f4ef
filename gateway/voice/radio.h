/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * radio.h - what a driver holds of the gateway: one channel and its worker
 *
 * Memory:  allocated on main at voice_open(), freed there when the worker has
 *          let go and the driver is closed.
 * Threads: as plugin.h says of each call of the host.
 */
#pragma once

#include "gateway/inbox.h"
#include "gateway/voice/channel.h"
#include "plugins/plugin.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define RADIO_WATCHES_MAX 8

enum watch_kind {
	WATCH_TIMER,
	WATCH_ORDERS,
	WATCH_REPORTS,
	WATCH_RADIO,
};

/* What a worker's epoll gives back. */
struct watch {
	enum watch_kind kind;
	int fd;
	void (*ready)(void *state, int fd, uint64_t now_us);
	struct gridcall_radio *radio;
};

enum report_type {
	REPORT_NONE,
	REPORT_FAILED,
	REPORT_RECOVERED,
	REPORT_LOG,
};

/* From a driver's thread to the worker. */
struct report {
	enum report_type type;
	uint32_t slot;
	uint64_t serial; /* of the radio: a slot is used again */
	int level;
	char text[200];
};

struct gridcall_radio {
	struct channel *channel;
	struct inbox *reports; /* its worker's */
	void *state;           /* the driver's */
	uint32_t slot;
	uint32_t place; /* in the worker's list */
	uint64_t serial;
	bool is_running; /* ticks */
	bool is_opening; /* open() has not returned */
	uint32_t watch_count;
	struct watch watches[RADIO_WATCHES_MAX];
	_Atomic int missed; /* a report_type that the inbox refused */
};

extern const struct gridcall_driver_host radio_host;

/* [voice] */
void radio_take_report(struct gridcall_radio *radio,
		       const struct report *report, uint64_t now_us);

/* [voice] */
void radio_tick(struct gridcall_radio *radio, uint64_t now_us);
