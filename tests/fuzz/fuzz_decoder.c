/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_decoder.c - any packets: one whole frame, and the same after a reset
 */
#include "codecs/decoder.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A packet: a byte for its format, one for its length, then its bytes. */
static uint64_t play(struct decoder *decoder, const uint8_t *data, size_t len)
{
	int16_t pcm[DECODER_SAMPLES + 1];
	uint64_t sum = 0;
	size_t i, size;

	decoder_reset(decoder);
	for (; len >= 2; data += 2 + size, len -= 2 + size) {
		size = data[1] * (data[0] & 0x40 ? 8 : 1);
		size = size < len - 2 ? size : len - 2;
		pcm[DECODER_SAMPLES] = 0x55;
		(void)decoder_put(decoder, data[0] & 7,
				  8000u * (1 + (data[0] >> 3 & 7)),
				  data[0] & 0x80 ? NULL : data + 2, size, pcm);
		if (pcm[DECODER_SAMPLES] != 0x55)
			abort();
		for (i = 0; i < DECODER_SAMPLES; i++)
			sum = sum * 31 + (uint16_t)pcm[i];
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct decoder *decoder = decoder_alloc();

	if (play(decoder, data, len) != play(decoder, data, len))
		abort();
	return decoder_free(decoder) != NULL;
}
