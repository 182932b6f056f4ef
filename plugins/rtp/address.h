/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * address.h - IP:PORT as an operator types it
 *
 * Numbers only, 192.0.2.1:5004 or [2001:db8::1]:5004: looking a name up would
 * block.
 *
 * Threads: any; no state.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_MAX 64

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at;
	socklen_t len;
};

/* Returns 0, or -EINVAL: not of that form, or port 0. */
int address_parse(struct address *address, const char *text);

/* Same family and same IP. */
bool address_same_host(const struct address *a, const struct address *b);

/* In host order. */
unsigned int address_port(const struct address *address);

/* Names one machine: neither all zeros nor multicast. */
bool address_is_one_host(const struct address *address);
