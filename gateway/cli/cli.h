/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * cli.h - what one run of the command line was asked to do
 *
 * main.c takes the words apart by the table of commands; a command reads its
 * options here, asks the gateway, and returns the exit status.
 *
 * Memory:  one struct cli for the process; words and values are argv's.
 * Threads: one.
 * Errors:  a function that fails has already said why on stderr, in one
 *          sentence, and returns the exit status.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/gridcall.h"

/* Exit statuses; gridcall(1) promises them. */
enum status {
	STATUS_DONE = 0,
	STATUS_INCOMPLETE = 1, /* done, but a person must look at something */
	STATUS_USAGE = 2,
	STATUS_REFUSED = 3,
	STATUS_UNREACHABLE = 4,
	STATUS_INTERRUPTED = 130,
};

struct cli_option {
	const char *name;     /* without the two dashes */
	const char *argument; /* NULL: takes none */
	const char *help;
};

#define CLI_OPTIONS_MAX 16

struct cli;

struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	const char *help;    /* may be NULL */
	const char *example; /* lines, each with its newline */
	size_t words_min;
	size_t words_max; /* SIZE_MAX: any number */
	enum status (*run)(struct cli *cli);
	struct cli_option options[CLI_OPTIONS_MAX]; /* a NULL name ends */
};

struct cli {
	const struct command *command;
	const char **words; /* after the command's name */
	size_t word_count;
	const struct cli_option **given;
	const char **values;
	size_t given_count;
	struct gridcall_client *client;
	char address[256]; /* of the key file's gateway; "": no key */
};

/* The options of every command. */
extern const struct cli_option cli_common[];

/*
 * Take argv apart.  STATUS_DONE: cli->command is set, or NULL when only common
 * options were given.  Free with cli_clear().
 */
enum status cli_parse(struct cli *cli, const struct command *commands, int argc,
		      char **argv);
void cli_clear(struct cli *cli);

bool cli_has(const struct cli *cli, const char *option);

/* Value i of an option that may be given again, NULL past the last. */
const char *cli_text_at(const struct cli *cli, const char *option, size_t i);

/* The last value given, else fallback. */
const char *cli_text(const struct cli *cli, const char *option,
		     const char *fallback);

/* *value is untouched when the option was not given. */
enum status cli_number(const struct cli *cli, const char *option, uint64_t most,
		       uint64_t *value);

/* Words from first on, joined by blanks; malloc. */
char *cli_joined(const struct cli *cli, size_t first);

/* Say a sentence on stderr and return status. */
__attribute__((format(printf, 2, 3))) enum status
cli_fail(enum status status, const char *format, ...);

/* The same for a sentence of the library, which begins with a capital. */
enum status cli_say(enum status status, const char *sentence);

/* A whole file, at most most bytes; malloc.  "-" is the standard input. */
enum status cli_read_file(const char *path, size_t most, uint8_t **data,
			  size_t *len);

/* ------------------------------------------------------------ gateway -- */

const char *cli_commands_address(const struct cli *cli);

/* NULL: the feeds that whoami tells. */
const char *cli_feed_address(const struct cli *cli);

/* Open cli->client, unless it is. */
enum status cli_open(struct cli *cli);

/* Nothing of this process gets into a core dump from now on. */
void cli_hide_memory(void);

/* Waits as long as --timeout says; *reply is freed with gridcall_reply_free().
 */
enum status cli_ask(struct cli *cli, Gridcall__V1__Request *request,
		    Gridcall__V1__Reply **reply);

/* Random text for Request.idempotency_key. */
#define CLI_KEY_SIZE 33
void cli_make_key(char key[CLI_KEY_SIZE]);

/* The same for what changes something: once, even if it is sent twice. */
enum status cli_ask_once(struct cli *cli, Gridcall__V1__Request *request,
			 Gridcall__V1__Reply **reply);

/* A message as one line of JSON on stdout, at once. */
enum status cli_print_json(const ProtobufCMessage *message);

/* ---------------------------------------------------------- interrupt -- */

/* From now on SIGINT and SIGTERM only set the flag. */
void cli_catch_interrupts(void);
const volatile sig_atomic_t *cli_interrupted(void);
