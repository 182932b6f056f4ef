/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * directory.h - who can be called: the units and the channels of this gateway
 *
 * A directory never changes: an import makes a new one and the owner swaps it.
 * Whoever must remember a unit over that keeps its code.
 *
 * Units:   as in units.csv and channels.csv (design of the files: deploy/demo).
 * Memory:  one talloc tree per directory; strings are never NULL, lists end
 *          with NULL.
 * Threads: read by any while it lives; made on any thread below that thread's
 *          own ctx, and handed over whole (talloc_steal on main).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unit {
	const char *code;
	const char *name;
	const char *spoken;
	char **aliases;
	const char *category; /* scheme:letter */
	const char *district;
	const char *station;
	const char *grid;
	const char *zone;
	const char *channel; /* code of its channel */
	const char *number;  /* keypad, unique per channel */
	char **radio_ids;
	char **answers_by;
	uint32_t strength;
	const char *duty;
	const char *phone;
	const char *lon;
	const char *lat;
	const char *crs;
	char **cameras;
	char **tags;
	/* No columns: what an officer said. */
	int64_t excused_until_us; /* UTC; not later than now: it is not */
	const char *excused_reason;
};

struct channel_entry {
	const char *code;
	const char *name;
	const char *home; /* district.station.grid */
	char **grids;
	const char *driver;
	const char *address; /* the driver's words: key=value ... */
	bool repeater;
	uint32_t lead_ms;
	uint32_t hang_ms;
	uint32_t tail_ms;
	uint32_t tx_limit_s;
	uint32_t over_limit_s;
	const char *signalling; /* see answer_format_parse() */
};

struct directory;

/* An empty one. */
struct directory *directory_alloc(void *ctx);

size_t directory_unit_count(const struct directory *directory);
size_t directory_channel_count(const struct directory *directory);

/* In order of code; index below the count. */
const struct unit *directory_unit(const struct directory *directory,
				  size_t index);
const struct channel_entry *directory_channel(const struct directory *directory,
					      size_t index);

/* Whether it is left out of calls at a time, UTC. */
bool unit_is_excused(const struct unit *unit, int64_t now_us);

/* NULL when there is none.  Hashed or sorted: cheap at 100,000 units. */
const struct unit *directory_find_unit(const struct directory *directory,
				       const char *code);
const struct channel_entry *
directory_find_channel(const struct directory *directory, const char *code);
const struct unit *directory_find_number(const struct directory *directory,
					 const char *channel,
					 const char *number);
const struct unit *directory_find_radio(const struct directory *directory,
					const char *channel,
					const char *radio_id);
