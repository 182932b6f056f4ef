/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What libzmq makes of an answer: 200 lets in; 300 drops the peer in silence,
 * and a client of libzmq connects again; 400 tells it, and it stops for good.
 * The user id and our own property are then on every message of the peer.
 */
#include "plugins/zeromq/zap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#define ADDRESS    "inproc://zeromq.zap.01"
#define CONNECTION "X-Connection"

/* Frames of a request. */
enum frame {
	VERSION,
	ID,
	DOMAIN,
	PEER_ADDRESS,
	ROUTING_ID,
	MECHANISM,
	CREDENTIAL,
	FRAMES
};

static const struct {
	const char *code;
	const char *text;
} answers[] = {
	[ZAP_WELCOME] = {"200", "OK"},
	[ZAP_LATER] = {"300", "try again"},
	[ZAP_REFUSED] = {"400", "this key does not open this"},
};

int zap_open(struct zap *zap, void *context)
{
	int linger = 0;

	zap->socket = zmq_socket(context, ZMQ_REP);
	if (!zap->socket)
		return -errno;
	(void)zmq_setsockopt(zap->socket, ZMQ_LINGER, &linger, sizeof(linger));
	return zmq_bind(zap->socket, ADDRESS) ? -errno : 0;
}

void zap_close(struct zap *zap)
{
	if (zap->socket)
		zmq_close(zap->socket);
	zap->socket = NULL;
}

/* How many frames it has; those past the last that we read are dropped. */
static int receive(void *socket, zmq_msg_t frames[FRAMES])
{
	zmq_msg_t rest;
	int count = 0;
	int more = 1;

	zmq_msg_init(&rest);
	for (; more; count++) {
		zmq_msg_t *frame = count < FRAMES ? &frames[count] : &rest;

		if (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0)
			break;
		more = zmq_msg_more(frame);
	}
	zmq_msg_close(&rest);
	return count;
}

static bool is_text(zmq_msg_t *frame, const char *text)
{
	return zmq_msg_size(frame) == strlen(text) &&
	       !memcmp(zmq_msg_data(frame), text, strlen(text));
}

static bool copy_text(char *text, size_t size, zmq_msg_t *frame)
{
	size_t len = zmq_msg_size(frame);

	if (len >= size)
		return false;
	memcpy(text, zmq_msg_data(frame), len);
	text[len] = '\0';
	return true;
}

static bool read_guest(struct zap_guest *guest, zmq_msg_t frames[FRAMES],
		       int count)
{
	if (count < CREDENTIAL || !is_text(&frames[VERSION], "1.0") ||
	    !copy_text(guest->domain, sizeof(guest->domain), &frames[DOMAIN]))
		return false;
	(void)copy_text(guest->address, sizeof(guest->address),
			&frames[PEER_ADDRESS]);
	if (is_text(&frames[MECHANISM], "NULL"))
		return true;
	if (!is_text(&frames[MECHANISM], "CURVE") || count != FRAMES ||
	    zmq_msg_size(&frames[CREDENTIAL]) != KEY_BYTES)
		return false;
	guest->has_key = true;
	memcpy(guest->public_key, zmq_msg_data(&frames[CREDENTIAL]), KEY_BYTES);
	return true;
}

/* Our property in the format of ZMTP: lengths before name and value. */
static size_t pack_connection(uint8_t *bytes, uint64_t connection)
{
	char value[24];
	uint32_t len = (uint32_t)sprintf(value, "%" PRIu64, connection);
	uint32_t wire = htonl(len);
	size_t name = strlen(CONNECTION);

	*bytes++ = (uint8_t)name;
	memcpy(bytes, CONNECTION, name);
	memcpy(bytes + name, &wire, sizeof(wire));
	memcpy(bytes + name + sizeof(wire), value, len);
	return 1 + name + sizeof(wire) + len;
}

static void put(void *socket, const void *data, size_t len, bool more)
{
	(void)zmq_send(socket, data, len,
		       ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0));
}

static void reply(struct zap *zap, zmq_msg_t *id, enum zap_verdict verdict,
		  const struct zap_guest *guest)
{
	char user[ZAP_KEY_TEXT] = "";
	uint8_t property[64];
	size_t len = 0;

	if (verdict == ZAP_WELCOME) {
		len = pack_connection(property, ++zap->connections);
		if (guest->has_key)
			zap_key_text(user, guest->public_key);
	}
	put(zap->socket, "1.0", 3, true);
	put(zap->socket, zmq_msg_data(id), zmq_msg_size(id), true);
	put(zap->socket, answers[verdict].code, 3, true);
	put(zap->socket, answers[verdict].text, strlen(answers[verdict].text),
	    true);
	put(zap->socket, user, strlen(user), true);
	put(zap->socket, property, len, false);
}

bool zap_take(struct zap *zap,
	      enum zap_verdict (*judge)(void *data,
					const struct zap_guest *guest),
	      void *data)
{
	enum zap_verdict verdict = ZAP_REFUSED;
	struct zap_guest guest = {.has_key = false};
	zmq_msg_t frames[FRAMES];
	int count, i;

	for (i = 0; i < FRAMES; i++)
		zmq_msg_init(&frames[i]);
	count = receive(zap->socket, frames);
	if (count && read_guest(&guest, frames, count))
		verdict = judge(data, &guest);
	if (count)
		reply(zap, &frames[ID], verdict, &guest);
	for (i = 0; i < FRAMES; i++)
		zmq_msg_close(&frames[i]);
	return count > 0;
}

void zap_key_text(char text[ZAP_KEY_TEXT], const uint8_t public_key[KEY_BYTES])
{
	(void)zmq_z85_encode(text, public_key, KEY_BYTES);
}

uint64_t zap_connection(void *message)
{
	const char *number = zmq_msg_gets(message, CONNECTION);

	return number ? strtoull(number, NULL, 10) : 0;
}

bool zap_public_key(void *message, uint8_t public_key[KEY_BYTES])
{
	const char *user = zmq_msg_gets(message, "User-Id");

	return user && strlen(user) == ZAP_KEY_TEXT - 1 &&
	       zmq_z85_decode(public_key, user);
}
