/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/control/key.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define BAD GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"

bool key_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len >= 1 && len <= KEY_NAME_MAX &&
	       strspn(name, LETTERS_AND_DIGITS "-._") == len &&
	       strchr(LETTERS_AND_DIGITS, name[0]) && strcmp(name, "local");
}

static int read_name(struct key *key, const char *name, struct fault *fault)
{
	if (!strcmp(name, "local"))
		return fault_set(fault, BAD,
				 "'local' is who comes in by a local socket "
				 "and has no key; choose another name");
	if (!key_name_is_valid(name))
		return fault_set(fault, BAD,
				 "'%.64s' is no name for a key: write 1 to %d "
				 "of a-z 0-9 - . _, a letter or digit first",
				 name, KEY_NAME_MAX);
	OSMO_STRLCPY_ARRAY(key->name, name);
	return 0;
}

static int read_public_key(struct key *key, const char *text,
			   struct fault *fault)
{
	if (strlen(text) != Z85_KEY_CHARS ||
	    z85_decode(key->public_bytes, text, Z85_KEY_CHARS))
		return fault_set(fault, BAD,
				 "'%.64s' is no public key: it has %d "
				 "characters of Z85, as \"gridcall key new\" "
				 "prints them",
				 text, Z85_KEY_CHARS);
	OSMO_STRLCPY_ARRAY(key->public_key, text);
	return 0;
}

static int read_role(struct key *key, const char *role, struct fault *fault)
{
	unsigned int bit;

	for (bit = 0; authority_role_name(bit); bit++) {
		if (strcmp(role, authority_role_name(bit)))
			continue;
		key->roles |= 1u << bit;
		return 0;
	}
	return fault_set(fault, BAD,
			 "'%.64s' is no role; choose among viewer, officer, "
			 "supervisor and engineer",
			 role);
}

static int read_roles(struct key *key, const Gridcall__V1__Key *message,
		      struct fault *fault)
{
	size_t i;

	key->roles = 0;
	for (i = 0; i < message->n_roles; i++)
		if (read_role(key, message->roles[i], fault))
			return -EINVAL;
	if (!key->roles)
		return fault_set(fault, BAD,
				 "the key of '%s' has no role; give it viewer, "
				 "officer, supervisor or engineer",
				 key->name);
	return 0;
}

static bool has_area(const struct key *key, const char *prefix)
{
	size_t i;

	for (i = 0; i < key->areas; i++)
		if (!strcmp(key->jurisdiction[i], prefix))
			return true;
	return false;
}

static int read_area(struct key *key, const char *prefix, struct fault *fault)
{
	size_t len = strlen(prefix);

	if (!len || prefix[len - 1] != '.' || len >= TOPIC_MAX ||
	    !topic_prefix_is_valid(prefix, len))
		return fault_set(fault, BAD,
				 "'%.64s' is no jurisdiction: write the start "
				 "of topics up to a dot, for example "
				 "gc1.440106. for a district, or gc1. for "
				 "everything",
				 prefix);
	if (has_area(key, prefix))
		return 0;
	if (key->areas == AUTHORITY_AREAS_MAX)
		return fault_set(fault, BAD,
				 "the key of '%s' has more than %d prefixes in "
				 "its jurisdiction; give larger areas, or a "
				 "second name",
				 key->name, AUTHORITY_AREAS_MAX);
	OSMO_STRLCPY_ARRAY(key->jurisdiction[key->areas], prefix);
	key->areas++;
	return 0;
}

static int read_jurisdiction(struct key *key, const Gridcall__V1__Key *message,
			     struct fault *fault)
{
	size_t i;

	key->areas = 0;
	for (i = 0; i < message->n_jurisdiction; i++)
		if (read_area(key, message->jurisdiction[i], fault))
			return -EINVAL;
	if (!key->areas)
		return fault_set(fault, BAD,
				 "the key of '%s' has no jurisdiction; give it "
				 "the start of topics, for example "
				 "gc1.440106.",
				 key->name);
	return 0;
}

int key_read(struct key *key, const Gridcall__V1__Key *message,
	     struct fault *fault)
{
	memset(key, 0, sizeof(*key));
	if (read_name(key, message->name, fault) ||
	    read_public_key(key, message->public_key, fault) ||
	    read_roles(key, message, fault) ||
	    read_jurisdiction(key, message, fault))
		return -EINVAL;
	key->created_us = message->created_at_us;
	key->expires_us = message->expires_at_us;
	key->revoked_us = message->revoked_at_us;
	OSMO_STRLCPY_ARRAY(key->created_by, message->created_by);
	OSMO_STRLCPY_ARRAY(key->revoked_by, message->revoked_by);
	return 0;
}

void key_to_message(const struct key *key, void *ctx,
		    Gridcall__V1__Key *message)
{
	unsigned int bit;
	size_t i;

	gridcall__v1__key__init(message);
	message->roles = talloc_array(ctx, char *, KEY_ROLES_MAX);
	message->jurisdiction = talloc_array(ctx, char *, key->areas + 1);
	OSMO_ASSERT(message->roles && message->jurisdiction);
	for (bit = 0; bit < KEY_ROLES_MAX; bit++)
		if (key->roles & (1u << bit))
			message->roles[message->n_roles++] =
				(char *)authority_role_name(bit);
	for (i = 0; i < key->areas; i++)
		message->jurisdiction[i] = (char *)key->jurisdiction[i];
	message->n_jurisdiction = key->areas;
	message->name = (char *)key->name;
	message->public_key = (char *)key->public_key;
	message->created_at_us = key->created_us;
	message->created_by = (char *)key->created_by;
	message->expires_at_us = key->expires_us;
	message->revoked_at_us = key->revoked_us;
	message->revoked_by = (char *)key->revoked_by;
}

int64_t key_end_us(const struct key *key)
{
	int64_t expires_us = key->expires_us ? key->expires_us : INT64_MAX;

	return key->revoked_us ? OSMO_MIN(key->revoked_us, expires_us)
			       : expires_us;
}

bool key_is_in_force(const struct key *key, int64_t now_us)
{
	/* What was revoked stays so, whatever a clock says. */
	return !key->pending && !key->revoked_us && now_us < key_end_us(key);
}

bool key_is_within(const struct key *key, const struct principal *principal)
{
	size_t i;

	for (i = 0; i < key->areas; i++)
		if (!authority_covers(principal, key->jurisdiction[i]))
			return false;
	return true;
}

void key_date(int64_t time_us, char *text, size_t size)
{
	time_t seconds = (time_t)(time_us / 1000000);
	struct tm utc;

	if (!time_us || !gmtime_r(&seconds, &utc))
		snprintf(text, size, "never");
	else if (utc.tm_hour || utc.tm_min || utc.tm_sec)
		strftime(text, size, "%Y-%m-%dT%H:%MZ", &utc);
	else
		strftime(text, size, "%Y-%m-%d", &utc);
}

/* Add to a text that may be full already. */
static void append(char *text, size_t size, const char *separator,
		   const char *words)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s%s", separator, words);
}

void key_describe(const struct key *key, char *text, size_t size)
{
	const char *separator = " ";
	char date[32];
	unsigned int bit;
	size_t i;

	snprintf(text, size, "%s", key->name);
	for (bit = 0; bit < KEY_ROLES_MAX; bit++) {
		if (!(key->roles & (1u << bit)))
			continue;
		append(text, size, separator, authority_role_name(bit));
		separator = ",";
	}
	for (i = 0; i < key->areas; i++)
		append(text, size, i ? "," : " ", key->jurisdiction[i]);
	if (!key->expires_us)
		return;
	key_date(key->expires_us, date, sizeof(date));
	append(text, size, " until ", date);
}
