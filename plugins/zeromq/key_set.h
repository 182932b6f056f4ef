/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * key_set.h - the keys in force, and what each may come in for
 *
 * Memory:  one malloc block a set.
 * Threads: a set is made by main and then belongs to whoever holds it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/plugin.h"
#include "plugins/zeromq/settings.h"

#define KEY_BYTES 32

struct key_set;

struct key {
	uint8_t public_key[KEY_BYTES];
	const char *principal;
	const char
		*areas; /* topic prefixes, each ended by NUL; "" at the end */
	bool listens;
};

/* Copies; NULL when memory is out. */
struct key_set *key_set_alloc(const struct gridcall_key *keys, size_t count);

/* Accepts NULL, returns NULL. */
struct key_set *key_set_free(struct key_set *set);

/* NULL when it is not in force.  set may be NULL. */
const struct key *key_set_find(const struct key_set *set,
			       const uint8_t public_key[KEY_BYTES]);

/* Whether a key (NULL: none) is good for a feed. */
bool key_is_good_for(const struct key *key, const struct settings_feed *feed);
