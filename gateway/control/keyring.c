/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/control/keyring.h"

#include "gateway/control/curve.h"
#include "gateway/log.h"

#include <errno.h>
#include <string.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#define ERROR(name) GRIDCALL__V1__ERROR_CODE__ERROR_##name

#define SECOND_US INT64_C(1000000)

struct keyring {
	struct key **keys; /* by name, then by age, the oldest first */
	size_t count;
	bool told_of_gone; /* services were told of a key since forgotten */
};

struct keyring *keyring_alloc(void *ctx)
{
	struct keyring *keyring = talloc_zero(ctx, struct keyring);

	OSMO_ASSERT(keyring);
	keyring->keys = talloc_array(keyring, struct key *, KEYRING_KEYS_MAX);
	OSMO_ASSERT(keyring->keys);
	return keyring;
}

/* ---- places ---- */

static int compare(const struct key *a, const struct key *b)
{
	int names = strcmp(a->name, b->name);

	if (names)
		return names;
	if (a->created_us != b->created_us)
		return a->created_us < b->created_us ? -1 : 1;
	return strcmp(a->public_key, b->public_key);
}

/* The place of the first key of a name, or where it would be. */
static size_t first_of(const struct keyring *keyring, const char *name)
{
	size_t low = 0, high = keyring->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(keyring->keys[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_of(const struct keyring *keyring, size_t place, const char *name)
{
	return place < keyring->count &&
	       !strcmp(keyring->keys[place]->name, name);
}

static void put(struct keyring *keyring, const struct key *from)
{
	struct key *key = talloc_memdup(keyring, from, sizeof(*from));
	size_t place = first_of(keyring, from->name);

	OSMO_ASSERT(key && keyring->count < KEYRING_KEYS_MAX);
	while (is_of(keyring, place, from->name) &&
	       compare(keyring->keys[place], from) < 0)
		place++;
	memmove(keyring->keys + place + 1, keyring->keys + place,
		(keyring->count - place) * sizeof(*keyring->keys));
	keyring->keys[place] = key;
	keyring->count++;
}

static struct key *find_public(const struct keyring *keyring,
			       const uint8_t public_bytes[Z85_KEY_BYTES])
{
	size_t i;

	for (i = 0; i < keyring->count; i++)
		if (!memcmp(keyring->keys[i]->public_bytes, public_bytes,
			    Z85_KEY_BYTES))
			return keyring->keys[i];
	return NULL;
}

/* Of the keys within an asker's own: how many, and which ended first. */
static size_t count_within(const struct keyring *keyring,
			   const struct principal *by, size_t *oldest)
{
	size_t i, count = 0;

	for (i = 0; i < keyring->count; i++) {
		if (!key_is_within(keyring->keys[i], by))
			continue;
		if (!count++ || key_end_us(keyring->keys[i]) <
					key_end_us(keyring->keys[*oldest]))
			*oldest = i;
	}
	return count;
}

/*
 * Make room for one more by the key that ended first.  Who has a part of the
 * city makes others forget none, and does not take all the places.
 */
static int make_room(struct keyring *keyring, struct keyring_change *change)
{
	size_t oldest = 0;
	size_t count = count_within(keyring, change->by, &oldest);

	if (keyring->count < KEYRING_KEYS_MAX &&
	    (count < KEYRING_PART_MAX || authority_covers(change->by, "")))
		return 0;
	if (!count || key_end_us(keyring->keys[oldest]) > change->now_us)
		return fault_set(change->fault, ERROR(CONFLICT),
				 "%zu keys of your jurisdiction are in force "
				 "and the gateway takes no more; revoke some "
				 "first",
				 count);
	OSMO_STRLCPY_ARRAY(change->forgotten,
			   keyring->keys[oldest]->public_key);
	keyring->told_of_gone |= keyring->keys[oldest]->told;
	talloc_free(keyring->keys[oldest]);
	keyring->count--;
	memmove(keyring->keys + oldest, keyring->keys + oldest + 1,
		(keyring->count - oldest) * sizeof(*keyring->keys));
	return 0;
}

int keyring_load(struct keyring *keyring, const uint8_t *data, size_t len,
		 int64_t now_us, struct fault *fault)
{
	Gridcall__V1__Key *message = gridcall__v1__key__unpack(NULL, len, data);
	struct key key;
	int rc;

	if (!message)
		return fault_set(fault, ERROR(INTERNAL),
				 "a key in the ledger can't be read; it is not "
				 "in force");
	rc = key_read(&key, message, fault);
	gridcall__v1__key__free_unpacked(message, NULL);
	if (!rc && keyring->count == KEYRING_KEYS_MAX)
		rc = fault_set(fault, ERROR(INTERNAL),
			       "the ledger has more than %d keys",
			       KEYRING_KEYS_MAX);
	if (rc)
		return rc;
	key.told = key_is_in_force(&key, now_us);
	put(keyring, &key);
	return 0;
}

/* ---- in force ---- */

const struct key *keyring_find(const struct keyring *keyring, const char *name,
			       const uint8_t *public_key, int64_t now_us)
{
	const struct key *found = NULL;
	size_t i;

	for (i = first_of(keyring, name); is_of(keyring, i, name); i++) {
		const struct key *key = keyring->keys[i];

		if (key_is_in_force(key, now_us) &&
		    (!public_key ||
		     !memcmp(key->public_bytes, public_key, Z85_KEY_BYTES)))
			found = key;
	}
	return found;
}

bool keyring_has_changed(struct keyring *keyring, int64_t now_us)
{
	bool changed = keyring->told_of_gone;
	size_t i;

	keyring->told_of_gone = false;
	for (i = 0; i < keyring->count; i++) {
		struct key *key = keyring->keys[i];
		bool in_force = key_is_in_force(key, now_us);

		if (in_force == key->told)
			continue;
		LOGP(DCONTROL, LOGL_NOTICE, "the key %.8s of '%s' is %s\n",
		     key->public_key, key->name,
		     in_force ? "in force" : "no longer in force");
		key->told = in_force;
		changed = true;
	}
	return changed;
}

static const char *const *areas_of(const struct key *key, void *ctx)
{
	const char **areas =
		talloc_zero_array(ctx, const char *, key->areas + 1);
	size_t i;

	OSMO_ASSERT(areas);
	for (i = 0; i < key->areas; i++)
		areas[i] = key->jurisdiction[i];
	return areas;
}

struct gridcall_key *keyring_in_force(const struct keyring *keyring, void *ctx,
				      int64_t now_us, size_t *count)
{
	struct gridcall_key *list =
		talloc_zero_array(ctx, struct gridcall_key, keyring->count + 1);
	size_t i;

	OSMO_ASSERT(list);
	*count = 0;
	for (i = 0; i < keyring->count; i++) {
		const struct key *key = keyring->keys[i];
		struct principal owner = {.roles = key->roles};

		if (!key_is_in_force(key, now_us))
			continue;
		list[*count].principal = key->name;
		memcpy(list[*count].public_key, key->public_bytes,
		       Z85_KEY_BYTES);
		list[*count].jurisdiction = areas_of(key, list);
		list[*count].listens = authority_allows(&owner, RIGHT_HEAR);
		++*count;
	}
	return list;
}

/* ---- changes ---- */

static void note(struct keyring_change *change, struct key *key)
{
	change->keys = talloc_realloc(change->ctx, change->keys, struct key *,
				      change->count + 1);
	OSMO_ASSERT(change->keys);
	change->keys[change->count++] = key;
}

static int check_expiry(struct keyring_change *change, int64_t expires_us)
{
	int64_t most_us = change->now_us + KEYRING_EXPIRY_MAX_S * SECOND_US;

	if (!expires_us)
		return 0;
	if (expires_us <= change->now_us)
		return fault_set(change->fault, ERROR(BAD_ARGUMENT),
				 "the key would have expired already; give a "
				 "time to come, in microseconds since 1970, or "
				 "0 for never");
	if (expires_us > most_us)
		return fault_set(change->fault, ERROR(BAD_ARGUMENT),
				 "the key would expire in more than 50 years; "
				 "give a nearer time, in microseconds since "
				 "1970, or 0 for never");
	return 0;
}

static int check_jurisdiction(struct keyring_change *change,
			      const struct key *key)
{
	size_t i;

	for (i = 0; i < key->areas; i++)
		if (!authority_covers(change->by, key->jurisdiction[i]))
			return fault_set(change->fault, ERROR(NOT_ALLOWED),
					 "'%s' is not within the jurisdiction "
					 "of '%s'; grant only what is your own",
					 key->jurisdiction[i],
					 change->by->name);
	return 0;
}

static int check_public_key(const struct keyring *keyring,
			    struct keyring_change *change,
			    const struct key *key)
{
	const struct key *other = find_public(keyring, key->public_bytes);

	if (curve_key_is_weak(key->public_bytes))
		return fault_set(change->fault, ERROR(BAD_ARGUMENT),
				 "this public key protects nothing (it is zero "
				 "or one of the known weak ones); make a pair "
				 "with \"gridcall key new\"");
	if (!other)
		return 0;
	change->outside = !key_is_within(other, change->by);
	if (change->outside)
		return fault_set(change->fault, ERROR(CONFLICT),
				 "this public key is registered already; make "
				 "a new pair");
	return fault_set(change->fault, ERROR(CONFLICT),
			 "this public key is registered already, for '%s'; "
			 "each key is registered once, so make a new pair",
			 other->name);
}

/* A key that counts against a new one: in force, or about to be. */
static bool is_live(const struct key *key, int64_t now_us)
{
	return !key->revoked_us && key_end_us(key) > now_us;
}

/* The keys of the name that the new one would stand beside. */
static size_t live_of(const struct keyring *keyring, const char *name,
		      int64_t now_us, struct key **last)
{
	size_t count = 0;
	size_t i;

	*last = NULL;
	for (i = first_of(keyring, name); is_of(keyring, i, name); i++) {
		if (!is_live(keyring->keys[i], now_us))
			continue;
		*last = keyring->keys[i];
		count++;
	}
	return count;
}

static int check_name(const struct keyring *keyring,
		      struct keyring_change *change, const char *name)
{
	size_t i;

	for (i = first_of(keyring, name); is_of(keyring, i, name); i++) {
		if (key_is_within(keyring->keys[i], change->by))
			continue;
		change->outside = true;
		return fault_set(change->fault, ERROR(CONFLICT),
				 "the name '%s' is taken; choose another",
				 name);
	}
	return 0;
}

static int check_overlap(const struct keyring *keyring,
			 struct keyring_change *change, const char *name,
			 uint32_t overlap_s)
{
	struct key *older;
	size_t live = live_of(keyring, name, change->now_us, &older);

	if (overlap_s > KEYRING_OVERLAP_MAX_S)
		return fault_set(change->fault, ERROR(BAD_ARGUMENT),
				 "an older key stays good for at most %d days "
				 "beside the new one; give a shorter overlap",
				 KEYRING_OVERLAP_MAX_S / 86400);
	if (live > 1)
		return fault_set(change->fault, ERROR(CONFLICT),
				 "'%s' has two keys in force already; revoke "
				 "the older by its public key first",
				 name);
	if (live && !overlap_s)
		return fault_set(change->fault, ERROR(CONFLICT),
				 "'%s' has a key in force; revoke it first, or "
				 "say for how long it stays good beside the "
				 "new one (overlap)",
				 name);
	return 0;
}

static void end_by(struct key *key, int64_t end_us)
{
	key->expires_us = OSMO_MIN(key_end_us(key), end_us);
}

int keyring_add(struct keyring *keyring, struct keyring_change *change,
		const Gridcall__V1__KeyAdd *add)
{
	static const Gridcall__V1__Key none = GRIDCALL__V1__KEY__INIT;
	struct key key, *older;

	if (key_read(&key, add->key ? add->key : &none, change->fault) ||
	    check_expiry(change, key.expires_us) ||
	    check_jurisdiction(change, &key) ||
	    check_name(keyring, change, key.name) ||
	    check_public_key(keyring, change, &key) ||
	    check_overlap(keyring, change, key.name, add->overlap_s) ||
	    make_room(keyring, change))
		return -EINVAL;
	if (live_of(keyring, key.name, change->now_us, &older)) {
		end_by(older, change->now_us + add->overlap_s * SECOND_US);
		note(change, older);
	}
	key.created_us = change->now_us;
	OSMO_STRLCPY_ARRAY(key.created_by, change->by->name);
	key.revoked_us = 0;
	key.revoked_by[0] = '\0';
	key.pending = true;
	put(keyring, &key);
	note(change, find_public(keyring, key.public_bytes));
	OSMO_STRLCPY_ARRAY(change->added, key.public_key);
	return 0;
}

void keyring_written(struct keyring *keyring,
		     const struct keyring_change *change)
{
	size_t i;

	/* By what it is: another may have taken its place in memory. */
	for (i = 0; i < keyring->count; i++)
		if (!strcmp(keyring->keys[i]->public_key, change->added))
			keyring->keys[i]->pending = false;
}

/* ---- keys that are there ---- */

static int check_named(struct keyring_change *change, const char *name,
		       const char *public_key)
{
	if (name[0] || public_key[0])
		return 0;
	return fault_set(change->fault, ERROR(BAD_ARGUMENT),
			 "no key is named; give its name or its public key");
}

/* Everything that asker may see and that is so named; -EINVAL: nothing. */
static int choose(struct keyring *keyring, struct keyring_change *change,
		  const char *name, const char *public_key)
{
	size_t i;

	if (check_named(change, name, public_key))
		return -EINVAL;
	for (i = 0; i < keyring->count; i++) {
		struct key *key = keyring->keys[i];

		if ((name[0] && strcmp(key->name, name)) ||
		    (public_key[0] && strcmp(key->public_key, public_key)))
			continue;
		if (key_is_within(key, change->by))
			note(change, key);
		else
			change->outside = true;
	}
	if (change->count) {
		change->outside = false;
		return 0;
	}
	if (!public_key[0])
		return fault_set(change->fault, ERROR(NOT_FOUND),
				 "there is no key of '%.64s'; list the keys to "
				 "see which there are",
				 name);
	return fault_set(change->fault, ERROR(NOT_FOUND),
			 "there is no key '%.64s'%s%.64s; list the keys to see "
			 "which there are",
			 public_key, name[0] ? " of " : "", name);
}

/* Leave only those for which keep() is true. */
static void narrow(struct keyring_change *change,
		   bool (*keep)(const struct key *key, int64_t now_us))
{
	size_t i, kept = 0;

	for (i = 0; i < change->count; i++)
		if (keep(change->keys[i], change->now_us))
			change->keys[kept++] = change->keys[i];
	change->count = kept;
}

static bool is_unrevoked(const struct key *key, int64_t now_us)
{
	return !key->revoked_us;
}

int keyring_revoke(struct keyring *keyring, struct keyring_change *change,
		   const Gridcall__V1__KeyRevoke *revoke)
{
	size_t i;

	if (choose(keyring, change, revoke->name, revoke->public_key))
		return -EINVAL;
	narrow(change, is_unrevoked);
	if (!change->count)
		return fault_set(change->fault, ERROR(CONFLICT),
				 "that was revoked before, and nothing of it "
				 "is in force");
	for (i = 0; i < change->count; i++) {
		change->keys[i]->revoked_us = change->now_us;
		OSMO_STRLCPY_ARRAY(change->keys[i]->revoked_by,
				   change->by->name);
	}
	return 0;
}

/* The one key that an expiry is for. */
static struct key *single_out(const struct keyring *keyring,
			      struct keyring_change *change)
{
	struct key *only = change->keys[change->count - 1];
	struct key *live;

	if (change->count > 1) {
		if (live_of(keyring, only->name, change->now_us, &live) > 1) {
			fault_set(change->fault, ERROR(CONFLICT),
				  "'%s' has two keys in force; say which by "
				  "its public key",
				  only->name);
			return NULL;
		}
		only = live ? live : only;
	}
	change->keys[0] = only;
	change->count = 1;
	return only;
}

static struct key *other_live(const struct keyring *keyring,
			      const struct key *key, int64_t now_us,
			      size_t *count)
{
	struct key *found = NULL;
	size_t i;

	*count = 0;
	for (i = first_of(keyring, key->name); is_of(keyring, i, key->name);
	     i++) {
		if (keyring->keys[i] == key ||
		    !is_live(keyring->keys[i], now_us))
			continue;
		found = keyring->keys[i];
		++*count;
	}
	return found;
}

/* A name has two keys only while the older one has an end in sight. */
static int check_beside(const struct keyring *keyring,
			struct keyring_change *change, const struct key *key,
			int64_t expires_us)
{
	struct key changed = *key;
	size_t count;
	const struct key *other =
		other_live(keyring, key, change->now_us, &count);
	const struct key *older = &changed;

	if (!other)
		return 0;
	changed.expires_us = expires_us;
	if (compare(other, &changed) < 0)
		older = other;
	if (count == 1 &&
	    key_end_us(older) <=
		    change->now_us + KEYRING_OVERLAP_MAX_S * SECOND_US)
		return 0;
	return fault_set(change->fault, ERROR(CONFLICT),
			 "'%s' has another key in force, and two stand beside "
			 "each other for at most %d days; revoke one, or give "
			 "the older a nearer end",
			 key->name, KEYRING_OVERLAP_MAX_S / 86400);
}

int keyring_expire(struct keyring *keyring, struct keyring_change *change,
		   const Gridcall__V1__KeyExpire *expire)
{
	struct key *key;

	if (check_expiry(change, expire->expires_at_us) ||
	    choose(keyring, change, expire->name, expire->public_key))
		return -EINVAL;
	narrow(change, is_unrevoked);
	if (!change->count)
		return fault_set(change->fault, ERROR(CONFLICT),
				 "that key was revoked, and a revoked key does "
				 "not come back; add a new one");
	key = single_out(keyring, change);
	if (!key || check_beside(keyring, change, key, expire->expires_at_us))
		return -EINVAL;
	key->expires_us = expire->expires_at_us;
	return 0;
}

void keyring_list(struct keyring *keyring, struct keyring_change *change,
		  bool all)
{
	size_t i;

	for (i = 0; i < keyring->count; i++) {
		struct key *key = keyring->keys[i];

		if ((all || key_is_in_force(key, change->now_us)) &&
		    key_is_within(key, change->by))
			note(change, key);
	}
}
