/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/screen.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT  80
#define HEIGHT_DEFAULT 24
#define SIZE_MOST      1000

static volatile sig_atomic_t resized;

static void on_resize(int number)
{
	(void)number;
	resized = 1;
}

static bool terminal_is_dumb(void)
{
	const char *term = getenv("TERM");

	return !term || !term[0] || !strcmp(term, "dumb");
}

bool screen_is_there(void)
{
	return isatty(STDOUT_FILENO) && !terminal_is_dumb();
}

bool screen_has_color(void)
{
	const char *refused = getenv("NO_COLOR");

	return screen_is_there() && (!refused || !refused[0]);
}

void screen_begin(void)
{
	struct sigaction action = {.sa_handler = on_resize};

	sigemptyset(&action.sa_mask);
	sigaction(SIGWINCH, &action, NULL);
	fputs("\033[?1049h\033[?25l\033[H\033[J", stdout);
	fflush(stdout);
}

void screen_end(void)
{
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
}

static size_t size_of(unsigned int told, const char *variable, size_t fallback)
{
	const char *text = getenv(variable);
	long value = told ? (long)told : text ? atol(text) : 0;

	return value > 0 && value <= SIZE_MOST ? (size_t)value : fallback;
}

struct screen_size screen_size(void)
{
	struct winsize told = {0};

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &told);
	return (struct screen_size){
		.width = size_of(told.ws_col, "COLUMNS", WIDTH_DEFAULT),
		.height = size_of(told.ws_row, "LINES", HEIGHT_DEFAULT)};
}

bool screen_was_resized(void)
{
	bool was = resized;

	resized = 0;
	return was;
}

void screen_show(const char *lines)
{
	fputs("\033[H", stdout);
	while (*lines) {
		size_t len = strcspn(lines, "\n");

		fwrite(lines, 1, len, stdout);
		lines += len;
		/* A newline after the last line would scroll the first away. */
		fputs(lines[0] && lines[1] ? "\033[K\r\n" : "\033[K", stdout);
		lines += *lines == '\n';
	}
	fputs("\033[J", stdout);
	fflush(stdout);
}
