/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * key_bench.h - keys, a keyring and who asks it, for the tests of both
 */
#pragma once

#include "gateway/control/keyring.h"

#include "gateway/log.h"

#include <osmocom/core/application.h>
#include <osmocom/core/talloc.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ERROR(name) GRIDCALL__V1__ERROR_CODE__ERROR_##name

#define SECOND INT64_C(1000000)
#define DAY    (86400 * SECOND)
#define NOW    (INT64_C(20000) * DAY) /* 2024-10-04 */

struct bench {
	void *ctx;
	struct keyring *keyring;
	struct principal by;
	int64_t now_us;
	struct fault fault;
	struct keyring_change change; /* the last */
};

/* The n-th public key: as good as any, and always the same. */
static inline const char *public_key(unsigned int n)
{
	static char texts[8][Z85_KEY_CHARS + 1];
	static unsigned int next;
	uint8_t bytes[Z85_KEY_BYTES];
	uint32_t seed = n * 2654435761u + 1;
	size_t i;

	for (i = 0; i < sizeof(bytes); i++) {
		seed = seed * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(seed >> 24);
	}
	bytes[31] &= 0x3f;
	next = (next + 1) % 8;
	assert_int_equal(z85_encode(texts[next], bytes, sizeof(bytes)), 0);
	return texts[next];
}

static inline struct principal engineer_of(const char *prefix)
{
	struct principal principal = {.roles = ROLE_ENGINEER, .areas = 1};

	strcpy(principal.name, "engineer");
	strcpy(principal.jurisdiction[0], prefix);
	return principal;
}

/* A key to be registered; roles and areas are lists with commas. */
struct draft {
	const char *name;
	unsigned int public_number;
	const char *public_key; /* instead of the number */
	const char *roles;
	const char *areas;
	int64_t expires_us;
	uint32_t overlap_s;
};

static inline size_t split(char *text, char **words, size_t max)
{
	size_t count = 0;
	char *word, *rest = text;

	while ((word = strsep(&rest, ",")) && count < max)
		if (word[0])
			words[count++] = word;
	return count;
}

static inline int add_key(struct bench *bench, const struct draft *draft)
{
	Gridcall__V1__KeyAdd add = GRIDCALL__V1__KEY_ADD__INIT;
	Gridcall__V1__Key key = GRIDCALL__V1__KEY__INIT;
	char roles_text[128], areas_text[1024];
	char *roles[8], *areas[32];

	snprintf(roles_text, sizeof(roles_text), "%s",
		 draft->roles ? draft->roles : "officer");
	snprintf(areas_text, sizeof(areas_text), "%s",
		 draft->areas ? draft->areas : "gc1.440106.");
	key.name = (char *)draft->name;
	key.public_key =
		(char *)(draft->public_key ? draft->public_key
					   : public_key(draft->public_number));
	key.n_roles = split(roles_text, roles, 8);
	key.roles = roles;
	key.n_jurisdiction = split(areas_text, areas, 32);
	key.jurisdiction = areas;
	key.expires_at_us = draft->expires_us;
	add.key = &key;
	add.overlap_s = draft->overlap_s;
	bench->fault = (struct fault){0};
	bench->change = (struct keyring_change){.ctx = bench->ctx,
						.by = &bench->by,
						.now_us = bench->now_us,
						.fault = &bench->fault};
	return keyring_add(bench->keyring, &bench->change, &add);
}

/* The same, and it must do. */
static inline void put_key(struct bench *bench, const struct draft *draft)
{
	int rc = add_key(bench, draft);

	assert_string_equal(bench->fault.sentence, "");
	assert_int_equal(rc, 0);
	keyring_written(bench->keyring, &bench->change);
}

static inline void assert_fault(const struct bench *bench, int code,
				const char *words)
{
	if (!strstr(bench->fault.sentence, words))
		assert_string_equal(bench->fault.sentence, words);
	assert_int_equal(bench->fault.code, code);
}

static inline const struct key *find(struct bench *bench, const char *name)
{
	return keyring_find(bench->keyring, name, NULL, bench->now_us);
}

static inline struct keyring_change *begin(struct bench *bench)
{
	bench->fault = (struct fault){0};
	bench->change = (struct keyring_change){.ctx = bench->ctx,
						.by = &bench->by,
						.now_us = bench->now_us,
						.fault = &bench->fault};
	return &bench->change;
}

static inline int revoke(struct bench *bench, const char *name,
			 const char *public_text)
{
	Gridcall__V1__KeyRevoke request = GRIDCALL__V1__KEY_REVOKE__INIT;

	request.name = (char *)name;
	request.public_key = (char *)public_text;
	return keyring_revoke(bench->keyring, begin(bench), &request);
}

static inline int expire(struct bench *bench, const char *name,
			 const char *public_text, int64_t expires_us)
{
	Gridcall__V1__KeyExpire request = GRIDCALL__V1__KEY_EXPIRE__INIT;

	request.name = (char *)name;
	request.public_key = (char *)public_text;
	request.expires_at_us = expires_us;
	return keyring_expire(bench->keyring, begin(bench), &request);
}

static inline size_t in_force(struct bench *bench)
{
	size_t count;

	talloc_free(keyring_in_force(bench->keyring, bench->ctx, bench->now_us,
				     &count));
	return count;
}

static const struct log_info_cat categories[] = {
	[DCONTROL] = {.name = "DCONTROL", .enabled = 0, .loglevel = LOGL_FATAL},
};
static const struct log_info log_setup = {
	.cat = categories,
	.num_cat = sizeof(categories) / sizeof(*categories),
};

static inline int set_up(void **state)
{
	static struct bench bench;

	bench = (struct bench){.now_us = NOW};
	bench.ctx = talloc_named_const(NULL, 0, "test");
	bench.keyring = keyring_alloc(bench.ctx);
	bench.by = engineer_of("gc1.");
	*state = &bench;
	return 0;
}

static inline int tear_down(void **state)
{
	struct bench *bench = *state;

	talloc_free(bench->ctx);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
