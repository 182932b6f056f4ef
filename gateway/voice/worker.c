/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/worker.h"

#include "gateway/clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define EVENTS_MAX 64
#define TICK_NS    (GRIDCALL_FRAME_MS * 1000000L)
#define IDLE_NS    250000000L
#define REPORTS    1024

/* Ticks made up for after the process was held up; the rest is gone. */
#define TICKS_MAX 5

/* A play and a halt of each channel, and one that main waits for. */
#define ORDERS (2 * VOICE_CHANNELS_MAX + 8)

enum order_type {
	ORDER_ATTACH,
	ORDER_RUN,
	ORDER_DETACH,
	ORDER_CLOSE_ALL,
	ORDER_PLAY,
	ORDER_HALT,
	ORDER_STOP,
};

struct order {
	enum order_type type;
	uint32_t ticket;
	struct gridcall_radio *radio;
	const struct playlist *list;
};

struct worker {
	pthread_t thread;
	char name[16];
	int epoll;
	int timer;
	struct inbox *orders;
	struct inbox *reports;
	struct inbox *done; /* one int for each order that main waits for */
	struct watch timer_watch;
	struct watch orders_watch;
	struct watch reports_watch;
	_Atomic uint64_t progress;
	size_t load; /* main's count of radios */
	/* the thread's own */
	bool stopping;
	uint64_t fresh_ticks;
	uint32_t count;
	struct gridcall_radio *radios[VOICE_CHANNELS_MAX];
	struct gridcall_radio *slots[VOICE_CHANNELS_MAX];
};

/* ----------------------------------------------------- in the thread ----- */

static void set_timer(struct worker *worker)
{
	long ns = worker->count ? TICK_NS : IDLE_NS;
	struct itimerspec spec = {
		.it_interval.tv_nsec = ns,
		.it_value.tv_nsec = ns,
	};

	(void)timerfd_settime(worker->timer, 0, &spec, NULL);
}

static int attach(struct worker *worker, struct gridcall_radio *radio)
{
	radio->place = worker->count;
	worker->radios[worker->count++] = radio;
	worker->slots[radio->slot] = radio;
	if (worker->count == 1)
		set_timer(worker);
	return 0;
}

static void unwatch(struct worker *worker, struct gridcall_radio *radio,
		    uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		(void)epoll_ctl(worker->epoll, EPOLL_CTL_DEL,
				radio->watches[i].fd, NULL);
}

static void take_reports(struct worker *worker)
{
	struct gridcall_radio *radio;
	struct report report;
	int i;

	for (i = 0; i < REPORTS; i++) {
		if (inbox_take(worker->reports, &report))
			return;
		radio = worker->slots[report.slot];
		if (radio && radio->serial == report.serial)
			radio_take_report(radio, &report, clock_now_us());
	}
}

static int run(struct worker *worker, struct gridcall_radio *radio)
{
	struct epoll_event event = {.events = EPOLLIN};
	uint32_t i;

	for (i = 0; i < radio->watch_count; i++) {
		event.data.ptr = &radio->watches[i];
		if (epoll_ctl(worker->epoll, EPOLL_CTL_ADD,
			      radio->watches[i].fd, &event) < 0) {
			int rc = -errno;

			unwatch(worker, radio, i);
			return rc;
		}
	}
	radio->is_running = true;
	take_reports(worker); /* what open() said comes before what we do */
	channel_start(radio->channel, clock_now_us());
	return 0;
}

static void stop_radio(struct worker *worker, struct gridcall_radio *radio)
{
	if (!radio->is_running)
		return;
	unwatch(worker, radio, radio->watch_count);
	channel_close(radio->channel, clock_now_us());
	radio->is_running = false;
}

static int detach(struct worker *worker, struct gridcall_radio *radio)
{
	struct gridcall_radio *last;

	stop_radio(worker, radio);
	last = worker->radios[--worker->count];
	last->place = radio->place;
	worker->radios[radio->place] = last;
	worker->slots[radio->slot] = NULL;
	if (!worker->count)
		set_timer(worker);
	return 0;
}

static int close_all(struct worker *worker)
{
	uint32_t i;

	for (i = 0; i < worker->count; i++)
		stop_radio(worker, worker->radios[i]);
	return 0;
}

static void answer(struct worker *worker, int rc)
{
	(void)inbox_put(worker->done, &rc);
}

static void obey(struct worker *worker, const struct order *order)
{
	switch (order->type) {
	case ORDER_ATTACH:
		answer(worker, attach(worker, order->radio));
		break;
	case ORDER_RUN:
		answer(worker, run(worker, order->radio));
		break;
	case ORDER_DETACH:
		answer(worker, detach(worker, order->radio));
		break;
	case ORDER_CLOSE_ALL:
		answer(worker, close_all(worker));
		break;
	case ORDER_PLAY:
		channel_play(order->radio->channel, order->list, order->ticket,
			     clock_now_us());
		break;
	case ORDER_HALT:
		channel_halt(order->radio->channel, order->ticket,
			     clock_now_us());
		break;
	case ORDER_STOP:
		close_all(worker);
		worker->stopping = true;
		break;
	}
}

static void take_orders(struct worker *worker)
{
	struct order order;

	while (!inbox_take(worker->orders, &order))
		obey(worker, &order);
}

static void tick(struct worker *worker)
{
	uint64_t ticks = worker->fresh_ticks;
	uint32_t i;

	worker->fresh_ticks = 0;
	if (ticks > TICKS_MAX)
		ticks = TICKS_MAX;
	for (; ticks; ticks--)
		for (i = 0; i < worker->count; i++)
			if (worker->radios[i]->is_running)
				radio_tick(worker->radios[i], clock_now_us());
}

static void on_event(struct worker *worker, const struct watch *watch)
{
	uint64_t expired;

	if (watch->kind == WATCH_RADIO)
		watch->ready(watch->radio->state, watch->fd, clock_now_us());
	else if (watch->kind == WATCH_TIMER &&
		 read(watch->fd, &expired, sizeof(expired)) == sizeof(expired))
		worker->fresh_ticks += expired;
}

/*
 * Radios first: orders may free one, and its events may be in the same batch.
 */
static void *work(void *data)
{
	struct worker *worker = data;
	struct epoll_event events[EVENTS_MAX];
	int count, i;

	while (!worker->stopping) {
		count = epoll_wait(worker->epoll, events, EVENTS_MAX, -1);
		for (i = 0; i < count; i++)
			on_event(worker, events[i].data.ptr);
		take_orders(worker);
		take_reports(worker);
		tick(worker);
		atomic_fetch_add_explicit(&worker->progress, 1,
					  memory_order_relaxed);
	}
	return NULL;
}

/* ----------------------------------------------------------- on main ----- */

static int watch_own(struct worker *worker, struct watch *watch,
		     enum watch_kind kind, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};

	watch->kind = kind;
	watch->fd = fd;
	if (epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	return 0;
}

static int prepare(struct worker *worker)
{
	int rc;

	worker->epoll = epoll_create1(EPOLL_CLOEXEC);
	worker->timer =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	worker->orders = inbox_alloc(ORDERS, sizeof(struct order));
	worker->reports = inbox_alloc(REPORTS, sizeof(struct report));
	worker->done = inbox_alloc(4, sizeof(int));
	if (worker->epoll < 0 || worker->timer < 0)
		return -EMFILE;
	if (!worker->orders || !worker->reports || !worker->done)
		return -ENOMEM;
	rc = watch_own(worker, &worker->timer_watch, WATCH_TIMER,
		       worker->timer);
	if (!rc)
		rc = watch_own(worker, &worker->orders_watch, WATCH_ORDERS,
			       inbox_fd(worker->orders));
	if (!rc)
		rc = watch_own(worker, &worker->reports_watch, WATCH_REPORTS,
			       inbox_fd(worker->reports));
	set_timer(worker);
	return rc;
}

/* The signals of the process are main's. */
static int start(struct worker *worker)
{
	sigset_t all;
	sigset_t before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&worker->thread, NULL, work, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!rc)
		pthread_setname_np(worker->thread, worker->name);
	return -rc;
}

static struct worker *destroy(struct worker *worker)
{
	if (worker->epoll >= 0)
		close(worker->epoll);
	if (worker->timer >= 0)
		close(worker->timer);
	inbox_free(worker->orders);
	inbox_free(worker->reports);
	inbox_free(worker->done);
	free(worker);
	return NULL;
}

struct worker *worker_alloc(unsigned int number, struct gridcall_why *why)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int rc = -ENOMEM;

	if (worker) {
		snprintf(worker->name, sizeof(worker->name), "voice-%u",
			 number % 100);
		rc = prepare(worker);
	}
	if (!rc)
		rc = start(worker);
	if (!rc)
		return worker;
	snprintf(why->text, sizeof(why->text), "no voice worker %u: %s", number,
		 strerror(-rc));
	return worker ? destroy(worker) : NULL;
}

struct worker *worker_free(struct worker *worker)
{
	struct order order = {.type = ORDER_STOP};

	if (!worker)
		return NULL;
	(void)inbox_put(worker->orders, &order);
	pthread_join(worker->thread, NULL);
	return destroy(worker);
}

/* Give an order and wait until it was obeyed. */
static int command(struct worker *worker, enum order_type type,
		   struct gridcall_radio *radio)
{
	struct order order = {.type = type, .radio = radio};
	struct pollfd fd = {.fd = inbox_fd(worker->done), .events = POLLIN};
	int rc;

	if (inbox_put(worker->orders, &order) < 0)
		return -EBUSY;
	while (inbox_take(worker->done, &rc))
		poll(&fd, 1, -1);
	return rc;
}

struct inbox *worker_reports(struct worker *worker)
{
	return worker->reports;
}

size_t worker_load(const struct worker *worker)
{
	return worker->load;
}

int worker_attach(struct worker *worker, struct gridcall_radio *radio)
{
	int rc = command(worker, ORDER_ATTACH, radio);

	if (!rc)
		worker->load++;
	return rc;
}

int worker_run(struct worker *worker, struct gridcall_radio *radio)
{
	return command(worker, ORDER_RUN, radio);
}

void worker_detach(struct worker *worker, struct gridcall_radio *radio)
{
	(void)command(worker, ORDER_DETACH, radio);
	worker->load--;
}

void worker_close_all(struct worker *worker)
{
	(void)command(worker, ORDER_CLOSE_ALL, NULL);
}

void worker_play(struct worker *worker, struct gridcall_radio *radio,
		 const struct playlist *list, uint32_t ticket)
{
	struct order order = {ORDER_PLAY, ticket, radio, list};

	(void)inbox_put(worker->orders, &order);
}

void worker_halt(struct worker *worker, struct gridcall_radio *radio,
		 uint32_t ticket)
{
	struct order order = {ORDER_HALT, ticket, radio, NULL};

	(void)inbox_put(worker->orders, &order);
}

uint64_t worker_progress(const struct worker *worker)
{
	return atomic_load_explicit(&worker->progress, memory_order_relaxed);
}

const char *worker_name(const struct worker *worker)
{
	return worker->name;
}
