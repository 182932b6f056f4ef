/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/control/curve.h"

#include <sodium.h>

/* Little-endian and below 2^255 - 19, as every library makes them. */
static bool is_canonical(const uint8_t key[CURVE_KEY_BYTES])
{
	int i;

	if (key[31] != 0x7f)
		return key[31] < 0x7f;
	for (i = 30; i > 0; i--)
		if (key[i] != 0xff)
			return true;
	return key[0] < 0xed;
}

bool curve_key_is_weak(const uint8_t public_key[CURVE_KEY_BYTES])
{
	/* Any secret would do: its low bits are cleared, and that is enough
	 * for a point of small order to come out as zero. */
	static const uint8_t secret[CURVE_KEY_BYTES];
	uint8_t shared[CURVE_KEY_BYTES];

	return !is_canonical(public_key) ||
	       crypto_scalarmult_curve25519(shared, secret, public_key);
}
