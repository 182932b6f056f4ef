/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * keyring_promises.h - what a keyring keeps whatever an engineer of one
 * district asks of it
 */
#pragma once

#include "gateway/control/keyring.h"

#include <osmocom/core/talloc.h>

#include <stdlib.h>
#include <string.h>

#define DAY_US   INT64_C(86400000000)
#define START_US (INT64_C(20000) * DAY_US)
#define FOREIGN  "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"

/* Of another district: nothing that is asked may touch it. */
static inline void put_foreign_key(struct keyring *keyring)
{
	Gridcall__V1__Key key = GRIDCALL__V1__KEY__INIT;
	char *role = (char *)"officer", *area = (char *)"gc1.440105.";
	uint8_t packed[256];

	key.name = (char *)"wu";
	key.public_key = (char *)FOREIGN;
	key.roles = &role;
	key.jurisdiction = &area;
	key.n_roles = key.n_jurisdiction = 1;
	if (keyring_load(keyring, packed, gridcall__v1__key__pack(&key, packed),
			 START_US, NULL))
		abort();
}

static inline struct principal asker(const char *prefix)
{
	struct principal principal = {.name = "it", .roles = ROLE_ENGINEER};

	strcpy(principal.jurisdiction[0], prefix);
	principal.areas = 1;
	return principal;
}

static inline int ask(struct keyring *keyring, struct keyring_change *change,
		      const Gridcall__V1__KeyRequest *request)
{
	switch (request->action_case) {
	case GRIDCALL__V1__KEY_REQUEST__ACTION_ADD:
		return keyring_add(keyring, change, request->add);
	case GRIDCALL__V1__KEY_REQUEST__ACTION_LIST:
		keyring_list(keyring, change, request->list->all);
		return 0;
	case GRIDCALL__V1__KEY_REQUEST__ACTION_REVOKE:
		return keyring_revoke(keyring, change, request->revoke);
	case GRIDCALL__V1__KEY_REQUEST__ACTION_EXPIRE:
		return keyring_expire(keyring, change, request->expire);
	default:
		return 0;
	}
}

/* A refusal has a sentence; what was done was the asker's own. */
static inline void carry_out(struct keyring *keyring,
			     const Gridcall__V1__KeyRequest *request,
			     int64_t now_us)
{
	struct principal by = asker("gc1.440106.");
	struct fault fault = {0};
	struct keyring_change change = {
		.ctx = keyring, .by = &by, .now_us = now_us, .fault = &fault};
	char text[128];
	size_t i;

	if (ask(keyring, &change, request)) {
		if (!fault.code || !fault.sentence[0])
			abort();
		return;
	}
	keyring_written(keyring, &change);
	for (i = 0; i < change.count; i++) {
		key_describe(change.keys[i], text, sizeof(text));
		if (!key_is_within(change.keys[i], &by) ||
		    !key_name_is_valid(change.keys[i]->name))
			abort();
	}
}

/* Two in force of a name: the older has an end in sight. */
static inline void check_pair(const struct key *older, const struct key *newer,
			      int64_t now_us)
{
	if (!strcmp(older->name, newer->name) &&
	    key_end_us(older) >
		    now_us + KEYRING_OVERLAP_MAX_S * INT64_C(1000000))
		abort();
}

static inline void check_promises(struct keyring *keyring, int64_t now_us)
{
	struct principal everyone = asker("gc1.");
	struct keyring_change all = {
		.ctx = keyring, .by = &everyone, .now_us = now_us};
	size_t i;

	if (!keyring_find(keyring, "wu", NULL, now_us) ||
	    keyring_find(keyring, "local", NULL, now_us))
		abort();
	keyring_list(keyring, &all, false);
	for (i = 1; i < all.count; i++)
		check_pair(all.keys[i - 1], all.keys[i], now_us);
	for (i = 2; i < all.count; i++)
		if (!strcmp(all.keys[i - 2]->name, all.keys[i]->name))
			abort();
}
