/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * authority.h - the one place that says who may ask for what
 *
 * Threads: any; no state.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum role {
	ROLE_VIEWER = 1 << 0,
	ROLE_OFFICER = 1 << 1,
	ROLE_SUPERVISOR = 1 << 2,
	ROLE_ENGINEER = 1 << 3,
};

/* What a command needs; a row of the table of rights each. */
enum right {
	RIGHT_LOOK,    /* status, units, channels, calls, report, replay */
	RIGHT_HEAR,    /* recordings */
	RIGHT_CALL,    /* plan, start, pause, cancel, confirm, release */
	RIGHT_ENGINEER /* import, channel settings */
};

struct principal {
	char name[64];
	char address[64];
	uint32_t roles;
	const char *jurisdiction; /* topic prefix; "" is everything */
};

/* Who a name is.  "local", on an ipc socket, holds every role. */
void authority_find(struct principal *principal, const char *name,
		    const char *address);

bool authority_allows(const struct principal *principal, enum right right);

/* The roles that have a right, for a refusal: "officer or supervisor". */
const char *authority_roles_with(enum right right);

/* Name of one role bit, NULL past the last. */
const char *authority_role_name(unsigned int bit);
