/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What ZeroMQ asks of a ROUTER's user, in one place: it drops answers to peers
 * that left without a word, unless it is told to complain
 * (ZMQ_ROUTER_MANDATORY); and the rest of a message is there as soon as its
 * front is.
 */
#include "plugins/zeromq/inlet.h"

#include <errno.h>
#include <string.h>

#include <zmq.h>

#include "plugins/zeromq/courier.h"
#include "proto/gridcall.pb-c.h"

#define FRAMES_MAX 3 /* routing id, perhaps a delimiter, data */

/* ------------------------------------------------------------- answers -- */

/* 0, -EAGAIN when it does not take more just now, or another errno. */
static int send_answer(void *data, const struct desk_peer *peer,
		       zmq_msg_t *answer)
{
	struct courier *courier = data;
	void *router = courier->inlets[peer->inlet].socket;

	/* Past the first frame it can't fail for want of room. */
	if (zmq_send(router, peer->id, peer->len, ZMQ_SNDMORE | ZMQ_DONTWAIT) <
		    0 ||
	    (peer->delimited &&
	     zmq_send(router, "", 0, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) ||
	    zmq_msg_send(answer, router, ZMQ_DONTWAIT) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

void inlet_answer(struct courier *courier, const struct desk_peer *peer,
		  zmq_msg_t *answer)
{
	int rc = -EAGAIN;

	if (!tray_has(courier->tray, peer))
		rc = send_answer(courier, peer, answer);
	if (rc == -EAGAIN &&
	    tray_put(courier->tray, peer, answer, courier_now_ms()))
		rc = 0;
	if (rc)
		courier_count(&courier->counters.unroutable);
}

void inlet_offer(struct courier *courier)
{
	atomic_fetch_add_explicit(&courier->counters.unroutable,
				  tray_offer(courier->tray, send_answer,
					     courier, courier_now_ms()),
				  memory_order_relaxed);
}

/* ---------------------------------------------------------------- peers -- */

/* Whose request it is, and why it can't be taken. */
struct caller {
	struct gridcall_request request;
	uint8_t public_key[KEY_BYTES];
	Gridcall__V1__ErrorCode code; /* 0: it may ask */
	const char *sentence;
};

static void deny(struct caller *caller, Gridcall__V1__ErrorCode code,
		 const char *sentence)
{
	caller->code = code;
	caller->sentence = sentence;
}

/*
 * Over a network the key is looked up at each request, since a connection
 * outlives its key.  A routing id that a peer chose could be that of another
 * one, who left and would have had an answer: ours begin with a zero.
 */
static void identify(struct courier *courier, const struct desk_peer *peer,
		     zmq_msg_t *data, struct caller *caller)
{
	const char *address = zmq_msg_gets(data, "Peer-Address");
	const struct key *key = NULL;

	caller->request.connection = zap_connection(data);
	if (!settings_is_tcp(courier->inlets[peer->inlet].address))
		return;
	if (zap_public_key(data, caller->public_key))
		key = key_set_find(courier->keys, caller->public_key);
	if (!key) {
		deny(caller, GRIDCALL__V1__ERROR_CODE__ERROR_NOT_ALLOWED,
		     "This key is not in force any more; ask an engineer of "
		     "the gateway for a new one");
		return;
	}
	if (peer->id[0])
		deny(caller, GRIDCALL__V1__ERROR_CODE__ERROR_BAD_REQUEST,
		     "A routing id was chosen for this connection; leave it to "
		     "the gateway");
	caller->request.principal = key->principal;
	caller->request.public_key = caller->public_key;
	caller->request.address = address ? address : "";
}

static void check_size(struct caller *caller, zmq_msg_t *data)
{
	if (zmq_msg_size(data) > COURIER_REQUEST_MAX)
		deny(caller, GRIDCALL__V1__ERROR_CODE__ERROR_BAD_REQUEST,
		     "The request is larger than 16 MiB; send less at once");
}

/* ------------------------------------------------------------ requests -- */

/* Bytes of a character of UTF-8, 0 when it is none; NUL ends the text. */
static size_t character_len(const uint8_t *at)
{
	/* The second byte rules out long forms, surrogates, and what is past
	 * the last character. */
	uint8_t low = at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : 0x80;
	uint8_t high = at[0] == 0xed ? 0x9f : at[0] == 0xf4 ? 0x8f : 0xbf;
	size_t len = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	size_t i;

	if (len == 1)
		return 1;
	if (at[0] < 0xc2 || at[0] > 0xf4 || at[1] < low || at[1] > high)
		return 0;
	for (i = 2; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* A reader that is strict would choke on an id that is none. */
static bool is_utf8(const char *text)
{
	const uint8_t *at = (const uint8_t *)text;
	size_t len;

	for (; *at; at += len) {
		len = character_len(at);
		if (!len)
			return false;
	}
	return true;
}

/* Answer a request that does not reach the gateway. */
static void refuse(struct courier *courier, const struct desk_peer *peer,
		   zmq_msg_t *data, const struct caller *caller)
{
	Gridcall__V1__Error error = GRIDCALL__V1__ERROR__INIT;
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__Request *request;
	zmq_msg_t answer;

	courier_count(&courier->counters.refused);
	request = gridcall__v1__request__unpack(NULL, zmq_msg_size(data),
						zmq_msg_data(data));
	if (request && is_utf8(request->id))
		reply.id = request->id;
	error.code = caller->code;
	error.sentence = (char *)caller->sentence;
	reply.error = &error;
	if (!zmq_msg_init_size(&answer,
			       gridcall__v1__reply__get_packed_size(&reply))) {
		gridcall__v1__reply__pack(&reply, zmq_msg_data(&answer));
		inlet_answer(courier, peer, &answer);
		zmq_msg_close(&answer);
	}
	gridcall__v1__request__free_unpacked(request, NULL);
}

static void pass_on(struct courier *courier, const struct desk_peer *peer,
		    zmq_msg_t *data)
{
	struct caller caller = {.request = {.principal = "local",
					    .address = "ipc",
					    .data = zmq_msg_data(data),
					    .len = zmq_msg_size(data)}};
	struct gridcall_request *request = &caller.request;
	struct desk_peer unused;

	identify(courier, peer, data, &caller);
	if (!caller.code)
		check_size(&caller, data);
	if (!caller.code) {
		request->token = desk_open(courier->desk, peer);
		if (request->token &&
		    !courier->host->request(courier->bridge, request)) {
			courier_count(&courier->counters.requests);
			return;
		}
		if (request->token)
			(void)desk_close(courier->desk, request->token,
					 &unused);
		deny(&caller, GRIDCALL__V1__ERROR_CODE__ERROR_BUSY,
		     "The gateway has too many requests open; ask again in a "
		     "second");
	}
	refuse(courier, peer, data, &caller);
}

/* The frames of one message; how many it has, though more than max are lost. */
static int receive(void *router, zmq_msg_t frames[FRAMES_MAX])
{
	zmq_msg_t more;
	int frame = 0;
	int left;

	zmq_msg_init(&more);
	do {
		zmq_msg_t *next = frame < FRAMES_MAX ? &frames[frame] : &more;

		/* The rest of a message is there as soon as its front is. */
		if (zmq_msg_recv(next, router, frame ? 0 : ZMQ_DONTWAIT) < 0)
			break;
		frame++;
		left = zmq_msg_more(next);
	} while (left);
	zmq_msg_close(&more);
	return frame;
}

bool inlet_take(struct courier *courier, size_t inlet)
{
	struct desk_peer peer = {.inlet = inlet};
	zmq_msg_t frames[FRAMES_MAX];
	int got, i;

	for (i = 0; i < FRAMES_MAX; i++)
		zmq_msg_init(&frames[i]);
	got = receive(courier->inlets[inlet].socket, frames);
	peer.delimited = got == 3 && !zmq_msg_size(&frames[1]);
	if (got == 2 || peer.delimited) {
		peer.len = (uint8_t)zmq_msg_size(&frames[0]);
		memcpy(peer.id, zmq_msg_data(&frames[0]), peer.len);
		pass_on(courier, &peer, &frames[got - 1]);
	} else if (got) {
		courier_count(&courier->counters.garbage);
	}
	for (i = 0; i < FRAMES_MAX; i++)
		zmq_msg_close(&frames[i]);
	return got > 0;
}
