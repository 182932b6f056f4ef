/* SPDX-License-Identifier: MIT
 *
 * gridcall.h - libgridcall: how another program talks to a gateway
 *
 * A client sends commands and waits for their replies.  A subscription is a
 * feed that loses nothing: it asks the gateway for what the network dropped.
 * It never blocks and fits into anybody's poll loop: one descriptor, one
 * function.  The messages are those of gridcall.proto, as protobuf-c makes
 * them; gridcall(7) says what they mean.
 *
 * What a subscription promises: every event of the prefixes is given exactly
 * once, in order of seq within its topic, over lost messages and over a restart
 * of either side when the position was kept.
 *
 * Units:   durations in milliseconds.
 * Memory:  malloc; what a handler is given lasts for the call.
 * Threads: a client and what was made of it belong to one thread.
 * Errors:  0 or a negative errno, and a sentence in fault (which may be NULL).
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/gridcall.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GRIDCALL_API __attribute__((visibility("default")))

#define GRIDCALL_REQUEST_MAX (16u << 20) /* bytes; a gateway takes no more */

struct gridcall_client;
struct gridcall_subscription;

struct gridcall_fault {
	Gridcall__V1__ErrorCode code; /* as the gateway gave it */
	char sentence[512];           /* what, where, how to mend */
};

/* Start with all zero: what later versions add means nothing then. */
struct gridcall_config {
	const char *address; /* of the command socket: ipc://... */
	const void *reserved[8];
};

/*
 * Make a client.  Nothing is sent yet; a gateway that is not there shows in
 * gridcall_ask().
 */
GRIDCALL_API struct gridcall_client *
gridcall_open(const struct gridcall_config *config,
	      struct gridcall_fault *fault);

/*
 * Accepts NULL, returns NULL.  Never waits.  Close every subscription of a
 * client before.
 */
GRIDCALL_API struct gridcall_client *
gridcall_close(struct gridcall_client *client);

/* ------------------------------------------------------------ commands -- */

/* How long to wait, and what ends the wait before that. */
struct gridcall_patience {
	int deadline_ms;                     /* 0: 10 seconds */
	int cancel_fd;                       /* readable: stop; 0: none */
	const volatile sig_atomic_t *cancel; /* not 0: stop; NULL: none */
};

/*
 * Send a request and wait for its reply.  The id is filled in, and deadline_ms
 * when it is 0.  On success *reply has no error and is freed with
 * gridcall_reply_free().
 *
 * -EREMOTEIO:    the gateway refused; fault says why.
 * -ECONNREFUSED: nobody listens at the address, or it may not be opened.
 * -ETIMEDOUT:    no reply in time; it may have been done nevertheless.
 * -ECANCELED:    patience was cancelled; as above.
 * -EMSGSIZE:     larger than GRIDCALL_REQUEST_MAX; nothing was sent.
 */
GRIDCALL_API int gridcall_ask(struct gridcall_client *client,
			      Gridcall__V1__Request *request,
			      const struct gridcall_patience *patience,
			      Gridcall__V1__Reply **reply,
			      struct gridcall_fault *fault);

/* Accepts NULL. */
GRIDCALL_API void gridcall_reply_free(Gridcall__V1__Reply *reply);

/* -------------------------------------------------------------- events -- */

struct gridcall_event {
	const char *topic;
	uint64_t seq;
	uint64_t topic_seq;
	const uint8_t *payload; /* the very bytes of the ledger */
	size_t len;
	const Gridcall__V1__Event *event; /* the same, unpacked */
};

/* Why what was known of the gateway's history no longer holds. */
struct gridcall_break {
	const char *epoch; /* of the ledger that is in force now */
	uint64_t seq;      /* its last event */
	bool trimmed;      /* the same ledger, but its old events are gone */
};

/*
 * What to subscribe to, and who gets it.  Start with all zero.  A handler must
 * not close the subscription that calls it.
 */
struct gridcall_interest {
	const char *feed; /* its address: ipc://... */
	/* "", an area that ends in '.', or a whole topic. */
	const char *const *prefixes;
	size_t prefix_count;
	/*
	 * "EPOCH SEQ" or what gridcall_subscription_position() wrote: what was
	 * already seen.  An EPOCH of "-" is whichever is in force.  NULL: only
	 * what comes now.
	 */
	const char *position;

	void (*on_event)(void *data, const struct gridcall_event *event);
	/*
	 * Volatile messages, heartbeats, and an alarm that the gateway can't
	 * record yet (an Event of seq 0).  May be NULL.
	 */
	void (*on_volatile)(void *data, const char *topic,
			    const uint8_t *payload, size_t len);
	/*
	 * Take a snapshot; events go on after *after_seq, which is the last
	 * there is and may be set lower: 0 gives the whole new history.  May be
	 * NULL.
	 */
	void (*on_break)(void *data, const struct gridcall_break *now,
			 uint64_t *after_seq);
	/*
	 * Something keeps events from coming; NULL: no more.  The subscription
	 * goes on trying by itself.  May be NULL.
	 */
	void (*on_trouble)(void *data, const char *sentence);
	void *data; /* for the handlers */
	const void *reserved[8];
};

struct gridcall_stats {
	uint64_t events;     /* given to the handler */
	uint64_t gaps;       /* holes noticed in the feed */
	uint64_t recovered;  /* events that came by replay */
	uint64_t duplicates; /* dropped, seen before */
	uint64_t garbage;    /* messages not to be understood */
	uint64_t overflows;  /* times that too much came during a replay */
	uint64_t breaks;
};

/* Events come only out of gridcall_subscription_process(). */
GRIDCALL_API struct gridcall_subscription *
gridcall_subscribe(struct gridcall_client *client,
		   const struct gridcall_interest *interest,
		   struct gridcall_fault *fault);

/* Accepts NULL, returns NULL. */
GRIDCALL_API struct gridcall_subscription *
gridcall_unsubscribe(struct gridcall_subscription *subscription);

/*
 * Readable whenever gridcall_subscription_process() has something to do, for
 * time-outs too.  Level-triggered: any poll, select or epoll will do.
 */
GRIDCALL_API int
gridcall_subscription_fd(const struct gridcall_subscription *subscription);

/* Do what is due; a bounded batch, never waits.  Calls the handlers. */
GRIDCALL_API void
gridcall_subscription_process(struct gridcall_subscription *subscription);

/*
 * What to keep so that a later start loses nothing and sees nothing twice, as
 * text with its NUL.  Returns its length as snprintf() does.
 */
GRIDCALL_API size_t
gridcall_subscription_position(const struct gridcall_subscription *subscription,
			       char *text, size_t size);

/* Whether everything up to the last heartbeat was given. */
GRIDCALL_API bool gridcall_subscription_is_whole(
	const struct gridcall_subscription *subscription);

GRIDCALL_API const struct gridcall_stats *
gridcall_subscription_stats(const struct gridcall_subscription *subscription);

#ifdef __cplusplus
}
#endif
