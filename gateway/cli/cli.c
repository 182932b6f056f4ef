/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct cli_option cli_common[] = {
	{"commands", "ADDRESS",
	 "command socket ($GRIDCALL_COMMANDS, else "
	 "ipc:///run/gridcall/commands.sock)"},
	{"feed", "ADDRESS",
	 "feed ($GRIDCALL_FEED, else those that whoami tells)"},
	{"key", "FILE", "key file; it names the gateway ($GRIDCALL_KEY)"},
	{"json", NULL, "one JSON object a line"},
	{"timeout", "SECONDS", "how long to wait for the gateway (10)"},
	{"help", NULL, "print help"},
	{"version", NULL, "print the version"},
	{NULL, NULL, NULL},
};

enum status cli_fail(enum status status, const char *format, ...)
{
	va_list list;

	fflush(stdout);
	fputs("gridcall: ", stderr);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	return status;
}

/* ------------------------------------------------------------- parsing -- */

static const struct cli_option *option_in(const struct cli_option *options,
					  const char *name, size_t len)
{
	for (; options && options->name; options++)
		if (strlen(options->name) == len &&
		    !strncmp(options->name, name, len))
			return options;
	return NULL;
}

static const struct cli_option *option_find(const struct cli *cli,
					    const char *name, size_t len)
{
	const struct cli_option *option = option_in(cli_common, name, len);

	if (!option && cli->command)
		option = option_in(cli->command->options, name, len);
	return option;
}

static enum status unknown_option(const struct cli *cli, const char *word)
{
	if (!cli->command)
		return cli_fail(STATUS_USAGE,
				"there is no option '%s' before a command; see "
				"gridcall --help",
				word);
	return cli_fail(STATUS_USAGE,
			"%s has no option '%s'; see gridcall %s --help",
			cli->command->name, word, cli->command->name);
}

/* *next is the word after it, and moved past when it is the value. */
static enum status take_option(struct cli *cli, const char *word, char ***next)
{
	const char *name = word + 2;
	size_t len = strcspn(name, "=");
	const struct cli_option *option = option_find(cli, name, len);
	const char *value = NULL;

	if (!option)
		return unknown_option(cli, word);
	if (name[len] == '=') {
		value = name + len + 1;
		if (!option->argument)
			return cli_fail(STATUS_USAGE, "--%s takes no value",
					option->name);
	} else if (option->argument) {
		if (!**next)
			return cli_fail(STATUS_USAGE, "--%s needs a value: %s",
					option->name, option->argument);
		value = *(*next)++;
	}
	cli->given[cli->given_count] = option;
	cli->values[cli->given_count++] = value;
	return STATUS_DONE;
}

static const char *as_long(const char *word)
{
	if (!strcmp(word, "-h"))
		return "--help";
	if (!strcmp(word, "-V"))
		return "--version";
	return word;
}

static enum status take_command(struct cli *cli, const struct command *commands,
				const char *word)
{
	for (; commands->name; commands++)
		if (!strcmp(commands->name, word)) {
			cli->command = commands;
			return STATUS_DONE;
		}
	return cli_fail(STATUS_USAGE,
			"there is no command '%s'; gridcall --help lists them",
			word);
}

enum status cli_parse(struct cli *cli, const struct command *commands, int argc,
		      char **argv)
{
	char **next = argv + 1;
	bool only_words = false;

	cli->words = calloc((size_t)argc + 1, sizeof(*cli->words));
	cli->given = calloc((size_t)argc + 1, sizeof(*cli->given));
	cli->values = calloc((size_t)argc + 1, sizeof(*cli->values));
	if (!cli->words || !cli->given || !cli->values)
		return cli_fail(STATUS_USAGE, "there is no memory");
	while (*next) {
		const char *word = as_long(*next++);
		enum status status = STATUS_DONE;

		if (!only_words && !strcmp(word, "--"))
			only_words = true;
		else if (!only_words && word[0] == '-' && word[1])
			status = word[1] == '-' ? take_option(cli, word, &next)
						: unknown_option(cli, word);
		else if (!cli->command)
			status = take_command(cli, commands, word);
		else
			cli->words[cli->word_count++] = word;
		if (status)
			return status;
	}
	return STATUS_DONE;
}

void cli_clear(struct cli *cli)
{
	gridcall_close(cli->client);
	free(cli->words);
	free(cli->given);
	free(cli->values);
}

/* -------------------------------------------------------------- values -- */

bool cli_has(const struct cli *cli, const char *option)
{
	size_t i;

	for (i = 0; i < cli->given_count; i++)
		if (!strcmp(cli->given[i]->name, option))
			return true;
	return false;
}

const char *cli_text_at(const struct cli *cli, const char *option, size_t i)
{
	size_t at;

	for (at = 0; at < cli->given_count; at++)
		if (!strcmp(cli->given[at]->name, option) && i-- == 0)
			return cli->values[at];
	return NULL;
}

const char *cli_text(const struct cli *cli, const char *option,
		     const char *fallback)
{
	size_t i;

	for (i = cli->given_count; i > 0; i--)
		if (!strcmp(cli->given[i - 1]->name, option))
			return cli->values[i - 1];
	return fallback;
}

enum status cli_number(const struct cli *cli, const char *option, uint64_t most,
		       uint64_t *value)
{
	const char *text = cli_text(cli, option, NULL);
	unsigned long long number;
	char *end;

	if (!text)
		return STATUS_DONE;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || number > most)
		return cli_fail(STATUS_USAGE,
				"--%s takes a number from 0 to %llu, not '%s'",
				option, (unsigned long long)most, text);
	*value = number;
	return STATUS_DONE;
}

char *cli_joined(const struct cli *cli, size_t first)
{
	size_t len = 1;
	size_t i;
	char *text;

	for (i = first; i < cli->word_count; i++)
		len += strlen(cli->words[i]) + 1;
	text = calloc(1, len);
	for (i = first; text && i < cli->word_count; i++) {
		if (i > first)
			strcat(text, " ");
		strcat(text, cli->words[i]);
	}
	return text;
}

/* --------------------------------------------------------------- files -- */

static enum status read_whole(FILE *file, const char *path, size_t most,
			      uint8_t **data, size_t *len)
{
	uint8_t *bytes = malloc(most + 1);
	size_t count = bytes ? fread(bytes, 1, most + 1, file) : 0;

	if (!bytes || ferror(file) || count > most) {
		int error = errno;

		free(bytes);
		if (count > most)
			return cli_fail(STATUS_USAGE,
					"'%s' is larger than the %zu MiB that "
					"can be sent to a gateway",
					path, most >> 20);
		return cli_fail(STATUS_USAGE, "'%s' can't be read: %s", path,
				strerror(error));
	}
	*data = bytes;
	*len = count;
	return STATUS_DONE;
}

enum status cli_read_file(const char *path, size_t most, uint8_t **data,
			  size_t *len)
{
	bool standard = !strcmp(path, "-");
	FILE *file = standard ? stdin : fopen(path, "rb");
	enum status status;

	if (!file)
		return cli_fail(STATUS_USAGE, "'%s' can't be read: %s", path,
				strerror(errno));
	status = read_whole(file, path, most, data, len);
	if (!standard)
		fclose(file);
	return status;
}
