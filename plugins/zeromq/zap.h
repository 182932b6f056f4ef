/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * zap.h - the desk where libzmq asks, at each handshake, who may come in
 *
 * ZeroMQ's authentication protocol (RFC 27) on inproc://zeromq.zap.01, for
 * CURVE and for the plain handshake of ipc.  Every admitted connection gets a
 * number, which each of its messages carries (zap_connection()).
 *
 * Threads: opened by main, then the courier's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "plugins/zeromq/key_set.h"

#define ZAP_ADDRESS_MAX 64
#define ZAP_KEY_TEXT    41 /* Z85 with the final NUL */

struct zap {
	void *socket;
	uint64_t connections;
};

/* One peer that would come in. */
struct zap_guest {
	char domain[SETTINGS_NAME_MAX];
	char address[ZAP_ADDRESS_MAX]; /* "": not told */
	bool has_key; /* it proved to hold the key; else it is on ipc */
	uint8_t public_key[KEY_BYTES];
};

enum zap_verdict {
	ZAP_WELCOME,
	ZAP_LATER,  /* dropped without a word, so that it tries again */
	ZAP_REFUSED /* told so; libzmq's clients do not try again */
};

/* What libzmq writes for a key. */
void zap_key_text(char text[ZAP_KEY_TEXT], const uint8_t public_key[KEY_BYTES]);

/* 0 or a negative errno. */
int zap_open(struct zap *zap, void *context);
void zap_close(struct zap *zap);

/* Ask judge() about a guest.  False when nobody waits. */
bool zap_take(struct zap *zap,
	      enum zap_verdict (*judge)(void *data,
					const struct zap_guest *guest),
	      void *data);

/* The number of the connection that a zmq_msg_t came by; 0: none. */
uint64_t zap_connection(void *message);

/* The key that it came with; false when it came without. */
bool zap_public_key(void *message, uint8_t public_key[KEY_BYTES]);
