/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/monitor.h"

#include <stdio.h>
#include <string.h>

void tap_init(struct tap *tap, struct monitor *monitor, uint32_t slot,
	      const char *code)
{
	memset(tap, 0, sizeof(*tap));
	tap->monitor = monitor;
	tap->slot = slot;
	tap->code = code;
}

void tap_begin(struct tap *tap, int64_t began_utc_us)
{
	tap->began_utc_us = began_utc_us;
	tap->number = 0;
	tap->is_heard = false;
}

static bool is_wanted(const struct tap *tap)
{
	return tap->monitor && monitor_wants(tap->monitor, tap->slot);
}

static void hand_on(struct tap *tap, const struct gridcall_frame *frame)
{
	struct monitor_frame item;

	item.slot = tap->slot;
	item.number = tap->number;
	item.began_utc_us = tap->began_utc_us;
	snprintf(item.code, sizeof(item.code), "%s", tap->code);
	memset(&item.format, 0, sizeof(item.format));
	item.ended = !frame;
	item.len = 0;
	if (frame) {
		item.format = frame->format;
		item.len = frame->data ? (uint16_t)frame->len : 0;
	}
	if (item.len)
		memcpy(item.bytes, frame->data, item.len);
	monitor_put(tap->monitor, &item);
}

void tap_put(struct tap *tap, const struct gridcall_frame *frame)
{
	if (is_wanted(tap) && frame->len <= GRIDCALL_FRAME_BYTES_MAX) {
		tap->is_heard = true;
		hand_on(tap, frame);
	}
	tap->number++;
}

void tap_end(struct tap *tap)
{
	if (tap->is_heard && is_wanted(tap))
		hand_on(tap, NULL);
	tap->is_heard = false;
}
