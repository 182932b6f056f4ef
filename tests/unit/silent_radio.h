/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * silent_radio.h - an invented radio that sends and hears nobody
 */
#pragma once

#include "plugins/plugin.h"

static int silent_open(void **state, struct gridcall_format *transmit,
		       const struct gridcall_driver_host *host,
		       struct gridcall_radio *radio,
		       const struct gridcall_option *options,
		       struct gridcall_why *why)
{
	*transmit = (struct gridcall_format){GRIDCALL_PCMA, 8000};
	*state = radio;
	return 0;
}

static void silent_tick(void *state, uint64_t now_us)
{
}

static int silent_key(void *state, int on, uint64_t now_us)
{
	return 0;
}

static int silent_send(void *state, const struct gridcall_frame *frame,
		       uint64_t now_us)
{
	return 0;
}

static void silent_close(void *state)
{
}

static const struct gridcall_driver silent_driver = {
	.head = {GRIDCALL_ABI_MAJOR, GRIDCALL_ABI_MINOR,
		 sizeof(struct gridcall_driver), GRIDCALL_DRIVER, "silent",
		 "a radio that hears nobody"},
	.open = silent_open,
	.tick = silent_tick,
	.key = silent_key,
	.send = silent_send,
	.close = silent_close,
};
