/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * talk_command.c - live voice to channels: begin, send packets, end
 *
 * That somebody begins to talk is an event, committed before anything is keyed.
 */
#include "gateway/control/command.h"

#include <errno.h>
#include <string.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "codecs/opus.h"
#include "gateway/call/selector.h"
#include "gateway/control/jurisdiction.h"
#include "gateway/control/live.h"
#include "gateway/control/talks.h"

#define BAD         GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT
#define NOT_FOUND   GRIDCALL__V1__ERROR_CODE__ERROR_NOT_FOUND
#define CONFLICT    GRIDCALL__V1__ERROR_CODE__ERROR_CONFLICT
#define UNAVAILABLE GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE

/* A talk that is about to begin; a talloc child of its command. */
struct beginning {
	const char **codes;
	size_t count;
};

static void reply_talk(struct command *command, struct talk *talk)
{
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__TalkReply message;

	talk_describe(talk, command, &message);
	reply.body_case = GRIDCALL__V1__REPLY__BODY_TALK;
	reply.talk = &message;
	command_reply(command, &reply);
}

static int check_packets(struct command *command)
{
	const Gridcall__V1__TalkRequest *request = command->request->talk;
	const ProtobufCBinaryData *packet;
	size_t i;

	if (request->n_packets > TALK_PACKETS_MAX)
		return fault_set(&command->fault, BAD,
				 "%zu packets are too many for one request; "
				 "send at most %d, and each as soon as it is "
				 "spoken",
				 request->n_packets, TALK_PACKETS_MAX);
	for (i = 0; i < request->n_packets; i++) {
		packet = &request->packets[i];
		if (packet->len && !opus_is_plain(packet->data, packet->len))
			return fault_set(&command->fault, BAD,
					 "packet %zu is not 20 ms of mono "
					 "Opus; encode so",
					 request->number + i);
	}
	return 0;
}

/* What a request brings for a talk, and how that goes now. */
static void carry_on(struct command *command, struct talk *talk)
{
	const Gridcall__V1__TalkRequest *request = command->request->talk;

	talk_put(talk, request->number, request->packets, request->n_packets);
	if (request->end)
		talk_end(talk);
	reply_talk(command, talk);
}

/* ---- beginning ---- */

static void add_code(struct beginning *beginning, const char *code)
{
	size_t i;

	for (i = 0; i < beginning->count; i++)
		if (!strcmp(beginning->codes[i], code))
			return;
	beginning->codes = talloc_realloc(beginning, beginning->codes,
					  const char *, beginning->count + 1);
	OSMO_ASSERT(beginning->codes);
	beginning->codes[beginning->count++] =
		talloc_strdup(beginning->codes, code);
}

/* A channel that they see but may not speak on is not among those selected. */
static void add_channel_of(struct command *command, struct beginning *beginning,
			   const struct unit *unit)
{
	const struct channel_entry *channel = directory_find_channel(
		command->gateway->directory, unit->channel);

	if (channel && channel_is_theirs(&command->principal, channel))
		add_code(beginning, channel->code);
}

static int select_codes(struct command *command, struct beginning *beginning)
{
	const struct directory *directory = command->gateway->directory;
	struct selector *selector;
	const struct unit **units;
	size_t count, i;

	if (!command->request->talk->selector[0])
		return 0;
	selector = selector_parse_within(
		beginning, command->request->talk->selector, directory,
		command->sees, &command->fault);
	if (!selector)
		return -EINVAL;
	units = selector_units(selector, beginning, directory, &count);
	for (i = 0; i < count; i++)
		add_channel_of(command, beginning, units[i]);
	return 0;
}

static int name_codes(struct command *command, struct beginning *beginning)
{
	const Gridcall__V1__TalkRequest *request = command->request->talk;
	size_t i;

	for (i = 0; i < request->n_channels; i++) {
		if (!live_channel(command, request->channels[i]))
			return -EINVAL;
		add_code(beginning, request->channels[i]);
	}
	if (select_codes(command, beginning))
		return -EINVAL;
	if (beginning->count)
		return 0;
	if (request->selector[0])
		return fault_set(&command->fault, NOT_FOUND,
				 "no unit with a channel is selected; look "
				 "with units");
	return fault_set(&command->fault, BAD,
			 "a talk begins by naming its channels, or by a "
			 "selector; send one");
}

static int check_free(struct command *command,
		      const struct beginning *beginning)
{
	const struct talks *talks = command->gateway->talks;
	const struct talk *other = NULL;
	size_t i;

	if (talks_of(talks, command->principal.name))
		return fault_set(&command->fault, CONFLICT,
				 "'%s' talks already; end that first, or wait "
				 "for half a second",
				 command->principal.name);
	for (i = 0; i < beginning->count; i++) {
		other = talks_on(talks, beginning->codes[i]);
		if (!other)
			return 0;
	}
	return fault_set(&command->fault, CONFLICT,
			 "'%s' talks there; wait for the end",
			 talk_principal(other));
}

static void on_audited(void *data, uint64_t first, uint64_t last)
{
	struct command *command = data;
	struct beginning *beginning = command->data;
	struct talk *talk = NULL;
	size_t i;

	if (!command_check_time(command) && !check_free(command, beginning))
		talk = talk_alloc(command->gateway->talks,
				  command->principal.name);
	if (!talk) {
		command_refuse(command);
		return;
	}
	for (i = 0; i < beginning->count; i++)
		talk_add(talk, beginning->codes[i]);
	carry_on(command, talk);
}

static void begin(struct command *command)
{
	struct gateway *gateway = command->gateway;
	struct beginning *beginning = talloc_zero(command, struct beginning);
	struct ledger_batch *batch;
	size_t i;

	OSMO_ASSERT(beginning);
	command->data = beginning;
	if (name_codes(command, beginning) || check_free(command, beginning)) {
		command_refuse(command);
		return;
	}
	if (gateway->trouble[0]) {
		fault_set(&command->fault, UNAVAILABLE,
			  "nobody can begin to talk, for it can't be recorded "
			  "who does: %s",
			  gateway->trouble);
		command_refuse(command);
		return;
	}
	batch = ledger_batch_alloc(gateway->ledger);
	for (i = 0; i < beginning->count; i++)
		live_audit(command, batch,
			   directory_find_channel(gateway->directory,
						  beginning->codes[i]));
	ledger_commit(gateway->ledger, batch, on_audited, command);
}

void command_talk(struct command *command)
{
	const char *id = command->request->talk->talk;
	struct talk *talk;

	if (check_packets(command)) {
		command_refuse(command);
		return;
	}
	if (!id[0]) {
		begin(command);
		return;
	}
	talk = talks_find(command->gateway->talks, command->principal.name, id);
	if (talk) {
		carry_on(command, talk);
		return;
	}
	fault_set(&command->fault, NOT_FOUND,
		  "there is no talk '%.32s', or it has ended; begin another",
		  id);
	command_refuse(command);
}
