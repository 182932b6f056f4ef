/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * distance.h - how far a mistyped word is from a known one
 *
 * Threads: any; no state.
 */
#pragma once

#include <stddef.h>

/* Keys to add, drop or change between two words. */
size_t distance(const char *one, size_t one_len, const char *other);
