/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What ZeroMQ asks of its user, in one place:
 * - A socket belongs to one thread; binding in main and going on in the thread
 *   is allowed because pthread_create() lies between.
 * - A PUB never blocks: over a subscriber's mark it drops for that one only.
 * - A PUB learns of new subscriptions only when its owner calls into it, so it
 *   is polled although it can't be read.
 */
#include "plugins/zeromq/courier.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zmq.h>

#include "plugins/zeromq/inlet.h"
#include "plugins/zeromq/outlet.h"

#define TURN_MS       1000 /* the thread shows that it lives this often */
#define STOP_MS       200
#define REQUESTS_TURN 64 /* requests in a row before the feeds go on */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ------------------------------------------------------------- letters -- */

static void answer(struct courier *courier, const struct letter *letter)
{
	struct desk_peer peer;

	if (desk_close(courier->desk, letter->token, &peer))
		courier_count(&courier->counters.unroutable);
	else
		inlet_answer(courier, &peer, letter->data, letter->len);
}

static void deliver(struct courier *courier, const struct letter *letter)
{
	size_t i;

	if (letter->token) {
		answer(courier, letter);
		return;
	}
	for (i = 0; i < courier->outlet_count; i++)
		if (outlet_takes(&courier->outlets[i], letter))
			outlet_send(&courier->outlets[i], letter);
}

/* Everything that waits; what is left at end_ms (0: never) is dropped. */
static void deliver_all(struct courier *courier, int64_t end_ms)
{
	struct letter *letter = outbox_take(courier->outbox);
	struct letter *next;

	for (; letter; letter = next) {
		next = letter->next;
		if (!end_ms || now_ms() < end_ms)
			deliver(courier, letter);
		free(letter);
	}
}

/* -------------------------------------------------------------- thread -- */

static void close_sockets(struct courier *courier, int64_t end_ms)
{
	int64_t left_ms = end_ms - now_ms();
	int linger_ms = left_ms > 0 ? (int)left_ms : 0;
	size_t i;

	for (i = 0; i < courier->inlet_count; i++)
		gate_close(&courier->inlets[i], linger_ms);
	for (i = 0; i < courier->outlet_count; i++)
		gate_close(&courier->outlets[i].gate, linger_ms);
}

/* What the thread waits for: letters, then requests, then subscriptions. */
static int watch(struct courier *courier)
{
	zmq_pollitem_t *item = courier->items;
	size_t i;

	*item++ = (zmq_pollitem_t){.fd = outbox_fd(courier->outbox),
				   .events = ZMQ_POLLIN};
	for (i = 0; i < courier->inlet_count; i++)
		*item++ = (zmq_pollitem_t){.socket = courier->inlets[i].socket,
					   .events = ZMQ_POLLIN};
	for (i = 0; i < courier->outlet_count; i++)
		*item++ = (zmq_pollitem_t){
			.socket = courier->outlets[i].gate.socket,
			.events = ZMQ_POLLIN};
	return (int)(item - courier->items);
}

static void take_requests(struct courier *courier)
{
	size_t inlet;
	int i;

	for (inlet = 0; inlet < courier->inlet_count; inlet++)
		for (i = 0; i < REQUESTS_TURN; i++)
			if (!inlet_take(courier, inlet))
				break;
}

static void *run(void *arg)
{
	struct courier *courier = arg;
	int64_t end_ms;
	int polled = watch(courier);

	while (!atomic_load(&courier->stopping)) {
		(void)zmq_poll(courier->items, polled, TURN_MS);
		courier_count(&courier->turns);
		deliver_all(courier, 0);
		take_requests(courier);
	}
	end_ms = now_ms() + STOP_MS;
	deliver_all(courier, end_ms);
	close_sockets(courier, end_ms);
	return NULL;
}

/* Signals are for main. */
static int start_thread(struct courier *courier)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&courier->thread, NULL, run, courier);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	courier->started = !rc;
	return -rc;
}

/* ------------------------------------------------------ open and close -- */

static int open_gates(struct courier *courier, struct gridcall_why *why)
{
	const struct settings *settings = &courier->settings;
	struct gate_plan plan = {.context = courier->context,
				 .settings = settings,
				 .type = ZMQ_ROUTER};
	int rc = 0;
	size_t i;

	for (i = 0; !rc && i < settings->command_count; i++) {
		plan.address = settings->commands[i].address;
		rc = gate_open(&courier->inlets[courier->inlet_count++], &plan,
			       why);
	}
	plan.type = ZMQ_PUB;
	for (i = 0; !rc && i < settings->feed_count; i++) {
		struct outlet *outlet =
			&courier->outlets[courier->outlet_count++];

		outlet->feed = &settings->feeds[i];
		plan.address = outlet->feed->address;
		rc = gate_open(&outlet->gate, &plan, why);
	}
	return rc;
}

static bool furnish(struct courier *courier)
{
	const struct settings *settings = &courier->settings;

	courier->outbox = outbox_alloc(settings->backlog);
	courier->desk = desk_alloc(COURIER_OPEN_MAX);
	courier->context = zmq_ctx_new();
	courier->inlets =
		calloc(settings->command_count + 1, sizeof(*courier->inlets));
	courier->outlets =
		calloc(settings->feed_count + 1, sizeof(*courier->outlets));
	courier->items =
		calloc(1 + settings->command_count + settings->feed_count,
		       sizeof(*courier->items));
	return courier->outbox && courier->desk && courier->context &&
	       courier->inlets && courier->outlets && courier->items;
}

static int start(struct courier *courier, struct gridcall_why *why)
{
	int rc;

	if (!furnish(courier)) {
		snprintf(why->text, sizeof(why->text),
			 "memory or descriptors are out; raise the limits of "
			 "the gateway");
		return -ENOMEM;
	}
	rc = open_gates(courier, why);
	if (rc)
		return rc;
	rc = start_thread(courier);
	if (rc)
		snprintf(why->text, sizeof(why->text),
			 "no thread can be started: %s; raise the limits of "
			 "the gateway",
			 strerror(-rc));
	return rc;
}

int courier_start(struct courier *courier, struct gridcall_why *why)
{
	int rc = start(courier, why);

	if (rc)
		courier_stop(courier);
	return rc;
}

static void remove_files(struct courier *courier)
{
	size_t i;

	for (i = 0; i < courier->inlet_count; i++)
		gate_remove(&courier->inlets[i]);
	for (i = 0; i < courier->outlet_count; i++)
		gate_remove(&courier->outlets[i].gate);
}

void courier_stop(struct courier *courier)
{
	if (courier->started) {
		atomic_store(&courier->stopping, true);
		outbox_wake(courier->outbox);
		pthread_join(courier->thread, NULL);
		courier->started = false;
	}
	close_sockets(courier, 0);
	if (courier->context)
		zmq_ctx_term(courier->context);
	courier->context = NULL;
	remove_files(courier);
	courier->inlet_count = 0;
	courier->outlet_count = 0;
	free(courier->inlets);
	free(courier->outlets);
	free(courier->items);
	courier->desk = desk_free(courier->desk);
	courier->outbox = outbox_free(courier->outbox);
}
