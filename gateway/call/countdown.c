/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/countdown.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static int on_readable(struct osmo_fd *fd, unsigned int what)
{
	struct countdown *countdown = fd->data;
	uint64_t expired;

	if (read(fd->fd, &expired, sizeof(expired)) != sizeof(expired))
		return 0;
	if (!countdown->is_running)
		return 0;
	countdown->is_running = false;
	countdown->on_end(countdown->data);
	return 0;
}

void countdown_init(struct countdown *countdown, void (*on_end)(void *data),
		    void *data)
{
	*countdown = (struct countdown){.on_end = on_end, .data = data};
	countdown->fd.fd = -1;
}

void countdown_fini(struct countdown *countdown)
{
	if (!countdown->is_open)
		return;
	osmo_fd_unregister(&countdown->fd);
	close(countdown->fd.fd);
	countdown->fd.fd = -1;
	countdown->is_open = false;
	countdown->is_running = false;
}

static int open_timer(struct countdown *countdown)
{
	int rc = osmo_timerfd_setup(&countdown->fd, on_readable, countdown);

	if (rc < 0)
		return rc;
	/* A stop between poll and callback must not block in read(). */
	(void)fcntl(countdown->fd.fd, F_SETFL, O_NONBLOCK);
	countdown->is_open = true;
	return 0;
}

int countdown_start(struct countdown *countdown, uint32_t delay_ms)
{
	struct timespec first = {.tv_sec = delay_ms / 1000,
				 .tv_nsec = delay_ms % 1000 * 1000000L};
	const struct timespec once = {0};
	int rc;

	if (!delay_ms)
		first.tv_nsec = 1; /* zero would disarm it */
	if (!countdown->is_open) {
		rc = open_timer(countdown);
		if (rc < 0)
			return rc;
	}
	countdown->is_running = true;
	return osmo_timerfd_schedule(&countdown->fd, &first, &once);
}

void countdown_stop(struct countdown *countdown)
{
	if (!countdown->is_running)
		return;
	countdown->is_running = false;
	(void)osmo_timerfd_disable(&countdown->fd);
}
