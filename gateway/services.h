/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * services.h - the services that carry events out and commands in
 *
 * Memory:  below ctx.
 * Threads: main.  Requests come from the services' own threads through an
 *          inbox, bounded in number and bytes; one past the bound is answered
 *          busy by the service.
 */
#pragma once

#include "plugins/plugin.h"

#include <osmocom/core/linuxlist.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct services;
struct bridge; /* one open service */

/* A request as main gets it; bytes last until on_request() returns. */
struct service_request {
	struct bridge *bridge;
	uint64_t token;
	const char *principal;
	const char *address;
	const uint8_t *data;
	size_t len;
	uint64_t received_us;
	uint64_t connection;       /* one peer's as long as it lasts; 0: none */
	const uint8_t *public_key; /* 32 bytes it came with; NULL: none */
};

struct services_config {
	void (*on_request)(void *data, const struct service_request *request);
	void *data;
};

/* NULL when descriptors are out. */
struct services *services_alloc(void *ctx,
				const struct services_config *config);

/* Closes every service. */
struct services *services_free(struct services *services);

/* Open one; a negative errno and a sentence on failure. */
int services_open(struct services *services,
		  const struct gridcall_service *plugin,
		  const struct gridcall_option *options,
		  struct gridcall_why *why);

/* Hand a message to all; returns how many services had no room for it. */
unsigned int services_publish(struct services *services,
			      const struct gridcall_message *message);

/*
 * Call make() for each feed of each service with its jurisdiction, and hand
 * what it fills in to that feed alone.
 */
void services_publish_each(struct services *services,
			   bool (*make)(void *data, const char *jurisdiction,
					struct gridcall_message *message),
			   void *data);

/* Send the answer to a request back. */
void services_reply(struct bridge *bridge, uint64_t token, const uint8_t *data,
		    size_t len);

/* Visit every feed of every service. */
void services_feeds(struct services *services,
		    void (*visit)(void *data, const char *service,
				  const struct gridcall_feed *feed),
		    void *data);

/* Visit every socket that takes commands over a network; public_key is Z85. */
void services_commands(struct services *services,
		       void (*visit)(void *data, const char *service,
				     const char *address,
				     const char *public_key),
		       void *data);

/*
 * The keys in force from now on, all of them; copied.  Every service that lets
 * somebody in by key gets them now, those opened later right after that.
 * Until the first call nobody comes in by key.
 */
void services_keys(struct services *services, const struct gridcall_key *keys,
		   size_t count);

/* Visit every service with its counters. */
void services_counters(struct services *services,
		       void (*visit)(void *data, const char *service,
				     const struct gridcall_counter *counters,
				     size_t count),
		       void *data);

/* The counters of one feed, at most max; how many there are. */
size_t services_feed_counters(struct services *services, const char *service,
			      const char *feed,
			      struct gridcall_counter *counters, size_t max);

/* Whether each made progress since the last call, once a second. */
bool services_are_alive(struct services *services, const char **name);
