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
	/* File permissions let nobody else come in as local. */
	if (strcmp(name, "local"))
		return;
	principal->roles =
		ROLE_VIEWER | ROLE_OFFICER | ROLE_SUPERVISOR | ROLE_ENGINEER;
	OSMO_STRLCPY_ARRAY(principal->jurisdiction[0], AUTHORITY_EVERYTHING);
	principal->areas = 1;
}

bool authority_covers(const struct principal *principal, const char *prefix)
{
	size_t i;

	if (!prefix[0])
		prefix = AUTHORITY_EVERYTHING;
	for (i = 0; i < principal->areas; i++)
		if (topic_prefix_is_within(prefix, principal->jurisdiction[i]))
			return true;
	return false;
}

bool authority_covers_area(const struct principal *principal, const char *area)
{
	char topic[TOPIC_MAX];

	return !topic_in_area(topic, area, TOPIC_CALL) &&
	       authority_covers(principal, topic);
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
