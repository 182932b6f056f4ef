/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * leases.h - who listens to which channel, and until when
 *
 * A channel's live voice is published while at least one lease on it is held.
 * A lease that is not renewed in time ends by itself.
 *
 * Memory:  below the gateway.
 * Threads: main.
 */
#pragma once

#include "gateway/gateway.h"

#define LEASE_MS  30000
#define LEASE_MAX 64 /* channels of one principal */

struct leases;

struct leases *leases_alloc(struct gateway *gateway);

/* Accepts NULL.  Always returns NULL. */
struct leases *leases_free(struct leases *leases);

bool leases_has(const struct leases *leases, const char *principal,
		const char *channel);

/* Of one principal; NULL: of all. */
size_t leases_count(const struct leases *leases, const char *principal);

void leases_visit(const struct leases *leases,
		  void (*visit)(void *data, const char *principal,
				const char *channel, uint32_t left_ms),
		  void *data);

/* Begin or renew one. */
void leases_hold(struct leases *leases, const char *principal,
		 const char *channel);

/* Give it back; nothing when there is none. */
void leases_drop(struct leases *leases, const char *principal,
		 const char *channel);

/* A channel that was opened again is listened to again. */
void leases_signal(struct leases *leases, const struct signal *signal);

/* Publish what was heard, if somebody still listens. */
void leases_heard(struct leases *leases, const struct voice_heard *heard);
