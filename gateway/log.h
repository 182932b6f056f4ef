/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * log.h - the daemon's log categories
 *
 * One category a room.  Objects have macros that begin the line with their
 * name, so that a line can be read alone.  No log line per voice frame.
 *
 * Threads: main only; other threads tell main through their inbox.
 */
#pragma once

#include <osmocom/core/logging.h>

enum log_room {
	DMAIN,
	DVOICE,
	DCALL,
	DRECORD,
	DCONTROL,
	DPLUGIN,
};

extern const struct log_info log_categories;
