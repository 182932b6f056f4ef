/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gate.h - one bound socket: its limits, its file, its address
 *
 * A PUB for each feed, a ROUTER for each command socket; what holds for both is
 * here.  On TCP, loopback too, it is CURVE and nothing else; on ipc plain,
 * where the file's permissions say who may connect.
 *
 * Threads: one at a time.
 */
#pragma once

#include <stdbool.h>

#include "plugins/plugin.h"
#include "plugins/zeromq/certificate.h"
#include "plugins/zeromq/settings.h"
#include "plugins/zeromq/socket_file.h"

struct gate {
	void *socket; /* NULL: closed */
	/* as bound: a port of its own for *, and * for every host */
	char address[SETTINGS_ADDRESS_MAX];
	struct socket_file file; /* of an ipc address */
	/* a descriptor of our own of what listens on TCP; -1: none */
	int listener;
};

/* What a gate is opened with. */
struct gate_plan {
	void *context;
	const struct settings *settings;
	int type; /* ZMQ_PUB or ZMQ_ROUTER */
	const char *address;
	const char *domain; /* what ZAP is asked about; NULL: it is not asked */
	const struct certificate *certificate; /* for TCP */
};

/* Bind.  0, or a negative errno and why; gate_close() also then. */
int gate_open(struct gate *gate, const struct gate_plan *plan,
	      struct gridcall_why *why);

/*
 * Make a new socket where the old one was, which kept its port meanwhile: who
 * comes in between waits.  0 or a negative errno, -EADDRINUSE (ask again) when
 * the port could not be kept.
 */
int gate_reopen(struct gate *gate, const struct gate_plan *plan);

/*
 * Let nobody new in on TCP, or again: the kernel drops who knocks, and they
 * knock again.  Those who are in stay.
 */
void gate_shut(const struct gate *gate, bool shut);

/* Close; what is queued is sent for so long. */
void gate_close(struct gate *gate, int linger_ms);

/* After the context is gone: give the port back, remove the ipc file. */
void gate_remove(struct gate *gate);
