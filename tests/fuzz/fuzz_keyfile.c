/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_keyfile.c - a key file that is taken is written as one that is the same
 */
#include "proto/keyfile.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct gridcall_keyfile first, second;
	char text[KEYFILE_MAX];
	const char *what = NULL;
	int written;

	if (keyfile_parse(&first, (const char *)data, len, &what)) {
		if (!what)
			abort();
		return 0;
	}
	written = keyfile_format(&first, text, sizeof(text));
	if (written < 0 || (size_t)written >= sizeof(text))
		abort();
	if (keyfile_parse(&second, text, (size_t)written, &what))
		abort();
	if (memcmp(&first, &second, sizeof(first)))
		abort();
	return 0;
}
