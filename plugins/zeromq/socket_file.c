/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/zeromq/socket_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/probe.h"

static int say(struct gridcall_why *why, int rc, const char *path,
	       const char *sentence)
{
	snprintf(why->text, sizeof(why->text), "'%s' %s", path, sentence);
	return rc;
}

static int say_errno(struct gridcall_why *why, const char *path,
		     const char *what)
{
	int rc = -errno;

	snprintf(why->text, sizeof(why->text),
		 "'%s' %s: %s; check the path and its permissions", path, what,
		 strerror(-rc));
	return rc;
}

int socket_file_prepare(struct socket_file *file, const char *address,
			struct gridcall_why *why)
{
	struct stat found;
	int rc;

	snprintf(file->path, sizeof(file->path), "%s",
		 address + strlen("ipc://"));
	file->inode = 0;
	if (lstat(file->path, &found))
		return errno == ENOENT ? 0
				       : say_errno(why, file->path,
						   "can't be looked at");
	if (!S_ISSOCK(found.st_mode))
		return say(why, -EEXIST, file->path,
			   "is a file and not a socket; choose another path");
	rc = probe_listener(address);
	if (!rc)
		return say(why, -EADDRINUSE, file->path,
			   "is in use: another gateway has it; stop that one "
			   "or choose another path");
	if (rc != -ECONNREFUSED) {
		errno = -rc;
		return say_errno(why, file->path, "can't be tried");
	}
	if (unlink(file->path))
		return say_errno(why, file->path,
				 "was left behind and can't be removed");
	return 0;
}

int socket_file_guard(struct socket_file *file, const struct settings *settings,
		      struct gridcall_why *why)
{
	struct stat bound;

	if (lstat(file->path, &bound))
		return say_errno(why, file->path, "vanished after its bind");
	file->device = bound.st_dev;
	file->inode = bound.st_ino;
	if (settings->group != (gid_t)-1 &&
	    lchown(file->path, (uid_t)-1, settings->group))
		return say_errno(why, file->path,
				 "can't be given to the group");
	if (chmod(file->path, settings->mode))
		return say_errno(why, file->path, "can't be given its mode");
	return 0;
}

void socket_file_remove(const struct socket_file *file)
{
	struct stat found;

	if (!file->inode || lstat(file->path, &found))
		return;
	if (found.st_dev == file->device && found.st_ino == file->inode)
		(void)unlink(file->path);
}
