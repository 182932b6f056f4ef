/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * key.h - one principal's CURVE key: its public half and what it may do
 *
 * The secret half is its owner's and never comes here.
 *
 * Units:   _us is UTC since 1970, so that a clock that jumps takes the end of
 *          every key with it.
 * Memory:  plain data; key_to_message() borrows from the key.
 * Threads: any.
 */
#pragma once

#include "gateway/control/authority.h"
#include "gateway/fault.h"
#include "proto/gridcall.pb-c.h"
#include "proto/z85.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_NAME_MAX  32
#define KEY_ROLES_MAX 4

struct key {
	char name[KEY_NAME_MAX + 1]; /* of its principal */
	uint8_t public_bytes[Z85_KEY_BYTES];
	char public_key[Z85_KEY_CHARS + 1];
	uint32_t roles;
	char jurisdiction[AUTHORITY_AREAS_MAX][TOPIC_MAX];
	size_t areas;
	int64_t created_us;
	int64_t expires_us; /* 0: never */
	int64_t revoked_us; /* 0: it was not */
	char created_by[64];
	char revoked_by[64];
	bool pending; /* not yet on the disk, so not yet good */
	bool told;    /* it was in force when services were last told */
};

/* 1 to 32 of a-z 0-9 - . _, beginning with a letter or digit, not "local". */
bool key_name_is_valid(const char *name);

/*
 * Take a key from a message, as the ledger or a request holds it.  -EINVAL and
 * a fault when its name, public key, roles or jurisdiction break a rule.
 */
int key_read(struct key *key, const Gridcall__V1__Key *message,
	     struct fault *fault);

/* What points elsewhere is made below ctx. */
void key_to_message(const struct key *key, void *ctx,
		    Gridcall__V1__Key *message);

bool key_is_in_force(const struct key *key, int64_t now_us);

/* When it ended or will end; INT64_MAX: never. */
int64_t key_end_us(const struct key *key);

/* Whether all of its jurisdiction is within the principal's. */
bool key_is_within(const struct key *key, const struct principal *principal);

/* "dispatch110 officer gc1.440106. until 2027-01-01", cut to size. */
void key_describe(const struct key *key, char *text, size_t size);

/* "never", "2027-01-01" or "2027-01-01T08:30Z". */
void key_date(int64_t time_us, char *text, size_t size);
