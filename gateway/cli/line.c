/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/line.h"

#include <stdarg.h>

#include "gateway/cli/width.h"

#define FORMAT_MAX 512

static const char *const codes[] = {
	[STYLE_PLAIN] = "",
	[STYLE_DIM] = "\033[2m",
	[STYLE_BOLD] = "\033[1m",
	[STYLE_GOOD] = "\033[32m",
	[STYLE_WARN] = "\033[33m",
	[STYLE_BAD] = "\033[1;31m",
	[STYLE_EXERCISE] = "\033[1;30;46m",
	[STYLE_REAL] = "\033[1;37;41m",
	[STYLE_BAR_GOOD] = "\033[42m",
	[STYLE_BAR_WARN] = "\033[43m",
	[STYLE_BAR_BAD] = "\033[41m",
	[STYLE_BAR_REST] = "\033[100m",
};

/* Without colour a bar needs signs; all are one column wide everywhere. */
static const char signs[] = {
	[STYLE_BAR_GOOD] = '=',
	[STYLE_BAR_WARN] = '~',
	[STYLE_BAR_BAD] = '!',
	[STYLE_BAR_REST] = '.',
};

struct line line_begin(FILE *out, size_t width, bool color)
{
	return (struct line){.out = out, .width = width, .color = color};
}

static bool style_begin(struct line *line, enum style style)
{
	if (!line->color || style == STYLE_PLAIN)
		return false;
	fputs(codes[style], line->out);
	return true;
}

static void style_end(struct line *line, bool begun)
{
	if (begun)
		fputs("\033[0m", line->out);
}

void line_put(struct line *line, enum style style, const char *text)
{
	bool begun = style_begin(line, style);

	line->used += width_put(line->out, text, line->width - line->used);
	style_end(line, begun);
}

void line_format(struct line *line, enum style style, const char *format, ...)
{
	char text[FORMAT_MAX];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	line_put(line, style, text);
}

void line_cell(struct line *line, enum style style, const char *text,
	       size_t cells)
{
	size_t end = line->used + cells;
	struct line part = *line;

	if (end < part.width)
		part.width = end;
	line_put(&part, style, text);
	line->used = part.used;
	line_to(line, end);
}

void line_to(struct line *line, size_t column)
{
	while (line->used < column && line->used < line->width) {
		fputc(' ', line->out);
		line->used++;
	}
}

void line_bar(struct line *line, enum style style, size_t cells)
{
	bool begun = cells && style_begin(line, style);

	for (; cells && line->used < line->width; cells--) {
		fputc(line->color ? ' ' : signs[style], line->out);
		line->used++;
	}
	style_end(line, begun);
}

void line_end(struct line *line)
{
	fputc('\n', line->out);
}
