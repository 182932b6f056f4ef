/* SPDX-License-Identifier: MIT */
#include "proto/probe.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SCHEME "ipc://"

int probe_listener(const char *address)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	const char *path = address + strlen(SCHEME);
	int rc = 0;
	int fd;

	if (strncmp(address, SCHEME, strlen(SCHEME)) || *path == '@' ||
	    strlen(path) >= sizeof(name.sun_path))
		return 0;
	strcpy(name.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* EAGAIN: it listens, but its queue is full just now. */
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) &&
	    errno != EAGAIN)
		rc = -errno;
	close(fd);
	return rc;
}
