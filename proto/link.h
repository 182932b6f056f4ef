/* SPDX-License-Identifier: MIT
 *
 * link.h - one connection to a gateway, and why it can't be had
 *
 * The door to ZeroMQ.  A link connects again by itself, for ever; a gateway
 * that refuses the key is said in a sentence instead of being silent.
 *
 * Memory:  malloc.
 * Threads: all links of a context belong to one thread.
 * Errors:  0 or a negative errno.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link;

struct link_config {
	const char *address;
	bool is_feed;           /* subscribes; else asks */
	const char *name;       /* whose key, for sentences */
	const char *server_key; /* Z85; NULL or "": plain */
	const char *public_key; /* Z85, of our own */
	const char *secret_key;
	int epoll_fd; /* gets the descriptors of the link */
};

void *link_context_alloc(void);
void link_context_free(void *context);

/* NULL and errno when the address is none. */
struct link *link_open(void *context, const struct link_config *config);

/* Accepts NULL, returns NULL.  What was not sent yet is gone. */
struct link *link_close(struct link *link);

const char *link_address(const struct link *link);

/* Any number of prefixes; kept over a new connection. */
int link_subscribe(struct link *link, const char *prefix);

/* -EAGAIN when its queue is full. */
int link_send(struct link *link, const uint8_t *data, size_t len);

/* A message as it came; lasts until the next link_receive(). */
struct link_message {
	const uint8_t *topic; /* of a feed */
	size_t topic_len;
	const uint8_t *data;
	size_t len;
};

/*
 * The next message of the right shape, or -EAGAIN when none waits.  To be
 * called until then: only so its descriptors tell when there is more.
 */
int link_receive(struct link *link, struct link_message *message);

/* Look how the connection is; connects again when that is due. */
void link_check(struct link *link);

/* Monotonic milliseconds by which link_check() must be called; 0: any. */
int64_t link_due_ms(const struct link *link);

/* What the other side refuses, one sentence; NULL: nothing. */
const char *link_refusal(const struct link *link);

/* How often it was refused. */
unsigned int link_refusals(const struct link *link);

/* How often trying failed of one that never was connected. */
unsigned int link_failures(const struct link *link);

/* Two descriptors for poll(): of messages, and of how the connection is. */
void link_fds(const struct link *link, int fds[2]);

/* 0 when secret is the secret half of public; both Z85. */
int link_check_pair(const char *public_key, const char *secret_key);

/* Make a new pair, Z85 with its NUL. */
int link_make_pair(char public_key[41], char secret_key[41]);

int64_t link_now_ms(void);
