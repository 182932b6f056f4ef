/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/control/authority.h"

#include <string.h>

#include <osmocom/core/utils.h>

#include "gateway/clock.h"
#include "gateway/control/keyring.h"

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

static void take_key(struct principal *principal, const struct key *key)
{
	principal->roles = key->roles;
	memcpy(principal->jurisdiction, key->jurisdiction,
	       sizeof(principal->jurisdiction));
	principal->areas = key->areas;
	OSMO_STRLCPY_ARRAY(principal->public_key, key->public_key);
	principal->expires_us = key->expires_us;
}

void authority_find(struct principal *principal, const struct keyring *keyring,
		    const struct authority_name *name)
{
	const struct key *key;

	memset(principal, 0, sizeof(*principal));
	OSMO_STRLCPY_ARRAY(principal->name, name->name);
	OSMO_STRLCPY_ARRAY(principal->address, name->address);
	/* File permissions let nobody else come in as local. */
	if (!strcmp(name->name, "local") && !name->public_key) {
		principal->roles = ROLE_VIEWER | ROLE_OFFICER |
				   ROLE_SUPERVISOR | ROLE_ENGINEER;
		OSMO_STRLCPY_ARRAY(principal->jurisdiction[0],
				   AUTHORITY_EVERYTHING);
		principal->areas = 1;
		return;
	}
	key = keyring ? keyring_find(keyring, name->name, name->public_key,
				     clock_utc_us())
		      : NULL;
	if (key)
		take_key(principal, key);
}

/*
 * As topic_prefix_is_within(), without parsing: it is asked of every unit of a
 * city.  An area that does not end in '.' ("gc1.44") would let strangers in.
 */
static bool is_within(const char *prefix, const char *area)
{
	size_t len = strlen(area);

	return len && area[len - 1] == '.' && !strncmp(prefix, area, len);
}

bool authority_covers(const struct principal *principal, const char *prefix)
{
	size_t i;

	if (!prefix[0])
		prefix = AUTHORITY_EVERYTHING;
	for (i = 0; i < principal->areas; i++)
		if (is_within(prefix, principal->jurisdiction[i]))
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
