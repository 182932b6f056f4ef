/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * l16.h - plain samples in network byte order (RFC 3551, 4.5.11)
 *
 * Threads: any; no state.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

void l16_decode(const uint8_t *data, size_t samples, int16_t *pcm);
void l16_encode(const int16_t *pcm, size_t samples, uint8_t *data);
