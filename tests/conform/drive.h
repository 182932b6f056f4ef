/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * drive.h - opens a driver with the fake host and lets time pass
 *
 * The clock is ours: it moves only when host_tick() moves it.
 */
#pragma once

#include "tests/conform/fake_host.h"

/* Start afresh and open; options as the driver takes them. */
static inline int host_open(struct gridcall_radio *radio,
			    const struct gridcall_driver *driver,
			    const struct gridcall_option *options)
{
	void *state = NULL;
	int rc;

	memset(radio, 0, sizeof(*radio));
	radio->driver = driver;
	radio->now_us = 1000000;
	radio->is_open = true;
	rc = driver->open(&state, &radio->transmit, &host_table, radio, options,
			  &radio->why);
	radio->state = state;
	radio->is_open = rc == 0;
	return rc;
}

static inline void host_close(struct gridcall_radio *radio)
{
	radio->driver->close(radio->state);
	radio->is_open = false;
}

/* Call ready() for what is readable; waits up to wait_ms for it. */
static inline bool host_poll(struct gridcall_radio *radio, int wait_ms)
{
	nfds_t i;

	if (poll(radio->fds, radio->fd_count, wait_ms) <= 0)
		return false;
	for (i = 0; i < radio->fd_count; i++)
		if (radio->fds[i].revents)
			radio->ready[i](radio->state, radio->fds[i].fd,
					radio->now_us);
	return true;
}

/* Let time pass by 20 ms. */
static inline void host_tick(struct gridcall_radio *radio)
{
	radio->now_us += GRIDCALL_FRAME_MS * 1000u;
	radio->driver->tick(radio->state, radio->now_us);
}
