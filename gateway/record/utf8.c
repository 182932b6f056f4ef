/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/utf8.h"

#include <string.h>

/* Length of the UTF-8 character at text, 0 when it is none. */
static size_t utf8_len(const uint8_t *text, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t code = text[0];
	size_t len, i;

	if (code < 0x80)
		return 1;
	len = code >= 0xf0 ? 4 : code >= 0xe0 ? 3 : 2;
	if (code < 0xc2 || code > 0xf4 || len > left)
		return 0;
	code &= 0x7fu >> len;
	for (i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return len;
}

bool utf8_is_valid(const uint8_t *data, size_t len)
{
	size_t step;

	for (; len; data += step, len -= step) {
		step = utf8_len(data, len);
		if (!step)
			return false;
	}
	return true;
}

void utf8_mend(char *text)
{
	size_t left = strlen(text);
	char *to = text;
	size_t step;

	for (; left; text += step, left -= step) {
		step = utf8_len((const uint8_t *)text, left);
		memmove(to, text, step);
		to += step;
		step = step ? step : 1;
	}
	*to = '\0';
}
