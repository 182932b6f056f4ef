/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * service_host.h - a gateway's side of a service, for tests of the real plugin
 *
 * Loads the plugin as the loader would, in a private folder, and lets a thread
 * of its own, the gateway's main, answer what the plugin hands on.
 */
#pragma once

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/plugin.h"
#include "proto/gridcall.h"

/* ZeroMQ is not built for the thread sanitizer: what it received looks racy. */
GRIDCALL_EXPORT const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "race:libzmq.so\nrace:read_feed\nrace:client_read_replies\n"
	       "race:host_request\nrace:refuse";
}

struct host {
	const struct gridcall_service *service;
	void *state;
	char folder[24];
	char commands[48];
	char feed[48];
	char everything[64]; /* option of that feed, named all */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	/* Makes the answer to a request; bytes are freed with free(). */
	uint8_t *(*answer)(struct host *host, const uint8_t *data, size_t *len);
	void *data;
	bool busy;  /* request() says -EAGAIN */
	bool stuck; /* request() does not return */
	bool mute;  /* requests are taken and never answered */
	bool stopping;
	size_t taken;
	/* of the last request */
	char principal[64];
	char address[64];
	uint64_t connection;
	uint8_t public_key[32];
	bool has_key;
	char log[2048];     /* lines */
	char entrance[128]; /* by commands(): address key */
	char server_key[48];
	struct {
		uint64_t token;
		uint8_t *data;
		size_t len;
	} waiting[2048];
	size_t waiting_count;
	char told[512]; /* by feed(): name address jurisdiction, each */
	struct gridcall_why why;
};

static inline struct gridcall_client *open_client(const struct host *host,
						  struct gridcall_fault *fault)
{
	struct gridcall_config config = {.address = host->commands};

	return gridcall_open(&config, fault);
}

static void host_note(struct host *host, const struct gridcall_request *request)
{
	host->taken++;
	snprintf(host->principal, sizeof(host->principal), "%s",
		 request->principal);
	snprintf(host->address, sizeof(host->address), "%s", request->address);
	host->connection = request->connection;
	host->has_key = request->public_key;
	if (host->has_key)
		memcpy(host->public_key, request->public_key, 32);
}

static int host_request(struct gridcall_bridge *bridge,
			const struct gridcall_request *request)
{
	struct host *host = (struct host *)bridge;
	int rc = 0;

	pthread_mutex_lock(&host->lock);
	host_note(host, request);
	pthread_cond_broadcast(&host->changed);
	while (host->stuck)
		pthread_cond_wait(&host->changed, &host->lock);
	if (host->busy || host->waiting_count == 2048) {
		rc = -EAGAIN;
	} else if (!host->mute) {
		size_t i = host->waiting_count++;

		host->waiting[i].token = request->token;
		host->waiting[i].len = request->len;
		host->waiting[i].data = malloc(request->len + 1);
		memcpy(host->waiting[i].data, request->data, request->len);
	}
	pthread_mutex_unlock(&host->lock);
	return rc;
}

static void host_told_feed(struct gridcall_bridge *bridge,
			   const struct gridcall_feed *feed)
{
	struct host *host = (struct host *)bridge;

	size_t len = strlen(host->told);

	snprintf(host->told + len, sizeof(host->told) - len, "%s %s %s%s\n",
		 feed->name, feed->address, feed->jurisdiction,
		 feed->voice ? " voice" : "");
}

static void host_log(struct gridcall_bridge *bridge, enum gridcall_level level,
		     const char *text)
{
	struct host *host = (struct host *)bridge;
	size_t len;

	pthread_mutex_lock(&host->lock);
	len = strlen(host->log);
	snprintf(host->log + len, sizeof(host->log) - len, "%s\n", text);
	pthread_mutex_unlock(&host->lock);
}

static void host_told_commands(struct gridcall_bridge *bridge,
			       const char *address, const char *public_key)
{
	struct host *host = (struct host *)bridge;

	snprintf(host->entrance, sizeof(host->entrance), "%s", address);
	snprintf(host->server_key, sizeof(host->server_key), "%s", public_key);
}

static const struct gridcall_service_host host_table = {
	.size = sizeof(host_table),
	.request = host_request,
	.feed = host_told_feed,
	.log = host_log,
	.commands = host_told_commands,
};

static void *host_main(void *arg)
{
	struct host *host = arg;

	pthread_mutex_lock(&host->lock);
	while (!host->stopping) {
		size_t i = host->waiting_count - 1;
		size_t len;
		uint8_t *bytes;

		if (!host->waiting_count) {
			pthread_cond_wait(&host->changed, &host->lock);
			continue;
		}
		len = host->waiting[i].len;
		bytes = host->answer(host, host->waiting[i].data, &len);
		host->service->reply(host->state, host->waiting[i].token, bytes,
				     len);
		free(host->waiting[i].data);
		free(bytes);
		host->waiting_count--;
	}
	while (host->waiting_count)
		free(host->waiting[--host->waiting_count].data);
	pthread_mutex_unlock(&host->lock);
	return NULL;
}

static void host_set(struct host *host, bool *what, bool on)
{
	pthread_mutex_lock(&host->lock);
	*what = on;
	pthread_cond_broadcast(&host->changed);
	pthread_mutex_unlock(&host->lock);
}

static void host_init(struct host *host)
{
	const char *build = getenv("GRIDCALL_BUILD");
	char path[256];
	void *library;

	snprintf(path, sizeof(path), "%s/plugins/zeromq.so",
		 build ? build : "build/debug");
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	host->service = library ? dlsym(library, GRIDCALL_PLUGIN_SYMBOL) : NULL;
	strcpy(host->folder, "/tmp/gridcall-XXXXXX");
	if (!host->service || !mkdtemp(host->folder))
		exit(1);
	sprintf(host->commands, "ipc://%s/commands", host->folder);
	sprintf(host->feed, "ipc://%s/feed", host->folder);
	sprintf(host->everything, "all %s gc1.", host->feed);
	pthread_mutex_init(&host->lock, NULL);
	pthread_cond_init(&host->changed, NULL);
}
