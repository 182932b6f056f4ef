/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * settings.h - the options of a ZeroMQ service, checked
 *
 *   commands            ipc:///path of the command socket
 *   feed                ipc:///path of the feed
 *   jurisdiction        topic prefix that the feed carries; empty: everything
 *   backlog             messages that wait for the service, 100000
 *   subscriber_backlog  messages that wait for one slow subscriber, 10000
 *   mode                octal permissions of the sockets, 0660
 *   group               who owns the sockets beside us
 *
 * Threads: main.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "plugins/plugin.h"
#include "proto/topic.h"

#define SETTINGS_ADDRESS_MAX 114 /* ipc:// and the longest path of a socket */

struct settings {
	char commands[SETTINGS_ADDRESS_MAX]; /* "": none */
	char feed[SETTINGS_ADDRESS_MAX];     /* "": none */
	char jurisdiction[TOPIC_MAX];
	uint32_t backlog;
	uint32_t subscriber_backlog;
	mode_t mode;
	gid_t group; /* (gid_t)-1: leave it */
};

/* 0, or -EINVAL and a sentence. */
int settings_parse(struct settings *settings,
		   const struct gridcall_option *options,
		   struct gridcall_why *why);
