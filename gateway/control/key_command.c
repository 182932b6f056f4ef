/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * key_command.c - add, list, revoke and expire the keys of principals
 */
#include "gateway/control/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/admission.h"
#include "gateway/clock.h"
#include "gateway/control/keyring.h"

/* A change with the reply that tells it; a talloc child of its command. */
struct key_answer {
	struct keyring_change change;
	Gridcall__V1__KeyReply reply;
	const char *server_key; /* of a command socket; "": none */
};

static void add_entrance(void *data, const char *service, const char *address,
			 const char *public_key)
{
	struct key_answer *answer = data;
	Gridcall__V1__KeyReply *reply = &answer->reply;

	reply->commands = talloc_realloc(answer, reply->commands, char *,
					 reply->n_commands + 1);
	OSMO_ASSERT(reply->commands);
	reply->commands[reply->n_commands++] = (char *)address;
	if (!answer->server_key[0] && public_key)
		answer->server_key = public_key;
}

static struct key_answer *answer_alloc(struct command *command)
{
	struct key_answer *answer = talloc_zero(command, struct key_answer);

	OSMO_ASSERT(answer);
	answer->change = (struct keyring_change){
		.ctx = answer,
		.by = &command->principal,
		.now_us = clock_utc_us(),
		.fault = &command->fault,
	};
	gridcall__v1__key_reply__init(&answer->reply);
	answer->server_key = "";
	services_commands(command->gateway->services, add_entrance, answer);
	return answer;
}

static void fill_keys(struct key_answer *answer)
{
	const struct keyring_change *change = &answer->change;
	Gridcall__V1__KeyReply *reply = &answer->reply;
	Gridcall__V1__Key *keys;
	size_t i;

	keys = talloc_array(answer, Gridcall__V1__Key, change->count + 1);
	reply->keys =
		talloc_array(answer, Gridcall__V1__Key *, change->count + 1);
	OSMO_ASSERT(keys && reply->keys);
	for (i = 0; i < change->count; i++) {
		key_to_message(change->keys[i], answer, &keys[i]);
		reply->keys[i] = &keys[i];
	}
	reply->n_keys = change->count;
}

static void fill_reply(struct command *command, struct key_answer *answer,
		       Gridcall__V1__Reply *reply)
{
	gridcall__v1__reply__init(reply);
	fill_keys(answer);
	answer->reply.server_key = (char *)answer->server_key;
	if (command->gateway->running.id)
		answer->reply.gateway = command->gateway->running.id;
	reply->body_case = GRIDCALL__V1__REPLY__BODY_KEY;
	reply->key = &answer->reply;
}

/* The keys are on the disk. */
static void on_written(struct command *command)
{
	struct key_answer *answer = command->data;

	keyring_written(command->gateway->keyring, &answer->change);
	admission_check(command->gateway);
}

static void commit_change(struct command *command, struct key_answer *answer)
{
	const struct keyring_change *change = &answer->change;
	Gridcall__V1__Reply reply;
	size_t i;

	fill_reply(command, answer, &reply);
	if (change->forgotten[0])
		ledger_batch_key_gone(command->batch, change->forgotten);
	for (i = 0; i < change->count; i++)
		ledger_batch_key(command->batch, answer->reply.keys[i]);
	command->data = answer;
	command->committed = on_written;
	command_commit(command, &reply);
}

static void refuse(struct command *command, const struct key_answer *answer)
{
	/* The audit tells what the sentence keeps to itself. */
	command->is_outside = answer->change.outside;
	command_refuse(command);
}

/* What is known of it before it was looked at. */
static void set_subject(struct command *command, const char *verb,
			const char *name)
{
	snprintf(command->subject, sizeof(command->subject), "%s%s%s", verb,
		 key_name_is_valid(name) ? " " : "",
		 key_name_is_valid(name) ? name : "");
}

/* What would be good before it is durable can wait; a revocation can't. */
static int check_ledger(struct command *command)
{
	if (!command->gateway->trouble[0])
		return 0;
	return fault_set(&command->fault,
			 GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE,
			 "no key can be added or put off while the ledger "
			 "can't write: %s",
			 command->gateway->trouble);
}

static int check_server_key(struct command *command,
			    const struct key_answer *answer,
			    const Gridcall__V1__Key *key)
{
	if (!key->public_key[0] || strcmp(key->public_key, answer->server_key))
		return 0;
	return fault_set(&command->fault,
			 GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT,
			 "that is the public key of the gateway itself; a "
			 "principal needs a pair of its own");
}

static void add_key(struct command *command, struct key_answer *answer)
{
	const Gridcall__V1__KeyAdd *request = command->request->key->add;
	const struct keyring_change *change = &answer->change;
	const size_t size = sizeof(command->subject);

	if (request->key)
		set_subject(command, "add", request->key->name);
	if (check_ledger(command) ||
	    (request->key && check_server_key(command, answer, request->key)) ||
	    keyring_add(command->gateway->keyring, &answer->change, request)) {
		refuse(command, answer);
		return;
	}
	snprintf(command->subject, size, "add ");
	key_describe(change->keys[change->count - 1], command->subject + 4,
		     size - 4);
	commit_change(command, answer);
}

static void list_keys(struct command *command, struct key_answer *answer)
{
	Gridcall__V1__Reply reply;

	keyring_list(command->gateway->keyring, &answer->change,
		     command->request->key->list->all);
	fill_reply(command, answer, &reply);
	command_reply(command, &reply);
}

static void revoke_keys(struct command *command, struct key_answer *answer)
{
	const Gridcall__V1__KeyRevoke *request = command->request->key->revoke;
	const struct key *key;

	set_subject(command, "revoke", request->name);
	if (keyring_revoke(command->gateway->keyring, &answer->change,
			   request)) {
		refuse(command, answer);
		return;
	}
	key = answer->change.keys[0];
	snprintf(command->subject, sizeof(command->subject), "revoke %s%s%s",
		 key->name, request->public_key[0] ? " " : "",
		 request->public_key);
	commit_change(command, answer);
}

static void expire_key(struct command *command, struct key_answer *answer)
{
	const Gridcall__V1__KeyExpire *request = command->request->key->expire;
	const struct key *key;
	char date[32];

	set_subject(command, "expire", request->name);
	if (check_ledger(command) || keyring_expire(command->gateway->keyring,
						    &answer->change, request)) {
		refuse(command, answer);
		return;
	}
	key = answer->change.keys[0];
	key_date(key->expires_us, date, sizeof(date));
	snprintf(command->subject, sizeof(command->subject), "expire %s %s%s",
		 key->name, key->expires_us ? "until " : "", date);
	commit_change(command, answer);
}

void command_key(struct command *command)
{
	struct key_answer *answer = answer_alloc(command);

	switch (command->request->key->action_case) {
	case GRIDCALL__V1__KEY_REQUEST__ACTION_ADD:
		add_key(command, answer);
		return;
	case GRIDCALL__V1__KEY_REQUEST__ACTION_LIST:
		list_keys(command, answer);
		return;
	case GRIDCALL__V1__KEY_REQUEST__ACTION_REVOKE:
		revoke_keys(command, answer);
		return;
	case GRIDCALL__V1__KEY_REQUEST__ACTION_EXPIRE:
		expire_key(command, answer);
		return;
	default:
		fault_set(&command->fault,
			  GRIDCALL__V1__ERROR_CODE__ERROR_BAD_REQUEST,
			  "the key command does not say what to do; have it "
			  "add, list, revoke or expire");
		command_refuse(command);
	}
}
