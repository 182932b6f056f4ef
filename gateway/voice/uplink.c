/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * uplink.c - head is moved by who puts, tail by who takes
 */
#include "gateway/voice/uplink.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define OPUS_BYTES_MAX 1275

struct uplink {
	struct gridcall_format format;
	uint32_t room; /* bytes of a packet */
	_Atomic uint32_t holders;
	_Atomic uint32_t head; /* packets ever put */
	_Atomic uint32_t tail; /* packets ever taken or dropped */
	_Atomic uint64_t put_us;
	_Atomic bool ended;
	_Atomic bool keyed;
	_Atomic uint32_t taken;
	uint8_t toc; /* of the last packet taken; Opus only */
	uint8_t current[GRIDCALL_FRAME_BYTES_MAX];
	uint16_t len[UPLINK_PACKETS];
	uint8_t bytes[];
};

static uint32_t room_of(const struct gridcall_format *format)
{
	switch (format->codec) {
	case GRIDCALL_OPUS:
		return OPUS_BYTES_MAX;
	case GRIDCALL_L16:
		return format->rate_hz / 50 * 2;
	default:
		return format->rate_hz / 50;
	}
}

struct uplink *uplink_alloc(const struct gridcall_format *format,
			    uint64_t now_us)
{
	uint32_t room = room_of(format);
	struct uplink *uplink;

	if (room > GRIDCALL_FRAME_BYTES_MAX)
		return NULL;
	uplink = calloc(1, sizeof(*uplink) + (size_t)room * UPLINK_PACKETS);
	if (!uplink)
		return NULL;
	uplink->format = *format;
	uplink->room = room;
	atomic_init(&uplink->holders, 1);
	atomic_init(&uplink->put_us, now_us);
	return uplink;
}

struct uplink *uplink_hold(struct uplink *uplink)
{
	atomic_fetch_add_explicit(&uplink->holders, 1, memory_order_relaxed);
	return uplink;
}

struct uplink *uplink_drop(struct uplink *uplink)
{
	if (uplink && atomic_fetch_sub_explicit(&uplink->holders, 1,
						memory_order_acq_rel) == 1)
		free(uplink);
	return NULL;
}

const struct gridcall_format *uplink_format(const struct uplink *uplink)
{
	return &uplink->format;
}

static uint8_t *place(struct uplink *uplink, uint32_t number)
{
	return uplink->bytes + (size_t)(number % UPLINK_PACKETS) * uplink->room;
}

int uplink_put(struct uplink *uplink, const uint8_t *data, size_t len,
	       uint64_t now_us)
{
	uint32_t head =
		atomic_load_explicit(&uplink->head, memory_order_relaxed);

	atomic_store_explicit(&uplink->put_us, now_us, memory_order_relaxed);
	if (!len || len > uplink->room)
		return -EMSGSIZE;
	if (uplink_waiting(uplink) == UPLINK_PACKETS)
		return -ENOSPC;
	memcpy(place(uplink, head), data, len);
	uplink->len[head % UPLINK_PACKETS] = (uint16_t)len;
	atomic_store_explicit(&uplink->head, head + 1, memory_order_release);
	return 0;
}

void uplink_end(struct uplink *uplink)
{
	atomic_store_explicit(&uplink->ended, true, memory_order_release);
}

uint32_t uplink_waiting(const struct uplink *uplink)
{
	uint32_t tail =
		atomic_load_explicit(&uplink->tail, memory_order_acquire);

	return atomic_load_explicit(&uplink->head, memory_order_acquire) - tail;
}

void uplink_trim(struct uplink *uplink, uint32_t keep)
{
	uint32_t waiting = uplink_waiting(uplink);

	if (waiting > keep)
		atomic_fetch_add_explicit(&uplink->tail, waiting - keep,
					  memory_order_release);
}

bool uplink_take(struct uplink *uplink, struct gridcall_frame *frame)
{
	uint32_t tail =
		atomic_load_explicit(&uplink->tail, memory_order_relaxed);

	if (!uplink_waiting(uplink))
		return false;
	frame->format = uplink->format;
	frame->len = uplink->len[tail % UPLINK_PACKETS];
	memcpy(uplink->current, place(uplink, tail), frame->len);
	frame->data = uplink->current;
	uplink->toc = uplink->current[0];
	atomic_store_explicit(&uplink->tail, tail + 1, memory_order_release);
	atomic_fetch_add_explicit(&uplink->taken, 1, memory_order_relaxed);
	return true;
}

/* A table of contents alone, one frame of 20 ms: RFC 6716, 3.2.1 and 4.4. */
bool uplink_fill(struct uplink *uplink, struct gridcall_frame *frame)
{
	if (uplink->format.codec != GRIDCALL_OPUS || !uplink->toc ||
	    (uplink->toc & 3))
		return false;
	frame->format = uplink->format;
	frame->data = &uplink->toc;
	frame->len = 1;
	return true;
}

bool uplink_has_ended(const struct uplink *uplink)
{
	return atomic_load_explicit(&uplink->ended, memory_order_acquire);
}

bool uplink_is_silent(const struct uplink *uplink, uint64_t now_us)
{
	uint64_t put_us =
		atomic_load_explicit(&uplink->put_us, memory_order_relaxed);

	return now_us > put_us && now_us - put_us >= UPLINK_SILENCE_US;
}

void uplink_set_keyed(struct uplink *uplink, bool keyed)
{
	atomic_store_explicit(&uplink->keyed, keyed, memory_order_relaxed);
}

bool uplink_is_keyed(const struct uplink *uplink)
{
	return atomic_load_explicit(&uplink->keyed, memory_order_relaxed);
}

uint32_t uplink_sent_ms(const struct uplink *uplink)
{
	return atomic_load_explicit(&uplink->taken, memory_order_relaxed) *
	       GRIDCALL_FRAME_MS;
}
