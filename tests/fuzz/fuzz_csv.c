/* SPDX-License-Identifier: GPL-3.0-or-later
 * fuzz_csv.c - cells written back by csv_append() read as the same cells */
#include "gateway/record/csv.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_row(void *ctx, char *const *cells, size_t count)
{
	char *text = talloc_strdup(ctx, "");
	char *const *again;
	size_t i, n;
	struct csv *csv;

	for (i = 0; i < count; i++)
		text = csv_append(text, cells[i]);
	csv = csv_alloc(ctx, (uint8_t *)text, strlen(text), NULL);
	if (!csv || csv_next(csv, &again, &n, NULL) != 1 || n != count)
		abort();
	for (i = 0; i < count; i++)
		if (strcmp(cells[i], again[i]))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	void *ctx = talloc_new(NULL);
	struct csv *csv = csv_alloc(ctx, data, len, NULL);
	char *const *cells;
	size_t count;

	while (csv && csv_next(csv, &cells, &count, NULL) > 0)
		check_row(ctx, cells, count);
	talloc_free(ctx);
	return 0;
}
