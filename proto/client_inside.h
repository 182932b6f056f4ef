/* SPDX-License-Identifier: MIT
 *
 * client_inside.h - what the files of a client share
 *
 * Memory:  malloc.
 * Threads: the client's.
 */
#pragma once

#include "proto/client.h"

/* A request that was sent and not answered yet. */
struct asked {
	struct asked *next;
	uint64_t id;
	struct gridcall_answer answer;
	struct gridcall_fault fault;
	Gridcall__V1__Reply *reply;
	bool done; /* answer is filled in */
	int64_t end_ms;
	int deadline_ms;
	unsigned int refusals; /* of the link, when it was sent */
	unsigned int failures;
	void (*on_answer)(void *data, const struct gridcall_answer *answer);
	void *data;
};

struct gridcall_client {
	void *context;
	struct link *link;
	char *address;
	struct gridcall_keyfile key;
	bool has_key;
	bool answered; /* at least once: the gateway is known to be there */
	uint64_t last_id;
	struct asked *asked; /* oldest first */
	struct client_part *parts;
	struct client_part *next_part; /* of a round under way */
	int epoll_fd;
	int timer_fd;
};

/* Take every reply that waits; how many there were. */
int client_read_replies(struct gridcall_client *client);

/* Call the handlers of what was answered; how many there were. */
int client_tell_answers(struct gridcall_client *client);

void client_free_asked(struct asked *asked);
