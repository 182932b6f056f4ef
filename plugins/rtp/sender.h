/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sender.h - headers of the packets that we send
 *
 * Sequence numbers go on over keyings; timestamps are a sample clock that runs
 * on while we are silent, so that a receiver sees each pause as long as it was.
 * The first packet after a keying carries the marker.
 *
 * Threads: one at a time.
 */
#pragma once

#include "plugins/plugin.h"
#include "plugins/rtp/rtp_packet.h"

#include <stdbool.h>
#include <stdint.h>

struct sender {
	struct gridcall_format format;
	uint8_t payload_type;
	uint32_t ssrc;
	uint16_t seq;
	uint32_t timestamp;
	bool has_sent;
	bool is_first;   /* after a keying */
	uint64_t due_us; /* when the next frame would follow without a pause */
};

/* Random source, sequence and timestamp, as RFC 3550 wants them. */
int sender_init(struct sender *sender, const struct gridcall_format *format,
		uint8_t payload_type);

/* The next packet is the first of a keying. */
void sender_key(struct sender *sender);

/* Fill packet for one frame and move on. */
void sender_next(struct sender *sender, const struct gridcall_frame *frame,
		 uint64_t now_us, struct rtp_packet *packet);
