/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * heartbeat.h - what the gateway does once a second, and its watchdog
 *
 * Each second radios that are down are tried again, every feed gets its status
 * message, and every thread is asked for a sign of life.  The watchdog is fed
 * only while all threads had one, more often than each second when systemd
 * asks for it.
 *
 * Threads: main.
 */
#pragma once

struct gateway;

/* A negative errno when descriptors are out.  gateway_stop() ends it. */
int heartbeat_start(struct gateway *gateway);
