/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * expand.h - what a handheld's ear makes of A-law and µ-law
 *
 * Written apart from codecs/ on purpose: the city must not share an error with
 * the gateway that it tests.  ITU-T G.711.
 *
 * Threads: any; no state.
 */
#pragma once

#include <stdint.h>

int16_t expand_alaw(uint8_t code);
int16_t expand_ulaw(uint8_t code);
