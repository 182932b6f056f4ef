/* SPDX-License-Identifier: GPL-3.0-or-later
 * fuzz_import.c - an import gives a directory or faults, never both; what it
 * took in once, it takes in again as nothing changed.  The input is
 * channels.csv, a byte 0x01, units.csv. */
#include "gateway/record/import.h"
#include "gateway/record/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *cut = len ? memchr(data, 1, len) : NULL;
	size_t first = cut ? (size_t)(cut - data) : len;
	struct import_files files = {.channels = data, .channels_len = first};
	struct import_rules rules = {0};
	void *ctx = talloc_new(NULL);
	struct import *import, *again;

	files.units = cut ? cut + 1 : NULL;
	files.units_len = cut ? len - first - 1 : 0;
	import = import_run(ctx, &files, directory_alloc(ctx), &rules);
	if (!import->directory != (import->fault_total > 0))
		abort();
	for (; import->fault_count--; import->faults++)
		if (!utf8_is_valid((uint8_t *)import->faults->sentence,
				   strlen(import->faults->sentence)))
			abort();
	if (import->directory) {
		again = import_run(ctx, &files, import->directory, &rules);
		if (again->change_count || again->same != import->added)
			abort();
	}
	talloc_free(ctx);
	return 0;
}
