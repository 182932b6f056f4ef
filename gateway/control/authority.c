/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/control/authority.h"

#include <string.h>

#include <osmocom/core/utils.h>

static const struct {
	uint32_t roles;
	const char *text;
} rights[] = {
	[RIGHT_LOOK] = {ROLE_VIEWER | ROLE_OFFICER | ROLE_SUPERVISOR |
				ROLE_ENGINEER,
			"any role"},
	[RIGHT_HEAR] = {ROLE_OFFICER | ROLE_SUPERVISOR | ROLE_ENGINEER,
			"officer, supervisor or engineer"},
	[RIGHT_CALL] = {ROLE_OFFICER | ROLE_SUPERVISOR,
			"officer or supervisor"},
	[RIGHT_ENGINEER] = {ROLE_ENGINEER, "engineer"},
};

void authority_find(struct principal *principal, const char *name,
		    const char *address)
{
	memset(principal, 0, sizeof(*principal));
	OSMO_STRLCPY_ARRAY(principal->name, name);
	OSMO_STRLCPY_ARRAY(principal->address, address);
	principal->jurisdiction = "";
	/* File permissions let nobody else come in as local. */
	if (!strcmp(name, "local"))
		principal->roles = ROLE_VIEWER | ROLE_OFFICER |
				   ROLE_SUPERVISOR | ROLE_ENGINEER;
}

bool authority_allows(const struct principal *principal, enum right right)
{
	return principal->roles & rights[right].roles;
}

const char *authority_roles_with(enum right right)
{
	return rights[right].text;
}

const char *authority_role_name(unsigned int bit)
{
	static const char *const names[] = {"viewer", "officer", "supervisor",
					    "engineer"};

	return bit < ARRAY_SIZE(names) ? names[bit] : NULL;
}
