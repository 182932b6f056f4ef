/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * g711.h - A-law and µ-law, the eight bits a sample of telephone and radio
 *
 * Bit-exact to ITU-T G.711 (A-law with its even bits inverted, as on the wire).
 *
 * Units:   samples; PCM is 16 bit, the law's 13 or 14 bits at the top.
 * Threads: any; no state.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define G711_ALAW_SILENCE 0xd5
#define G711_ULAW_SILENCE 0xff

void g711_alaw_decode(const uint8_t *data, size_t samples, int16_t *pcm);
void g711_ulaw_decode(const uint8_t *data, size_t samples, int16_t *pcm);

void g711_alaw_encode(const int16_t *pcm, size_t samples, uint8_t *data);
void g711_ulaw_encode(const int16_t *pcm, size_t samples, uint8_t *data);
