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
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <zmq.h>

#include "plugins/zeromq/admission.h"
#include "plugins/zeromq/inlet.h"
#include "plugins/zeromq/outlet.h"

#define TURN_MS        1000 /* the thread shows that it lives this often */
#define STOP_MS        200
#define REQUESTS_TURN  64 /* requests in a row before the feeds go on */
#define BUNDLES_TURN   16 /* of letters, before guests and requests go on */
#define REBIND_MS      2  /* between two tries to have a port back */
#define OVERDUE_MS     1000
#define LOOK_MS        100 /* between two looks at the descriptors */
#define LOOK_CLOSER_MS 10  /* when half of them are taken */
#define SHUT_TOLD_MS   10000
#define REBIND_LATE    100 /* when it takes that long */

int64_t courier_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void courier_tell(const struct courier *courier, enum gridcall_level level,
		  const char *format, ...)
{
	char text[200];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	courier->host->log(courier->bridge, level, text);
}

struct outlet *courier_outlet(const struct courier *courier, const char *name)
{
	size_t i;

	for (i = 0; i < courier->outlet_count; i++)
		if (!strcmp(courier->outlets[i].feed->name, name))
			return &courier->outlets[i];
	return NULL;
}

/* ------------------------------------------------------------- letters -- */

static void answer(struct courier *courier, struct letter *letter)
{
	struct desk_peer peer;

	if (desk_close(courier->desk, letter->token, &peer))
		courier_count(&courier->counters.unroutable);
	else
		inlet_answer(courier, &peer, &letter->payload);
}

/* Another feed gets the same bytes; the last one gets the message itself. */
static void publish(struct courier *courier, struct letter *letter)
{
	struct outlet *last = NULL;
	zmq_msg_t same;
	size_t i;

	for (i = 0; i < courier->outlet_count; i++) {
		if (!outlet_takes(&courier->outlets[i], letter))
			continue;
		if (last) {
			zmq_msg_init(&same);
			(void)zmq_msg_copy(&same, &letter->payload);
			outlet_send(last, letter, &same);
			zmq_msg_close(&same);
		}
		last = &courier->outlets[i];
	}
	if (last)
		outlet_send(last, letter, &letter->payload);
}

static void deliver(struct courier *courier, struct bundle *bundle)
{
	size_t i;

	for (i = 0; i < bundle->count; i++) {
		struct letter *letter = &bundle->letters[i];

		if (letter->token)
			answer(courier, letter);
		else
			publish(courier, letter);
		zmq_msg_close(&letter->payload);
	}
}

static void drop(struct bundle *bundle)
{
	size_t i;

	for (i = 0; i < bundle->count; i++)
		zmq_msg_close(&bundle->letters[i].payload);
}

/* Some of what waits, so that guests and requests get their turn. */
static void deliver_some(struct courier *courier)
{
	struct bundle *bundle;
	int i;

	if (!courier->bundles)
		courier->bundles = outbox_take(courier->outbox);
	for (i = 0; i < BUNDLES_TURN && (bundle = courier->bundles); i++) {
		courier->bundles = bundle->next;
		deliver(courier, bundle);
		outbox_give_back(courier->outbox, bundle);
	}
}

/* All of it; what is left at end_ms is dropped. */
static void deliver_rest(struct courier *courier, int64_t end_ms)
{
	struct bundle *bundle;

	while ((bundle = courier->bundles) ||
	       (bundle = outbox_take(courier->outbox))) {
		courier->bundles = bundle->next;
		if (courier_now_ms() < end_ms)
			deliver(courier, bundle);
		else
			drop(bundle);
		outbox_give_back(courier->outbox, bundle);
	}
}

/* ----------------------------------------------------------------- ports -- */

static struct gate_plan plan_feed(const struct courier *courier,
				  const struct settings_feed *feed)
{
	bool is_tcp = settings_is_tcp(feed->address);

	return (struct gate_plan){.context = courier->context,
				  .settings = &courier->settings,
				  .type = ZMQ_PUB,
				  .address = feed->address,
				  .domain = is_tcp ? feed->name : NULL,
				  .certificate = courier->certificate};
}

/* ZeroMQ gives a port back some time after its socket was closed. */
static void mend(struct courier *courier, struct outlet *outlet)
{
	struct gate_plan plan = plan_feed(courier, outlet->feed);
	int64_t closed_ms = courier_now_ms() - outlet->closed_ms;
	int rc = gate_reopen(&outlet->gate, &plan);

	if (!rc) {
		outlet->closed_ms = 0;
		if (outlet->overdue)
			courier_tell(courier, GRIDCALL_NOTICE,
				     "feed %s is at %s again",
				     outlet->feed->name, outlet->gate.address);
	} else if (closed_ms > OVERDUE_MS && !outlet->overdue) {
		outlet->overdue = true;
		courier_tell(
			courier, GRIDCALL_ERROR,
			"feed %s can't have %s back: %s; see which program has "
			"that port",
			outlet->feed->name, outlet->gate.address,
			zmq_strerror(-rc));
	}
}

/* Bind what waits for its port; how long to wait until the next look. */
static int mend_outlets(struct courier *courier, int wait_ms)
{
	size_t i;

	for (i = 0; i < courier->outlet_count; i++) {
		struct outlet *outlet = &courier->outlets[i];
		int again_ms = outlet->overdue ? REBIND_LATE : REBIND_MS;

		if (!outlet->closed_ms)
			continue;
		mend(courier, outlet);
		if (outlet->closed_ms && again_ms < wait_ms)
			wait_ms = again_ms;
	}
	return wait_ms;
}

/* -------------------------------------------------------------- thread -- */

static void close_sockets(struct courier *courier, int64_t end_ms)
{
	int64_t left_ms = end_ms - courier_now_ms();
	int linger_ms = left_ms > 0 ? (int)left_ms : 0;
	size_t i;

	for (i = 0; i < courier->inlet_count; i++)
		gate_close(&courier->inlets[i], linger_ms);
	for (i = 0; i < courier->outlet_count; i++)
		gate_close(&courier->outlets[i].gate, linger_ms);
	zap_close(&courier->zap);
}

/* What the thread waits for: letters, guests, requests, subscriptions. */
static int watch(struct courier *courier)
{
	zmq_pollitem_t *item = courier->items;
	size_t i;

	*item++ = (zmq_pollitem_t){.fd = outbox_fd(courier->outbox),
				   .events = ZMQ_POLLIN};
	*item++ = (zmq_pollitem_t){.socket = courier->zap.socket,
				   .events = ZMQ_POLLIN};
	for (i = 0; i < courier->inlet_count; i++)
		*item++ = (zmq_pollitem_t){.socket = courier->inlets[i].socket,
					   .events = ZMQ_POLLIN};
	for (i = 0; i < courier->outlet_count; i++)
		if (courier->outlets[i].gate.socket)
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

static void shut_gates(struct courier *courier, bool shut)
{
	size_t i;

	for (i = 0; i < courier->inlet_count; i++)
		gate_shut(&courier->inlets[i], shut);
	for (i = 0; i < courier->outlet_count; i++)
		gate_shut(&courier->outlets[i].gate, shut);
	courier->shut = shut;
	if (!shut || courier_now_ms() < courier->shut_told_ms + SHUT_TOLD_MS)
		return;
	courier->shut_told_ms = courier_now_ms();
	courier_tell(
		courier, GRIDCALL_ERROR,
		"descriptors run out, so that nobody new comes in by TCP until "
		"some are free; see who connects so often, or raise the limit");
}

/*
 * Each connection takes a descriptor, also of somebody without a key as long as
 * the handshake lasts.  A quarter of them is kept for the gateway itself.  The
 * lowest free one tells: new connections fill the holes first.  Returns how
 * long until the next look.
 */
static int spare_descriptors(struct courier *courier)
{
	struct rlimit limit;
	rlim_t lowest;
	int fd;

	if (!courier->certificate || getrlimit(RLIMIT_NOFILE, &limit))
		return TURN_MS;
	fd = fcntl(outbox_fd(courier->outbox), F_DUPFD_CLOEXEC, 0);
	lowest = fd < 0 ? limit.rlim_cur : (rlim_t)fd;
	if (fd >= 0)
		close(fd);
	if (courier->shut != (lowest >= limit.rlim_cur / 4 * 3))
		shut_gates(courier, !courier->shut);
	return lowest < limit.rlim_cur / 2 ? LOOK_MS : LOOK_CLOSER_MS;
}

/* Do what is due; how long to wait for more. */
static int do_due(struct courier *courier)
{
	int wait_ms = spare_descriptors(courier);
	int tray_ms;

	inlet_offer(courier);
	tray_ms = tray_wait_ms(courier->tray, courier_now_ms());
	if (tray_ms >= 0 && tray_ms < wait_ms)
		wait_ms = tray_ms;
	wait_ms = mend_outlets(courier, wait_ms);
	if (courier->bundles || !outbox_rest(courier->outbox))
		return 0;
	return wait_ms;
}

static void *run(void *arg)
{
	struct courier *courier = arg;
	int64_t end_ms;

	while (!atomic_load(&courier->stopping)) {
		int wait_ms = do_due(courier);

		(void)zmq_poll(courier->items, watch(courier), wait_ms);
		courier_count(&courier->turns);
		admission_renew(courier);
		admission_take(courier);
		deliver_some(courier);
		take_requests(courier);
	}
	end_ms = courier_now_ms() + STOP_MS;
	deliver_rest(courier, end_ms);
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

static bool needs_certificate(const struct settings *settings)
{
	size_t i;

	for (i = 0; i < settings->command_count; i++)
		if (settings_is_tcp(settings->commands[i].address))
			return true;
	for (i = 0; i < settings->feed_count; i++)
		if (settings_is_tcp(settings->feeds[i].address))
			return true;
	return false;
}

static int open_inlets(struct courier *courier, struct gridcall_why *why)
{
	const struct settings *settings = &courier->settings;
	int rc = 0;
	size_t i;

	for (i = 0; !rc && i < settings->command_count; i++) {
		const char *address = settings->commands[i].address;
		struct gate_plan plan = {.context = courier->context,
					 .settings = settings,
					 .type = ZMQ_ROUTER,
					 .address = address,
					 .domain = settings_is_tcp(address)
							   ? ADMISSION_COMMANDS
							   : ADMISSION_LOCAL,
					 .certificate = courier->certificate};

		rc = gate_open(&courier->inlets[courier->inlet_count++], &plan,
			       why);
	}
	return rc;
}

static int open_outlets(struct courier *courier, struct gridcall_why *why)
{
	const struct settings *settings = &courier->settings;
	int rc = 0;
	size_t i;

	for (i = 0; !rc && i < settings->feed_count; i++) {
		struct outlet *outlet =
			&courier->outlets[courier->outlet_count++];
		struct gate_plan plan = plan_feed(courier, &settings->feeds[i]);

		outlet->feed = &settings->feeds[i];
		rc = gate_open(&outlet->gate, &plan, why);
	}
	return rc;
}

static int open_gates(struct courier *courier, struct gridcall_why *why)
{
	int rc;

	if (needs_certificate(&courier->settings)) {
		courier->certificate =
			certificate_open(courier->settings.server_key, why);
		if (!courier->certificate)
			return -EACCES;
		strcpy(courier->public_key, courier->certificate->public_key);
		courier_tell(courier, GRIDCALL_INFO,
			     "the server's public key is %s",
			     courier->public_key);
	}
	rc = open_inlets(courier, why);
	return rc ? rc : open_outlets(courier, why);
}

static int furnish(struct courier *courier)
{
	const struct settings *settings = &courier->settings;
	size_t count = settings->command_count + settings->feed_count;

	courier->outbox = outbox_alloc(settings->backlog);
	courier->desk = desk_alloc(COURIER_OPEN_MAX);
	courier->tray = tray_alloc();
	courier->context = zmq_ctx_new();
	courier->inlets =
		calloc(settings->command_count + 1, sizeof(*courier->inlets));
	courier->outlets =
		calloc(settings->feed_count + 1, sizeof(*courier->outlets));
	courier->items = calloc(2 + count, sizeof(*courier->items));
	if (!courier->outbox || !courier->desk || !courier->tray ||
	    !courier->context || !courier->inlets || !courier->outlets ||
	    !courier->items)
		return -ENOMEM;
	/* Before the first socket that would ask there. */
	return zap_open(&courier->zap, courier->context);
}

static int start(struct courier *courier, struct gridcall_why *why)
{
	int rc = furnish(courier);

	if (rc) {
		snprintf(why->text, sizeof(why->text),
			 "memory or descriptors are out; raise the limits of "
			 "the gateway");
		return rc;
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

static void free_rooms(struct courier *courier)
{
	size_t i;

	for (i = 0; i < courier->outlet_count; i++)
		free(courier->outlets[i].guests);
	courier->inlet_count = 0;
	courier->outlet_count = 0;
	free(courier->inlets);
	free(courier->outlets);
	free(courier->items);
	courier->keys = key_set_free(courier->keys);
	key_set_free(atomic_exchange(&courier->next_keys, NULL));
	courier->certificate = certificate_close(courier->certificate);
	courier->desk = desk_free(courier->desk);
	courier->tray = tray_free(courier->tray);
	courier->outbox = outbox_free(courier->outbox);
}

void courier_keys(struct courier *courier, struct key_set *keys)
{
	key_set_free(atomic_exchange(&courier->next_keys, keys));
	outbox_wake(courier->outbox);
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
	free_rooms(courier);
}
