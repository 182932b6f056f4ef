/* SPDX-License-Identifier: MIT
 *
 * A client's requests.  Replies to others than the one that is waited for are
 * kept until gridcall_process(), so that a handler is never called out of
 * gridcall_ask().
 */
#include "proto/client_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/fault.h"
#include "proto/probe.h"

#define DEADLINE_MS 10000
#define SLICE_MS    100 /* how soon a cancel flag is seen */
#define ID_MAX      24

static int unavailable(struct gridcall_fault *fault, int rc,
		       const char *address, const char *reason)
{
	bool far = !strncmp(address, "tcp://", strlen("tcp://"));

	return fault_say(fault, rc, FAULT_UNAVAILABLE,
			 "No gateway can be reached at '%s': %s; is gridcalld "
			 "running%s?",
			 address, reason,
			 far ? " there, and does nothing block the way"
			     : ", and are you in its group");
}

void client_free_asked(struct asked *asked)
{
	gridcall_reply_free(asked->reply);
	free(asked);
}

/* ------------------------------------------------------------- sending -- */

static int send_request(struct link *link, const Gridcall__V1__Request *request)
{
	size_t len = gridcall__v1__request__get_packed_size(request);
	uint8_t *bytes;
	int rc;

	if (len > GRIDCALL_REQUEST_MAX)
		return -EMSGSIZE;
	bytes = malloc(len + 1);
	if (!bytes)
		return -ENOMEM;
	gridcall__v1__request__pack(request, bytes);
	rc = link_send(link, bytes, len);
	free(bytes);
	return rc;
}

static int send_or_say(struct gridcall_client *client,
		       const Gridcall__V1__Request *request,
		       struct gridcall_fault *fault)
{
	int rc = client->answered ? 0 : probe_listener(client->address);

	if (rc)
		return unavailable(fault, -ECONNREFUSED, client->address,
				   strerror(-rc));
	rc = send_request(client->link, request);
	if (rc == -EMSGSIZE)
		return fault_say(fault, rc, FAULT_ARGUMENT,
				 "The request is larger than the %u MiB that a "
				 "gateway takes; send less at once",
				 GRIDCALL_REQUEST_MAX >> 20);
	if (rc && link_refusal(client->link))
		return fault_say(fault, -EACCES, FAULT_REFUSED, "%s",
				 link_refusal(client->link));
	if (rc)
		return unavailable(fault, -ECONNREFUSED, client->address,
				   "its queue is full");
	return 0;
}

/* Number it and send it.  Replies come back on the same connection. */
static int post(struct gridcall_client *client, Gridcall__V1__Request *request,
		struct asked *asked, struct gridcall_fault *fault)
{
	struct asked **last = &client->asked;
	char id[ID_MAX];
	int rc;

	link_check(client->link);
	if (asked->deadline_ms <= 0)
		asked->deadline_ms = DEADLINE_MS;
	asked->id = ++client->last_id;
	asked->end_ms = link_now_ms() + asked->deadline_ms;
	asked->refusals = link_refusals(client->link);
	asked->failures = link_failures(client->link);
	snprintf(id, sizeof(id), "%" PRIu64, asked->id);
	request->id = id;
	if (!request->deadline_ms)
		request->deadline_ms = (uint32_t)asked->deadline_ms;
	rc = send_or_say(client, request, fault);
	request->id = (char *)protobuf_c_empty_string;
	if (rc)
		return rc;
	while (*last)
		last = &(*last)->next;
	*last = asked;
	client_wake(client);
	return 0;
}

/* ------------------------------------------------------------ answers --- */

static void remove_asked(struct gridcall_client *client, struct asked *asked)
{
	struct asked **at = &client->asked;

	while (*at && *at != asked)
		at = &(*at)->next;
	if (*at)
		*at = asked->next;
}

static void settle(struct asked *asked, int rc)
{
	asked->done = true;
	asked->answer.id = asked->id;
	asked->answer.rc = rc;
	asked->answer.reply = asked->reply;
	asked->answer.fault = &asked->fault;
}

static void settle_reply(struct gridcall_client *client, struct asked *asked,
			 Gridcall__V1__Reply *reply)
{
	int rc = 0;

	client->answered = true;
	asked->reply = reply;
	if (reply->error)
		rc = fault_say(&asked->fault, -EREMOTEIO, reply->error->code,
			       "%s", reply->error->sentence);
	settle(asked, rc);
}

/* Take every reply that waits.  What nobody asked for, or asks no more, goes.
 */
int client_read_replies(struct gridcall_client *client)
{
	struct link_message message;
	int count = 0;

	for (; !link_receive(client->link, &message); count++) {
		Gridcall__V1__Reply *reply = gridcall__v1__reply__unpack(
			NULL, message.len, message.data);
		uint64_t id = reply ? strtoull(reply->id, NULL, 10) : 0;
		struct asked *asked = client->asked;

		while (asked && (asked->id != id || asked->done))
			asked = asked->next;
		if (asked)
			settle_reply(client, asked, reply);
		else
			gridcall_reply_free(reply);
	}
	return count;
}

static void give_up(const struct gridcall_client *client, struct asked *asked,
		    int rc)
{
	const char *address = client->address;
	int gone = probe_listener(address);

	if (rc == -ECANCELED)
		fault_say(&asked->fault, rc, FAULT_UNAVAILABLE,
			  "Interrupted before the gateway at '%s' answered; "
			  "the command may have been carried out",
			  address);
	else if (gone)
		unavailable(&asked->fault, rc, address, strerror(-gone));
	else
		fault_say(&asked->fault, rc, FAULT_LATE,
			  "The gateway at '%s' did not answer within %d ms; "
			  "the command may have been carried out",
			  address, asked->deadline_ms);
	settle(asked, rc);
}

/* Whether it is known by now that no answer will come. */
static void judge(const struct gridcall_client *client, struct asked *asked,
		  int64_t now_ms)
{
	if (asked->done)
		return;
	if (link_refusals(client->link) > asked->refusals)
		settle(asked, fault_say(&asked->fault, -EACCES, FAULT_REFUSED,
					"%s", link_refusal(client->link)));
	else if (link_failures(client->link) > asked->failures)
		settle(asked,
		       unavailable(&asked->fault, -ECONNREFUSED,
				   client->address, "nobody listens there"));
	else if (now_ms >= asked->end_ms)
		give_up(client, asked, -ETIMEDOUT);
}

void gridcall_reply_free(Gridcall__V1__Reply *reply)
{
	gridcall__v1__reply__free_unpacked(reply, NULL);
}

/* ------------------------------------------------------------- waiting -- */

static bool is_cancelled(const struct gridcall_patience *patience)
{
	struct pollfd fd = {.fd = patience->cancel_fd, .events = POLLIN};

	if (patience->cancel && *patience->cancel)
		return true;
	return patience->cancel_fd > 0 && poll(&fd, 1, 0) > 0;
}

/* Until something may have changed. */
static void wait_a_while(const struct gridcall_client *client,
			 const struct gridcall_patience *patience,
			 int64_t end_ms)
{
	int64_t left_ms = end_ms - link_now_ms();
	int64_t due_ms = link_due_ms(client->link);
	struct pollfd fds[3] = {{.events = POLLIN},
				{.events = POLLIN},
				{.events = POLLIN, .fd = patience->cancel_fd}};
	int links[2];

	link_fds(client->link, links);
	fds[0].fd = links[0];
	fds[1].fd = links[1];
	if (due_ms && due_ms - link_now_ms() < left_ms)
		left_ms = due_ms - link_now_ms();
	/* A signal may set the flag just before the wait begins. */
	if (patience->cancel && left_ms > SLICE_MS)
		left_ms = SLICE_MS;
	(void)poll(fds, patience->cancel_fd > 0 ? 3 : 2,
		   left_ms > 0 ? (int)left_ms : 0);
}

static void withdraw(struct gridcall_client *client, uint64_t id)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__WithdrawRequest body =
		GRIDCALL__V1__WITHDRAW_REQUEST__INIT;
	char text[ID_MAX];
	char own[ID_MAX];

	snprintf(text, sizeof(text), "%" PRIu64, id);
	snprintf(own, sizeof(own), "%" PRIu64, ++client->last_id);
	body.id = text;
	request.id = own;
	request.body_case = GRIDCALL__V1__REQUEST__BODY_WITHDRAW;
	request.withdraw = &body;
	/* Nobody waits for what is said to it. */
	(void)send_request(client->link, &request);
	client_wake(client);
}

static void wait_for(struct gridcall_client *client, struct asked *asked,
		     const struct gridcall_patience *patience)
{
	for (;;) {
		link_check(client->link);
		(void)client_read_replies(client);
		judge(client, asked, link_now_ms());
		if (asked->done)
			return;
		if (is_cancelled(patience)) {
			give_up(client, asked, -ECANCELED);
			withdraw(client, asked->id);
			return;
		}
		wait_a_while(client, patience, asked->end_ms);
	}
}

int gridcall_ask(struct gridcall_client *client, Gridcall__V1__Request *request,
		 const struct gridcall_patience *patience,
		 Gridcall__V1__Reply **reply, struct gridcall_fault *fault)
{
	struct gridcall_patience waits = {0};
	struct asked asked = {0};
	int rc;

	if (patience)
		waits = *patience;
	asked.deadline_ms = waits.deadline_ms;
	rc = post(client, request, &asked, fault);
	if (rc)
		return rc;
	wait_for(client, &asked, &waits);
	remove_asked(client, &asked);
	client_wake(client);
	if (!asked.answer.rc) {
		*reply = asked.reply;
		return 0;
	}
	if (fault)
		*fault = asked.fault;
	gridcall_reply_free(asked.reply);
	return asked.answer.rc;
}

/* --------------------------------------------------------- not waiting -- */

static void ignore(void *data, const struct gridcall_answer *answer)
{
	(void)data;
	(void)answer;
}

uint64_t gridcall_send(struct gridcall_client *client,
		       Gridcall__V1__Request *request,
		       const struct gridcall_sent *sent,
		       struct gridcall_fault *fault)
{
	struct asked *asked = calloc(1, sizeof(*asked));

	if (!asked) {
		fault_say(fault, -ENOMEM, FAULT_UNAVAILABLE,
			  "There is no memory for a request");
		return 0;
	}
	asked->deadline_ms = sent->deadline_ms;
	asked->on_answer = sent->on_answer ? sent->on_answer : ignore;
	asked->data = sent->data;
	if (!post(client, request, asked, fault))
		return asked->id;
	free(asked);
	return 0;
}

void gridcall_cancel(struct gridcall_client *client, uint64_t id)
{
	struct asked *asked = client->asked;

	while (asked && (asked->id != id || !asked->on_answer))
		asked = asked->next;
	if (!asked)
		return;
	remove_asked(client, asked);
	if (!asked->done)
		withdraw(client, id);
	client_free_asked(asked);
}

/* The oldest that can be told of; NULL: none. */
static struct asked *next_done(struct gridcall_client *client, uint64_t last)
{
	int64_t now_ms = link_now_ms();
	struct asked *asked;

	for (asked = client->asked; asked && asked->id <= last;
	     asked = asked->next) {
		if (!asked->on_answer)
			continue; /* gridcall_ask() waits for it */
		judge(client, asked, now_ms);
		if (asked->done)
			return asked;
	}
	return NULL;
}

int client_tell_answers(struct gridcall_client *client)
{
	uint64_t last = client->last_id;
	struct asked *asked;
	int count = 0;

	while ((asked = next_done(client, last))) {
		remove_asked(client, asked);
		asked->on_answer(asked->data, &asked->answer);
		client_free_asked(asked);
		count++;
	}
	return count;
}
