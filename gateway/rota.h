/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rota.h - whose request is next when several wait
 *
 * Each who asked is served in turn, one request at a time, so that somebody
 * with a thousand requests holds up the others by one of them only.  The
 * requests of one asker keep their order.
 *
 * Memory:  talloc; the items are the caller's.
 * Threads: main.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rota;

/* Who asks: over a network the principal, else the connection. */
struct rota_asker {
	const char *principal;
	uint64_t connection; /* 0: any of the principal's */
};

struct rota *rota_alloc(void *ctx);

/* Forgets what waits, so take it out before.  Accepts NULL, returns NULL. */
struct rota *rota_free(struct rota *rota);

void rota_put(struct rota *rota, const struct rota_asker *asker, void *item);

/* The next item; NULL when none waits. */
void *rota_take(struct rota *rota);

bool rota_is_empty(const struct rota *rota);
