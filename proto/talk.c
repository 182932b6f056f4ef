/* SPDX-License-Identifier: MIT
 *
 * Live voice out.  One request is under way at a time; what is spoken
 * meanwhile goes with the next, so that a slow network makes requests larger,
 * not more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/client.h"
#include "proto/fault.h"

#define QUEUE_MAX   500 /* packets: ten seconds */
#define REQUEST_MAX 50

struct gridcall_talk {
	struct client_part part; /* first */
	struct gridcall_client *client;
	struct gridcall_talk_to to; /* its handlers */
	char **channels;
	size_t channel_count;
	char *selector;
	char *id; /* NULL: not begun */
	uint64_t asked;
	ProtobufCBinaryData *queue; /* the first of it is packet number */
	size_t queued;
	uint32_t number;
	size_t sent;    /* of the queue, under way */
	bool ending;    /* no more packets come */
	bool end_asked; /* and the gateway was told */
	bool over;
};

static void drop_packets(struct gridcall_talk *talk, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(talk->queue[i].data);
	talk->queued -= count;
	talk->number += (uint32_t)count;
	memmove(talk->queue, talk->queue + count,
		talk->queued * sizeof(*talk->queue));
}

/* ------------------------------------------------------------- answers -- */

/* The handler may free it: nothing of it is touched afterwards. */
static void finish(struct gridcall_talk *talk, int rc, const char *sentence)
{
	talk->over = true;
	if (talk->to.on_ended)
		talk->to.on_ended(talk->to.data, rc, sentence);
}

/* Why no channel takes any more, or NULL while one does. */
static const char *all_ended(const Gridcall__V1__TalkReply *reply)
{
	size_t i;

	for (i = 0; i < reply->n_channels; i++)
		if (reply->channels[i]->state !=
		    GRIDCALL__V1__TALK_STATE__TALK_ENDED)
			return NULL;
	return reply->n_channels ? reply->channels[0]->reason : NULL;
}

static void take_reply(struct gridcall_talk *talk,
		       const Gridcall__V1__TalkReply *reply)
{
	const char *reason = all_ended(reply);

	if (!talk->id && reply->talk[0])
		talk->id = strdup(reply->talk);
	drop_packets(talk, talk->sent);
	talk->sent = 0;
	if (talk->to.on_state)
		talk->to.on_state(talk->to.data, reply);
	if (talk->end_asked)
		finish(talk, 0, "");
	else if (reason)
		finish(talk, -EPIPE, reason);
	else if (!talk->id)
		finish(talk, -EPROTO, "The gateway gave the talk no name");
}

static void on_answer(void *data, const struct gridcall_answer *answer)
{
	struct gridcall_talk *talk = data;

	talk->asked = 0;
	if (answer->rc)
		finish(talk, answer->rc, answer->fault->sentence);
	else if (answer->reply->body_case != GRIDCALL__V1__REPLY__BODY_TALK)
		finish(talk, -EPROTO,
		       "The gateway's answer to 'talk' does not fit");
	else
		take_reply(talk, answer->reply->talk);
}

/* -------------------------------------------------------------- asking -- */

static void fill_begin(struct gridcall_talk *talk,
		       Gridcall__V1__TalkRequest *body)
{
	body->channels = talk->channels;
	body->n_channels = talk->channel_count;
	if (talk->selector)
		body->selector = talk->selector;
}

static void fill_packets(struct gridcall_talk *talk,
			 Gridcall__V1__TalkRequest *body)
{
	talk->sent = talk->queued < REQUEST_MAX ? talk->queued : REQUEST_MAX;
	body->talk = talk->id;
	body->number = talk->number;
	body->packets = talk->queue;
	body->n_packets = talk->sent;
	body->end = talk->ending && talk->sent == talk->queued;
	talk->end_asked = body->end;
}

/* 0: it waits in the client, or why it can't be sent. */
static int ask(struct gridcall_talk *talk, const struct gridcall_sent *sent,
	       struct gridcall_fault *fault)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__TalkRequest body = GRIDCALL__V1__TALK_REQUEST__INIT;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_TALK;
	request.talk = &body;
	if (talk->id)
		fill_packets(talk, &body);
	else
		fill_begin(talk, &body);
	talk->asked = gridcall_send(talk->client, &request, sent, fault);
	return talk->asked ? 0 : -ECONNREFUSED;
}

static int work(struct client_part *part, int most)
{
	struct gridcall_talk *talk = (struct gridcall_talk *)part;
	struct gridcall_sent sent = {.on_answer = on_answer, .data = talk};
	struct gridcall_fault fault = {0};
	bool due = !talk->id || talk->queued || talk->ending;

	(void)most;
	if (talk->asked || talk->over || !due)
		return 0;
	if (ask(talk, &sent, &fault))
		finish(talk, -ECONNREFUSED, fault.sentence);
	return 1;
}

/* -------------------------------------------------------------- public -- */

static int copy_to(struct gridcall_talk *talk,
		   const struct gridcall_talk_to *to)
{
	size_t i;

	talk->queue = calloc(QUEUE_MAX, sizeof(*talk->queue));
	talk->channels = calloc(to->channel_count + 1, sizeof(char *));
	if (!talk->queue || !talk->channels)
		return -ENOMEM;
	for (i = 0; i < to->channel_count; i++) {
		talk->channels[i] = strdup(to->channels[i]);
		if (!talk->channels[i])
			return -ENOMEM;
		talk->channel_count++;
	}
	if (to->selector)
		talk->selector = strdup(to->selector);
	return to->selector && !talk->selector ? -ENOMEM : 0;
}

struct gridcall_talk *gridcall_talk_begin(struct gridcall_client *client,
					  const struct gridcall_talk_to *to,
					  struct gridcall_fault *fault)
{
	struct gridcall_talk *talk = NULL;

	if (to->channel_count || to->selector)
		talk = calloc(1, sizeof(*talk));
	if (!talk) {
		fault_say(fault, -EINVAL, FAULT_ARGUMENT,
			  "There is nobody to talk to: no channel and no "
			  "selector was given");
		return NULL;
	}
	talk->client = client;
	talk->to = *to;
	talk->part.work = work;
	client_attach(client, &talk->part);
	if (!copy_to(talk, to))
		return talk;
	fault_say(fault, -ENOMEM, FAULT_UNAVAILABLE,
		  "There is no memory to talk");
	talk->over = true;
	return gridcall_talk_free(talk);
}

int gridcall_talk_packets(struct gridcall_talk *talk,
			  const ProtobufCBinaryData *packets, size_t count)
{
	size_t i;

	if (talk->over || talk->ending)
		return -EPIPE;
	if (talk->queued + count > QUEUE_MAX)
		return -EAGAIN;
	for (i = 0; i < count; i++) {
		ProtobufCBinaryData *place = &talk->queue[talk->queued];

		place->len = packets[i].len;
		place->data = malloc(packets[i].len + 1);
		if (!place->data)
			return -ENOMEM;
		if (place->len)
			memcpy(place->data, packets[i].data, place->len);
		talk->queued++;
	}
	client_wake(talk->client);
	return 0;
}

int gridcall_talk_end(struct gridcall_talk *talk)
{
	if (talk->over)
		return -EPIPE;
	talk->ending = true;
	client_wake(talk->client);
	return 0;
}

/* What was not sent yet is not said any more. */
static void break_off(struct gridcall_talk *talk)
{
	struct gridcall_sent sent = {0};

	gridcall_cancel(talk->client, talk->asked);
	if (!talk->id || talk->over || talk->end_asked)
		return;
	talk->number += (uint32_t)talk->sent;
	talk->ending = true;
	talk->queued = 0;
	(void)ask(talk, &sent, NULL);
}

struct gridcall_talk *gridcall_talk_free(struct gridcall_talk *talk)
{
	size_t left;

	if (!talk)
		return NULL;
	left = talk->queued;
	break_off(talk);
	client_detach(talk->client, &talk->part);
	while (left)
		free(talk->queue[--left].data);
	free(talk->queue);
	while (talk->channel_count)
		free(talk->channels[--talk->channel_count]);
	free(talk->channels);
	free(talk->selector);
	free(talk->id);
	free(talk);
	return NULL;
}
