/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gate.h - one bound socket: its limits, its file, its address
 *
 * A PUB for each feed, a ROUTER for each command socket; what holds for both is
 * here.
 *
 * Threads: one at a time.
 */
#pragma once

#include <stdbool.h>

#include "plugins/plugin.h"
#include "plugins/zeromq/settings.h"
#include "plugins/zeromq/socket_file.h"

struct gate {
	void *socket; /* NULL: closed */
	char address[SETTINGS_ADDRESS_MAX];
	struct socket_file file; /* of an ipc address */
};

/* What a gate is opened with. */
struct gate_plan {
	void *context;
	const struct settings *settings;
	int type; /* ZMQ_PUB or ZMQ_ROUTER */
	const char *address;
};

/* Bind.  0, or a negative errno and why; gate_close() also then. */
int gate_open(struct gate *gate, const struct gate_plan *plan,
	      struct gridcall_why *why);

/* Close; what is queued is sent for so long. */
void gate_close(struct gate *gate, int linger_ms);

/* After the context is gone: remove the file of an ipc address. */
void gate_remove(struct gate *gate);
