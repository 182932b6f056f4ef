/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/width.h"

#include <langinfo.h>
#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

/* One character: its bytes, its cells, and whether it may be put out. */
struct glyph {
	size_t len;
	size_t cells;
	bool shown;
};

void width_init(void)
{
	setlocale(LC_ALL, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8"))
		setlocale(LC_CTYPE, "C.UTF-8");
}

/* Marks that turn the direction of what follows could disguise a name. */
static bool turns_direction(wchar_t code)
{
	return (code >= 0x202a && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069) || code == 0x200e ||
	       code == 0x200f;
}

static struct glyph glyph_at(const char *text)
{
	struct glyph glyph = {.len = 1, .cells = 1};
	mbstate_t state = {0};
	wchar_t code;
	size_t len = mbrtowc(&code, text, strlen(text), &state);
	int cells;

	if (len == 0 || len > (size_t)-3)
		return glyph;
	cells = wcwidth(code);
	glyph.len = len;
	if (cells < 0 || turns_direction(code))
		return glyph;
	glyph.cells = (size_t)cells;
	glyph.shown = true;
	return glyph;
}

size_t width_of(const char *text)
{
	size_t used;

	(void)width_fit(text, SIZE_MAX, &used);
	return used;
}

size_t width_fit(const char *text, size_t cells, size_t *used)
{
	const char *at = text;

	*used = 0;
	while (*at) {
		struct glyph glyph = glyph_at(at);

		if (glyph.cells > cells - *used)
			break;
		*used += glyph.cells;
		at += glyph.len;
	}
	return (size_t)(at - text);
}

size_t width_put(FILE *out, const char *text, size_t cells)
{
	size_t used;
	const char *end = text + width_fit(text, cells, &used);

	while (text < end) {
		struct glyph glyph = glyph_at(text);

		if (glyph.shown)
			fwrite(text, 1, glyph.len, out);
		else
			fputc('?', out);
		text += glyph.len;
	}
	return used;
}
