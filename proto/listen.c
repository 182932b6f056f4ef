/* SPDX-License-Identifier: MIT
 *
 * Live voice in: keeps a lease on channels and takes their packets from the
 * feeds with voice.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/choice.h"
#include "proto/client.h"
#include "proto/fault.h"
#include "proto/topic.h"

#define RENEW_MS  10000
#define RETRY_MS  1000
#define LINKS_MAX 16

/* One channel that is listened to. */
struct heard {
	char *channel;
	char *over; /* the last; NULL: none yet */
	uint32_t next;
};

struct gridcall_listener {
	struct client_part part; /* first */
	struct gridcall_client *client;
	struct gridcall_hearing hearing; /* its handlers */
	struct heard *heard;
	char **channels; /* the same, for requests */
	size_t channel_count;
	char **topics; /* in the order of channels */
	size_t topic_count;
	bool placed; /* the links fit the topics */
	struct link *links[LINKS_MAX];
	size_t link_count;
	uint64_t asked;
	int64_t renew_ms; /* next request */
	int64_t lease_ms; /* next renewal */
	char *told;
	struct gridcall_fault fault; /* "": none */
};

static void tell_trouble(struct gridcall_listener *listener)
{
	const char *sentence =
		listener->fault.sentence[0] ? listener->fault.sentence : NULL;
	size_t i;

	for (i = 0; i < listener->link_count; i++)
		if (link_refusal(listener->links[i]))
			sentence = link_refusal(listener->links[i]);
	if (!sentence == !listener->told &&
	    (!sentence || !strcmp(sentence, listener->told)))
		return;
	free(listener->told);
	listener->told = sentence ? strdup(sentence) : NULL;
	if (listener->hearing.on_trouble)
		listener->hearing.on_trouble(listener->hearing.data, sentence);
}

/* ------------------------------------------------------------- packets -- */

static struct heard *find_heard(const struct gridcall_listener *listener,
				const char *channel)
{
	size_t i;

	for (i = 0; i < listener->channel_count; i++)
		if (!strcmp(listener->heard[i].channel, channel))
			return &listener->heard[i];
	return NULL;
}

/* How many packets are missing before this, or -1 when it came before. */
static int64_t count_lost(struct heard *heard, const Gridcall__V1__Voice *voice)
{
	bool same = heard->over && !strcmp(heard->over, voice->over);
	int64_t lost =
		same ? (int64_t)voice->number - heard->next : voice->number;

	/* Who begins to listen within an over has lost nothing. */
	if (!heard->over)
		lost = 0;
	if (lost < 0)
		return -1;
	if (!same) {
		free(heard->over);
		heard->over = strdup(voice->over);
	}
	heard->next = voice->number + (uint32_t)voice->n_packets;
	return lost;
}

static void take_voice(struct gridcall_listener *listener,
		       const struct link_message *message)
{
	Gridcall__V1__Voice *voice =
		gridcall__v1__voice__unpack(NULL, message->len, message->data);
	struct heard *heard =
		voice ? find_heard(listener, voice->channel) : NULL;
	int64_t lost = heard ? count_lost(heard, voice) : -1;

	if (lost >= 0)
		listener->hearing.on_voice(listener->hearing.data, voice,
					   (uint32_t)lost);
	gridcall__v1__voice__free_unpacked(voice, NULL);
}

/* ------------------------------------------------------------- placing -- */

static void drop_topics(struct gridcall_listener *listener)
{
	while (listener->link_count)
		link_close(listener->links[--listener->link_count]);
	while (listener->topic_count)
		free(listener->topics[--listener->topic_count]);
	free(listener->topics);
	listener->topics = NULL;
	listener->placed = false;
}

static bool are_topics(const struct gridcall_listener *listener,
		       const Gridcall__V1__ListenReply *reply)
{
	size_t i;

	if (reply->n_topics != listener->topic_count)
		return false;
	for (i = 0; i < reply->n_topics; i++)
		if (strcmp(reply->topics[i], listener->topics[i]))
			return false;
	return true;
}

/* A channel that moved to another grid is heard there. */
static void take_topics(struct gridcall_listener *listener,
			const Gridcall__V1__ListenReply *reply)
{
	size_t i;

	if (are_topics(listener, reply))
		return;
	drop_topics(listener);
	listener->topics = calloc(reply->n_topics + 1, sizeof(char *));
	for (i = 0; listener->topics && i < reply->n_topics; i++) {
		listener->topics[i] = strdup(reply->topics[i]);
		if (!listener->topics[i])
			return;
		listener->topic_count++;
	}
}

static struct link *link_to(struct gridcall_listener *listener,
			    const Gridcall__V1__Feed *feed)
{
	char address[CHOICE_ADDRESS_SIZE];
	size_t i;

	choice_address(address, feed->address,
		       client_address(listener->client));
	for (i = 0; i < listener->link_count; i++)
		if (!strcmp(link_address(listener->links[i]), address))
			return listener->links[i];
	if (i == LINKS_MAX)
		return NULL;
	listener->links[i] = client_link(listener->client, address,
					 feed->public_key, &listener->fault);
	listener->link_count += listener->links[i] != NULL;
	return listener->links[i];
}

static void place(struct gridcall_listener *listener,
		  const Gridcall__V1__WhoamiReply *who)
{
	struct choice_wish wish = {
		.commands = client_address(listener->client),
		.has_key = client_has_key(listener->client),
		.voice = true,
		.prefixes = (const char *const *)listener->topics,
		.prefix_count = listener->topic_count};
	int *chosen = calloc(listener->topic_count + 1, sizeof(*chosen));
	size_t i;

	if (!chosen)
		return;
	listener->placed = !choice_make(&wish, who, chosen);
	if (!listener->placed)
		fault_say(&listener->fault, 0, FAULT_REFUSED,
			  "No feed with voice that you may connect to carries "
			  "these channels; ask an engineer for one");
	for (i = 0; listener->placed && i < listener->topic_count; i++) {
		struct link *link = link_to(listener, who->feeds[chosen[i]]);

		if (!link || link_subscribe(link, listener->topics[i]))
			listener->placed = false;
	}
	free(chosen);
}

/* -------------------------------------------------------------- asking -- */

static void take_lease(struct gridcall_listener *listener,
		       const Gridcall__V1__ListenReply *reply)
{
	int64_t third_ms = reply->lease_ms / 3;

	take_topics(listener, reply);
	listener->lease_ms =
		link_now_ms() +
		(third_ms && third_ms < RENEW_MS ? third_ms : RENEW_MS);
	/* whoami comes first, then the next renewal. */
	listener->renew_ms =
		listener->placed ? listener->lease_ms : link_now_ms();
}

static void on_answer(void *data, const struct gridcall_answer *answer)
{
	struct gridcall_listener *listener = data;

	listener->asked = 0;
	listener->fault = (struct gridcall_fault){0};
	if (answer->rc)
		listener->fault = *answer->fault;
	else if (answer->reply->body_case == GRIDCALL__V1__REPLY__BODY_LISTEN)
		take_lease(listener, answer->reply->listen);
	else if (answer->reply->body_case == GRIDCALL__V1__REPLY__BODY_WHOAMI)
		place(listener, answer->reply->whoami);
	else
		fault_say(&listener->fault, 0, FAULT_UNAVAILABLE,
			  "The gateway's answer to 'listen' does not fit");
	if (listener->fault.sentence[0])
		listener->renew_ms = link_now_ms() + RETRY_MS;
	else if (answer->reply->body_case == GRIDCALL__V1__REPLY__BODY_WHOAMI)
		listener->renew_ms = listener->lease_ms;
}

static uint64_t ask_lease(struct gridcall_listener *listener, bool stop,
			  const struct gridcall_sent *sent)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ListenRequest body = GRIDCALL__V1__LISTEN_REQUEST__INIT;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_LISTEN;
	request.listen = &body;
	body.channels = listener->channels;
	body.n_channels = listener->channel_count;
	body.stop = stop;
	return gridcall_send(listener->client, &request, sent,
			     &listener->fault);
}

static uint64_t ask_whoami(struct gridcall_listener *listener,
			   const struct gridcall_sent *sent)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__WhoamiRequest body = GRIDCALL__V1__WHOAMI_REQUEST__INIT;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_WHOAMI;
	request.whoami = &body;
	return gridcall_send(listener->client, &request, sent,
			     &listener->fault);
}

static int ask_if_due(struct gridcall_listener *listener)
{
	struct gridcall_sent sent = {.on_answer = on_answer, .data = listener};
	bool where = listener->topic_count && !listener->placed &&
		     !listener->fault.sentence[0];

	if (listener->asked || link_now_ms() < listener->renew_ms)
		return 0;
	listener->asked = where ? ask_whoami(listener, &sent)
				: ask_lease(listener, false, &sent);
	if (!listener->asked)
		listener->renew_ms = link_now_ms() + RETRY_MS;
	return 1;
}

static int work(struct client_part *part, int most)
{
	struct gridcall_listener *listener = (struct gridcall_listener *)part;
	struct link_message message;
	int done = 0;
	size_t i;

	part->due_ms = listener->asked ? 0 : listener->renew_ms;
	for (i = 0; i < listener->link_count; i++) {
		int64_t due_ms;

		link_check(listener->links[i]);
		for (;
		     done < most && !link_receive(listener->links[i], &message);
		     done++)
			take_voice(listener, &message);
		due_ms = link_due_ms(listener->links[i]);
		if (due_ms && (!part->due_ms || due_ms < part->due_ms))
			part->due_ms = due_ms;
	}
	done += ask_if_due(listener);
	tell_trouble(listener);
	return done;
}

/* ------------------------------------------------------ open and close -- */

static int copy_channels(struct gridcall_listener *listener,
			 const struct gridcall_hearing *hearing)
{
	size_t i;

	listener->heard =
		calloc(hearing->channel_count + 1, sizeof(*listener->heard));
	listener->channels = calloc(hearing->channel_count + 1, sizeof(char *));
	if (!listener->heard || !listener->channels)
		return -ENOMEM;
	for (i = 0; i < hearing->channel_count; i++) {
		listener->channels[i] = strdup(hearing->channels[i]);
		if (!listener->channels[i])
			return -ENOMEM;
		listener->heard[i].channel = listener->channels[i];
		listener->channel_count++;
	}
	return 0;
}

static struct gridcall_listener *
listener_free(struct gridcall_listener *listener)
{
	drop_topics(listener);
	while (listener->channel_count) {
		listener->channel_count--;
		free(listener->channels[listener->channel_count]);
		free(listener->heard[listener->channel_count].over);
	}
	free(listener->channels);
	free(listener->heard);
	free(listener->told);
	free(listener);
	return NULL;
}

struct gridcall_listener *
gridcall_listen(struct gridcall_client *client,
		const struct gridcall_hearing *hearing,
		struct gridcall_fault *fault)
{
	struct gridcall_listener *listener = NULL;

	if (hearing->channel_count && hearing->on_voice)
		listener = calloc(1, sizeof(*listener));
	if (!listener) {
		fault_say(fault, -EINVAL, FAULT_ARGUMENT,
			  "There is no channel to hear, or nobody to hear it");
		return NULL;
	}
	listener->client = client;
	listener->hearing = *hearing;
	listener->part.work = work;
	if (copy_channels(listener, hearing)) {
		fault_say(fault, -ENOMEM, FAULT_UNAVAILABLE,
			  "There is no memory to listen");
		return listener_free(listener);
	}
	client_attach(client, &listener->part);
	return listener;
}

struct gridcall_listener *gridcall_unlisten(struct gridcall_listener *listener)
{
	struct gridcall_sent sent = {0};

	if (!listener)
		return NULL;
	gridcall_cancel(listener->client, listener->asked);
	(void)ask_lease(listener, true, &sent);
	client_detach(listener->client, &listener->part);
	return listener_free(listener);
}
