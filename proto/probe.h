/* SPDX-License-Identifier: MIT
 *
 * probe.h - whether anybody listens at an ipc address
 *
 * ZeroMQ connects to nobody in silence and binds over somebody else's socket;
 * the kernel knows better.
 *
 * Threads: any; never waits.
 */
#pragma once

/*
 * 0 when somebody listens, or when address is not a path that can be asked.
 * -ENOENT, -ECONNREFUSED (a socket that nobody holds any more), -EACCES and
 * other reasons of connect(2).
 */
int probe_listener(const char *address);
