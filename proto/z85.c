/* SPDX-License-Identifier: MIT */
#include "proto/z85.h"

#include <errno.h>
#include <string.h>

static const char letters[] = "0123456789"
			      "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      ".-:+=^!/*?&<>()[]{}@%$#";

#define BASE 85

int z85_encode(char *text, const uint8_t *data, size_t len)
{
	uint32_t value;
	size_t i;
	int place;

	if (len % 4)
		return -EINVAL;
	for (i = 0; i < len; i += 4, text += 5) {
		value = (uint32_t)data[i] << 24 | (uint32_t)data[i + 1] << 16 |
			(uint32_t)data[i + 2] << 8 | data[i + 3];
		for (place = 4; place >= 0; place--, value /= BASE)
			text[place] = letters[value % BASE];
	}
	*text = '\0';
	return 0;
}

/* Five characters as one number; above UINT32_MAX when they are none. */
static uint64_t group_value(const char *text)
{
	uint64_t value = 0;
	const char *found;
	int i;

	for (i = 0; i < 5; i++) {
		found = text[i] ? strchr(letters, text[i]) : NULL;
		if (!found)
			return UINT64_MAX;
		value = value * BASE + (uint64_t)(found - letters);
	}
	return value;
}

int z85_decode(uint8_t *data, const char *text, size_t len)
{
	uint64_t value;
	size_t i;

	if (len % 5)
		return -EINVAL;
	for (i = 0; i < len; i += 5, data += 4) {
		value = group_value(text + i);
		if (value > UINT32_MAX)
			return -EINVAL;
		data[0] = (uint8_t)(value >> 24);
		data[1] = (uint8_t)(value >> 16);
		data[2] = (uint8_t)(value >> 8);
		data[3] = (uint8_t)value;
	}
	return 0;
}
