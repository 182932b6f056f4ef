/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * socket_file.h - the file of an ipc socket: whose it is and who may open it
 *
 * ZeroMQ removes whatever lies at the path before it binds, be it the socket of
 * a living gateway.  So the path is looked at first.
 *
 * Threads: main.
 */
#pragma once

#include <sys/stat.h>

#include "plugins/plugin.h"
#include "plugins/zeromq/settings.h"

struct socket_file {
	char path[SETTINGS_ADDRESS_MAX];
	dev_t device; /* of the file that we bound */
	ino_t inode;  /* 0: none yet */
};

/*
 * Make way for a bind to address.  Removes a socket that nobody holds any more;
 * -EADDRINUSE when somebody does, -EEXIST when it is no socket, or another
 * errno, with a sentence.
 */
int socket_file_prepare(struct socket_file *file, const char *address,
			struct gridcall_why *why);

/* After the bind: set permissions and group. */
int socket_file_guard(struct socket_file *file, const struct settings *settings,
		      struct gridcall_why *why);

/* Remove it if it is still ours. */
void socket_file_remove(const struct socket_file *file);
