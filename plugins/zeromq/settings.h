/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * settings.h - the options of a ZeroMQ service, checked
 *
 *   commands ADDRESS    a command socket, any number of them
 *   feed NAME ADDRESS JURISDICTION [voice]
 *                       a feed, any number of them; the jurisdiction is the
 *                       topic prefix that it carries, gc1. for everything
 *   server_key FILE     of the gateway, for addresses of TCP; made if missing
 *   backlog             messages that wait for the service, 100000
 *   subscriber_backlog  messages that wait for one slow subscriber, 10000
 *   mode                octal permissions of ipc sockets, 0660
 *   group               who owns the ipc sockets beside us
 *
 * An address is ipc:///path, or tcp://host:port, where * stands for any of
 * either and everything is CURVE.  Of an option that there is once the last
 * given is in force.
 *
 * Memory:  malloc; settings_clear() frees it.
 * Threads: main.
 */
#pragma once

#include <stdbool.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "plugins/plugin.h"
#include "proto/topic.h"

#define SETTINGS_ADDRESS_MAX 114 /* ipc:// and the longest path of a socket */
#define SETTINGS_NAME_MAX    32  /* with the final NUL */
#define SETTINGS_EVERYTHING  "gc1."

struct settings_feed {
	char name[SETTINGS_NAME_MAX];
	char address[SETTINGS_ADDRESS_MAX];
	char jurisdiction[TOPIC_MAX];
	bool voice; /* live voice too */
};

struct settings_commands {
	char address[SETTINGS_ADDRESS_MAX];
};

struct settings {
	struct settings_commands *commands;
	size_t command_count;
	struct settings_feed *feeds;
	size_t feed_count;
	char server_key[PATH_MAX]; /* "": none */
	uint32_t backlog;
	uint32_t subscriber_backlog;
	mode_t mode;
	gid_t group; /* (gid_t)-1: leave it */
};

/* 0, or -EINVAL and a sentence; nothing is kept then. */
int settings_parse(struct settings *settings,
		   const struct gridcall_option *options,
		   struct gridcall_why *why);

bool settings_is_tcp(const char *address);

/* Accepts one that was never filled but zeroed. */
void settings_clear(struct settings *settings);
