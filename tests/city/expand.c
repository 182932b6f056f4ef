/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * expand.c - segments and steps of ITU-T G.711, at 16 bits
 */
#include "tests/city/expand.h"

int16_t expand_alaw(uint8_t code)
{
	int segment, step, value;

	code ^= 0x55;
	segment = (code >> 4) & 7;
	step = code & 15;
	value = segment ? (2 * step + 33) << (segment - 1) : 2 * step + 1;
	value <<= 3;
	return (int16_t)(code & 0x80 ? value : -value);
}

int16_t expand_ulaw(uint8_t code)
{
	int segment, step, value;

	code = (uint8_t)~code;
	segment = (code >> 4) & 7;
	step = code & 15;
	value = (((2 * step + 33) << segment) - 33) << 2;
	return (int16_t)(code & 0x80 ? -value : value);
}
