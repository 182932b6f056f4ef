/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/zeromq/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zmq.h>

#include "plugins/zeromq/courier.h"

#define PEER_REQUESTS 16 /* that wait in one connection */
#define PEER_REPLIES  8  /* likewise; each may have a MiB, see tray.h */
#define HEARTBEAT_MS  1000
#define DEAD_MS       3000

/*
 * Only subscriptions and handshakes come up a feed.  A handshake has 257 bytes
 * and what libzmq tells of itself, with the longest routing id 560; a topic has
 * 47.  ZeroMQ keeps some 30 bytes for each byte of a subscription.
 */
#define SUBSCRIPTION_MAX 640

/* Over this ZeroMQ cuts the connection; between the two it is answered. */
#define CUT_MAX (COURIER_REQUEST_MAX + (1 << 20))

static void set(void *socket, int option, int value)
{
	(void)zmq_setsockopt(socket, option, &value, sizeof(value));
}

/*
 * libzmq (4.3.4 to 4.3.5 and beyond) aborts the whole process when a heartbeat
 * is due on a connection that was hung up while its input stood still, because
 * its queue was full: stream_engine_base.cpp, timer_event() calls out_event(),
 * which asserts that there was no error.  So heartbeats only where no queue of
 * input can be full.  Commands must have a bound: there TCP itself finds out
 * who is gone, and whoever is on ipc hangs up.
 */
static void set_heartbeat(const struct gate *gate, int type)
{
	if (type == ZMQ_PUB) {
		set(gate->socket, ZMQ_RCVHWM, 0);
		set(gate->socket, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS);
		set(gate->socket, ZMQ_HEARTBEAT_TIMEOUT, DEAD_MS);
		set(gate->socket, ZMQ_HEARTBEAT_TTL, DEAD_MS);
		return;
	}
	set(gate->socket, ZMQ_TCP_KEEPALIVE, 1);
	set(gate->socket, ZMQ_TCP_KEEPALIVE_IDLE, DEAD_MS / 1000);
	set(gate->socket, ZMQ_TCP_KEEPALIVE_INTVL, HEARTBEAT_MS / 1000);
	set(gate->socket, ZMQ_TCP_KEEPALIVE_CNT, DEAD_MS / HEARTBEAT_MS);
	set(gate->socket, ZMQ_TCP_MAXRT, 2 * DEAD_MS);
}

static void set_limits(const struct gate *gate, const struct gate_plan *plan)
{
	int64_t most = plan->type == ZMQ_PUB ? SUBSCRIPTION_MAX : CUT_MAX;

	set(gate->socket, ZMQ_LINGER, 0);
	set_heartbeat(gate, plan->type);
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

/* Who may come in.  What can't be set leaves the socket unbound. */
static int set_guard(const struct gate *gate, const struct gate_plan *plan)
{
	int yes = 1;

	if (plan->domain && zmq_setsockopt(gate->socket, ZMQ_ZAP_DOMAIN,
					   plan->domain, strlen(plan->domain)))
		return -errno;
	if (!settings_is_tcp(plan->address))
		return 0;
	if (strchr(plan->address, '['))
		set(gate->socket, ZMQ_IPV6, 1);
	if (!plan->certificate || !plan->domain)
		return -EACCES;
	return zmq_setsockopt(gate->socket, ZMQ_CURVE_SERVER, &yes,
			      sizeof(yes)) ||
			       zmq_setsockopt(gate->socket, ZMQ_CURVE_SECRETKEY,
					      plan->certificate->secret_key,
					      CERTIFICATE_Z85)
		       ? -errno
		       : 0;
}

static int make_socket(struct gate *gate, const struct gate_plan *plan)
{
	gate->socket = zmq_socket(plan->context, plan->type);
	if (!gate->socket)
		return -errno;
	set_limits(gate, plan);
	return set_guard(gate, plan);
}

static int bind_socket(struct gate *gate)
{
	if (!zmq_bind(gate->socket, gate->address))
		return 0;
	return errno ? -errno : -EIO;
}

/* ------------------------------------------------------------- listener -- */

/* The descriptor in the event of a monitor that tells of the bind. */
static int told_descriptor(void *monitor)
{
	struct __attribute__((packed)) {
		uint16_t event;
		uint32_t value;
	} told;

	if (zmq_recv(monitor, &told, sizeof(told), ZMQ_DONTWAIT) !=
		    sizeof(told) ||
	    told.event != ZMQ_EVENT_LISTENING)
		return -1;
	return fcntl((int)told.value, F_DUPFD_CLOEXEC, 0);
}

/* Bind, and keep a descriptor of what listens. */
static int bind_watched(struct gate *gate, const struct gate_plan *plan)
{
	void *monitor = zmq_socket(plan->context, ZMQ_PAIR);
	char name[40];
	int rc;

	/* Of its own: ZeroMQ frees a name some time after its last use. */
	snprintf(name, sizeof(name), "inproc://%p", (void *)gate);
	if (!monitor)
		return -errno;
	set(monitor, ZMQ_LINGER, 0);
	if (zmq_socket_monitor(gate->socket, name, ZMQ_EVENT_LISTENING) ||
	    zmq_connect(monitor, name))
		rc = -errno;
	else
		rc = bind_socket(gate);
	if (!rc)
		gate->listener = told_descriptor(monitor);
	(void)zmq_socket_monitor(gate->socket, NULL, 0);
	zmq_close(monitor);
	return rc;
}

static int use_listener(const struct gate *gate)
{
	int fd = gate->listener;

	if (fd < 0)
		return 0;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	set(gate->socket, ZMQ_USE_FD, fd);
	return 0;
}

/* A filter that lets through no packet to who listens. */
void gate_shut(const struct gate *gate, bool shut)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {.len = 1, .filter = &nothing};

	if (gate->listener < 0)
		return;
	(void)setsockopt(gate->listener, SOL_SOCKET,
			 shut ? SO_ATTACH_FILTER : SO_DETACH_FILTER, &program,
			 sizeof(program));
}

/* ----------------------------------------------------------------- bind -- */

/* The port that * became; every host is told as *. */
static void resolve(struct gate *gate)
{
	size_t len = sizeof(gate->address);
	const char *port;

	if (zmq_getsockopt(gate->socket, ZMQ_LAST_ENDPOINT, gate->address,
			   &len))
		return;
	port = strrchr(gate->address, ':');
	if (port && (!strncmp(gate->address, "tcp://0.0.0.0:", 14) ||
		     !strncmp(gate->address, "tcp://[::]:", 11))) {
		char any[16];

		snprintf(any, sizeof(any), "tcp://*%s", port);
		strcpy(gate->address, any);
	}
}

static int open_tcp(struct gate *gate, const struct gate_plan *plan,
		    struct gridcall_why *why)
{
	int rc = make_socket(gate, plan);

	if (!rc)
		rc = bind_watched(gate, plan);
	if (!rc)
		resolve(gate);
	else
		snprintf(why->text, sizeof(why->text),
			 "'%s' can't be bound: %s; check that the host is this "
			 "machine's and that no other program has the port",
			 plan->address, zmq_strerror(-rc));
	return rc;
}

static int open_ipc(struct gate *gate, const struct gate_plan *plan,
		    struct gridcall_why *why)
{
	int rc = socket_file_prepare(&gate->file, plan->address, why);

	if (rc)
		return rc;
	rc = make_socket(gate, plan);
	if (!rc)
		rc = bind_socket(gate);
	if (!rc)
		return socket_file_guard(&gate->file, plan->settings, why);
	snprintf(why->text, sizeof(why->text),
		 "'%s' can't be bound: %s; check that its folder exists and is "
		 "ours",
		 plan->address, zmq_strerror(-rc));
	return rc;
}

int gate_open(struct gate *gate, const struct gate_plan *plan,
	      struct gridcall_why *why)
{
	gate->listener = -1;
	strcpy(gate->address, plan->address);
	return settings_is_tcp(plan->address) ? open_tcp(gate, plan, why)
					      : open_ipc(gate, plan, why);
}

int gate_reopen(struct gate *gate, const struct gate_plan *plan)
{
	int rc = make_socket(gate, plan);

	if (!rc)
		rc = use_listener(gate);
	if (!rc)
		rc = bind_socket(gate);
	if (rc)
		gate_close(gate, 0);
	return rc;
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
	if (gate->listener >= 0)
		close(gate->listener);
	gate->listener = -1;
	socket_file_remove(&gate->file);
}
