/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_keyring.c - whatever is asked of a keyring, its promises hold
 * (input: key requests, each after a byte that says how long it is)
 */
#include "tests/fuzz/keyring_promises.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct keyring *keyring = keyring_alloc(NULL);
	Gridcall__V1__KeyRequest *request;
	int64_t now_us = START_US;
	size_t size;

	put_foreign_key(keyring);
	for (; len; data += size, len -= size) {
		size = *data++;
		len--;
		if (size > len)
			size = len;
		request = gridcall__v1__key_request__unpack(NULL, size, data);
		if (request)
			carry_out(keyring, request, now_us);
		check_promises(keyring, now_us);
		now_us += DAY_US;
		gridcall__v1__key_request__free_unpacked(request, NULL);
	}
	talloc_free(keyring);
	return 0;
}
