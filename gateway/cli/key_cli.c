/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * key: who may come in over the network, and as whom.
 *
 * The pair is made here; its secret half goes into the file and nowhere else.
 * The file is written before the key is registered, so that no key is ever in
 * force whose secret was lost.
 */
#include "gateway/cli/commands.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/cli/key_text.h"
#include "gateway/cli/table.h"
#include "gateway/cli/texts.h"

#define LIST_MAX 16 /* roles or areas of one key */

static enum status ask_key(struct cli *cli, Gridcall__V1__KeyRequest *body,
			   Gridcall__V1__Reply **reply)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	char once[CLI_KEY_SIZE];

	cli_make_key(once);
	request.body_case = GRIDCALL__V1__REQUEST__BODY_KEY;
	request.key = body;
	if (body->action_case != GRIDCALL__V1__KEY_REQUEST__ACTION_LIST)
		request.idempotency_key = once;
	return cli_ask(cli, &request, reply);
}

static enum status ask_list(struct cli *cli, bool all,
			    Gridcall__V1__Reply **reply)
{
	Gridcall__V1__KeyRequest body = GRIDCALL__V1__KEY_REQUEST__INIT;
	Gridcall__V1__KeyList list = GRIDCALL__V1__KEY_LIST__INIT;

	body.action_case = GRIDCALL__V1__KEY_REQUEST__ACTION_LIST;
	body.list = &list;
	list.all = all;
	return ask_key(cli, &body, reply);
}

/* --------------------------------------------------------------- values -- */

/* Values of an option that is repeated, or has commas; parts[0] is freed. */
static size_t take_list(const struct cli *cli, const char *option,
			char *parts[LIST_MAX + 1])
{
	char *text = NULL;
	size_t len, i;
	size_t count = 0;
	FILE *out = open_memstream(&text, &len);
	char *rest;

	for (i = 0; out && cli_text_at(cli, option, i); i++)
		fprintf(out, "%s,", cli_text_at(cli, option, i));
	if (!out || fclose(out))
		return 0;
	rest = text;
	while (count < LIST_MAX && (parts[count] = strtok_r(rest, ",", &rest)))
		count++;
	if (!count)
		free(text);
	return count;
}

/* The value of an option that is a moment, as the contract has it. */
static enum status take_moment(const struct cli *cli, const char *option,
			       int64_t *moment_us)
{
	const char *text = cli_text(cli, option, NULL);

	if (!text || !key_text_moment(text, time(NULL), moment_us))
		return STATUS_DONE;
	return cli_fail(STATUS_USAGE,
			"--%s takes a time like 90d, 12h, 2027-01-01 or never, "
			"not '%s'",
			option, text);
}

static enum status take_overlap(const struct cli *cli, uint32_t *overlap_s)
{
	const char *text = cli_text(cli, "overlap", NULL);

	if (!text || !key_text_span(text, overlap_s))
		return STATUS_DONE;
	return cli_fail(STATUS_USAGE,
			"--overlap takes a time like 7d or 12h, not '%s'",
			text);
}

/* ------------------------------------------------------------------ new -- */

struct new_key {
	struct gridcall_keyfile file;
	char path[PATH_MAX];
	char *roles[LIST_MAX + 1];
	char *areas[LIST_MAX + 1];
	Gridcall__V1__Key key;
	Gridcall__V1__KeyAdd add;
	bool guessed; /* the address may not be right for them */
};

static enum status take_name(struct cli *cli, struct new_key *new)
{
	const char *name = cli->words[1];
	const char *path = cli_text(cli, "out", NULL);
	size_t len = strcspn(name, "\"/\\ \t\r\n");

	if (!len || name[len] || name[0] == '.' || name[0] == '-' ||
	    len >= sizeof(new->file.name))
		return cli_fail(STATUS_USAGE,
				"'%s' can't be the name of a principal: give a "
				"word without blanks, quotes and slashes",
				name);
	strcpy(new->file.name, name);
	if (path)
		snprintf(new->path, sizeof(new->path), "%s", path);
	else
		snprintf(new->path, sizeof(new->path), "%s.key", name);
	new->key.name = new->file.name;
	return STATUS_DONE;
}

static enum status take_rights(struct cli *cli, struct new_key *new)
{
	enum status status;

	new->key.n_roles = take_list(cli, "role", new->roles);
	new->key.roles = new->roles;
	new->key.n_jurisdiction = take_list(cli, "jurisdiction", new->areas);
	new->key.jurisdiction = new->areas;
	if (!new->key.n_roles || !new->key.n_jurisdiction)
		return cli_fail(STATUS_USAGE,
				"say what the key is for: --role ROLE and "
				"--jurisdiction PREFIX, as gc1.440106. for a "
				"district or gc1. for everything");
	status = take_moment(cli, "expires", &new->key.expires_at_us);
	return status ? status : take_overlap(cli, &new->add.overlap_s);
}

/* What the gateway says of itself goes into the file. */
static enum status take_gateway(struct cli *cli, struct new_key *new)
{
	Gridcall__V1__Reply *reply;
	const Gridcall__V1__KeyReply *gateway;
	enum status status = ask_list(cli, false, &reply);

	if (status)
		return status;
	gateway = reply->key;
	snprintf(new->file.gateway, sizeof(new->file.gateway), "%s",
		 gateway->gateway);
	snprintf(new->file.server_key, sizeof(new->file.server_key), "%s",
		 gateway->server_key);
	if (gateway->n_commands && gateway->server_key[0])
		new->guessed = key_text_address(
			new->file.commands, sizeof(new->file.commands),
			gateway->commands[0], cli_text(cli, "address", NULL),
			cli_commands_address(cli));
	gridcall_reply_free(reply);
	if (new->file.commands[0])
		return STATUS_DONE;
	return cli_fail(STATUS_REFUSED,
			"the gateway takes no commands over a network, so a "
			"key would open nothing; give it an address first, in "
			"its service zeromq: option commands tcp://*:7440");
}

static enum status make_file(struct new_key *new)
{
	struct gridcall_fault fault = {0};

	if (gridcall_keyfile_make(&new->file, &fault) ||
	    gridcall_keyfile_write(&new->file, new->path, &fault))
		return cli_say(STATUS_USAGE, fault.sentence);
	new->key.public_key = new->file.public_key;
	return STATUS_DONE;
}

static enum status register_key(struct cli *cli, struct new_key *new,
				Gridcall__V1__Reply **reply)
{
	Gridcall__V1__KeyRequest body = GRIDCALL__V1__KEY_REQUEST__INIT;
	enum status status;

	body.action_case = GRIDCALL__V1__KEY_REQUEST__ACTION_ADD;
	body.add = &new->add;
	new->add.key = &new->key;
	status = ask_key(cli, &body, reply);
	if (!status)
		return status;
	(void)unlink(new->path);
	if (status == STATUS_REFUSED)
		return status;
	return cli_fail(status,
			"the key was thrown away; should the gateway have "
			"taken it nevertheless, take it back: gridcall key "
			"revoke %s --public-key '%s'",
			new->file.name, new->file.public_key);
}

static enum status run_new(struct cli *cli, struct new_key *new)
{
	Gridcall__V1__Reply *reply;
	enum status status = take_name(cli, new);

	if (!status)
		status = take_rights(cli, new);
	if (!status)
		status = take_gateway(cli, new);
	if (!status)
		status = make_file(new);
	if (!status)
		status = register_key(cli, new, &reply);
	if (status)
		return status;
	if (cli_has(cli, "json"))
		status = cli_print_json(&reply->key->base);
	else
		key_text_hand_over(&new->key, &new->file, new->path,
				   new->guessed);
	gridcall_reply_free(reply);
	return status;
}

static enum status new_run(struct cli *cli)
{
	struct new_key new = {.key = GRIDCALL__V1__KEY__INIT,
			      .add = GRIDCALL__V1__KEY_ADD__INIT};
	enum status status;

	cli_hide_memory();
	status = run_new(cli, &new);
	gridcall_keyfile_forget(&new.file);
	free(new.roles[0]);
	free(new.areas[0]);
	return status;
}

/* ----------------------------------------------------------------- list -- */

static const char *const headings[] = {"NAME",       "ROLES",   "JURISDICTION",
				       "STATE",      "EXPIRES", "CREATED BY",
				       "PUBLIC KEY", NULL};

static void put_list(const Gridcall__V1__KeyReply *reply)
{
	struct table table;
	char text[KEY_TEXT_SIZE];
	size_t i;

	table_init(&table, headings);
	for (i = 0; i < reply->n_keys; i++) {
		const Gridcall__V1__Key *key = reply->keys[i];

		table_add(&table, key->name);
		key_text_list(text, key->roles, key->n_roles);
		table_add(&table, text);
		key_text_list(text, key->jurisdiction, key->n_jurisdiction);
		table_add(&table, text);
		table_add(&table, key_text_state(key, time(NULL)));
		key_text_of_moment(text, key->expires_at_us);
		table_add(&table, text);
		table_add(&table, key->created_by);
		table_add(&table, key->public_key);
	}
	table_print(&table, stdout);
	table_clear(&table);
}

static enum status list_run(struct cli *cli)
{
	Gridcall__V1__Reply *reply;
	enum status status = ask_list(cli, cli_has(cli, "all"), &reply);
	size_t i;

	if (status)
		return status;
	if (!cli_has(cli, "json"))
		put_list(reply->key);
	for (i = 0; cli_has(cli, "json") && i < reply->key->n_keys; i++)
		(void)cli_print_json(&reply->key->keys[i]->base);
	gridcall_reply_free(reply);
	return STATUS_DONE;
}

/* ------------------------------------------------------ revoke, expire --- */

static enum status change(struct cli *cli, Gridcall__V1__KeyRequest *body)
{
	Gridcall__V1__Reply *reply;
	enum status status = ask_key(cli, body, &reply);

	if (status)
		return status;
	if (cli_has(cli, "json"))
		status = cli_print_json(&reply->key->base);
	else
		put_list(reply->key);
	gridcall_reply_free(reply);
	return status;
}

static enum status revoke_run(struct cli *cli)
{
	Gridcall__V1__KeyRequest body = GRIDCALL__V1__KEY_REQUEST__INIT;
	Gridcall__V1__KeyRevoke revoke = GRIDCALL__V1__KEY_REVOKE__INIT;

	body.action_case = GRIDCALL__V1__KEY_REQUEST__ACTION_REVOKE;
	body.revoke = &revoke;
	revoke.name = (char *)cli->words[1];
	revoke.public_key = (char *)cli_text(cli, "public-key", "");
	return change(cli, &body);
}

static enum status expire_run(struct cli *cli)
{
	Gridcall__V1__KeyRequest body = GRIDCALL__V1__KEY_REQUEST__INIT;
	Gridcall__V1__KeyExpire expire = GRIDCALL__V1__KEY_EXPIRE__INIT;
	enum status status;

	body.action_case = GRIDCALL__V1__KEY_REQUEST__ACTION_EXPIRE;
	body.expire = &expire;
	expire.name = (char *)cli->words[1];
	expire.public_key = (char *)cli_text(cli, "public-key", "");
	if (!cli_has(cli, "expires"))
		return cli_fail(STATUS_USAGE,
				"say when: --expires 90d, 2027-01-01 or never");
	status = take_moment(cli, "expires", &expire.expires_at_us);
	return status ? status : change(cli, &body);
}

enum status key_run(struct cli *cli)
{
	static const struct {
		const char *word;
		size_t words;
		enum status (*run)(struct cli *cli);
	} actions[] = {
		{"new", 2, new_run},
		{"list", 1, list_run},
		{"revoke", 2, revoke_run},
		{"expire", 2, expire_run},
	};
	size_t i;

	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(cli->words[0], actions[i].word) &&
		    cli->word_count == actions[i].words)
			return actions[i].run(cli);
	return cli_fail(STATUS_USAGE,
			"key new NAME, key list, key revoke NAME or key expire "
			"NAME; see gridcall key --help");
}
