/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * g711.c - decoding by tables that the compiler fills from the standard's
 * formula, encoding by the position of the highest bit
 */
#include "codecs/g711.h"

/* Magnitude of an A-law code whose even bits were put right. */
#define ALAW_STEP(i) ((((i)&0x0f) << 4) + 8)
#define ALAW_SIZE(i)                                                           \
	(((i)&0x70)                                                            \
		 ? (ALAW_STEP(i) + 0x100) << ((((i) >> 4) & 7) - !!((i)&0x70)) \
		 : ALAW_STEP(i))
#define ALAW_SIGNED(i) (((i)&0x80) ? ALAW_SIZE(i) : -ALAW_SIZE(i))
#define ALAW(code)     ALAW_SIGNED((code) ^ 0x55)

/* Magnitude of a µ-law code whose bits were put right (all are inverted). */
#define ULAW_SIZE(i)   (((((i)&0x0f) * 8 + 0x84) << (((i) >> 4) & 7)) - 0x84)
#define ULAW_SIGNED(i) (((i)&0x80) ? -ULAW_SIZE(i) : ULAW_SIZE(i))
#define ULAW(code)     ULAW_SIGNED((code) ^ 0xff)

#define FOUR(law, i) law(i), law((i) + 1), law((i) + 2), law((i) + 3)
#define SIXTEEN(law, i)                                                        \
	FOUR(law, i), FOUR(law, (i) + 4), FOUR(law, (i) + 8),                  \
		FOUR(law, (i) + 12)
#define SIXTY(law, i)                                                          \
	SIXTEEN(law, i), SIXTEEN(law, (i) + 16), SIXTEEN(law, (i) + 32),       \
		SIXTEEN(law, (i) + 48)
#define ALL(law) SIXTY(law, 0), SIXTY(law, 64), SIXTY(law, 128), SIXTY(law, 192)

static const int16_t alaw_table[256] = {ALL(ALAW)};
static const int16_t ulaw_table[256] = {ALL(ULAW)};

void g711_alaw_decode(const uint8_t *data, size_t samples, int16_t *pcm)
{
	size_t i;

	for (i = 0; i < samples; i++)
		pcm[i] = alaw_table[data[i]];
}

void g711_ulaw_decode(const uint8_t *data, size_t samples, int16_t *pcm)
{
	size_t i;

	for (i = 0; i < samples; i++)
		pcm[i] = ulaw_table[data[i]];
}

/* Position of the highest bit that is set; size is never 0. */
static unsigned int top_bit(unsigned int size)
{
	return 31u - (unsigned int)__builtin_clz(size);
}

/* One's complement for what is negative: the law has no zero. */
static uint8_t alaw_code(int16_t sample)
{
	unsigned int size = (unsigned int)(sample < 0 ? ~sample : sample) >> 4;
	unsigned int sign = sample < 0 ? 0 : 0x80;
	unsigned int segment = 0;

	if (size > 15) {
		segment = top_bit(size) - 3;
		size = (size >> (segment - 1)) & 0x0f;
	}
	return (uint8_t)((sign | segment << 4 | size) ^ 0x55);
}

static uint8_t ulaw_code(int16_t sample)
{
	unsigned int size = (unsigned int)(sample < 0 ? ~sample : sample) >> 2;
	unsigned int sign = sample < 0 ? 0x80 : 0;
	unsigned int segment;

	size += 33;
	if (size > 0x1fff)
		size = 0x1fff;
	segment = top_bit(size) - 5;
	size = (size >> (segment + 1)) & 0x0f;
	return (uint8_t)((sign | segment << 4 | size) ^ 0xff);
}

void g711_alaw_encode(const int16_t *pcm, size_t samples, uint8_t *data)
{
	size_t i;

	for (i = 0; i < samples; i++)
		data[i] = alaw_code(pcm[i]);
}

void g711_ulaw_encode(const int16_t *pcm, size_t samples, uint8_t *data)
{
	size_t i;

	for (i = 0; i < samples; i++)
		data[i] = ulaw_code(pcm[i]);
}
