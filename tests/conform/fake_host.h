/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fake_host.h - the gateway as a driver sees it, writing down what it is told
 *
 * drive.h opens a driver with it and lets time pass.
 */
#pragma once

#include "plugins/plugin.h"

#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HOST_FDS_MAX 8

struct gridcall_radio {
	const struct gridcall_driver *driver;
	void *state;
	struct gridcall_format transmit;
	struct gridcall_why why;
	uint64_t now_us;

	struct pollfd fds[HOST_FDS_MAX];
	void (*ready[HOST_FDS_MAX])(void *state, int fd, uint64_t now_us);
	nfds_t fd_count;

	bool is_open; /* between open() and the return of close() */
	bool is_receiving;
	int keyed;
	int unkeyed;
	int frames;
	int lost;
	int failed;
	int recovered;
	int calls;
	int broken_rules;
	void (*on_frame)(struct gridcall_radio *radio,
			 const struct gridcall_frame *frame);
	void *data; /* of on_frame */
};

static inline void host_called(struct gridcall_radio *radio, bool is_allowed,
			       const char *rule)
{
	radio->calls++;
	if (is_allowed && radio->is_open)
		return;
	radio->broken_rules++;
	fprintf(stderr, "driver '%s': %s\n", radio->driver->head.name,
		radio->is_open ? rule : "called the host after close()");
}

static inline int host_watch(struct gridcall_radio *radio, int fd,
			     void (*ready)(void *state, int fd,
					   uint64_t now_us))
{
	host_called(radio, !radio->state, "watch() outside of open()");
	if (radio->fd_count == HOST_FDS_MAX)
		return -1;
	radio->fds[radio->fd_count].fd = fd;
	radio->fds[radio->fd_count].events = POLLIN;
	radio->ready[radio->fd_count++] = ready;
	return 0;
}

static inline void host_keyed(struct gridcall_radio *radio, uint64_t now_us)
{
	host_called(radio, !radio->is_receiving, "keyed() twice");
	radio->is_receiving = true;
	radio->keyed++;
}

static inline void host_heard(struct gridcall_radio *radio,
			      const struct gridcall_frame *frame,
			      uint64_t now_us)
{
	host_called(radio, radio->is_receiving, "heard() outside of an over");
	host_called(radio, frame->data ? frame->len > 0 : frame->len == 0,
		    "a frame without length, or a lost one with");
	host_called(radio, frame->len <= GRIDCALL_FRAME_BYTES_MAX,
		    "a frame too long");
	radio->frames += frame->data != NULL;
	radio->lost += frame->data == NULL;
	if (radio->on_frame)
		radio->on_frame(radio, frame);
}

static inline void host_unkeyed(struct gridcall_radio *radio, uint64_t now_us)
{
	host_called(radio, radio->is_receiving, "unkeyed() without keyed()");
	radio->is_receiving = false;
	radio->unkeyed++;
}

static inline void host_failed(struct gridcall_radio *radio,
			       const char *sentence)
{
	host_called(radio, sentence && *sentence, "failed() has no sentence");
	radio->failed++;
}

static inline void host_recovered(struct gridcall_radio *radio)
{
	host_called(radio, radio->failed > radio->recovered,
		    "recovered() without failed()");
	radio->recovered++;
}

static inline void host_log(struct gridcall_radio *radio,
			    enum gridcall_level level, const char *text)
{
	host_called(radio, text && *text, "log() has no text");
}

static const struct gridcall_driver_host host_table = {
	.size = sizeof(host_table),
	.watch = host_watch,
	.keyed = host_keyed,
	.heard = host_heard,
	.unkeyed = host_unkeyed,
	.failed = host_failed,
	.recovered = host_recovered,
	.log = host_log,
};
