/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * when.h - a time to come, as a person writes it
 *
 * 90m 12h 7d 2w from now, or a day or a minute of local time: 2026-12-01,
 * 2026-12-01T08:30.
 *
 * Threads: one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A span alone, at most a hundred years; false when text is none. */
bool when_span(const char *text, uint32_t *span_s);

/* UTC since 1970; false when text is none of these. */
bool when_parse(const char *text, int64_t now_us, int64_t *at_us);

#define WHEN_SIZE 24

/* "2026-12-01 08:30", local time. */
void when_tell(char text[WHEN_SIZE], int64_t at_us);
