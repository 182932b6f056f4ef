/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/zeromq/gate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <zmq.h>

#include "plugins/zeromq/courier.h"

#define PEER_REQUESTS 16 /* that wait in one connection */
#define PEER_REPLIES  128
#define HEARTBEAT_MS  1000
#define DEAD_MS       3000

/* Over this ZeroMQ cuts the connection; between the two it is answered. */
#define CUT_MAX (COURIER_REQUEST_MAX + (1 << 20))

static void set(void *socket, int option, int value)
{
	(void)zmq_setsockopt(socket, option, &value, sizeof(value));
}

static void set_limits(const struct gate *gate, const struct gate_plan *plan)
{
	int64_t most = CUT_MAX;

	set(gate->socket, ZMQ_LINGER, 0);
	set(gate->socket, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS);
	set(gate->socket, ZMQ_HEARTBEAT_TIMEOUT, DEAD_MS);
	set(gate->socket, ZMQ_HANDSHAKE_IVL, DEAD_MS);
	(void)zmq_setsockopt(gate->socket, ZMQ_MAXMSGSIZE, &most, sizeof(most));
	if (plan->type == ZMQ_PUB) {
		set(gate->socket, ZMQ_SNDHWM,
		    (int)plan->settings->subscriber_backlog);
		return;
	}
	set(gate->socket, ZMQ_ROUTER_MANDATORY, 1);
	set(gate->socket, ZMQ_RCVHWM, PEER_REQUESTS);
	set(gate->socket, ZMQ_SNDHWM, PEER_REPLIES);
}

int gate_open(struct gate *gate, const struct gate_plan *plan,
	      struct gridcall_why *why)
{
	int rc = socket_file_prepare(&gate->file, plan->address, why);

	if (rc)
		return rc;
	strcpy(gate->address, plan->address);
	gate->socket = zmq_socket(plan->context, plan->type);
	if (gate->socket)
		set_limits(gate, plan);
	if (!gate->socket || zmq_bind(gate->socket, gate->address)) {
		rc = errno ? -errno : -EIO;
		snprintf(why->text, sizeof(why->text),
			 "'%s' can't be bound: %s; check that its folder "
			 "exists and is ours",
			 gate->address, zmq_strerror(-rc));
		return rc;
	}
	return socket_file_guard(&gate->file, plan->settings, why);
}

void gate_close(struct gate *gate, int linger_ms)
{
	if (!gate->socket)
		return;
	set(gate->socket, ZMQ_LINGER, linger_ms);
	zmq_close(gate->socket);
	gate->socket = NULL;
}

void gate_remove(struct gate *gate)
{
	socket_file_remove(&gate->file);
}
