/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_request.c - a request that unpacks packs to bytes that unpack to itself
 */
#include "proto/gridcall.pb-c.h"
#include "proto/json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint8_t *pack(const Gridcall__V1__Request *request, size_t *len)
{
	uint8_t *bytes =
		malloc(gridcall__v1__request__get_packed_size(request) + 1);

	*len = gridcall__v1__request__pack(request, bytes);
	return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	Gridcall__V1__Request *first, *second;
	uint8_t *a, *b;
	size_t a_len, b_len;
	struct json json = {0};

	first = gridcall__v1__request__unpack(NULL, len, data);
	if (!first)
		return 0;
	a = pack(first, &a_len);
	second = gridcall__v1__request__unpack(NULL, a_len, a);
	/* The library keeps an unknown field 0, which it then refuses. */
	b = second ? pack(second, &b_len) : NULL;
	if (b && (a_len != b_len || memcmp(a, b, a_len)))
		abort();
	if (json_message(&json, &first->base) || json.len != strlen(json.text))
		abort();
	json_clear(&json);
	gridcall__v1__request__free_unpacked(first, NULL);
	gridcall__v1__request__free_unpacked(second, NULL);
	free(a);
	free(b);
	return 0;
}
