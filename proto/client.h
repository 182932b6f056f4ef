/* SPDX-License-Identifier: MIT
 *
 * client.h - what the parts of a client share: its loop, its requests, its key
 *
 * Subscriptions, leases and talks are parts: the client's one descriptor wakes
 * them, and gridcall_process() gives each its turn.
 *
 * Memory:  malloc.
 * Threads: the client's.
 */
#pragma once

#include "proto/gridcall.h"
#include "proto/link.h"

struct client_part {
	struct client_part *next;
	/*
	 * Do at most so much of what is due; how much was done.  Sets due_ms.
	 * The part may be gone afterwards.
	 */
	int (*work)(struct client_part *part, int most);
	int64_t due_ms; /* monotonic: work then even if nothing comes */
};

void client_attach(struct gridcall_client *client, struct client_part *part);
void client_detach(struct gridcall_client *client, struct client_part *part);

/* Have every part work as soon as the caller's loop comes round. */
void client_wake(struct gridcall_client *client);

const char *client_address(const struct gridcall_client *client);
bool client_has_key(const struct gridcall_client *client);

/*
 * A link to a feed, with the client's key where the feed has one; NULL and a
 * sentence when it can't be.
 */
struct link *client_link(struct gridcall_client *client, const char *address,
			 const char *server_key, struct gridcall_fault *fault);
