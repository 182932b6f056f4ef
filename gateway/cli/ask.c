/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The half of cli.h that talks to the gateway.
 */
#include "gateway/cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>

#include "proto/json.h"

#define TIMEOUT_S     10
#define TIMEOUT_MAX_S 86400

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	interrupted = number;
}

void cli_catch_interrupts(void)
{
	struct sigaction action = {.sa_handler = on_interrupt};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

const volatile sig_atomic_t *cli_interrupted(void)
{
	return &interrupted;
}

static const char *setting(const struct cli *cli, const char *option,
			   const char *variable, const char *fallback)
{
	const char *text = getenv(variable);

	return cli_text(cli, option, text && text[0] ? text : fallback);
}

/* NULL: none. */
static const char *key_file(const struct cli *cli)
{
	return setting(cli, "key", "GRIDCALL_KEY", NULL);
}

/* A key file names its gateway; the environment may speak of another. */
const char *cli_commands_address(const struct cli *cli)
{
	if (cli->address[0])
		return cli_text(cli, "commands", cli->address);
	return setting(cli, "commands", "GRIDCALL_COMMANDS", GRIDCALL_COMMANDS);
}

const char *cli_feed_address(const struct cli *cli)
{
	if (key_file(cli))
		return cli_text(cli, "feed", NULL);
	return setting(cli, "feed", "GRIDCALL_FEED", NULL);
}

void cli_hide_memory(void)
{
	struct rlimit none = {0};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
}

enum status cli_say(enum status status, const char *sentence)
{
	bool capital = sentence[0] >= 'A' && sentence[0] <= 'Z' &&
		       (sentence[1] >= 'a' || sentence[1] == ' ');

	if (!capital)
		return cli_fail(status, "%s", sentence);
	return cli_fail(status, "%c%s", sentence[0] - 'A' + 'a', sentence + 1);
}

static enum status say(int rc, const struct gridcall_fault *fault)
{
	enum status status = STATUS_UNREACHABLE;

	if (rc == -EREMOTEIO)
		status = STATUS_REFUSED;
	else if (rc == -ECANCELED)
		status = STATUS_INTERRUPTED;
	else if (rc == -EACCES)
		status = STATUS_REFUSED;
	else if (rc == -EMSGSIZE || rc == -EINVAL)
		status = STATUS_USAGE;
	return cli_say(status, fault->sentence);
}

enum status cli_open(struct cli *cli)
{
	const char *path = key_file(cli);
	struct gridcall_keyfile key;
	struct gridcall_config config = {.key = path ? &key : NULL};
	struct gridcall_fault fault = {0};

	if (cli->client)
		return STATUS_DONE;
	if (path) {
		cli_hide_memory();
		if (gridcall_keyfile_read(&key, path, &fault))
			return say(-EINVAL, &fault);
		snprintf(cli->address, sizeof(cli->address), "%s",
			 key.commands);
	}
	config.address = cli_commands_address(cli);
	cli->client = gridcall_open(&config, &fault);
	if (path)
		gridcall_keyfile_forget(&key);
	return cli->client ? STATUS_DONE : say(-EINVAL, &fault);
}

enum status cli_ask(struct cli *cli, Gridcall__V1__Request *request,
		    Gridcall__V1__Reply **reply)
{
	struct gridcall_patience patience = {.cancel = cli_interrupted()};
	struct gridcall_fault fault = {0};
	uint64_t timeout_s = TIMEOUT_S;
	enum status status;
	int rc;

	status = cli_number(cli, "timeout", TIMEOUT_MAX_S, &timeout_s);
	if (status)
		return status;
	status = cli_open(cli);
	if (status)
		return status;
	patience.deadline_ms = (int)timeout_s * 1000;
	rc = gridcall_ask(cli->client, request, &patience, reply, &fault);
	if (rc)
		return say(rc, &fault);
	/* The bodies of a request and of its reply have the same number. */
	if ((int)(*reply)->body_case == (int)request->body_case)
		return STATUS_DONE;
	gridcall_reply_free(*reply);
	*reply = NULL;
	return cli_fail(STATUS_UNREACHABLE,
			"the gateway at '%s' gave an answer that does not fit "
			"the question; is it of the same version as this "
			"gridcall (" GRIDCALL_VERSION ")?",
			cli_commands_address(cli));
}

void cli_make_key(char key[CLI_KEY_SIZE])
{
	uint8_t bytes[(CLI_KEY_SIZE - 1) / 2];
	size_t i;

	/* As few bytes as these never come short. */
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		abort();
	for (i = 0; i < sizeof(bytes); i++)
		sprintf(key + 2 * i, "%02x", bytes[i]);
}

enum status cli_ask_once(struct cli *cli, Gridcall__V1__Request *request,
			 Gridcall__V1__Reply **reply)
{
	char random[CLI_KEY_SIZE];
	enum status status;

	cli_make_key(random);
	request->idempotency_key = (char *)cli_text(cli, "once", random);
	status = cli_ask(cli, request, reply);
	request->idempotency_key = NULL;
	return status;
}

enum status cli_print_json(const ProtobufCMessage *message)
{
	struct json json = {0};

	(void)json_message(&json, message);
	(void)json_raw(&json, "\n");
	if (!json.failed)
		fwrite(json.text, 1, json.len, stdout);
	json_clear(&json);
	if (fflush(stdout))
		return cli_fail(STATUS_INCOMPLETE,
				"the standard output can't be written");
	return STATUS_DONE;
}
