/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tiny_gateway.h - what a client sees of a gateway: CURVE sockets and answers
 *
 * A thread holds the sockets; a test sets what it is to do by the atomics.
 * Event number n lies on one topic, so that its topic_seq is n too.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "proto/gridcall.h"

#define TINY_TOPIC "gc1.440106.1.07.reply"
#define TINY_VOICE "gc1.440106.1.07.voice"
#define TINY_EPOCH "00000000000000aa"

/*
 * ZeroMQ is not built for the thread sanitizer, which then sees ghosts; what
 * CURVE opened was written by libsodium in ZeroMQ's thread.
 */
__attribute__((visibility("default"))) const char *
__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "race:libzmq.so\nrace:libsodium.so";
}

struct tiny {
	char folder[32];
	char key_file[48];
	struct gridcall_keyfile key; /* of the client */
	char server_secret[41];
	char feed[64];
	void *context;
	void *router;
	void *publisher;
	void *zap;
	pthread_t thread;
	atomic_bool stop;
	atomic_bool admits;  /* the key, from now on */
	atomic_bool mute;    /* requests are not answered */
	atomic_bool trimmed; /* history before seq is gone */
	atomic_bool quiet;   /* nothing is published */
	atomic_uint_least64_t seq;
	atomic_uint withdrawn;
	atomic_uint pages;   /* of snapshots, given */
	atomic_uint leases;  /* asked for */
	atomic_uint stopped; /* given back */
	atomic_uint talked;  /* packets that came */
	atomic_bool talk_ended;
	uint64_t told; /* events published */
	uint32_t voice;
};

static inline void tiny_send(void *socket, const ProtobufCMessage *message)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = malloc(len + 1);

	protobuf_c_message_pack(message, bytes);
	zmq_send(socket, bytes, len, 0);
	free(bytes);
}

static inline size_t tiny_event(uint64_t seq, uint8_t bytes[256])
{
	Gridcall__V1__Event event = GRIDCALL__V1__EVENT__INIT;

	event.epoch = (char *)TINY_EPOCH;
	event.gateway = (char *)"GZ01";
	event.topic = (char *)TINY_TOPIC;
	event.seq = event.topic_seq = seq;
	return gridcall__v1__event__pack(&event, bytes);
}

/* ------------------------------------------------------------- answers -- */

static inline void tiny_whoami(struct tiny *tiny, Gridcall__V1__Reply *reply)
{
	static Gridcall__V1__WhoamiReply who = GRIDCALL__V1__WHOAMI_REPLY__INIT;
	static Gridcall__V1__Feed feeds[2] = {GRIDCALL__V1__FEED__INIT,
					      GRIDCALL__V1__FEED__INIT};
	static Gridcall__V1__Feed *list[] = {&feeds[0], &feeds[1]};
	static char *areas[] = {(char *)"gc1.440106."};
	size_t i;

	for (i = 0; i < 2; i++) {
		feeds[i].address = tiny->feed;
		feeds[i].jurisdiction = areas[0];
		feeds[i].public_key = tiny->key.server_key;
		feeds[i].voice = i == 1;
	}
	who.jurisdiction = areas;
	who.n_jurisdiction = 1;
	who.feeds = list;
	who.n_feeds = 2;
	reply->body_case = GRIDCALL__V1__REPLY__BODY_WHOAMI;
	reply->whoami = &who;
}

static inline void tiny_fill_status(struct tiny *tiny,
				    Gridcall__V1__Status *status)
{
	static Gridcall__V1__TopicTail tail = GRIDCALL__V1__TOPIC_TAIL__INIT;
	static Gridcall__V1__TopicTail *tails[] = {&tail};

	tail.topic = (char *)TINY_TOPIC;
	tail.topic_seq = tiny->seq;
	status->gateway = (char *)"GZ01";
	status->epoch = (char *)TINY_EPOCH;
	status->seq = tiny->seq;
	status->time_us = 1000000;
	status->topics = tails;
	status->n_topics = 1;
}

static inline void tiny_status(struct tiny *tiny, Gridcall__V1__Reply *reply)
{
	static Gridcall__V1__Status status = GRIDCALL__V1__STATUS__INIT;

	tiny_fill_status(tiny, &status);
	reply->body_case = GRIDCALL__V1__REPLY__BODY_STATUS;
	reply->status = &status;
}

static inline void tiny_error(Gridcall__V1__Reply *reply,
			      Gridcall__V1__ErrorCode code)
{
	static Gridcall__V1__Error error = GRIDCALL__V1__ERROR__INIT;

	error.code = code;
	error.sentence = (char *)"No";
	reply->error = &error;
}

static inline void tiny_replay(struct tiny *tiny,
			       const Gridcall__V1__ReplayRequest *request,
			       Gridcall__V1__Reply *reply)
{
	static Gridcall__V1__ReplayReply body =
		GRIDCALL__V1__REPLAY_REPLY__INIT;
	static uint8_t bytes[1000][256];
	static ProtobufCBinaryData events[1000];
	uint64_t seq;

	if (tiny->trimmed && request->after_seq < tiny->seq) {
		tiny_error(reply,
			   GRIDCALL__V1__ERROR_CODE__ERROR_NEED_SNAPSHOT);
		return;
	}
	body.epoch = (char *)TINY_EPOCH;
	body.events = events;
	body.n_events = 0;
	for (seq = request->after_seq + 1;
	     seq <= tiny->seq && body.n_events < 1000; seq++) {
		events[body.n_events].data = bytes[body.n_events];
		events[body.n_events].len =
			tiny_event(seq, bytes[body.n_events]);
		body.n_events++;
	}
	body.through_seq = seq - 1;
	body.more = body.through_seq < tiny->seq;
	reply->body_case = GRIDCALL__V1__REPLY__BODY_REPLAY;
	reply->replay = &body;
}

static inline void tiny_snapshot(struct tiny *tiny,
				 const Gridcall__V1__SnapshotRequest *request,
				 Gridcall__V1__Reply *reply)
{
	static Gridcall__V1__SnapshotReply body =
		GRIDCALL__V1__SNAPSHOT_REPLY__INIT;
	static Gridcall__V1__Unit unit = GRIDCALL__V1__UNIT__INIT;
	static Gridcall__V1__Unit *units[] = {&unit};
	bool first = !request->after[0];

	unit.code = (char *)(first ? "U1" : "U2");
	body.epoch = (char *)TINY_EPOCH;
	body.through_seq = first ? (uint64_t)tiny->seq : body.through_seq;
	body.units = units;
	body.n_units = 1;
	body.next = (char *)(first ? "second" : "");
	tiny->pages++;
	reply->body_case = GRIDCALL__V1__REPLY__BODY_SNAPSHOT;
	reply->snapshot = &body;
}

static inline void tiny_listen(struct tiny *tiny,
			       const Gridcall__V1__ListenRequest *request,
			       Gridcall__V1__Reply *reply)
{
	static Gridcall__V1__ListenReply body =
		GRIDCALL__V1__LISTEN_REPLY__INIT;
	static char *topics[] = {(char *)TINY_VOICE};

	tiny->leases += !request->stop;
	tiny->stopped += request->stop;
	body.lease_ms = 300;
	body.topics = topics;
	body.n_topics = 1;
	reply->body_case = GRIDCALL__V1__REPLY__BODY_LISTEN;
	reply->listen = &body;
}

static inline void tiny_talk(struct tiny *tiny,
			     const Gridcall__V1__TalkRequest *request,
			     Gridcall__V1__Reply *reply)
{
	static Gridcall__V1__TalkReply body = GRIDCALL__V1__TALK_REPLY__INIT;
	static Gridcall__V1__TalkChannel channel =
		GRIDCALL__V1__TALK_CHANNEL__INIT;
	static Gridcall__V1__TalkChannel *channels[] = {&channel};

	if (request->number != tiny->talked) {
		tiny_error(reply, GRIDCALL__V1__ERROR_CODE__ERROR_CONFLICT);
		return;
	}
	tiny->talked += request->n_packets;
	tiny->talk_ended = request->end;
	channel.channel = (char *)"TH07";
	channel.state = GRIDCALL__V1__TALK_STATE__TALK_KEYED;
	body.talk = (char *)"talk1";
	body.next = tiny->talked;
	body.channels = channels;
	body.n_channels = 1;
	reply->body_case = GRIDCALL__V1__REPLY__BODY_TALK;
	reply->talk = &body;
}

static inline void tiny_answer(struct tiny *tiny,
			       const Gridcall__V1__Request *request,
			       Gridcall__V1__Reply *reply)
{
	switch (request->body_case) {
	case GRIDCALL__V1__REQUEST__BODY_WHOAMI:
		tiny_whoami(tiny, reply);
		break;
	case GRIDCALL__V1__REQUEST__BODY_STATUS:
		tiny_status(tiny, reply);
		break;
	case GRIDCALL__V1__REQUEST__BODY_REPLAY:
		tiny_replay(tiny, request->replay, reply);
		break;
	case GRIDCALL__V1__REQUEST__BODY_SNAPSHOT:
		tiny_snapshot(tiny, request->snapshot, reply);
		break;
	case GRIDCALL__V1__REQUEST__BODY_LISTEN:
		tiny_listen(tiny, request->listen, reply);
		break;
	case GRIDCALL__V1__REQUEST__BODY_TALK:
		tiny_talk(tiny, request->talk, reply);
		break;
	default:
		tiny_error(reply, GRIDCALL__V1__ERROR_CODE__ERROR_BAD_REQUEST);
	}
}

/* -------------------------------------------------------------- thread -- */

static inline void tiny_request(struct tiny *tiny)
{
	static uint8_t bytes[1 << 20];
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__Request *request;
	char peer[16];
	int peer_len = zmq_recv(tiny->router, peer, sizeof(peer), 0);
	int len = zmq_recv(tiny->router, bytes, sizeof(bytes), 0);

	request = gridcall__v1__request__unpack(NULL, (size_t)len, bytes);
	if (request->body_case == GRIDCALL__V1__REQUEST__BODY_WITHDRAW)
		tiny->withdrawn++;
	if (!tiny->mute) {
		reply.id = request->id;
		tiny_answer(tiny, request, &reply);
		zmq_send(tiny->router, peer, (size_t)peer_len, ZMQ_SNDMORE);
		tiny_send(tiny->router, &reply.base);
	}
	gridcall__v1__request__free_unpacked(request, NULL);
}

/* ZeroMQ asks who may come in: version, id, domain, address, and more. */
static inline void tiny_admit(struct tiny *tiny)
{
	const char *frames[] = {"1.0", NULL, NULL, "because", "", ""};
	char id[64];
	char frame[256];
	int more = 1;
	int len = 0;
	size_t i;

	frames[2] = tiny->admits ? "200" : "400";
	for (i = 0; more; i++) {
		size_t size = sizeof(more);
		int got = zmq_recv(tiny->zap, frame, sizeof(frame), 0);

		if (i == 1) {
			memcpy(id, frame, (size_t)got);
			len = got;
		}
		zmq_getsockopt(tiny->zap, ZMQ_RCVMORE, &more, &size);
	}
	for (i = 0; i < 6; i++)
		zmq_send(tiny->zap, i == 1 ? id : frames[i],
			 i == 1 ? (size_t)len : strlen(frames[i]),
			 i < 5 ? ZMQ_SNDMORE : 0);
}

static inline void tiny_say(struct tiny *tiny)
{
	static char *packet = (char *)"opus";
	Gridcall__V1__Voice voice = GRIDCALL__V1__VOICE__INIT;
	ProtobufCBinaryData packets[2] = {{4, (uint8_t *)packet},
					  {4, (uint8_t *)packet}};

	voice.channel = (char *)"TH07";
	voice.over = (char *)"over1";
	/* Every third message is lost. */
	voice.number = tiny->voice + 2 * (tiny->voice / 4);
	voice.packets = packets;
	voice.n_packets = 2;
	tiny->voice += 2;
	zmq_send(tiny->publisher, TINY_VOICE, strlen(TINY_VOICE), ZMQ_SNDMORE);
	tiny_send(tiny->publisher, &voice.base);
}

static inline void tiny_publish(struct tiny *tiny)
{
	Gridcall__V1__Status status = GRIDCALL__V1__STATUS__INIT;
	static const char topic[] = "gc1.gateway.GZ01.status";
	uint8_t bytes[256];

	while (tiny->told < tiny->seq) {
		size_t len = tiny_event(++tiny->told, bytes);

		zmq_send(tiny->publisher, TINY_TOPIC, strlen(TINY_TOPIC),
			 ZMQ_SNDMORE);
		zmq_send(tiny->publisher, bytes, len, 0);
	}
	tiny_fill_status(tiny, &status);
	zmq_send(tiny->publisher, topic, strlen(topic), ZMQ_SNDMORE);
	tiny_send(tiny->publisher, &status.base);
	if (tiny->leases)
		tiny_say(tiny);
}

static inline void *tiny_main(void *arg)
{
	struct tiny *tiny = arg;
	zmq_pollitem_t items[] = {
		{.socket = tiny->router, .events = ZMQ_POLLIN},
		{.socket = tiny->zap, .events = ZMQ_POLLIN},
	};

	while (!tiny->stop) {
		int ready = zmq_poll(items, 2, 10);

		if (ready > 0 && items[1].revents)
			tiny_admit(tiny);
		if (ready > 0 && items[0].revents)
			tiny_request(tiny);
		if (ready <= 0 && !tiny->quiet)
			tiny_publish(tiny);
	}
	return NULL;
}

/* ---------------------------------------------------------- start, end -- */

static inline void *tiny_bind(struct tiny *tiny, int type, char address[64])
{
	void *socket = zmq_socket(tiny->context, type);
	size_t len = 64;
	int none = 0;
	int one = 1;

	zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof(none));
	zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &one, sizeof(one));
	zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, tiny->server_secret, 41);
	zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, "test", 4);
	if (zmq_bind(socket, "tcp://127.0.0.1:*"))
		abort();
	zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, address, &len);
	return socket;
}

static inline struct tiny *tiny_open(void)
{
	struct tiny *tiny = calloc(1, sizeof(*tiny));
	char feed[64];

	strcpy(tiny->folder, "/tmp/gridcall-XXXXXX");
	if (!mkdtemp(tiny->folder))
		abort();
	snprintf(tiny->key_file, sizeof(tiny->key_file), "%s/key",
		 tiny->folder);
	zmq_curve_keypair(tiny->key.server_key, tiny->server_secret);
	(void)gridcall_keyfile_make(&tiny->key, NULL);
	strcpy(tiny->key.name, "dispatch110");
	strcpy(tiny->key.gateway, "GZ01");
	tiny->admits = true;
	tiny->context = zmq_ctx_new();
	tiny->zap = zmq_socket(tiny->context, ZMQ_REP);
	zmq_bind(tiny->zap, "inproc://zeromq.zap.01");
	tiny->router = tiny_bind(tiny, ZMQ_ROUTER, tiny->key.commands);
	tiny->publisher = tiny_bind(tiny, ZMQ_PUB, feed);
	/* As a gateway that is bound to every address tells it. */
	snprintf(tiny->feed, sizeof(tiny->feed), "tcp://*%s",
		 strrchr(feed, ':'));
	if (gridcall_keyfile_write(&tiny->key, tiny->key_file, NULL))
		abort();
	pthread_create(&tiny->thread, NULL, tiny_main, tiny);
	return tiny;
}

static inline void tiny_close(struct tiny *tiny)
{
	tiny->stop = true;
	pthread_join(tiny->thread, NULL);
	zmq_close(tiny->router);
	zmq_close(tiny->publisher);
	zmq_close(tiny->zap);
	zmq_ctx_term(tiny->context);
	(void)unlink(tiny->key_file);
	(void)rmdir(tiny->folder);
	free(tiny);
}
