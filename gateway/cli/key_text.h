/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * key_text.h - times, addresses and sentences about keys
 *
 * Memory:  caller's.
 * Threads: one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "proto/gridcall.h"

#define KEY_TEXT_SIZE 1024

/* A span as in when.h.  0, or -EINVAL. */
int key_text_span(const char *text, uint32_t *span_s);

/*
 * A time as in when.h, or "never" (0), as UTC microseconds.  0, or -EINVAL, for
 * a moment that is over too.
 */
int key_text_moment(const char *text, time_t now, int64_t *moment_us);

/* Local time, "never" for 0. */
void key_text_of_moment(char text[KEY_TEXT_SIZE], int64_t moment_us);

/* With commas. */
void key_text_list(char text[KEY_TEXT_SIZE], char *const *items, size_t count);

/* In force, expired or revoked. */
const char *key_text_state(const Gridcall__V1__Key *key, time_t now);

/*
 * The address that a holder of a key uses for the socket that is bound at
 * bound: with host, which may be NULL, else with the host of commands, else of
 * this machine.  True when the last was a guess.
 */
bool key_text_address(char *text, size_t size, const char *bound,
		      const char *host, const char *commands);

/* What to give to whom, and what they can do with it. */
void key_text_hand_over(const Gridcall__V1__Key *key,
			const struct gridcall_keyfile *file, const char *path,
			bool guessed);
