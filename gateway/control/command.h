/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * command.h - one request, from its bytes to its reply
 *
 * Whatever carries it, a request is unpacked, its principal's right checked,
 * its idempotency key looked up, and then handed to the one function that
 * carries it out.  What changes something is replied to after its events are
 * durable, and the reply is kept with them.
 *
 * Memory:  a command is a talloc context of its own, freed by its reply.
 * Threads: main.
 */
#pragma once

#include "gateway/control/authority.h"
#include "gateway/control/digest.h"
#include "gateway/control/jurisdiction.h"
#include "gateway/fault.h"
#include "gateway/gateway.h"
#include "gateway/services.h"

#include <stdatomic.h>

struct command {
	struct llist_head entry;
	struct gateway *gateway;
	struct bridge *bridge;
	uint64_t token;
	uint64_t connection; /* it came over; 0: not told */
	struct principal principal;
	const struct scope *sees; /* of the principal; NULL: everything */
	struct scope scope;
	bool is_outside; /* refused for want of jurisdiction */
	Gridcall__V1__Request *request;
	uint8_t digest[DIGEST_BYTES];
	struct ledger_batch *batch; /* of a command that changes something */
	struct fault fault;
	uint64_t received_us;
	uint64_t deadline_us; /* by clock_now_us(); 0: none */
	atomic_bool withdrawn;
	/* what it was about, for the audit: filled in before its commit */
	char subject[128];
	/* the packed reply, while its events are on their way to the disk */
	uint8_t *packed;
	size_t packed_len;
	/* how a handler goes on after its commit, before the reply */
	void (*committed)(struct command *command);
	void *data; /* the handler's own */
};

/* Take a request that a service brought in. */
void command_request(struct gateway *gateway,
		     const struct service_request *request);

/* Send the reply and free the command. */
void command_reply(struct command *command, Gridcall__V1__Reply *reply);

/* Send a packed Reply, which stays the caller's, and free the command. */
void command_reply_packed(struct command *command, const uint8_t *packed,
			  size_t len);

/* Send the fault as the reply and free the command. */
void command_refuse(struct command *command);

/*
 * Commit the batch, with the audit's event and the reply kept under the
 * request's idempotency key, then send it and free the command.
 */
void command_commit(struct command *command, Gridcall__V1__Reply *reply);

/*
 * [any] Whether nobody waits for it any more: withdrawn, or its deadline has
 * passed.  Long work asks at each row, stops, and leaves the refusal to
 * command_check_wanted() on main.
 */
bool command_should_stop(const struct command *command);

/* -EINVAL and the fault that says so; before anything is committed. */
int command_check_wanted(struct command *command);

/*
 * The same, and when the gateway stops.  For handlers that waited before they
 * did anything.
 */
int command_check_time(struct command *command);

/*
 * Have the batch keep the request's idempotency key without the reply, which is
 * too large for the ledger: a repeat is carried out again, another body is
 * refused.
 */
void command_keep_idempotency(struct command *command);

/*
 * The directory is being changed by this command, whose end must clear
 * gateway->changing.  -EINVAL and a fault when another does.
 */
int command_begin_change(struct command *command);

/* Its name in Request. */
const char *command_name(const struct command *command);

/* What a command needs; false when there is none of that body. */
bool command_right(Gridcall__V1__Request__BodyCase body, enum right *right);

/* The handlers; each ends in one of the three above, now or later. */
void command_whoami(struct command *command);
void command_status(struct command *command);
void command_units(struct command *command);
void command_channels(struct command *command);
void command_import(struct command *command);
void command_plan(struct command *command);
void command_start_call(struct command *command);
void command_pause(struct command *command);
void command_resume(struct command *command);
void command_cancel(struct command *command);
void command_confirm(struct command *command);
void command_release(struct command *command);
void command_calls(struct command *command);
void command_report(struct command *command);
void command_replay(struct command *command);
void command_snapshot(struct command *command);
void command_recording(struct command *command);
void command_key(struct command *command);
void command_withdraw(struct command *command);
void command_listen(struct command *command);
void command_talk(struct command *command);
void command_excuse(struct command *command);
