/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_z85.c - text that decodes encodes back to itself, any bytes to theirs
 */
#include "proto/z85.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *bytes = malloc(len + 1);
	char *text = malloc(len * 5 / 4 + 1);

	if (!z85_decode(bytes, (const char *)data, len) &&
	    (z85_encode(text, bytes, len / 5 * 4) || memcmp(text, data, len) ||
	     text[len]))
		abort();
	if (!z85_encode(text, data, len) &&
	    (z85_decode(bytes, text, len / 4 * 5) || memcmp(bytes, data, len)))
		abort();
	free(bytes);
	free(text);
	return 0;
}
