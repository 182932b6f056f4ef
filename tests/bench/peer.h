/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * peer.h - one way to carry events from a publisher to many subscribers
 *
 * The publisher is one process and all its subscribers, each with a connection
 * of its own, are another: the same for every peer, so that their figures can
 * stand beside each other.
 *
 * Threads: publisher_*() one thread; tally_take() any.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PEER_SUBSCRIBERS_MAX 100
#define PEER_SAMPLES_MAX     200000

/* In memory of both processes. */
struct tally {
	_Atomic uint32_t greeted; /* subscribers that got a first message */
	_Atomic uint64_t got;     /* events, by all of them */
	_Atomic uint32_t samples;
	_Atomic bool failed;
	bool known[PEER_SUBSCRIBERS_MAX];
	float delay_us[PEER_SAMPLES_MAX];
};

/* What every event's payload begins with. */
struct stamp {
	int64_t sent_us; /* 0: a greeting */
};

/* One message that a subscriber got. */
void tally_take(struct tally *tally, unsigned int subscriber, const void *data,
		size_t len);

int64_t peer_now_us(void);

/* Where and how one measurement runs; in memory of both processes. */
struct course {
	_Atomic bool open; /* the subscribers may come */
	const char *folder;
	unsigned int port; /* of the broker, for peers that are one */
	unsigned int subscribers;
	struct tally *tally;
	bool sealed;        /* CURVE or TLS */
	int qos;            /* of MQTT */
	unsigned int store; /* of JetStream, a new one each time */
	/* Noted by the publisher for the subscribers. */
	char address[600];
	char server_key[41], public_key[41], secret_key[41];
};

struct peer {
	const char *name;
	bool sealed; /* CURVE or TLS */
	int qos;
	/* Begin to publish; notes in course what subscribers need. */
	void *(*open)(struct course *course);
	/* Waits while it is full.  0 or a negative errno. */
	int (*publish)(void *state, const char *topic, const void *data,
		       size_t len);
	/* Everything given so far leaves soon without another call. */
	void (*flush)(void *state);
	void (*close)(void *state);
	/* Whose memory a subscriber costs; 0: ours. */
	pid_t (*process)(void *state);
	/* [subscribers' process] Connect them all, take until killed. */
	void (*subscribe)(const struct course *course);
};

extern const struct peer peer_feed_plain, peer_feed_curve;
extern const struct peer peer_zmq_plain, peer_zmq_curve;
extern const struct peer peer_nats, peer_nats_tls;
extern const struct peer peer_mqtt_0, peer_mqtt_0_tls;
extern const struct peer peer_mqtt_1, peer_mqtt_1_tls;

/* Make cert.pem and key.pem in the folder, once, for the peers with TLS. */
void peer_make_certificate(const struct course *course);

/*
 * Start a broker with this configuration file's text; its process, or -1.  It
 * ends with us.
 */
pid_t peer_start_broker(const struct course *course, const char *program,
			const char *configuration);
void peer_stop_broker(pid_t broker);

/* Events a second that JetStream acknowledged, with its files as store. */
double peer_jetstream(struct course *course, const void *data, size_t len,
		      int64_t run_us);
