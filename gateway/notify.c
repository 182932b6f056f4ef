/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/notify.h"

#include <systemd/sd-daemon.h>

uint64_t notify_watchdog_us(void)
{
	uint64_t limit_us = 0;

	if (sd_watchdog_enabled(0, &limit_us) <= 0)
		return 0;
	/* A third: two may be missed by a busy machine before it is killed. */
	return limit_us / 3;
}

void notify_ready(const char *status)
{
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_status(const char *status)
{
	(void)sd_notifyf(0, "STATUS=%s", status);
}

void notify_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

void notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1\nSTATUS=Unkeying and stopping");
}
