/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * authority.h - the one place that says who may ask for what
 *
 * Threads: any; no state.
 */
#pragma once

#include "proto/topic.h"
#include "proto/z85.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUTHORITY_AREAS_MAX  16     /* prefixes of one principal */
#define AUTHORITY_EVERYTHING "gc1." /* the jurisdiction that has it all */

struct keyring;

enum role {
	ROLE_VIEWER = 1 << 0,
	ROLE_OFFICER = 1 << 1,
	ROLE_SUPERVISOR = 1 << 2,
	ROLE_ENGINEER = 1 << 3,
};

/* What a command needs; a row of the table of rights each. */
enum right {
	RIGHT_LOOK, /* status, units, channels, calls, report, replay, snapshot
		     */
	RIGHT_HEAR, /* recordings, listen */
	RIGHT_CALL, /* plan, start, pause, cancel, confirm, talk, excuse */
	RIGHT_ENGINEER /* import, channel settings, key */
};

struct principal {
	char name[64];
	char address[64];
	uint32_t roles;
	/* Topic prefixes that end in '.'. */
	char jurisdiction[AUTHORITY_AREAS_MAX][TOPIC_MAX];
	size_t areas;                       /* how many of them */
	char public_key[Z85_KEY_CHARS + 1]; /* it came with; "": none */
	int64_t expires_us;                 /* of that key; 0: never */
};

/* Who asks, as a service tells it. */
struct authority_name {
	const char *name;
	const char *address;
	const uint8_t *public_key; /* 32 bytes; NULL: not told */
};

/*
 * Who that is now.  "local", who comes without a key, holds every role; another
 * name has what its key in force gives it, and without one it has no role.
 * keyring may be NULL: no keys.
 */
void authority_find(struct principal *principal, const struct keyring *keyring,
		    const struct authority_name *name);

bool authority_allows(const struct principal *principal, enum right right);

/*
 * Whether every topic that begins with prefix is in its jurisdiction; "" is
 * everything.
 */
bool authority_covers(const struct principal *principal, const char *prefix);

/* The same for an area written district.station.grid. */
bool authority_covers_area(const struct principal *principal, const char *area);

/* The roles that have a right, for a refusal: "officer or supervisor". */
const char *authority_roles_with(enum right right);

/* Name of one role bit, NULL past the last. */
const char *authority_role_name(unsigned int bit);
