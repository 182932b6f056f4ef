/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rtp.c - the driver: a radio behind an RTP gateway, unicast, both directions
 *
 * Reception is "packet COR": an over begins with the first packet that we can
 * play and ends when packets stop.  Sending is the same the other way: packets
 * while keyed, none otherwise.
 */
#include "plugins/plugin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "plugins/rtp/endpoint.h"
#include "plugins/rtp/jitter.h"
#include "plugins/rtp/payload.h"
#include "plugins/rtp/rtp_packet.h"
#include "plugins/rtp/sender.h"
#include "plugins/rtp/settings.h"
#include "plugins/rtp/tally.h"

#define DATAGRAM_BYTES 8192 /* above every packet that we accept */
#define BUDGET         64   /* datagrams a wake-up: the other radios wait */
#define BACKLOG_MS     400  /* above it two frames a tick, to catch up */
#define PROBE_US       5000000
#define PROBE_AGAIN_US 1000000
#define PROBES_FAILED  2 /* in a row, until the radio counts as failed */

/* Types that can't be told from RTCP on the same port (RFC 5761, 4). */
#define RTCP_FIRST 64
#define RTCP_LAST  95

struct rtp {
	struct settings settings;
	struct gridcall_driver_host host;
	struct gridcall_radio *radio;
	struct jitter *jitter;
	struct sender sender;
	int fd;
	bool is_keyed;
	bool has_told_misfit;

	uint64_t probed_us;
	uint64_t probe_us; /* the next; 0: at the next tick */
	unsigned int probes_failed;

	tally packets_received;
	tally packets_sent;
	tally strangers;
	tally malformed;
	tally unknown_payload;
	tally misfits;
	tally own_packets;
	tally send_errors;
	tally overs;

	uint8_t datagram[DATAGRAM_BYTES];
};

/* ---- receiving ---- */

static bool is_stranger(const struct rtp *rtp, const struct address *from)
{
	const struct address *remote = &rtp->settings.remote;

	return !address_same_host(from, remote) ||
	       (rtp->settings.is_strict &&
		address_port(from) != address_port(remote));
}

static void tell_misfit(struct rtp *rtp, const struct rtp_packet *packet)
{
	char text[160];

	if (rtp->has_told_misfit)
		return;
	rtp->has_told_misfit = true;
	snprintf(text, sizeof(text),
		 "payload type %u: %zu bytes can't be cut into frames of 20 "
		 "ms; dropped; set the sender to packets of 20 ms",
		 packet->payload_type, packet->len);
	rtp->host.log(rtp->radio, GRIDCALL_NOTICE, text);
}

static void offer(struct rtp *rtp, const struct rtp_packet *packet,
		  const struct gridcall_format *format, uint64_t now_us)
{
	const struct jitter_packet offered = {
		.ssrc = packet->ssrc,
		.timestamp = packet->timestamp,
		.seq = packet->seq,
		.format = *format,
		.data = packet->payload,
		.len = packet->len,
	};

	switch (jitter_push(rtp->jitter, &offered, now_us)) {
	case JITTER_BEGAN:
		tally_add(&rtp->overs, 1);
		rtp->host.keyed(rtp->radio, now_us);
		break;
	case JITTER_MISFIT:
		tally_add(&rtp->misfits, 1);
		jitter_skip(rtp->jitter, packet->ssrc, packet->seq);
		tell_misfit(rtp, packet);
		break;
	case JITTER_QUEUED:
	case JITTER_DUPLICATE:
	case JITTER_LATE:
	case JITTER_HELD:
		break;
	}
}

static void take(struct rtp *rtp, size_t len, uint64_t now_us)
{
	const struct gridcall_format *format;
	struct rtp_packet packet;

	tally_add(&rtp->packets_received, 1);
	if (len > sizeof(rtp->datagram) ||
	    rtp_packet_parse(&packet, rtp->datagram, len)) {
		tally_add(&rtp->malformed, 1);
		return;
	}
	if (packet.ssrc == rtp->sender.ssrc) {
		tally_add(&rtp->own_packets, 1);
		return;
	}
	format = &rtp->settings.accept[packet.payload_type];
	if (format->codec) {
		offer(rtp, &packet, format, now_us);
		return;
	}
	tally_add(&rtp->unknown_payload, 1);
	/* Telephone events and comfort noise share the sequence. */
	if (packet.payload_type < RTCP_FIRST || packet.payload_type > RTCP_LAST)
		jitter_skip(rtp->jitter, packet.ssrc, packet.seq);
}

static void ready(void *state, int fd, uint64_t now_us)
{
	struct rtp *rtp = state;
	int i;

	for (i = 0; i < BUDGET; i++) {
		struct address from = {.len = sizeof(from.at)};
		ssize_t len = recvfrom(fd, rtp->datagram, sizeof(rtp->datagram),
				       MSG_DONTWAIT | MSG_TRUNC, &from.at.any,
				       &from.len);

		if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (len < 0)
			continue; /* an ICMP error of what we sent */
		if (is_stranger(rtp, &from))
			tally_add(&rtp->strangers, 1);
		else
			take(rtp, (size_t)len, now_us);
	}
}

/* ---- the clock ---- */

static void play(struct rtp *rtp, uint64_t now_us)
{
	struct gridcall_frame frame;

	switch (jitter_pull(rtp->jitter, now_us, &frame)) {
	case JITTER_FRAME:
	case JITTER_LOST:
		rtp->host.heard(rtp->radio, &frame, now_us);
		break;
	case JITTER_END:
		rtp->host.unkeyed(rtp->radio, now_us);
		break;
	case JITTER_IDLE:
	case JITTER_WAIT:
		break;
	}
}

/* Whether our address and the way to the radio are still there. */
static void probe(struct rtp *rtp, uint64_t now_us)
{
	char text[160];
	int rc = endpoint_probe(&rtp->settings);

	rtp->probed_us = now_us;
	rtp->has_told_misfit = false;
	rtp->probe_us = now_us + (rc ? PROBE_AGAIN_US : PROBE_US);
	if (rc == -EAGAIN)
		return;
	if (!rc) {
		if (rtp->probes_failed >= PROBES_FAILED)
			rtp->host.recovered(rtp->radio);
		rtp->probes_failed = 0;
		return;
	}
	rtp->probes_failed += rtp->probes_failed < PROBES_FAILED + 1;
	if (rtp->probes_failed != PROBES_FAILED)
		return;
	snprintf(text, sizeof(text),
		 "no way from local port %u to the radio: %s; check this "
		 "machine's addresses and routes",
		 address_port(&rtp->settings.local), strerror(-rc));
	rtp->host.failed(rtp->radio, text);
}

static void rtp_tick(void *state, uint64_t now_us)
{
	struct rtp *rtp = state;
	bool is_behind = jitter_backlog_ms(rtp->jitter) > BACKLOG_MS;

	play(rtp, now_us);
	if (is_behind)
		play(rtp, now_us);
	if (now_us >= rtp->probe_us)
		probe(rtp, now_us);
}

/* ---- sending ---- */

static int rtp_key(void *state, int on, uint64_t now_us)
{
	struct rtp *rtp = state;

	if (on && !rtp->is_keyed)
		sender_key(&rtp->sender);
	rtp->is_keyed = on;
	return 0;
}

static bool is_sendable(const struct rtp *rtp,
			const struct gridcall_frame *frame)
{
	const struct gridcall_format *format = &rtp->settings.transmit;

	return frame->data && frame->len <= GRIDCALL_FRAME_BYTES_MAX &&
	       payload_same_format(&frame->format, format) &&
	       payload_samples(format, frame->data, frame->len) ==
		       (int)payload_frame_samples(format);
}

/* Counted; if the trouble stays, the probe will tell. */
static void note_send_error(struct rtp *rtp)
{
	tally_add(&rtp->send_errors, 1);
	if (rtp->probe_us > rtp->probed_us + PROBE_AGAIN_US)
		rtp->probe_us = rtp->probed_us + PROBE_AGAIN_US;
}

static int rtp_send(void *state, const struct gridcall_frame *frame,
		    uint64_t now_us)
{
	uint8_t data[RTP_HEADER_BYTES + GRIDCALL_FRAME_BYTES_MAX];
	struct rtp *rtp = state;
	struct rtp_packet packet;
	int len;

	if (!rtp->is_keyed)
		return -EPERM;
	if (!is_sendable(rtp, frame))
		return -EINVAL;
	sender_next(&rtp->sender, frame, now_us, &packet);
	len = rtp_packet_build(&packet, data, sizeof(data));
	if (sendto(rtp->fd, data, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL,
		   &rtp->settings.remote.at.any, rtp->settings.remote.len) >= 0)
		tally_add(&rtp->packets_sent, 1);
	else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
		return -EAGAIN;
	else
		note_send_error(rtp);
	return 0;
}

/* ---- its life ---- */

static size_t rtp_counters(void *state, struct gridcall_counter *counters,
			   size_t max)
{
	const struct rtp *rtp = state;
	const struct jitter_tallies *jitter = jitter_tallies(rtp->jitter);
	const struct {
		const char *name;
		const char *summary;
		const tally *value;
	} rows[] = {
		{"packets_received", "Datagrams from the radio's address.",
		 &rtp->packets_received},
		{"packets_sent", "RTP packets sent to the radio.",
		 &rtp->packets_sent},
		{"overs", "Overs that began.", &rtp->overs},
		{"lost", "Frames of 20 ms that never came, inside an over.",
		 &jitter->lost},
		{"late", "Packets dropped because their time had passed.",
		 &jitter->late},
		{"duplicate", "Packets dropped because they came twice.",
		 &jitter->duplicate},
		{"resyncs", "Overs that went on from another source or place.",
		 &jitter->resyncs},
		{"strays", "Packets dropped that fitted nowhere.",
		 &jitter->strays},
		{"strangers", "Datagrams dropped from any other address.",
		 &rtp->strangers},
		{"malformed", "Datagrams dropped that are not RTP.",
		 &rtp->malformed},
		{"unknown_payload", "Packets dropped of a type not accepted.",
		 &rtp->unknown_payload},
		{"misfits", "Packets dropped that hold no frames of 20 ms.",
		 &rtp->misfits},
		{"own_packets", "Our own packets that came back, dropped.",
		 &rtp->own_packets},
		{"send_errors", "Packets that the system refused to send.",
		 &rtp->send_errors},
	};
	size_t count = sizeof(rows) / sizeof(rows[0]);
	size_t i;

	for (i = 0; i < count && i < max; i++) {
		counters[i].name = rows[i].name;
		counters[i].summary = rows[i].summary;
		counters[i].value = tally_read(rows[i].value);
	}
	return count;
}

static void rtp_close(void *state)
{
	struct rtp *rtp = state;

	if (rtp->fd >= 0)
		close(rtp->fd);
	rtp->jitter = jitter_free(rtp->jitter);
	free(rtp);
}

/* A copy of what the gateway offers; what an older one lacks stays NULL. */
static void copy_host(struct rtp *rtp, const struct gridcall_driver_host *host)
{
	size_t size = host->size;

	if (size > sizeof(rtp->host))
		size = sizeof(rtp->host);
	memcpy(&rtp->host, host, size);
}

static struct rtp *rtp_alloc(const struct settings *settings)
{
	const struct jitter_config config = {
		.depth_ms = settings->jitter_ms,
		.gap_ms = settings->gap_ms,
		.packet_bytes = settings->packet_bytes,
	};
	struct rtp *rtp = calloc(1, sizeof(*rtp));

	if (!rtp)
		return NULL;
	rtp->fd = -1;
	rtp->settings = *settings;
	rtp->jitter = jitter_alloc(&config);
	if (!rtp->jitter || sender_init(&rtp->sender, &settings->transmit,
					settings->payload_type)) {
		rtp_close(rtp);
		return NULL;
	}
	return rtp;
}

static int rtp_open(void **state, struct gridcall_format *transmit,
		    const struct gridcall_driver_host *host,
		    struct gridcall_radio *radio,
		    const struct gridcall_option *options,
		    struct gridcall_why *why)
{
	struct settings settings;
	struct rtp *rtp;
	int rc = settings_read(&settings, options, why);

	if (rc)
		return rc;
	rtp = rtp_alloc(&settings);
	if (!rtp) {
		snprintf(why->text, sizeof(why->text),
			 "memory or random numbers are out; try again");
		return -ENOMEM;
	}
	copy_host(rtp, host);
	rtp->radio = radio;
	rc = rtp->fd = endpoint_open(&settings, why);
	if (rc < 0)
		goto fail;
	rc = rtp->host.watch(radio, rtp->fd, ready);
	if (rc < 0) {
		snprintf(why->text, sizeof(why->text),
			 "the gateway can't watch one more socket: %s",
			 strerror(-rc));
		goto fail;
	}
	*state = rtp;
	*transmit = settings.transmit;
	return 0;
fail:
	rtp_close(rtp);
	return rc;
}

GRIDCALL_EXPORT extern const struct gridcall_driver gridcall_plugin;

const struct gridcall_driver gridcall_plugin = {
	.head =
		{
			.abi_major = GRIDCALL_ABI_MAJOR,
			.abi_minor = GRIDCALL_ABI_MINOR,
			.size = sizeof(struct gridcall_driver),
			.kind = GRIDCALL_DRIVER,
			.name = "rtp",
			.summary = "Unicast RTP: G.711, L16 and Opus, an over "
				   "by packets beginning and stopping",
		},
	.open = rtp_open,
	.tick = rtp_tick,
	.key = rtp_key,
	.send = rtp_send,
	.counters = rtp_counters,
	.close = rtp_close,
};
