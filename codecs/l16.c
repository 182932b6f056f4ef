/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * l16.c - two bytes a sample, the higher first
 */
#include "codecs/l16.h"

void l16_decode(const uint8_t *data, size_t samples, int16_t *pcm)
{
	size_t i;

	for (i = 0; i < samples; i++)
		pcm[i] = (int16_t)(data[2 * i] << 8 | data[2 * i + 1]);
}

void l16_encode(const int16_t *pcm, size_t samples, uint8_t *data)
{
	size_t i;

	for (i = 0; i < samples; i++) {
		data[2 * i] = (uint8_t)((uint16_t)pcm[i] >> 8);
		data[2 * i + 1] = (uint8_t)pcm[i];
	}
}
