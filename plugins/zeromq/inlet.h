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

#include <zmq.h>

#include "plugins/zeromq/desk.h"

struct courier;

/* Take one request from a command socket.  False when none waits. */
bool inlet_take(struct courier *courier, size_t inlet);

/*
 * Send an answer to the one who asked, now or when it takes it; counts it when
 * nobody does.  The message is empty afterwards, or still to be closed.
 */
void inlet_answer(struct courier *courier, const struct desk_peer *peer,
		  zmq_msg_t *answer);

/* Try again what was not taken. */
void inlet_offer(struct courier *courier);
