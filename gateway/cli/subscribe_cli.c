/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * subscribe and replay: events as lines of JSON, for other programs.
 */
#include "gateway/cli/commands.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/json.h"
#include "proto/position.h"

#define POSITION_SIZE 64
#define REPLAY_LIMIT  1000

struct printer {
	struct cli *cli;
	uint64_t left; /* events still to print */
	bool failed;   /* nobody reads any more */
	struct gridcall_subscription *feed;
	const char *position_file; /* NULL: the position is not kept */
	char *position;            /* of the last event printed */
	bool fresh;                /* and not in the file yet */
};

/* Only what was printed is behind it, whatever else came with it. */
static void note_position(struct printer *printer)
{
	size_t size = gridcall_position(printer->feed, NULL, 0) + 1;

	free(printer->position);
	printer->position = malloc(size);
	if (printer->position)
		(void)gridcall_position(printer->feed, printer->position, size);
	printer->fresh = printer->position && printer->position[0];
}

static enum status keep_position(struct printer *printer)
{
	int rc;

	if (!printer->position_file || printer->failed || !printer->fresh)
		return STATUS_DONE;
	rc = position_write(printer->position_file, printer->position);
	printer->fresh = false;
	if (!rc)
		return STATUS_DONE;
	return cli_fail(STATUS_INCOMPLETE,
			"the position can't be written to '%s': %s",
			printer->position_file, strerror(-rc));
}

static void print_event(struct printer *printer,
			const Gridcall__V1__Event *event)
{
	if (!printer->left || printer->failed)
		return;
	printer->failed = cli_print_json(&event->base) != STATUS_DONE;
	if (printer->left != UINT64_MAX)
		printer->left--;
}

static void on_event(void *data, const struct gridcall_event *event)
{
	struct printer *printer = data;
	bool wanted = printer->left && !printer->failed;

	print_event(printer, event->event);
	if (wanted && !printer->left && printer->position_file)
		note_position(printer);
	printer->fresh = printer->fresh || wanted;
}

static void put_volatile(const char *topic, const char *name,
			 const ProtobufCMessage *message)
{
	struct json json = {0};

	(void)json_raw(&json, "{\"topic\":");
	(void)json_string(&json, topic);
	(void)json_raw(&json, ",\"");
	(void)json_raw(&json, name);
	(void)json_raw(&json, "\":");
	(void)json_message(&json, message);
	(void)json_raw(&json, "}\n");
	if (!json.failed)
		fwrite(json.text, 1, json.len, stdout);
	fflush(stdout);
	json_clear(&json);
}

static void on_volatile(void *data, const char *topic, const uint8_t *payload,
			size_t len)
{
	struct printer *printer = data;
	const char *kind = strrchr(topic, '.');
	const ProtobufCMessageDescriptor *descriptor = NULL;
	ProtobufCMessage *message;

	if (!cli_has(printer->cli, "volatile") || !kind)
		return;
	if (!strcmp(kind, ".channel"))
		descriptor = &gridcall__v1__channel_status__descriptor;
	else if (!strcmp(kind, ".status"))
		descriptor = &gridcall__v1__status__descriptor;
	if (!descriptor)
		return;
	message = protobuf_c_message_unpack(descriptor, NULL, len, payload);
	if (!message)
		return;
	put_volatile(topic, kind + 1, message);
	protobuf_c_message_free_unpacked(message, NULL);
}

static void on_break(void *data, const struct gridcall_break *now,
		     uint64_t *after_seq)
{
	(void)data;
	(void)cli_fail(STATUS_DONE,
		       "%s; events go on after %llu of epoch %s, take a report "
		       "of what you need from before",
		       now->trimmed ? "the old events of the ledger are gone"
				    : "the gateway has another ledger",
		       (unsigned long long)*after_seq, now->epoch);
}

static void on_trouble(void *data, const char *sentence)
{
	(void)data;
	if (sentence)
		(void)cli_say(STATUS_DONE, sentence);
}

/* Stop when nobody reads: a pipe that was closed shows an error, no input. */
static enum status run_feed(struct printer *printer)
{
	struct pollfd fds[] = {
		{.fd = gridcall_fd(printer->cli->client), .events = POLLIN},
		{.fd = fileno(stdout), .events = 0},
	};
	enum status status = STATUS_DONE;

	while (!status && printer->left && !printer->failed &&
	       !*cli_interrupted()) {
		/* A signal just before the wait is seen at its end. */
		(void)poll(fds, 2, 250);
		if (fds[1].revents & (POLLERR | POLLNVAL))
			return STATUS_DONE;
		gridcall_process(printer->cli->client);
		if (printer->fresh && printer->left && printer->position_file)
			note_position(printer);
		status = keep_position(printer);
	}
	return status;
}

/* Where to begin: what the file says, else --after, else now. */
static enum status set_position(struct printer *printer,
				char position[POSITION_SIZE],
				struct gridcall_interest *interest)
{
	const struct cli *cli = printer->cli;
	const char *epoch = cli_text(cli, "epoch", "-");
	struct gridcall_fault fault = {0};
	uint64_t after = 0;
	enum status status = cli_number(cli, "after", UINT64_MAX, &after);

	if (status)
		return status;
	if (cli_has(cli, "after"))
		snprintf(position, POSITION_SIZE, "%.32s %llu",
			 epoch[0] ? epoch : "-", (unsigned long long)after);
	if (cli_has(cli, "after"))
		interest->position = position;
	printer->position_file = cli_text(cli, "position", NULL);
	if (!printer->position_file)
		return STATUS_DONE;
	if (position_read(printer->position_file, &printer->position, &fault))
		return cli_say(STATUS_USAGE, fault.sentence);
	if (printer->position)
		interest->position = printer->position;
	return STATUS_DONE;
}

/* Any command: it shows at once when nobody is there, and opens the client. */
static enum status knock(struct cli *cli)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__StatusRequest body = GRIDCALL__V1__STATUS_REQUEST__INIT;
	Gridcall__V1__Reply *reply;
	enum status status;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_STATUS;
	request.status = &body;
	status = cli_ask(cli, &request, &reply);
	if (!status)
		gridcall_reply_free(reply);
	return status;
}

enum status subscribe_run(struct cli *cli)
{
	struct printer printer = {.cli = cli, .left = UINT64_MAX};
	struct gridcall_interest config = {.feed = cli_feed_address(cli),
					   .prefixes = cli->words,
					   .prefix_count = cli->word_count,
					   .on_event = on_event,
					   .on_volatile = on_volatile,
					   .on_break = on_break,
					   .on_trouble = on_trouble,
					   .data = &printer};
	char position[POSITION_SIZE];
	struct gridcall_fault fault = {0};
	enum status status;

	status = cli_number(cli, "count", UINT64_MAX - 1, &printer.left);
	if (!status)
		status = set_position(&printer, position, &config);
	if (!status)
		status = knock(cli);
	if (!status) {
		cli_catch_interrupts();
		printer.feed = gridcall_subscribe(cli->client, &config, &fault);
		status = printer.feed ? run_feed(&printer)
				      : cli_say(STATUS_USAGE, fault.sentence);
	}
	gridcall_unsubscribe(printer.feed);
	free(printer.position);
	return status;
}

/* -------------------------------------------------------------- replay -- */

static void print_replayed(struct printer *printer,
			   const Gridcall__V1__ReplayReply *reply)
{
	size_t i;

	for (i = 0; i < reply->n_events; i++) {
		Gridcall__V1__Event *event = gridcall__v1__event__unpack(
			NULL, reply->events[i].len, reply->events[i].data);

		if (event)
			print_event(printer, event);
		gridcall__v1__event__free_unpacked(event, NULL);
	}
}

enum status replay_run(struct cli *cli)
{
	struct printer printer = {.cli = cli, .left = UINT64_MAX};
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ReplayRequest body = GRIDCALL__V1__REPLAY_REQUEST__INIT;
	Gridcall__V1__Reply *reply = NULL;
	enum status status;
	bool more = true;

	status = cli_number(cli, "after", UINT64_MAX, &body.after_seq);
	if (!status)
		status =
			cli_number(cli, "count", UINT64_MAX - 1, &printer.left);
	request.body_case = GRIDCALL__V1__REQUEST__BODY_REPLAY;
	request.replay = &body;
	body.epoch = (char *)cli_text(cli, "epoch", "");
	body.limit = REPLAY_LIMIT;
	body.prefixes = (char **)cli->words;
	body.n_prefixes = cli->word_count;
	while (!status && more && printer.left && !printer.failed) {
		status = cli_ask(cli, &request, &reply);
		if (status)
			return status;
		print_replayed(&printer, reply->replay);
		/* One that does not get on would be asked for ever. */
		more = reply->replay->more &&
		       reply->replay->through_seq > body.after_seq;
		body.after_seq = reply->replay->through_seq;
		gridcall_reply_free(reply);
	}
	return status;
}
