/* SPDX-License-Identifier: MIT
 *
 * gridcall.h - libgridcall: how another program talks to a gateway
 *
 * A client sends commands and gets their replies.  A subscription is a feed
 * that loses nothing: it asks the gateway for what the network dropped.  Live
 * voice is heard and spoken as Opus packets.  All of it fits into anybody's
 * poll loop: one descriptor, one function.  The messages are those of
 * gridcall.proto, as protobuf-c makes them; gridcall(7) says what they mean.
 *
 * What a subscription promises: every event of the prefixes is given exactly
 * once, in order of seq within its topic, over lost messages and over a restart
 * of either side when the position was kept.
 *
 * Units:   durations in milliseconds, unless a name says otherwise.
 * Memory:  malloc; what a handler is given lasts for the call.  A struct that
 *          is handed in starts with all zero: what later versions add to it
 *          means nothing then.
 * Threads: a client and what was made of it belong to one thread.
 * Handlers: are called out of gridcall_process() only.  One may send and cancel
 *          requests, ask, and close other things, but not close what calls
 *          it, nor call gridcall_process().
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

/* Where a gateway on this machine takes commands. */
#define GRIDCALL_COMMANDS "ipc:///run/gridcall/commands.sock"

/* ----------------------------------------------------------- key files -- */

/*
 * What makes a program a principal of a gateway over a network.  Who holds the
 * secret is that principal; gridcall_keyfile_forget() wipes it.
 */
struct gridcall_keyfile {
	char name[128];      /* of the principal */
	char gateway[16];    /* its id */
	char commands[256];  /* address of its command socket */
	char server_key[41]; /* of the gateway; keys are Z85 with a NUL */
	char public_key[41];
	char secret_key[41];
};

/*
 * Refuses one that others may read (-EPERM), or that is not whole (-EINVAL).
 */
GRIDCALL_API int gridcall_keyfile_read(struct gridcall_keyfile *keyfile,
				       const char *path,
				       struct gridcall_fault *fault);

/* With mode 0600; -EEXIST rather than over a file. */
GRIDCALL_API int gridcall_keyfile_write(const struct gridcall_keyfile *keyfile,
					const char *path,
					struct gridcall_fault *fault);

/* Make a new pair of keys; the rest of keyfile stays. */
GRIDCALL_API int gridcall_keyfile_make(struct gridcall_keyfile *keyfile,
				       struct gridcall_fault *fault);

GRIDCALL_API void gridcall_keyfile_forget(struct gridcall_keyfile *keyfile);

/* -------------------------------------------------------------- client -- */

struct gridcall_config {
	const char *address;  /* NULL: the one that the key file names */
	const char *key_file; /* its path; NULL: no key, which ipc needs not */
	const struct gridcall_keyfile *key; /* or a key file that was read */
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
 * Accepts NULL, returns NULL.  Never waits.  Close what was made of a client
 * before it.  Handlers of requests under way are not called any more.
 */
GRIDCALL_API struct gridcall_client *
gridcall_close(struct gridcall_client *client);

/*
 * Readable whenever gridcall_process() has something to do, for time-outs too.
 * Level-triggered: any poll, select or epoll will do.
 */
GRIDCALL_API int gridcall_fd(const struct gridcall_client *client);

/* Do what is due; a bounded batch, never waits.  Calls the handlers. */
GRIDCALL_API void gridcall_process(struct gridcall_client *client);

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
 * -EACCES:       the gateway refuses the key.
 * -ECONNREFUSED: nobody listens at the address, or it may not be opened.
 * -ETIMEDOUT:    no reply in time; it may have been done nevertheless.
 * -ECANCELED:    patience was cancelled; as above.  The request is withdrawn:
 *                a gateway that has not begun it will not.
 * -EMSGSIZE:     larger than GRIDCALL_REQUEST_MAX; nothing was sent.
 */
GRIDCALL_API int gridcall_ask(struct gridcall_client *client,
			      Gridcall__V1__Request *request,
			      const struct gridcall_patience *patience,
			      Gridcall__V1__Reply **reply,
			      struct gridcall_fault *fault);

/* Accepts NULL. */
GRIDCALL_API void gridcall_reply_free(Gridcall__V1__Reply *reply);

struct gridcall_answer {
	uint64_t id;                      /* as gridcall_send() gave it */
	int rc;                           /* as of gridcall_ask() */
	const Gridcall__V1__Reply *reply; /* when rc is 0 */
	const struct gridcall_fault *fault;
};

/* What becomes of a request that nobody waits for. */
struct gridcall_sent {
	/* Called once, unless it is cancelled; NULL: nobody cares. */
	void (*on_answer)(void *data, const struct gridcall_answer *answer);
	void *data;
	int deadline_ms; /* 0: 10 seconds */
	const void *reserved[4];
};

/*
 * Send a request; returns its id, or 0 and why it could not be sent.  Nothing
 * of request is kept.
 */
GRIDCALL_API uint64_t gridcall_send(struct gridcall_client *client,
				    Gridcall__V1__Request *request,
				    const struct gridcall_sent *sent,
				    struct gridcall_fault *fault);

/* Withdraw it: its handler is not called any more.  Any id is taken. */
GRIDCALL_API void gridcall_cancel(struct gridcall_client *client, uint64_t id);

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

/* One page of what there is now. */
struct gridcall_page {
	const Gridcall__V1__SnapshotReply *reply;
	bool first; /* forget what was known before */
	bool last;  /* events go on after the snapshot's through_seq */
};

/* What to subscribe to, and who gets it. */
struct gridcall_interest {
	/* Address of one feed; NULL: those that whoami tells. */
	const char *feed;
	/*
	 * Areas that end in '.', or whole topics; thousands are fine.  None:
	 * all that the principal may see.
	 */
	const char *const *prefixes;
	size_t prefix_count;
	/*
	 * "EPOCH SEQ" or what gridcall_position() wrote: what was already seen.
	 * An EPOCH of "-" is whichever is in force.  NULL: only what comes now,
	 * after a snapshot when there is on_snapshot.
	 */
	const char *position;
	/*
	 * Where the position is kept, instead: read at the start when it is
	 * there, written and synced after each batch of events.  A crash
	 * between a handler and the writing repeats these events; who needs
	 * exactly once keeps gridcall_position() in the same transaction as
	 * what the events changed.
	 */
	const char *position_file;

	void (*on_event)(void *data, const struct gridcall_event *event);
	/*
	 * Volatile messages, heartbeats, and an alarm that the gateway can't
	 * record yet (an Event of seq 0).  May be NULL.
	 */
	void (*on_volatile)(void *data, const char *topic,
			    const uint8_t *payload, size_t len);
	/*
	 * Take a snapshot; events go on after *after_seq, which is the last
	 * there is.  Of another ledger it may be set lower: 0 gives its whole
	 * history.  With on_snapshot they go on after the snapshot.  May be
	 * NULL.
	 */
	void (*on_break)(void *data, const struct gridcall_break *now,
			 uint64_t *after_seq);
	/*
	 * With it the library takes a snapshot at a start without position and
	 * after each break, and gives its pages in order; a first page may come
	 * again when the gateway was restarted meanwhile.  May be NULL.
	 */
	void (*on_snapshot)(void *data, const struct gridcall_page *page);
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
	uint64_t reserved[9];
};

/* NULL when a prefix or the position is not legal; all else is on_trouble's. */
GRIDCALL_API struct gridcall_subscription *
gridcall_subscribe(struct gridcall_client *client,
		   const struct gridcall_interest *interest,
		   struct gridcall_fault *fault);

/* Accepts NULL, returns NULL. */
GRIDCALL_API struct gridcall_subscription *
gridcall_unsubscribe(struct gridcall_subscription *subscription);

/*
 * What to keep so that a later start loses nothing and sees nothing twice, as
 * text with its NUL; "" when nothing is known yet.  Returns its length as
 * snprintf() does.  Within on_event it covers the event that is given, within
 * on_snapshot the snapshot when the page is the last.
 */
GRIDCALL_API size_t
gridcall_position(const struct gridcall_subscription *subscription, char *text,
		  size_t size);

/* Whether everything up to the last heartbeat was given. */
GRIDCALL_API bool
gridcall_is_whole(const struct gridcall_subscription *subscription);

GRIDCALL_API void
gridcall_get_stats(const struct gridcall_subscription *subscription,
		   struct gridcall_stats *stats);

/* --------------------------------------------------------------- voice -- */

struct gridcall_listener;
struct gridcall_talk;

/* Which channels to hear. */
struct gridcall_hearing {
	const char *const *channels;
	size_t channel_count;
	/*
	 * Packets of one channel, in order.  lost: so many before them did not
	 * come.  An empty packet was lost on the air.
	 */
	void (*on_voice)(void *data, const Gridcall__V1__Voice *voice,
			 uint32_t lost);
	void (*on_trouble)(void *data, const char *sentence);
	void *data;
	const void *reserved[8];
};

/* Hold a lease on channels until gridcall_unlisten(). */
GRIDCALL_API struct gridcall_listener *
gridcall_listen(struct gridcall_client *client,
		const struct gridcall_hearing *hearing,
		struct gridcall_fault *fault);

/* Accepts NULL, returns NULL.  Gives the lease back. */
GRIDCALL_API struct gridcall_listener *
gridcall_unlisten(struct gridcall_listener *listener);

/* To whom to talk. */
struct gridcall_talk_to {
	const char *const *channels;
	size_t channel_count;
	const char *selector; /* the channels of these units too; may be NULL */
	/* How each channel is, whenever the gateway tells.  May be NULL. */
	void (*on_state)(void *data, const Gridcall__V1__TalkReply *state);
	/* It is over: rc is 0 after gridcall_talk_end().  May be NULL. */
	void (*on_ended)(void *data, int rc, const char *sentence);
	void *data;
	const void *reserved[8];
};

/* Ask for channels; packets may be given at once and wait. */
GRIDCALL_API struct gridcall_talk *
gridcall_talk_begin(struct gridcall_client *client,
		    const struct gridcall_talk_to *speech_to,
		    struct gridcall_fault *fault);

/*
 * Opus, mono, 20 ms each.  -EAGAIN: more wait than ten seconds' worth; -EPIPE:
 * it is over.
 */
GRIDCALL_API int gridcall_talk_packets(struct gridcall_talk *talk,
				       const ProtobufCBinaryData *packets,
				       size_t count);

/* No more packets; on_ended comes when the gateway has them all. */
GRIDCALL_API int gridcall_talk_end(struct gridcall_talk *talk);

/* Accepts NULL, returns NULL.  One that was not ended is ended at once. */
GRIDCALL_API struct gridcall_talk *
gridcall_talk_free(struct gridcall_talk *talk);

#ifdef __cplusplus
}
#endif
