/* SPDX-License-Identifier: MIT
 *
 * choice.h - which of the feeds that whoami tells carries what
 *
 * Memory:  caller's; nothing is allocated.
 * Threads: any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "proto/gridcall.pb-c.h"

#define CHOICE_ADDRESS_SIZE 320

struct choice_wish {
	const char *commands; /* address that the gateway is reached by */
	bool has_key;
	bool voice; /* feeds with voice alone; else those without come first */
	const char *const *prefixes;
	size_t prefix_count;
};

/*
 * Choose as few feeds as will do: chosen[i] becomes the index of the feed for
 * prefix i, or -1.  Returns how many prefixes no feed carries.
 */
size_t choice_make(const struct choice_wish *wish,
		   const Gridcall__V1__WhoamiReply *who, int *chosen);

/* A feed's address as seen from here: a host of * is that of commands. */
void choice_address(char text[CHOICE_ADDRESS_SIZE], const char *feed,
		    const char *commands);
