/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/services.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <osmocom/core/select.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/clock.h"
#include "gateway/inbox.h"
#include "gateway/log.h"
#include "gateway/rota.h"

#define REQUESTS_MAX    4096  /* waiting for main */
#define REQUESTS_RUN_US 20000 /* before the loop looks elsewhere */
/* Of all that wait; one alone may be as large as its service lets through. */
#define REQUESTS_BYTES_MAX (64u << 20)
#define STUCK_S            5 /* without progress */
#define COUNTERS_MAX       64
#define KEY_BYTES          32

struct feed {
	struct llist_head entry;
	struct gridcall_feed feed;
};

/* A socket that takes commands over a network. */
struct entrance {
	struct llist_head entry;
	const char *address;
	const char *public_key;
};

/* What a plugin holds as struct gridcall_bridge. */
struct bridge {
	struct llist_head entry;
	struct services *services;
	const struct gridcall_service *plugin;
	void *state;
	struct llist_head feeds;
	struct llist_head entrances;
	uint64_t progress;
	unsigned int stuck_s;
};

struct services {
	struct services_config config;
	struct llist_head bridges;
	struct gridcall_key *keys; /* in force; NULL: not told yet */
	size_t key_count;
	struct inbox *requests; /* struct parcel * */
	struct rota *rota;      /* the same, once main saw them */
	_Atomic size_t requests_bytes;
	struct inbox *lines; /* struct line */
	struct osmo_fd requests_ofd;
	struct osmo_fd rota_ofd; /* always readable: watched when it waits */
	struct osmo_fd lines_ofd;
};

/* One request on its way to main, in one piece of memory. */
struct parcel {
	struct bridge *bridge;
	uint64_t token;
	uint64_t received_us;
	uint64_t connection;
	size_t len;
	bool has_key;
	uint8_t public_key[KEY_BYTES];
	char principal[64];
	char address[64];
	uint8_t data[];
};

struct line {
	const char *service;
	int level;
	char text[200];
};

static struct bridge *bridge_of(struct gridcall_bridge *handle)
{
	return (struct bridge *)handle;
}

/* A field that came with minor version 1 is not there in an older plugin. */
static bool has_minor_1(const struct bridge *bridge)
{
	return bridge->plugin->head.abi_minor >= 1;
}

static void parcel_free(struct services *services, struct parcel *parcel)
{
	atomic_fetch_sub(&services->requests_bytes, parcel->len);
	free(parcel);
}

static void take_peer(struct parcel *parcel,
		      const struct gridcall_request *request)
{
	parcel->connection = request->connection;
	parcel->has_key = request->public_key;
	if (request->public_key)
		memcpy(parcel->public_key, request->public_key, KEY_BYTES);
}

/* [any] */
static int host_request(struct gridcall_bridge *handle,
			const struct gridcall_request *request)
{
	struct bridge *bridge = bridge_of(handle);
	_Atomic size_t *bytes = &bridge->services->requests_bytes;
	struct parcel *parcel = NULL;

	if (atomic_fetch_add(bytes, request->len) <= REQUESTS_BYTES_MAX)
		parcel = malloc(sizeof(*parcel) + request->len);
	if (!parcel) {
		atomic_fetch_sub(bytes, request->len);
		return -EAGAIN;
	}
	parcel->bridge = bridge;
	parcel->token = request->token;
	parcel->received_us = clock_now_us();
	parcel->connection = 0;
	parcel->has_key = false;
	if (has_minor_1(bridge))
		take_peer(parcel, request);
	parcel->len = request->len;
	OSMO_STRLCPY_ARRAY(parcel->principal, request->principal);
	OSMO_STRLCPY_ARRAY(parcel->address, request->address);
	if (request->len)
		memcpy(parcel->data, request->data, request->len);
	if (!inbox_put(bridge->services->requests, &parcel))
		return 0;
	parcel_free(bridge->services, parcel);
	return -EAGAIN;
}

/* [main, inside open()] */
static void host_feed(struct gridcall_bridge *handle,
		      const struct gridcall_feed *from)
{
	struct bridge *bridge = bridge_of(handle);
	struct feed *feed = talloc_zero(bridge, struct feed);

	OSMO_ASSERT(feed);
	feed->feed.name = talloc_strdup(feed, from->name);
	feed->feed.address = talloc_strdup(feed, from->address);
	feed->feed.jurisdiction = talloc_strdup(feed, from->jurisdiction);
	if (has_minor_1(bridge)) {
		feed->feed.public_key = talloc_strdup(feed, from->public_key);
		feed->feed.voice = from->voice;
	}
	llist_add_tail(&feed->entry, &bridge->feeds);
}

/* [main, inside open()] */
static void host_commands(struct gridcall_bridge *handle, const char *address,
			  const char *public_key)
{
	struct bridge *bridge = bridge_of(handle);
	struct entrance *entrance = talloc_zero(bridge, struct entrance);

	OSMO_ASSERT(entrance);
	entrance->address = talloc_strdup(entrance, address);
	entrance->public_key = talloc_strdup(entrance, public_key);
	llist_add_tail(&entrance->entry, &bridge->entrances);
}

/* [any] */
static void host_log(struct gridcall_bridge *handle, enum gridcall_level level,
		     const char *text)
{
	struct bridge *bridge = bridge_of(handle);
	struct line line = {.service = bridge->plugin->head.name,
			    .level = level};

	OSMO_STRLCPY_ARRAY(line.text, text);
	(void)inbox_put(bridge->services->lines, &line);
}

static const struct gridcall_service_host service_host = {
	.size = sizeof(service_host),
	.request = host_request,
	.feed = host_feed,
	.log = host_log,
	.commands = host_commands,
};

/* Over ipc all are one principal, and each connection is on its own. */
static void queue_requests(struct services *services)
{
	struct parcel *parcel;

	while (!inbox_take(services->requests, &parcel)) {
		struct rota_asker asker = {.principal = parcel->principal};

		if (!parcel->has_key)
			asker.connection = parcel->connection;
		rota_put(services->rota, &asker, parcel);
	}
}

static void run_request(struct services *services, struct parcel *parcel)
{
	services->config.on_request(
		services->config.data,
		&(struct service_request){
			.bridge = parcel->bridge,
			.token = parcel->token,
			.principal = parcel->principal,
			.address = parcel->address,
			.data = parcel->data,
			.len = parcel->len,
			.received_us = parcel->received_us,
			.connection = parcel->connection,
			.public_key =
				parcel->has_key ? parcel->public_key : NULL,
		});
	parcel_free(services, parcel);
}

/* Some of what waits; the rest when the loop has looked elsewhere. */
static int on_requests(struct osmo_fd *ofd, unsigned int what)
{
	struct services *services = ofd->data;
	uint64_t end_us = clock_now_us() + REQUESTS_RUN_US;
	struct parcel *parcel;

	do {
		queue_requests(services);
		parcel = rota_take(services->rota);
		if (parcel)
			run_request(services, parcel);
	} while (parcel && clock_now_us() < end_us);
	if (rota_is_empty(services->rota))
		osmo_fd_read_disable(&services->rota_ofd);
	else
		osmo_fd_read_enable(&services->rota_ofd);
	return 0;
}

static int on_lines(struct osmo_fd *ofd, unsigned int what)
{
	struct services *services = ofd->data;
	struct line line;

	while (!inbox_take(services->lines, &line))
		LOGP(DPLUGIN, line.level, "%s: %s\n", line.service, line.text);
	return 0;
}

static int watch_inbox(struct osmo_fd *ofd, struct inbox *inbox,
		       int (*callback)(struct osmo_fd *, unsigned int),
		       void *data)
{
	if (!inbox)
		return -ENOMEM;
	osmo_fd_setup(ofd, inbox_fd(inbox), OSMO_FD_READ, callback, data, 0);
	return osmo_fd_register(ofd);
}

static int watch_rota(struct services *services)
{
	int fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	osmo_fd_setup(&services->rota_ofd, fd, 0, on_requests, services, 0);
	return osmo_fd_register(&services->rota_ofd);
}

struct services *services_alloc(void *ctx, const struct services_config *config)
{
	struct services *services = talloc_zero(ctx, struct services);

	OSMO_ASSERT(services);
	services->config = *config;
	INIT_LLIST_HEAD(&services->bridges);
	services->requests = inbox_alloc(REQUESTS_MAX, sizeof(struct parcel *));
	services->lines = inbox_alloc(256, sizeof(struct line));
	services->rota = rota_alloc(services);
	services->requests_ofd.fd = -1;
	services->rota_ofd.fd = -1;
	services->lines_ofd.fd = -1;
	if (!watch_inbox(&services->requests_ofd, services->requests,
			 on_requests, services) &&
	    !watch_rota(services) &&
	    !watch_inbox(&services->lines_ofd, services->lines, on_lines,
			 services))
		return services;
	return services_free(services);
}

static void bridge_close(struct bridge *bridge)
{
	bridge->plugin->close(bridge->state);
	llist_del(&bridge->entry);
}

struct services *services_free(struct services *services)
{
	struct bridge *bridge, *next;
	struct parcel *parcel;

	if (!services)
		return NULL;
	llist_for_each_entry_safe (bridge, next, &services->bridges, entry)
		bridge_close(bridge);
	if (services->requests)
		queue_requests(services);
	while ((parcel = rota_take(services->rota)))
		parcel_free(services, parcel);
	if (services->rota_ofd.fd >= 0) {
		osmo_fd_unregister(&services->rota_ofd);
		close(services->rota_ofd.fd);
	}
	if (services->requests_ofd.fd >= 0)
		osmo_fd_unregister(&services->requests_ofd);
	if (services->lines_ofd.fd >= 0)
		osmo_fd_unregister(&services->lines_ofd);
	inbox_free(services->requests);
	inbox_free(services->lines);
	talloc_free(services);
	return NULL;
}

/* ------------------------------------------------------------------ keys -- */

static void tell_keys(const struct bridge *bridge)
{
	const struct services *services = bridge->services;

	if (services->keys && bridge->plugin->keys)
		bridge->plugin->keys(bridge->state, services->keys,
				     services->key_count);
}

static void copy_key(struct gridcall_key *keys, size_t i,
		     const struct gridcall_key *from)
{
	const char **areas;
	size_t count = 0;

	while (from->jurisdiction[count])
		count++;
	areas = talloc_zero_array(keys, const char *, count + 1);
	OSMO_ASSERT(areas);
	while (count--)
		areas[count] = talloc_strdup(areas, from->jurisdiction[count]);
	keys[i] = *from;
	keys[i].principal = talloc_strdup(keys, from->principal);
	keys[i].jurisdiction = areas;
}

void services_keys(struct services *services, const struct gridcall_key *keys,
		   size_t count)
{
	struct gridcall_key *copy =
		talloc_zero_array(services, struct gridcall_key, count + 1);
	struct bridge *bridge;
	size_t i;

	OSMO_ASSERT(copy);
	for (i = 0; i < count; i++)
		copy_key(copy, i, &keys[i]);
	talloc_free(services->keys);
	services->keys = copy;
	services->key_count = count;
	llist_for_each_entry (bridge, &services->bridges, entry)
		tell_keys(bridge);
}

/* ------------------------------------------------------ open and publish -- */

int services_open(struct services *services,
		  const struct gridcall_service *plugin,
		  const struct gridcall_option *options,
		  struct gridcall_why *why)
{
	struct bridge *bridge = talloc_zero(services, struct bridge);
	int rc;

	OSMO_ASSERT(bridge);
	bridge->services = services;
	bridge->plugin = plugin;
	INIT_LLIST_HEAD(&bridge->feeds);
	INIT_LLIST_HEAD(&bridge->entrances);
	rc = plugin->open(&bridge->state, &service_host,
			  (struct gridcall_bridge *)bridge, options, why);
	if (rc < 0) {
		talloc_free(bridge);
		return rc;
	}
	llist_add_tail(&bridge->entry, &services->bridges);
	tell_keys(bridge);
	return 0;
}

/*
 * What is for one feed alone, and what not every feed carries, is nothing that
 * a plugin of minor version 0 knows: of it the first feed gets what it may.
 */
static bool understands(const struct bridge *bridge,
			const struct gridcall_message *message)
{
	const char *kind = strrchr(message->topic, '.');
	const struct feed *first;

	if (has_minor_1(bridge))
		return true;
	if (kind && (!strcmp(kind, ".audit") || !strcmp(kind, ".voice")))
		return false;
	first = llist_first_entry_or_null(&bridge->feeds, struct feed, entry);
	return !message->feed ||
	       (first && !strcmp(first->feed.name, message->feed));
}

static int publish(const struct bridge *bridge,
		   const struct gridcall_message *message)
{
	return understands(bridge, message)
		       ? bridge->plugin->publish(bridge->state, message)
		       : 0;
}

unsigned int services_publish(struct services *services,
			      const struct gridcall_message *message)
{
	struct bridge *bridge;
	unsigned int full = 0;

	llist_for_each_entry (bridge, &services->bridges, entry)
		full += publish(bridge, message) < 0;
	return full;
}

void services_publish_each(struct services *services,
			   bool (*make)(void *data, const char *jurisdiction,
					struct gridcall_message *message),
			   void *data)
{
	struct bridge *bridge;
	struct feed *feed;

	llist_for_each_entry (bridge, &services->bridges, entry) {
		llist_for_each_entry (feed, &bridge->feeds, entry) {
			struct gridcall_message message = {0};

			if (!make(data, feed->feed.jurisdiction, &message))
				continue;
			message.feed = feed->feed.name;
			(void)publish(bridge, &message);
		}
	}
}

void services_reply(struct bridge *bridge, uint64_t token, const uint8_t *data,
		    size_t len)
{
	bridge->plugin->reply(bridge->state, token, data, len);
}

void services_feeds(struct services *services,
		    void (*visit)(void *data, const char *service,
				  const struct gridcall_feed *feed),
		    void *data)
{
	struct bridge *bridge;
	struct feed *feed;

	llist_for_each_entry (bridge, &services->bridges, entry)
		llist_for_each_entry (feed, &bridge->feeds, entry)
			visit(data, bridge->plugin->head.name, &feed->feed);
}

void services_commands(struct services *services,
		       void (*visit)(void *data, const char *service,
				     const char *address,
				     const char *public_key),
		       void *data)
{
	struct bridge *bridge;
	struct entrance *entrance;

	llist_for_each_entry (bridge, &services->bridges, entry)
		llist_for_each_entry (entrance, &bridge->entrances, entry)
			visit(data, bridge->plugin->head.name,
			      entrance->address, entrance->public_key);
}

void services_counters(struct services *services,
		       void (*visit)(void *data, const char *service,
				     const struct gridcall_counter *counters,
				     size_t count),
		       void *data)
{
	struct gridcall_counter counters[COUNTERS_MAX];
	struct bridge *bridge;

	llist_for_each_entry (bridge, &services->bridges, entry) {
		size_t count = 0;

		if (bridge->plugin->counters)
			count = bridge->plugin->counters(
				bridge->state, counters, COUNTERS_MAX);
		visit(data, bridge->plugin->head.name, counters,
		      OSMO_MIN(count, COUNTERS_MAX));
	}
}

size_t services_feed_counters(struct services *services, const char *service,
			      const char *feed,
			      struct gridcall_counter *counters, size_t max)
{
	struct bridge *bridge;

	llist_for_each_entry (bridge, &services->bridges, entry) {
		const struct gridcall_service *plugin = bridge->plugin;
		size_t count;

		if (strcmp(plugin->head.name, service) ||
		    !plugin->feed_counters)
			continue;
		count = plugin->feed_counters(bridge->state, feed, counters,
					      max);
		return OSMO_MIN(count, max);
	}
	return 0;
}

static bool bridge_is_alive(struct bridge *bridge)
{
	uint64_t progress = bridge->plugin->progress(bridge->state);

	bridge->stuck_s =
		progress == bridge->progress ? bridge->stuck_s + 1 : 0;
	bridge->progress = progress;
	return bridge->stuck_s < STUCK_S;
}

bool services_are_alive(struct services *services, const char **name)
{
	struct bridge *bridge;
	bool alive = true;

	llist_for_each_entry (bridge, &services->bridges, entry) {
		if (bridge_is_alive(bridge))
			continue;
		*name = bridge->plugin->head.name;
		alive = false;
	}
	return alive;
}
