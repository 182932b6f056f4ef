/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Packets in any order, doubled, lost, from changing sources, at any time: each
 * is handed out at most once and in order, nothing outside of an over, and no
 * over ends with a loss.  Every word of a payload is its packet's number.
 */
#include "plugins/rtp/jitter.h"

#include <stdlib.h>
#include <string.h>

#define MS 1000u
/* What an invariant that does not hold comes to. */
#define MUST(holds) ((holds) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct run {
	struct jitter *jitter;
	struct jitter_packet packet;
	uint32_t words[80];
	uint64_t now_us;
	uint32_t next; /* number of the next packet in order */
	uint32_t last; /* number last heard, and how many words of it */
	uint32_t heard;
	enum jitter_verdict before;
	bool is_open;
};

static void push(struct run *r, uint32_t number, size_t len)
{
	enum jitter_offer offer;
	size_t i;

	for (i = 0; i < 80; i++)
		r->words[i] = number;
	r->packet.seq = (uint16_t)number;
	r->packet.timestamp = number * 160;
	r->packet.data = (const uint8_t *)r->words;
	r->packet.len = len;
	offer = jitter_push(r->jitter, &r->packet, r->now_us);
	MUST((offer != JITTER_BEGAN) || !r->is_open);
	r->is_open |= offer == JITTER_BEGAN;
	r->next = number >= r->next ? number + 1 : r->next;
}

static void hear(struct run *r, const struct gridcall_frame *frame)
{
	uint32_t words[40];
	size_t i;

	MUST(frame->len == sizeof(words));
	memcpy(words, frame->data, sizeof(words));
	for (i = 0; i < 40; i++) {
		MUST(words[i] >= r->last);
		r->heard = words[i] == r->last ? r->heard + 1 : 1;
		MUST(r->heard <= 80);
		r->last = words[i];
	}
}

static void pull(struct run *r)
{
	struct gridcall_frame frame;
	enum jitter_verdict verdict = jitter_pull(r->jitter, r->now_us, &frame);

	MUST((verdict == JITTER_IDLE) == !r->is_open);
	if (verdict == JITTER_FRAME)
		hear(r, &frame);
	if (verdict == JITTER_END)
		MUST(r->before == JITTER_FRAME &&
		     jitter_backlog_ms(r->jitter) == 0);
	if (verdict == JITTER_END) {
		r->is_open = false;
		r->last = 0;
	}
	if (verdict != JITTER_WAIT)
		r->before = verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct jitter_config config = {
		.depth_ms = len % 5 * 20, .gap_ms = 100, .packet_bytes = 320};
	struct run r = {.jitter = jitter_alloc(&config),
			.packet.format = {GRIDCALL_PCMA, 8000},
			.next = 65500};

	for (; len--; data++) {
		uint32_t much = *data >> 4;

		switch (*data & 7) {
		case 0: /* out of order, doubled or lost before */
			push(&r, r.next + much - 8, 160);
			break;
		case 1:
			push(&r, r.next, much & 1 ? 320 : 160);
			break;
		case 2: /* another source */
			r.packet.ssrc++;
			r.next += 16 + much * 1000;
			break;
		case 3:
			jitter_skip(r.jitter, r.packet.ssrc,
				    (uint16_t)(r.next++));
			break;
		case 4:
			r.now_us += much * 20 * MS;
			break;
		default:
			r.now_us += 20 * MS;
			pull(&r);
		}
	}
	jitter_free(r.jitter);
	return 0;
}
