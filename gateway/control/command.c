/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/control/command.h"

#include <errno.h>
#include <string.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/call/message.h"
#include "gateway/clock.h"
#include "gateway/control/audit.h"
#include "gateway/record/ledger_query.h"
#include "gateway/record/utf8.h"

#define IDEMPOTENCY_KEY_MAX 128

#define BODY(name) GRIDCALL__V1__REQUEST__BODY_##name

/* A row of the table of rights. */
struct command_row {
	Gridcall__V1__Request__BodyCase body;
	const char *name;
	enum right right;
	bool changes; /* has a batch, and a repeat of it is known */
	void (*run)(struct command *command);
};

static const struct command_row command_rows[] = {
	{BODY(WHOAMI), "whoami", RIGHT_LOOK, false, command_whoami},
	{BODY(STATUS), "status", RIGHT_LOOK, false, command_status},
	{BODY(UNITS), "units", RIGHT_LOOK, false, command_units},
	{BODY(CHANNELS), "channels", RIGHT_LOOK, false, command_channels},
	{BODY(CALLS), "calls", RIGHT_LOOK, false, command_calls},
	{BODY(REPORT), "report", RIGHT_LOOK, false, command_report},
	{BODY(REPLAY), "replay", RIGHT_LOOK, false, command_replay},
	{BODY(RECORDING), "recording", RIGHT_HEAR, true, command_recording},
	{BODY(PLAN), "plan", RIGHT_CALL, false, command_plan},
	{BODY(START), "start", RIGHT_CALL, true, command_start_call},
	{BODY(PAUSE), "pause", RIGHT_CALL, true, command_pause},
	{BODY(RESUME), "resume", RIGHT_CALL, true, command_resume},
	{BODY(CANCEL), "cancel", RIGHT_CALL, true, command_cancel},
	{BODY(CONFIRM), "confirm", RIGHT_CALL, true, command_confirm},
	{BODY(RELEASE), "release", RIGHT_CALL, true, command_release},
	{BODY(IMPORT), "import", RIGHT_ENGINEER, true, command_import},
	{BODY(SNAPSHOT), "snapshot", RIGHT_LOOK, false, command_snapshot},
	{BODY(WITHDRAW), "withdraw", RIGHT_LOOK, false, command_withdraw},
	{BODY(LISTEN), "listen", RIGHT_HEAR, false, command_listen},
	{BODY(TALK), "talk", RIGHT_CALL, false, command_talk},
	{BODY(EXCUSE), "excuse", RIGHT_CALL, true, command_excuse},
	{BODY(KEY), "key", RIGHT_ENGINEER, true, command_key},
};

bool command_right(Gridcall__V1__Request__BodyCase body, enum right *right)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(command_rows); i++) {
		if (command_rows[i].body != body)
			continue;
		*right = command_rows[i].right;
		return true;
	}
	return false;
}

static const struct command_row *command_row(const struct command *command)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(command_rows); i++)
		if (command_rows[i].body == command->request->body_case)
			return &command_rows[i];
	return NULL;
}

const char *command_name(const struct command *command)
{
	const struct command_row *row = command_row(command);

	return row ? row->name : "";
}

static int command_destroy(struct command *command)
{
	llist_del(&command->entry);
	if (command->request)
		gridcall__v1__request__free_unpacked(command->request, NULL);
	ledger_batch_free(command->batch);
	return 0;
}

/* An id that is no UTF-8 would be the end of a reader that is strict. */
static char *id_to_tell(const struct command *command)
{
	char *id = command->request ? command->request->id : NULL;

	return id && utf8_is_valid((const uint8_t *)id, strlen(id))
		       ? id
		       : (char *)"";
}

static void pack_reply(struct command *command, Gridcall__V1__Reply *reply)
{
	reply->id = id_to_tell(command);
	command->packed_len = gridcall__v1__reply__get_packed_size(reply);
	command->packed = talloc_size(command, command->packed_len + 1);
	OSMO_ASSERT(command->packed);
	gridcall__v1__reply__pack(reply, command->packed);
}

void command_reply_packed(struct command *command, const uint8_t *packed,
			  size_t len)
{
	services_reply(command->bridge, command->token, packed, len);
	talloc_free(command);
}

static void send_packed(struct command *command)
{
	command_reply_packed(command, command->packed, command->packed_len);
}

void command_reply(struct command *command, Gridcall__V1__Reply *reply)
{
	pack_reply(command, reply);
	send_packed(command);
}

void command_refuse(struct command *command)
{
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__Error error = GRIDCALL__V1__ERROR__INIT;

	gateway_count(command->gateway, COUNT_COMMANDS_REFUSED);
	if (command->is_outside ||
	    command->fault.code == GRIDCALL__V1__ERROR_CODE__ERROR_NOT_ALLOWED)
		audit_refused(command);
	error.code = command->fault.code;
	error.sentence = command->fault.sentence;
	reply.error = &error;
	command_reply(command, &reply);
}

static void on_committed(void *data, uint64_t first, uint64_t last)
{
	struct command *command = data;

	/* A gateway that stops acts no more: its next start does. */
	if (command->committed && !command->gateway->stopping)
		command->committed(command);
	send_packed(command);
}

static bool is_idempotent(const struct command *command)
{
	return command->request->idempotency_key[0];
}

void command_keep_idempotency(struct command *command)
{
	if (is_idempotent(command))
		ledger_batch_idempotency(
			command->batch, command->principal.name,
			command->request->idempotency_key, command->digest,
			(const uint8_t *)"", 0);
}

void command_commit(struct command *command, Gridcall__V1__Reply *reply)
{
	struct ledger_batch *batch = command->batch;

	audit_done(command);
	pack_reply(command, reply);
	if (is_idempotent(command))
		ledger_batch_idempotency(batch, command->principal.name,
					 command->request->idempotency_key,
					 command->digest, command->packed,
					 command->packed_len);
	command->batch = NULL;
	ledger_commit(command->gateway->ledger, batch, on_committed, command);
}

/* ---- idempotency ---- */

struct repeat {
	struct command *command;
	int rc;
	uint8_t *reply;
	size_t len;
};

/* [reader] */
static void look_up_repeat(struct ledger_reader *reader, void *data)
{
	struct repeat *repeat = data;
	struct command *command = repeat->command;

	/* On no context of main's: talloc does not cross threads. */
	repeat->rc = ledger_reader_idempotency(
		reader, NULL, command->principal.name,
		command->request->idempotency_key, command->digest,
		&repeat->reply, &repeat->len);
}

/* The first reply again, under this request's id. */
static void reply_again(struct command *command, const uint8_t *data,
			size_t len)
{
	Gridcall__V1__Reply *first =
		gridcall__v1__reply__unpack(NULL, len, data);
	char *id;

	if (!first) {
		fault_set(&command->fault,
			  GRIDCALL__V1__ERROR_CODE__ERROR_INTERNAL,
			  "the reply kept under this idempotency key can't "
			  "be read; use another one");
		command_refuse(command);
		return;
	}
	id = first->id;
	pack_reply(command, first);
	first->id = id;
	gridcall__v1__reply__free_unpacked(first, NULL);
	send_packed(command);
}

static bool is_late(const struct command *command)
{
	return command->deadline_us && clock_now_us() > command->deadline_us;
}

bool command_should_stop(const struct command *command)
{
	return atomic_load_explicit(&command->withdrawn,
				    memory_order_relaxed) ||
	       is_late(command);
}

int command_check_wanted(struct command *command)
{
	uint64_t waited_us = clock_now_us() - command->received_us;

	if (atomic_load_explicit(&command->withdrawn, memory_order_relaxed))
		return fault_set(&command->fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_WITHDRAWN,
				 "the request was withdrawn and nothing was "
				 "done; send it again if it is wanted");
	if (is_late(command))
		return fault_set(&command->fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_TOO_LATE,
				 "the request took %llu ms so far, its "
				 "deadline was %u, and nothing was done; ask "
				 "again",
				 (unsigned long long)(waited_us / 1000),
				 command->request->deadline_ms);
	return 0;
}

int command_check_time(struct command *command)
{
	if (command->gateway->stopping)
		return fault_set(&command->fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE,
				 "the gateway is stopping and nothing was "
				 "done; ask again when it has started");
	return command_check_wanted(command);
}

static void command_run(struct command *command)
{
	const struct command_row *row = command_row(command);

	/*
	 * Judged last: whatever else is wrong is said first of what is theirs
	 * and of what is not alike.
	 */
	if (command_check_time(command) || jurisdiction_judge(command)) {
		command_refuse(command);
		return;
	}
	if (row->changes)
		command->batch = ledger_batch_alloc(command->gateway->ledger);
	row->run(command);
}

static void on_repeat(void *data)
{
	struct repeat *repeat = data;
	struct command *command = repeat->command;

	switch (repeat->rc) {
	case 0:
		if (repeat->len)
			reply_again(command, repeat->reply, repeat->len);
		else /* kept without its reply: see command_keep_idempotency()
		      */
			command_run(command);
		break;
	case -ENOENT:
		command_run(command);
		break;
	case -EEXIST:
		fault_set(&command->fault,
			  GRIDCALL__V1__ERROR_CODE__ERROR_CONFLICT,
			  "this idempotency key was used for another request, "
			  "or under another jurisdiction; use a new one");
		command_refuse(command);
		break;
	default:
		fault_set(&command->fault,
			  GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE,
			  "the ledger can't be read; try again, and look at "
			  "\"show ledger\"");
		command_refuse(command);
	}
	talloc_free(repeat->reply);
	talloc_free(repeat);
}

static bool is_repeat_of(const struct command *command,
			 const struct command *other)
{
	return other != command && other->request &&
	       !strcmp(other->principal.name, command->principal.name) &&
	       !strcmp(other->request->idempotency_key,
		       command->request->idempotency_key);
}

static void command_look_up(struct command *command)
{
	struct repeat *repeat;
	struct command *other;

	llist_for_each_entry (other, &command->gateway->commands, entry) {
		if (!is_repeat_of(command, other))
			continue;
		fault_set(&command->fault, GRIDCALL__V1__ERROR_CODE__ERROR_BUSY,
			  "the first request with this idempotency key is "
			  "still being carried out; ask again in a moment");
		command_refuse(command);
		return;
	}
	repeat = talloc_zero(command->gateway, struct repeat);
	OSMO_ASSERT(repeat);
	repeat->command = command;
	ledger_read(command->gateway->ledger, look_up_repeat, on_repeat,
		    repeat);
}

/* ---- taking a request ---- */

/* The reply carries the id, and is to be read by who sent it. */
static int check_text(struct command *command)
{
	Gridcall__V1__Request *request = command->request;
	const char *garbled = message_garbled_field(&request->base);

	if (!garbled)
		return 0;
	if (request->id[0])
		utf8_mend(request->id);
	return fault_set(&command->fault,
			 GRIDCALL__V1__ERROR_CODE__ERROR_BAD_REQUEST,
			 "the field %s holds no UTF-8, or control characters; "
			 "send plain "
			 "text as UTF-8",
			 garbled);
}

static int check_request(struct command *command)
{
	const struct command_row *row = command_row(command);
	struct fault *fault = &command->fault;

	if (check_text(command))
		return -EINVAL;
	if (!row)
		return fault_set(fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_BAD_REQUEST,
				 "this gateway (version %s) does not know that "
				 "command; ask for one of gridcall.proto",
				 GRIDCALL_VERSION);
	if (strlen(command->request->idempotency_key) > IDEMPOTENCY_KEY_MAX)
		return fault_set(
			fault, GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT,
			"the idempotency key is longer than %d characters; "
			"use a shorter one",
			IDEMPOTENCY_KEY_MAX);
	if (!command->principal.roles)
		return fault_set(fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_NOT_ALLOWED,
				 "'%s' has no key in force and may not use %s; "
				 "have an engineer register one",
				 command->principal.name, row->name);
	if (!authority_allows(&command->principal, row->right))
		return fault_set(fault,
				 GRIDCALL__V1__ERROR_CODE__ERROR_NOT_ALLOWED,
				 "'%s' may not use %s; it needs the role %s",
				 command->principal.name, row->name,
				 authority_roles_with(row->right));
	return 0;
}

/*
 * Of the body: id and deadline may differ in a repeat.  Of a restricted
 * principal's areas too, so that the reply to what he saw then is not read
 * again by one who sees less.
 */
static void make_digest(struct command *command)
{
	const struct principal *principal = &command->principal;
	Gridcall__V1__Request bare = *command->request;
	uint8_t *packed;
	size_t len, i;

	bare.id = bare.idempotency_key = (char *)"";
	bare.deadline_ms = 0;
	len = gridcall__v1__request__get_packed_size(&bare);
	packed =
		talloc_size(command, len + sizeof(principal->jurisdiction) + 1);
	OSMO_ASSERT(packed);
	gridcall__v1__request__pack(&bare, packed);
	for (i = 0; command->sees && i < principal->areas; i++) {
		strcpy((char *)packed + len, principal->jurisdiction[i]);
		len += strlen(principal->jurisdiction[i]) + 1;
	}
	digest_make(command->digest, packed, len);
	talloc_free(packed);
}

static void refuse_garbage(struct command *command)
{
	gateway_count(command->gateway, COUNT_COMMANDS_GARBAGE);
	fault_set(&command->fault, GRIDCALL__V1__ERROR_CODE__ERROR_BAD_REQUEST,
		  "these bytes are no gridcall.v1.Request; see gridcall.proto");
	command_refuse(command);
}

void command_request(struct gateway *gateway,
		     const struct service_request *request)
{
	struct command *command = talloc_zero(gateway, struct command);

	OSMO_ASSERT(command);
	gateway_count(gateway, COUNT_COMMANDS);
	command->gateway = gateway;
	command->bridge = request->bridge;
	command->token = request->token;
	command->received_us = request->received_us;
	command->connection = request->connection;
	authority_find(&command->principal, gateway->keyring,
		       &(struct authority_name){
			       .name = request->principal,
			       .address = request->address,
			       .public_key = request->public_key,
		       });
	command->sees = jurisdiction_of(&command->principal, &command->scope);
	llist_add_tail(&command->entry, &gateway->commands);
	talloc_set_destructor(command, command_destroy);
	command->request = gridcall__v1__request__unpack(NULL, request->len,
							 request->data);
	if (!command->request) {
		refuse_garbage(command);
		return;
	}
	if (command->request->deadline_ms)
		command->deadline_us =
			command->received_us +
			(uint64_t)command->request->deadline_ms * 1000;
	if (check_request(command)) {
		command_refuse(command);
		return;
	}
	if (!is_idempotent(command) || !command_row(command)->changes) {
		command_run(command);
		return;
	}
	make_digest(command);
	command_look_up(command);
}
