/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * plugin.h - the one door between the gateway and its plugins
 *
 * A plugin is one shared object that exports one constant, gridcall_plugin:
 * the head of a table of its kind.  It imports no symbol of the daemon; what it
 * may ask of the gateway is in the host table passed to open().  Loading has no
 * effect, the same plugin may be open many times, and close() is the only end.
 *
 * Versions: the first three fields never move.  The loader refuses another
 *          major, then copies min(size, ours) bytes into a zeroed table, so a
 *          call that an older plugin lacks reads as absent.  New calls are
 *          appended and raise the minor; a changed meaning raises the major.
 * Units:   times ending in _us are monotonic microseconds; rates are Hz.
 * Memory:  what is passed to a call is valid during that call only.
 * Threads: every call names its own:
 *          [main]  the main loop; must not block
 *          [voice] the one worker that owns the channel; must neither block
 *                  nor allocate
 *          [any]   whichever; only enqueues
 *          open() and close() of one state never run beside another call on it.
 * Errors:  0 or a negative errno; open() also writes one sentence into why.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define GRIDCALL_ABI_MAJOR 1
#define GRIDCALL_ABI_MINOR 1 /* 1: keys, feeds of their own, peers */

/* The only symbol a plugin exports: const struct gridcall_head. */
#define GRIDCALL_PLUGIN_SYMBOL "gridcall_plugin"
#define GRIDCALL_EXPORT        __attribute__((visibility("default")))

enum gridcall_kind {
	GRIDCALL_DRIVER = 1,  /* a kind of radio */
	GRIDCALL_SERVICE = 2, /* carries events out and commands in */
	GRIDCALL_SPEECH = 3,  /* says or recognises words */
};

struct gridcall_head {
	uint16_t abi_major; /* these three never move */
	uint16_t abi_minor;
	uint32_t size; /* of the whole table */
	uint32_t kind;
	const char *name;    /* a-z 0-9, as in "driver NAME" */
	const char *summary; /* one line for the VTY */
};

/* Exactly as typed.  A list ends with a NULL key; unknown keys are -EINVAL. */
struct gridcall_option {
	const char *key;
	const char *value;
};

/* Where open() writes its sentence: what, where, how to mend. */
struct gridcall_why {
	char text[256];
};

enum gridcall_level { /* of a log line */
		      GRIDCALL_DEBUG = 1,
		      GRIDCALL_INFO = 3,
		      GRIDCALL_NOTICE = 5,
		      GRIDCALL_ERROR = 7, /* a person must act */
};

/* A figure that only grows. */
struct gridcall_counter {
	const char *name;    /* past tense: packets_late */
	const char *summary; /* one sentence */
	uint64_t value;
};

/* ---------------------------------------------------------------- driver -- */

enum gridcall_codec {
	GRIDCALL_PCMA = 1, /* G.711 A-law, 8 bits a sample */
	GRIDCALL_PCMU = 2, /* G.711 µ-law, 8 bits a sample */
	GRIDCALL_L16 = 3,  /* 16 bits a sample, network byte order */
	GRIDCALL_OPUS = 4, /* one Opus packet, mono */
};

#define GRIDCALL_FRAME_MS        20
#define GRIDCALL_FRAME_BYTES_MAX 1920 /* 20 ms of L16 at 48 kHz */

struct gridcall_format {
	uint32_t codec;   /* enum gridcall_codec */
	uint32_t rate_hz; /* 8000, 16000 or 48000; 48000 for Opus */
};

/* 20 ms of one channel's audio as it is on the wire. */
struct gridcall_frame {
	struct gridcall_format format;
	const uint8_t *data; /* NULL: this frame was lost */
	uint32_t len;        /* bytes; 0 when lost */
};

struct gridcall_radio; /* the gateway's side of one open channel */

struct gridcall_driver_host {
	uint32_t size;

	/*
	 * [main, inside open()] Have ready() called on [voice] when fd is
	 * readable.  The driver keeps owning fd and closes it in close().
	 */
	int (*watch)(struct gridcall_radio *radio, int fd,
		     void (*ready)(void *state, int fd, uint64_t now_us));

	/* [voice] A signal began: carrier, squelch or first packet. */
	void (*keyed)(struct gridcall_radio *radio, uint64_t now_us);

	/*
	 * [voice] The next 20 ms of the signal, in order, each exactly once.
	 * Between keyed() and unkeyed() only.
	 */
	void (*heard)(struct gridcall_radio *radio,
		      const struct gridcall_frame *frame, uint64_t now_us);

	/* [voice] The signal ended. */
	void (*unkeyed)(struct gridcall_radio *radio, uint64_t now_us);

	/* [any] The radio does not work; the gateway marks the channel down. */
	void (*failed)(struct gridcall_radio *radio, const char *sentence);

	/* [any] It works again. */
	void (*recovered)(struct gridcall_radio *radio);

	/* [any] Rate-limited by the gateway. */
	void (*log)(struct gridcall_radio *radio, enum gridcall_level level,
		    const char *text);
};

struct gridcall_driver {
	struct gridcall_head head;

	/*
	 * [main] Open one radio.  On success *state goes to every call below
	 * and *transmit says what send() takes; on error nothing is kept.
	 */
	int (*open)(void **state, struct gridcall_format *transmit,
		    const struct gridcall_driver_host *host,
		    struct gridcall_radio *radio,
		    const struct gridcall_option *options,
		    struct gridcall_why *why);

	/* [voice] Every 20 ms: the clock for jitter buffers and time-outs. */
	void (*tick)(void *state, uint64_t now_us);

	/* [voice] Key (1) or unkey (0) the transmitter.  0 never fails. */
	int (*key)(void *state, int on, uint64_t now_us);

	/*
	 * [voice] Send one frame while keyed, in the format that open() gave.
	 * -EAGAIN: full, the gateway drops and counts.
	 */
	int (*send)(void *state, const struct gridcall_frame *frame,
		    uint64_t now_us);

	/*
	 * [any] Copy up to max counters; returns how many there are.  Values
	 * are read while [voice] writes them, so they are kept as relaxed
	 * atomics by the driver.
	 */
	size_t (*counters)(void *state, struct gridcall_counter *counters,
			   size_t max);

	/*
	 * [main, after the worker has let go] Unkey, stop threads, free.  No
	 * host call after it returns.  Never fails.
	 */
	void (*close)(void *state);
};

/* --------------------------------------------------------------- service -- */

struct gridcall_bridge; /* the gateway's side of one open service */

/* Two frames as every feed carries them. */
struct gridcall_message {
	const char *topic;
	const uint8_t *payload;
	size_t len;
	uint64_t seq; /* 0: volatile, not in the ledger */
	/* 1.1: for the feed of this name alone; NULL: each that carries it */
	const char *feed;
};

/* One request as it came in. */
struct gridcall_request {
	uint64_t token;        /* the service's own, comes back in reply() */
	const char *principal; /* authenticated name; "local" on ipc */
	const char *address;   /* of the peer, for the audit */
	const uint8_t *data;   /* gridcall.v1.Request */
	size_t len;
	/* 1.1: the same for every request of one connection; 0: not told */
	uint64_t connection;
	const uint8_t *public_key; /* 1.1: 32 bytes it came with; NULL: none */
};

/* A feed as whoami tells it. */
struct gridcall_feed {
	const char *name;
	const char *address;
	const char *jurisdiction; /* topic prefix that ends in '.' */
	/* 1.1: of the server, Z85; NULL: plain */
	const char *public_key;
	int voice; /* 1.1: carries live voice too */
};

/* Who may come in over a network: one key in force. */
struct gridcall_key {
	const char *principal;
	uint8_t public_key[32];          /* CURVE */
	const char *const *jurisdiction; /* topic prefixes, ended by NULL */
	int listens;                     /* may hear live voice */
};

struct gridcall_service_host {
	uint32_t size;

	/* [any] Hand a request on.  -EAGAIN: the gateway is busy, say so. */
	int (*request)(struct gridcall_bridge *bridge,
		       const struct gridcall_request *request);

	/* [main, inside open()] Make a feed known to whoami. */
	void (*feed)(struct gridcall_bridge *bridge,
		     const struct gridcall_feed *feed);

	/* [any] Something for the log. */
	void (*log)(struct gridcall_bridge *bridge, enum gridcall_level level,
		    const char *text);

	/*
	 * 1.1 [main, inside open()] A socket that takes commands over a
	 * network, and the server's key, Z85.
	 */
	void (*commands)(struct gridcall_bridge *bridge, const char *address,
			 const char *public_key);
};

struct gridcall_service {
	struct gridcall_head head;

	/* [main] Bind sockets, start threads. */
	int (*open)(void **state, const struct gridcall_service_host *host,
		    struct gridcall_bridge *bridge,
		    const struct gridcall_option *options,
		    struct gridcall_why *why);

	/*
	 * [main] Pass on one message.  Copies and enqueues; -EAGAIN when its
	 * own backlog is full: the message is lost to it and counted by it.
	 */
	int (*publish)(void *state, const struct gridcall_message *message);

	/* [main] The answer (gridcall.v1.Reply) to the request with token. */
	void (*reply)(void *state, uint64_t token, const uint8_t *data,
		      size_t len);

	/* [any] Grows as long as its threads are alive; asked each second. */
	uint64_t (*progress)(void *state);

	/* [any] As the driver's. */
	size_t (*counters)(void *state, struct gridcall_counter *counters,
			   size_t max);

	/* [main] Send what is queued for at most 200 ms, stop, free. */
	void (*close)(void *state);

	/*
	 * 1.1 [main] All keys in force, each time they change and once after
	 * open(); copied.  Who holds another must be out of every feed within
	 * a second.  NULL: the service lets nobody in by key.
	 */
	void (*keys)(void *state, const struct gridcall_key *keys,
		     size_t count);

	/* 1.1 [any] As counters, of the feed of this name; NULL: not kept. */
	size_t (*feed_counters)(void *state, const char *name,
				struct gridcall_counter *counters, size_t max);
};

/* ---------------------------------------------------------------- speech -- */

/* Mono, host order; position counts from the job's first sample. */
struct gridcall_speech_job {
	uint64_t token;       /* comes back in said() or recognised() */
	const char *language; /* BCP 47: zh-CN, en */
	const char *text;     /* to say; or a grammar, NULL for none */
	const int16_t *pcm;   /* to recognise; NULL when saying */
	size_t samples;
	uint32_t rate_hz;
	uint32_t deadline_ms;
};

struct gridcall_speech_desk; /* the gateway's side of one open engine */

struct gridcall_speech_host {
	uint32_t size;
	/* [any] Words as audio. err is 0 or a negative errno. */
	void (*said)(struct gridcall_speech_desk *desk, uint64_t token, int err,
		     const int16_t *pcm, size_t samples, uint32_t rate_hz);
	/* [any] Audio as words, with a confidence from 0 to 1. */
	void (*recognised)(struct gridcall_speech_desk *desk, uint64_t token,
			   int err, const char *text, double confidence);
	/* [any] Something for the log. */
	void (*log)(struct gridcall_speech_desk *desk,
		    enum gridcall_level level, const char *text);
};

struct gridcall_speech {
	struct gridcall_head head;

	/* [main] Load models, start threads. */
	int (*open)(void **state, const struct gridcall_speech_host *host,
		    struct gridcall_speech_desk *desk,
		    const struct gridcall_option *options,
		    struct gridcall_why *why);

	/* [main] Take a job (copied), -EAGAIN when full.  Either may be NULL.
	 */
	int (*say)(void *state, const struct gridcall_speech_job *job);
	int (*recognise)(void *state, const struct gridcall_speech_job *job);

	/* [main] Forget a job; its callback does not come any more. */
	void (*cancel)(void *state, uint64_t token);

	/* [main] Stop threads, free.  No callback after it returns. */
	void (*close)(void *state);
};
