/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * keyring.h - every key the gateway knows, and which are in force
 *
 * A name has one key in force, except while a newer one overlaps it.  Keys that
 * ended stay known, so that nobody registers them again.  An asker sees and
 * changes only keys whose whole jurisdiction is within his own.
 *
 * What a change does to the keys of a keyring is done at once; the caller
 * writes the changed keys to the ledger.  A new key is good only after
 * keyring_written().
 *
 * Memory:  below the keyring; keys last until they are forgotten, which only
 *          keyring_add() does.
 * Threads: main.
 */
#pragma once

#include "gateway/control/key.h"
#include "plugins/plugin.h"

#define KEYRING_KEYS_MAX      8192 /* in force or not */
#define KEYRING_PART_MAX      1024 /* of a jurisdiction that is not all */
#define KEYRING_OVERLAP_MAX_S (90 * 86400)
#define KEYRING_EXPIRY_MAX_S  (INT64_C(50) * 365 * 86400)

struct keyring;

/* Who asks for what when, and what came of it. */
struct keyring_change {
	void *ctx;                  /* for the result */
	const struct principal *by; /* who asks */
	int64_t now_us;             /* UTC */
	struct fault *fault;        /* why not */
	struct key **keys;          /* changed, or listed: until the next add */
	size_t count;
	bool outside; /* refused: what was named is not within by's own */
	/* Public keys; "": none. */
	char added[Z85_KEY_CHARS + 1];
	char forgotten[Z85_KEY_CHARS + 1];
};

struct keyring *keyring_alloc(void *ctx);

/*
 * Take a packed Key of the ledger, at start: keyring_has_changed() compares
 * with what is in force at now_us.  -EINVAL and a fault when it is none.
 */
int keyring_load(struct keyring *keyring, const uint8_t *data, size_t len,
		 int64_t now_us, struct fault *fault);

/*
 * The key in force of a name, and of that public key (32 bytes) unless it is
 * NULL: then the newest.  NULL when there is none.
 */
const struct key *keyring_find(const struct keyring *keyring, const char *name,
			       const uint8_t *public_key, int64_t now_us);

/* What a principal may ask for; -EINVAL and a fault when not. */
int keyring_add(struct keyring *keyring, struct keyring_change *change,
		const Gridcall__V1__KeyAdd *add);
int keyring_revoke(struct keyring *keyring, struct keyring_change *change,
		   const Gridcall__V1__KeyRevoke *revoke);
int keyring_expire(struct keyring *keyring, struct keyring_change *change,
		   const Gridcall__V1__KeyExpire *expire);

/* By name, the oldest first; all: those that ended too. */
void keyring_list(struct keyring *keyring, struct keyring_change *change,
		  bool all);

/* The change is on the disk: what it added is good. */
void keyring_written(struct keyring *keyring,
		     const struct keyring_change *change);

/*
 * Whether other keys are in force than at the last call that said so; to be
 * asked each second, and whatever the clock did meanwhile it is right.  Says in
 * the log which came and went.
 */
bool keyring_has_changed(struct keyring *keyring, int64_t now_us);

/* Those in force, as services take them, below ctx. */
struct gridcall_key *keyring_in_force(const struct keyring *keyring, void *ctx,
				      int64_t now_us, size_t *count);
