/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * notify.h - tells systemd that the gateway is ready, alive or going
 *
 * Without systemd nothing happens.  The watchdog is fed only while every thread
 * makes progress, so a stuck one is restarted.
 *
 * Threads: main.
 */
#pragma once

#include <stdint.h>

/* How often to feed the watchdog, in microseconds; 0: systemd wants none. */
uint64_t notify_watchdog_us(void);

void notify_ready(const char *status);
void notify_status(const char *status);
void notify_alive(void);
void notify_stopping(void);
