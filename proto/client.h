/* SPDX-License-Identifier: MIT
 *
 * client.h - how another program talks to a gateway
 *
 * A client sends commands and waits for their replies.  A feed is a
 * subscription that loses nothing: it asks the gateway for what the network
 * dropped (recovery.h says what it promises and what its handlers get).  A feed
 * never blocks and fits into anybody's poll loop: one descriptor, one function.
 *
 * Units:   durations in milliseconds.
 * Memory:  malloc.  Close every feed of a client before the client.
 * Threads: a client and its feeds belong to one thread.
 * Errors:  0 or a negative errno, and a sentence in fault (which may be NULL).
 */
#pragma once

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/gridcall.pb-c.h"
#include "proto/recovery.h"

#define CLIENT_REQUEST_MAX (16u << 20) /* bytes; a gateway takes no more */

struct client;
struct client_feed;

struct client_fault {
	Gridcall__V1__ErrorCode code; /* as the gateway gave it */
	char sentence[512];           /* what, where, how to mend */
};

/* How long to wait, and what ends the wait before that. */
struct client_patience {
	int deadline_ms;                     /* 0: 10 seconds */
	int cancel_fd;                       /* readable: stop; 0: none */
	const volatile sig_atomic_t *cancel; /* not 0: stop; NULL: none */
};

/*
 * Make a client of the command socket at address (ipc://...).  Nothing is sent
 * yet; a gateway that is not there shows in client_ask().
 */
struct client *client_open(const char *address, struct client_fault *fault);

/* Accepts NULL, returns NULL.  Never waits. */
struct client *client_close(struct client *client);

/*
 * Send a request and wait for its reply.  The id is filled in, and deadline_ms
 * when it is 0.  On success *reply has no error and is freed with
 * client_reply_free().
 *
 * -EREMOTEIO:    the gateway refused; fault says why.
 * -ECONNREFUSED: nobody listens at the address, or it may not be opened.
 * -ETIMEDOUT:    no reply in time; it may have been done nevertheless.
 * -ECANCELED:    patience was cancelled; as above.
 * -EMSGSIZE:     larger than CLIENT_REQUEST_MAX; nothing was sent.
 */
int client_ask(struct client *client, Gridcall__V1__Request *request,
	       const struct client_patience *patience,
	       Gridcall__V1__Reply **reply, struct client_fault *fault);

/* Accepts NULL. */
void client_reply_free(Gridcall__V1__Reply *reply);

struct client_feed_config {
	const char *address; /* of the feed: ipc://... */
	struct recovery_config recovery;
	/*
	 * Something keeps events from coming; NULL: no more.  The feed goes on
	 * trying by itself.  May be NULL; its data is the handler's.
	 */
	void (*on_trouble)(void *data, const char *sentence);
};

/* Subscribe.  Events come only out of client_feed_process(). */
struct client_feed *client_feed_open(struct client *client,
				     const struct client_feed_config *config,
				     struct client_fault *fault);

/* Accepts NULL, returns NULL. */
struct client_feed *client_feed_close(struct client_feed *feed);

/*
 * Readable whenever client_feed_process() has something to do, for time-outs
 * too.  Level-triggered: any poll, select or epoll will do.
 */
int client_feed_fd(const struct client_feed *feed);

/* Do what is due; a bounded batch, never waits.  Calls the handlers. */
void client_feed_process(struct client_feed *feed);

/* See recovery_position(). */
size_t client_feed_position(const struct client_feed *feed, char *text,
			    size_t size);

/* Whether everything up to the last heartbeat was given. */
bool client_feed_is_whole(const struct client_feed *feed);

const struct recovery_stats *client_feed_stats(const struct client_feed *feed);
