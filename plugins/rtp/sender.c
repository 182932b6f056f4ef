/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/rtp/sender.h"

#include <errno.h>
#include <sys/random.h>

#include "plugins/rtp/payload.h"

#define FRAME_US (GRIDCALL_FRAME_MS * 1000u)
#define LATE_US  100000u /* within a keying; less is our own clock's jitter */

int sender_init(struct sender *sender, const struct gridcall_format *format,
		uint8_t payload_type)
{
	struct {
		uint32_t ssrc;
		uint32_t timestamp;
		uint16_t seq;
	} start;

	if (getrandom(&start, sizeof(start), GRND_NONBLOCK) != sizeof(start))
		return -EAGAIN;
	*sender = (struct sender){
		.format = *format,
		.payload_type = payload_type,
		.ssrc = start.ssrc,
		.seq = start.seq,
		.timestamp = start.timestamp,
	};
	return 0;
}

void sender_key(struct sender *sender)
{
	sender->is_first = true;
}

/* Let the sample clock run over the time in which we sent nothing. */
static void catch_up(struct sender *sender, uint64_t now_us)
{
	uint64_t late_us;

	if (!sender->has_sent || now_us <= sender->due_us)
		return;
	late_us = now_us - sender->due_us;
	if (!sender->is_first && late_us < LATE_US)
		return;
	sender->timestamp +=
		(uint32_t)(late_us / 1000 * (sender->format.rate_hz / 1000));
	sender->due_us = now_us;
}

void sender_next(struct sender *sender, const struct gridcall_frame *frame,
		 uint64_t now_us, struct rtp_packet *packet)
{
	catch_up(sender, now_us);
	packet->marker = sender->is_first;
	packet->payload_type = sender->payload_type;
	packet->seq = sender->seq++;
	packet->timestamp = sender->timestamp;
	packet->ssrc = sender->ssrc;
	packet->payload = frame->data;
	packet->len = frame->len;
	sender->timestamp += payload_frame_samples(&sender->format);
	if (!sender->has_sent)
		sender->due_us = now_us;
	sender->due_us += FRAME_US;
	sender->has_sent = true;
	sender->is_first = false;
}
