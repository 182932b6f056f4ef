/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * courier.h - the one thread that owns the sockets of a service
 *
 * It carries letters from the outbox to the feeds and to who asked, and
 * requests from the command sockets to the gateway.  Main never touches a
 * socket after courier_start(), so a slow peer can't hold it up.
 *
 * Threads: all functions main; the counters are relaxed atomics.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "plugins/plugin.h"
#include "plugins/zeromq/desk.h"
#include "plugins/zeromq/gate.h"
#include "plugins/zeromq/key_set.h"
#include "plugins/zeromq/outbox.h"
#include "plugins/zeromq/settings.h"
#include "plugins/zeromq/tray.h"
#include "plugins/zeromq/zap.h"

struct outlet;
struct zmq_pollitem_t;

#define COURIER_REQUEST_MAX (16u << 20) /* bytes */
#define COURIER_OPEN_MAX    1024        /* requests without an answer yet */

struct courier_counters {
	_Atomic uint64_t dropped;    /* by publish(): the backlog was full */
	_Atomic uint64_t requests;   /* handed to the gateway */
	_Atomic uint64_t refused;    /* answered BUSY, or too large */
	_Atomic uint64_t garbage;    /* a wrong number of frames */
	_Atomic uint64_t unroutable; /* answers nobody took */
	_Atomic uint64_t admitted;   /* handshakes at command sockets */
	_Atomic uint64_t turned_away;
};

struct courier {
	const struct gridcall_service_host *host;
	struct gridcall_bridge *bridge;
	struct settings settings;
	struct outbox *outbox;
	struct bundle *bundles; /* taken and not carried out yet */
	struct tray *tray;
	struct desk *desk;
	void *context;
	struct certificate *certificate; /* NULL: no address of TCP */
	char public_key[CERTIFICATE_Z85];
	struct zap zap;
	bool shut; /* nobody new comes in by TCP */
	int64_t shut_told_ms;
	int64_t refusal_ms;    /* when the log had a line of one refused */
	unsigned int refusals; /* since then */
	struct key_set *keys;  /* in force; NULL: not told yet */
	/* what main gave and the thread has not taken yet; NULL: nothing */
	struct key_set *_Atomic next_keys;
	struct gate *inlets; /* command sockets */
	size_t inlet_count;
	struct outlet *outlets; /* feeds */
	size_t outlet_count;
	struct zmq_pollitem_t *items; /* outbox, zap, inlets, outlets */
	pthread_t thread;
	bool started;
	_Atomic bool stopping;
	_Atomic uint64_t turns;
	struct courier_counters counters;
};

static inline void courier_count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* A line of the log.  [any] */
__attribute__((format(printf, 3, 4))) void
courier_tell(const struct courier *courier, enum gridcall_level level,
	     const char *format, ...);

/* Monotonic. */
int64_t courier_now_ms(void);

/* Bind what the settings name, start the thread.  0, or an errno and why. */
int courier_start(struct courier *courier, struct gridcall_why *why);

/* The feed of a name, or NULL.  [any] */
struct outlet *courier_outlet(const struct courier *courier, const char *name);

/* Have these keys in force; takes them over. */
void courier_keys(struct courier *courier, struct key_set *keys);

/*
 * Send what is queued for at most 200 ms, stop the thread, remove the socket
 * files.  Also for one whose start failed half-way.
 */
void courier_stop(struct courier *courier);
