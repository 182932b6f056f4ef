/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * digest.h - a fingerprint of bytes (BLAKE2b, 32 bytes)
 *
 * Threads: any.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define DIGEST_BYTES 32

void digest_make(uint8_t digest[DIGEST_BYTES], const uint8_t *data, size_t len);
