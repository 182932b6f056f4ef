/* SPDX-License-Identifier: MIT
 *
 * A client's address, key and loop.
 */
#include "proto/client_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "proto/fault.h"

#define BATCH 512 /* messages before the caller's loop runs again */

/* ------------------------------------------------------------ the loop -- */

/* At a monotonic time, at once for one that is over. */
static void set_timer(struct gridcall_client *client, int64_t at_ms)
{
	struct itimerspec when = {
		.it_value = {.tv_sec = at_ms / 1000,
			     .tv_nsec = at_ms % 1000 * 1000000}};

	if (at_ms <= 0)
		when.it_value = (struct timespec){.tv_nsec = 1};
	(void)timerfd_settime(client->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void client_wake(struct gridcall_client *client)
{
	set_timer(client, 0);
}

void client_attach(struct gridcall_client *client, struct client_part *part)
{
	struct client_part **last = &client->parts;

	while (*last)
		last = &(*last)->next;
	*last = part;
	client_wake(client);
}

void client_detach(struct gridcall_client *client, struct client_part *part)
{
	struct client_part **at = &client->parts;

	while (*at && *at != part)
		at = &(*at)->next;
	if (*at)
		*at = part->next;
	if (client->next_part == part)
		client->next_part = part->next;
}

const char *client_address(const struct gridcall_client *client)
{
	return client->address;
}

bool client_has_key(const struct gridcall_client *client)
{
	return client->has_key;
}

int gridcall_fd(const struct gridcall_client *client)
{
	return client->epoll_fd;
}

/* ------------------------------------------------------ open and close -- */

static bool is_tcp(const char *address)
{
	return !strncmp(address, "tcp://", strlen("tcp://"));
}

static struct link *open_link(struct gridcall_client *client, bool is_feed,
			      const char *address, const char *server_key)
{
	struct link_config config = {.address = address,
				     .is_feed = is_feed,
				     .name = client->key.name,
				     .server_key = server_key,
				     .public_key = client->key.public_key,
				     .secret_key = client->key.secret_key,
				     .epoll_fd = client->epoll_fd};

	return link_open(client->context, &config);
}

struct link *client_link(struct gridcall_client *client, const char *address,
			 const char *server_key, struct gridcall_fault *fault)
{
	struct link *link;

	/* A feed named by its address: on TCP all have the gateway's key. */
	if (!server_key && client->has_key && is_tcp(address))
		server_key = client->key.server_key;
	link = open_link(client, true, address, server_key);
	if (!link)
		fault_say(fault, 0, FAULT_UNAVAILABLE,
			  "The feed '%s' can't be subscribed to: %s", address,
			  errno == ENOKEY ? "it wants a key, and there is none"
					  : strerror(errno));
	return link;
}

/* Which address, and with which key. */
static int take_config(struct gridcall_client *client,
		       const struct gridcall_config *config,
		       struct gridcall_fault *fault)
{
	const char *address = config->address;
	int rc = 0;

	if (config->key_file)
		rc = gridcall_keyfile_read(&client->key, config->key_file,
					   fault);
	else if (config->key)
		client->key = *config->key;
	if (rc)
		return rc;
	client->has_key = config->key_file || config->key;
	if (!address || !*address)
		address = client->key.commands;
	if (!*address)
		return fault_say(fault, -EINVAL, FAULT_ARGUMENT,
				 "%s; give the address of a command socket, "
				 "like " GRIDCALL_COMMANDS,
				 client->has_key
					 ? "The key file names no gateway"
					 : "No address was given");
	if (client->has_key && is_tcp(address) && !client->key.server_key[0])
		return fault_say(fault, -EINVAL, FAULT_ARGUMENT,
				 "The key file of '%s' has no server-key, "
				 "without which nobody can tell that it is the "
				 "gateway who answers at '%s'",
				 client->key.name, address);
	client->address = strdup(address);
	return client->address ? 0 : -ENOMEM;
}

static int watch(struct gridcall_client *client)
{
	struct epoll_event event = {.events = EPOLLIN};

	client->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	client->timer_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (client->epoll_fd < 0 || client->timer_fd < 0 ||
	    epoll_ctl(client->epoll_fd, EPOLL_CTL_ADD, client->timer_fd,
		      &event))
		return -errno;
	return 0;
}

static int start(struct gridcall_client *client, struct gridcall_fault *fault)
{
	const char *server_key = NULL;
	int rc;

	client->context = link_context_alloc();
	rc = client->context ? watch(client) : -errno;
	/* An ipc socket is guarded by the permissions of its file. */
	if (is_tcp(client->address))
		server_key = client->key.server_key;
	if (!rc) {
		client->link =
			open_link(client, false, client->address, server_key);
		rc = client->link ? 0 : -errno;
	}
	if (!rc)
		return 0;
	return fault_say(fault, rc, FAULT_ARGUMENT,
			 "'%s' can't be used as the address of a command "
			 "socket (%s); give one like " GRIDCALL_COMMANDS,
			 client->address, strerror(-rc));
}

struct gridcall_client *gridcall_open(const struct gridcall_config *config,
				      struct gridcall_fault *fault)
{
	struct gridcall_client *client = calloc(1, sizeof(*client));

	if (!client) {
		fault_say(fault, -ENOMEM, FAULT_UNAVAILABLE,
			  "There is no memory for a client");
		return NULL;
	}
	client->epoll_fd = -1;
	client->timer_fd = -1;
	if (take_config(client, config, fault) || start(client, fault))
		return gridcall_close(client);
	return client;
}

struct gridcall_client *gridcall_close(struct gridcall_client *client)
{
	if (!client)
		return NULL;
	while (client->asked) {
		struct asked *asked = client->asked;

		client->asked = asked->next;
		client_free_asked(asked);
	}
	link_close(client->link);
	link_context_free(client->context);
	if (client->epoll_fd >= 0)
		close(client->epoll_fd);
	if (client->timer_fd >= 0)
		close(client->timer_fd);
	gridcall_keyfile_forget(&client->key);
	free(client->address);
	free(client);
	return NULL;
}

static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
	if (!a_ms || !b_ms)
		return a_ms ? a_ms : b_ms;
	return a_ms < b_ms ? a_ms : b_ms;
}

static int64_t next_due_ms(const struct gridcall_client *client)
{
	int64_t due_ms = link_due_ms(client->link);
	const struct asked *asked;
	const struct client_part *part;

	for (asked = client->asked; asked; asked = asked->next)
		due_ms = sooner(due_ms, asked->end_ms);
	for (part = client->parts; part; part = part->next)
		due_ms = sooner(due_ms, part->due_ms);
	return due_ms;
}

static int work(struct gridcall_client *client, int most)
{
	struct client_part *part = client->parts;
	int done = 0;

	while (part) {
		client->next_part = part->next;
		done += part->work(part, most);
		part = client->next_part;
	}
	client->next_part = NULL;
	return done;
}

void gridcall_process(struct gridcall_client *client)
{
	int left = BATCH;
	int done = 1;
	int64_t due_ms;
	uint64_t wakes;

	while (read(client->timer_fd, &wakes, sizeof(wakes)) > 0)
		;
	while (done && left > 0) {
		link_check(client->link);
		done = client_read_replies(client);
		done += client_tell_answers(client);
		done += work(client, left);
		left -= done;
	}
	due_ms = next_due_ms(client);
	if (done)
		client_wake(client);
	else if (due_ms)
		set_timer(client, due_ms);
}
