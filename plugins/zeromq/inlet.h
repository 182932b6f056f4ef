/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * inlet.h - the command sockets: requests in, answers out
 *
 * Threads: the courier's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/zeromq/desk.h"

struct courier;

/* Take one request from a command socket.  False when none waits. */
bool inlet_take(struct courier *courier, size_t inlet);

/* Send an answer to the one who asked; counts it when nobody takes it. */
void inlet_answer(struct courier *courier, const struct desk_peer *peer,
		  const uint8_t *data, size_t len);
