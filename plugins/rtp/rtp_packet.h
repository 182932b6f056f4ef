/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rtp_packet.h - one RTP packet taken apart and put together (RFC 3550, 5.1)
 *
 * The only place that knows where the fields lie.  Taking apart trusts nothing:
 * contributing sources, extension and padding are stepped over only when they
 * lie inside the packet.
 *
 * Units:   timestamp counts in the payload's own clock.
 * Memory:  payload points into the bytes that were given.
 * Threads: any; no state.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTP_HEADER_BYTES 12

struct rtp_packet {
	bool marker;
	uint8_t payload_type; /* 0 to 127 */
	uint16_t seq;
	uint32_t timestamp;
	uint32_t ssrc;
	const uint8_t *payload;
	size_t len; /* of the payload; may be 0 */
};

/* Returns 0, or -EBADMSG for anything that is not a whole RTP packet. */
int rtp_packet_parse(struct rtp_packet *packet, const uint8_t *data,
		     size_t len);

/*
 * Write header and payload to data; returns the bytes written, or -EMSGSIZE
 * when size is too small.
 */
int rtp_packet_build(const struct rtp_packet *packet, uint8_t *data,
		     size_t size);
