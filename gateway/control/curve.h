/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * curve.h - whether a CURVE public key can keep a secret
 *
 * Threads: any.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CURVE_KEY_BYTES 32

/*
 * A key that nobody's secret made: all zero, one of the few points whose shared
 * secret everybody knows, or a second spelling of another key.
 */
bool curve_key_is_weak(const uint8_t public_key[CURVE_KEY_BYTES]);
