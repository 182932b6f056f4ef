/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * talks.h - officers' live voice on its way to channels
 *
 * A talk takes packets in order and sends them to its channels, each of which
 * keys when it is free, until the talk ends: by its last request, or because
 * half a second passed without packets.  Meanwhile the channels' calls are
 * held.  A talk that has ended is remembered for a while, for who asks how it
 * went.
 *
 * Memory:  below the gateway.
 * Threads: main.
 */
#pragma once

#include "gateway/gateway.h"

#define TALK_ID_MAX      20
#define TALK_PACKETS_MAX 50 /* of one request: a second */

struct talks;
struct talk;

struct talks *talks_alloc(struct gateway *gateway);

/* Ends them all.  Accepts NULL.  Always returns NULL. */
struct talks *talks_free(struct talks *talks);

/* One that has not ended, of a principal or on a channel; NULL. */
const struct talk *talks_of(const struct talks *talks, const char *principal);
const struct talk *talks_on(const struct talks *talks, const char *channel);
const char *talk_principal(const struct talk *talk);

/* Begin one, on no channel yet.  NULL when memory is out. */
struct talk *talk_alloc(struct talks *talks, const char *principal);

/* Add a channel.  What can't be sent to has ended, with its reason. */
void talk_add(struct talk *talk, const char *channel);

/* By id, of this principal, also one that ended lately; NULL. */
struct talk *talks_find(const struct talks *talks, const char *principal,
			const char *id);

/*
 * Take packets of 20 ms of mono Opus, an empty one for each that was lost; what
 * came before is ignored.  When nothing comes for half a second, it ends.
 */
void talk_put(struct talk *talk, uint32_t number,
	      const ProtobufCBinaryData *packets, size_t count);

/* Nothing more will come. */
void talk_end(struct talk *talk);

/* How it goes; what it points to hangs below ctx or lasts with the talk. */
void talk_describe(const struct talk *talk, void *ctx,
		   Gridcall__V1__TalkReply *reply);

/* What was sent has ended; to be called after calls_signal(). */
void talks_signal(struct talks *talks, const struct signal *signal);

size_t talks_count(const struct talks *talks);
void talks_visit(const struct talks *talks,
		 void (*visit)(void *data, const struct talk *talk),
		 void *data);
