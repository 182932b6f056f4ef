/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What ZeroMQ asks of a ROUTER's user, in one place: it drops answers to peers
 * that left without a word, unless it is told to complain
 * (ZMQ_ROUTER_MANDATORY); and the rest of a message is there as soon as its
 * front is.
 */
#include "plugins/zeromq/inlet.h"

#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "plugins/zeromq/courier.h"
#include "proto/gridcall.pb-c.h"

#define FRAMES_MAX 3 /* routing id, perhaps a delimiter, data */

/* ------------------------------------------------------------- answers -- */

void inlet_answer(struct courier *courier, const struct desk_peer *peer,
		  const uint8_t *data, size_t len)
{
	void *router = courier->inlets[peer->inlet].socket;

	if (zmq_send(router, peer->id, peer->len, ZMQ_SNDMORE | ZMQ_DONTWAIT) <
		    0 ||
	    (peer->delimited &&
	     zmq_send(router, "", 0, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) ||
	    zmq_send(router, data, len, ZMQ_DONTWAIT) < 0)
		courier_count(&courier->counters.unroutable);
}

/* Answer a request that does not reach the gateway. */
static void refuse(struct courier *courier, const struct desk_peer *peer,
		   zmq_msg_t *data, Gridcall__V1__Error *error)
{
	Gridcall__V1__Reply reply = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__Request *request;
	uint8_t *bytes;
	size_t len;

	courier_count(&courier->counters.refused);
	request = gridcall__v1__request__unpack(NULL, zmq_msg_size(data),
						zmq_msg_data(data));
	if (request)
		reply.id = request->id;
	reply.error = error;
	len = gridcall__v1__reply__get_packed_size(&reply);
	bytes = malloc(len);
	if (bytes) {
		gridcall__v1__reply__pack(&reply, bytes);
		inlet_answer(courier, peer, bytes, len);
	}
	free(bytes);
	gridcall__v1__request__free_unpacked(request, NULL);
}

static void refuse_busy(struct courier *courier, const struct desk_peer *peer,
			zmq_msg_t *data)
{
	Gridcall__V1__Error error = GRIDCALL__V1__ERROR__INIT;

	error.code = GRIDCALL__V1__ERROR_CODE__ERROR_BUSY;
	error.sentence = (char *)"The gateway has too many requests open; ask "
				 "again in a second";
	refuse(courier, peer, data, &error);
}

static void refuse_size(struct courier *courier, const struct desk_peer *peer,
			zmq_msg_t *data)
{
	Gridcall__V1__Error error = GRIDCALL__V1__ERROR__INIT;

	error.code = GRIDCALL__V1__ERROR_CODE__ERROR_BAD_REQUEST;
	error.sentence = (char *)"The request is larger than 16 MiB; send less "
				 "at once";
	refuse(courier, peer, data, &error);
}

/* ------------------------------------------------------------ requests -- */

static void pass_on(struct courier *courier, const struct desk_peer *peer,
		    zmq_msg_t *data)
{
	struct gridcall_request request = {.principal = "local",
					   .address = "ipc",
					   .data = zmq_msg_data(data),
					   .len = zmq_msg_size(data)};
	struct desk_peer unused;

	if (request.len > COURIER_REQUEST_MAX) {
		refuse_size(courier, peer, data);
		return;
	}
	request.token = desk_open(courier->desk, peer);
	if (request.token &&
	    !courier->host->request(courier->bridge, &request)) {
		courier_count(&courier->counters.requests);
		return;
	}
	if (request.token)
		(void)desk_close(courier->desk, request.token, &unused);
	refuse_busy(courier, peer, data);
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
