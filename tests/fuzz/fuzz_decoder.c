/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_decoder.c - any packets in any order: never more than one frame, always
 * all of it, and the same again after a reset.  A packet is a byte for its
 * format, one for its length, then its bytes.
 */
#include "codecs/decoder.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint64_t play(struct decoder *decoder, const uint8_t *data, size_t len)
{
	static const uint32_t rates[] = {8000, 16000, 48000, 44100};
	int16_t pcm[DECODER_SAMPLES + 1];
	uint64_t sum = 0;
	size_t i, size;

	decoder_reset(decoder);
	for (; len >= 2; data += 2 + size, len -= 2 + size) {
		size = data[1] * (data[0] & 0x40 ? 2 : 1);
		size = size < len - 2 ? size : len - 2;
		memset(pcm, 0x55, sizeof(pcm));
		(void)decoder_put(decoder, data[0] & 7, rates[data[0] >> 3 & 3],
				  data[0] & 0x80 ? NULL : data + 2, size, pcm);
		if (pcm[DECODER_SAMPLES] != 0x5555)
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
	decoder_free(decoder);
	return 0;
}
