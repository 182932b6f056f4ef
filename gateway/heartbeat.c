/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/heartbeat.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/timer.h>
#include <osmocom/core/utils.h>

#include "gateway/admission.h"
#include "gateway/clock.h"
#include "gateway/control/census.h"
#include "gateway/gateway.h"
#include "gateway/job.h"
#include "gateway/log.h"
#include "gateway/notify.h"
#include "gateway/radios.h"
#include "gateway/services.h"

#define SECOND_US UINT64_C(1000000)
#define TAILS     1024 /* topics that a status message has room for at first */

struct status_maker {
	struct gateway *gateway;
	void *ctx;
};

/* Every topic that changed lately, however many: one left out is a gap. */
static Gridcall__V1__TopicTail *recent_tails(const struct status_maker *maker,
					     const char *jurisdiction,
					     size_t *count)
{
	Gridcall__V1__TopicTail *tails = NULL;
	size_t room;

	for (room = TAILS;; room *= 2) {
		tails = talloc_realloc(maker->ctx, tails,
				       Gridcall__V1__TopicTail, room);
		OSMO_ASSERT(tails);
		*count = ledger_recent(maker->gateway->ledger, jurisdiction,
				       tails, room);
		if (*count < room)
			return tails;
	}
}

static bool make_status(void *data, const char *jurisdiction,
			struct gridcall_message *message)
{
	const struct status_maker *maker = data;
	Gridcall__V1__TopicTail *tails;
	Gridcall__V1__Status status;
	uint8_t *packed;
	size_t i;

	gateway_status(maker->gateway, &status);
	census_narrow_feed(maker->gateway, jurisdiction, &status);
	tails = recent_tails(maker, jurisdiction, &status.n_topics);
	status.topics = talloc_array(maker->ctx, Gridcall__V1__TopicTail *,
				     status.n_topics + 1);
	OSMO_ASSERT(status.topics);
	for (i = 0; i < status.n_topics; i++)
		status.topics[i] = &tails[i];
	message->len = gridcall__v1__status__get_packed_size(&status);
	packed = talloc_size(maker->ctx, message->len + 1);
	OSMO_ASSERT(packed);
	gridcall__v1__status__pack(&status, packed);
	message->payload = packed;
	message->topic = talloc_asprintf(maker->ctx, "gc1.gateway.%s.status",
					 status.gateway);
	return true;
}

static void publish_status(struct gateway *gateway)
{
	struct status_maker maker = {.gateway = gateway,
				     .ctx = talloc_new(gateway)};

	services_publish_each(gateway->services, make_status, &maker);
	talloc_free(maker.ctx);
}

/* At most twice a second: an idle voice thread moves every 250 ms. */
static void look_at_threads(struct gateway *gateway)
{
	const char *stuck = NULL;

	(void)(voice_is_alive(gateway->voice, &stuck) &&
	       ledger_is_alive(gateway->ledger, &stuck) &&
	       services_are_alive(gateway->services, &stuck));
	if (!stuck && !job_is_alive(gateway->jobs))
		stuck = "job";
	if (stuck && strcmp(stuck, gateway->stuck))
		LOGP(DMAIN, LOGL_ERROR,
		     "thread %s makes no progress; the watchdog is not fed\n",
		     stuck);
	else if (!stuck && gateway->stuck[0])
		LOGP(DMAIN, LOGL_NOTICE, "thread %s moves again\n",
		     gateway->stuck);
	OSMO_STRLCPY_ARRAY(gateway->stuck, stuck ? stuck : "");
}

static uint64_t period_us(void)
{
	uint64_t watchdog_us = notify_watchdog_us();

	return watchdog_us ? OSMO_MAX(1000, OSMO_MIN(watchdog_us, SECOND_US))
			   : SECOND_US;
}

static int on_beat(struct osmo_fd *ofd, unsigned int what)
{
	struct gateway *gateway = ofd->data;
	uint64_t now_us = clock_now_us();
	uint64_t expired;

	if (read(ofd->fd, &expired, sizeof(expired)) != sizeof(expired))
		return 0;
	/* Half a period early is nearer than half a period late. */
	if (now_us - gateway->second_us + period_us() / 2 >= SECOND_US) {
		gateway->second_us = now_us;
		radios_second(gateway->radios);
		admission_check(gateway);
		publish_status(gateway);
		look_at_threads(gateway);
	}
	if (!gateway->stuck[0] && notify_watchdog_us())
		notify_alive();
	return 0;
}

int heartbeat_start(struct gateway *gateway)
{
	struct timespec each = {
		.tv_sec = (time_t)(period_us() / SECOND_US),
		.tv_nsec = (long)(period_us() % SECOND_US) * 1000,
	};
	int rc;

	rc = osmo_timerfd_setup(&gateway->second, on_beat, gateway);
	return rc < 0 ? rc
		      : osmo_timerfd_schedule(&gateway->second, NULL, &each);
}
