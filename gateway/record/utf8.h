/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * utf8.h - whether bytes are UTF-8 text, and making them so
 *
 * Threads: any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool utf8_is_valid(const uint8_t *data, size_t len);

/* Drop the bytes that form no character, as where a text was cut. */
void utf8_mend(char *text);
