/* SPDX-License-Identifier: MIT
 *
 * prefixes.h - whether a topic begins with one of many prefixes
 *
 * What others hold already is left out, and the rest is kept in order, so that
 * one search finds the only prefix that a topic can have: 1,700 single grids
 * cost a topic eleven comparisons.
 *
 * Memory:  malloc, caller frees; the strings stay the caller's and must last.
 * Threads: any; read by many at once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct prefixes {
	const char **list; /* in order; none begins with another */
	size_t count;
};

/* 0, or -ENOMEM.  An empty list holds no topic, one of "" holds all. */
int prefixes_make(struct prefixes *prefixes, const char *const *list,
		  size_t count);

/* Free and zero; of a zeroed one too. */
void prefixes_clear(struct prefixes *prefixes);

/* Whether the topic begins with one of them. */
bool prefixes_hold(const struct prefixes *prefixes, const char *topic);
