/* SPDX-License-Identifier: MIT */
#include "proto/position.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/fault.h"

#define POSITION_MAX (16 << 20) /* bytes: every topic of a country */

static int read_all(int fd, char **text)
{
	struct stat about;
	size_t len = 0;
	ssize_t got = 1;

	if (fstat(fd, &about) || about.st_size > POSITION_MAX)
		return errno ? -errno : -EFBIG;
	*text = calloc(1, (size_t)about.st_size + 1);
	if (!*text)
		return -ENOMEM;
	while (got > 0 && len < (size_t)about.st_size) {
		got = read(fd, *text + len, (size_t)about.st_size - len);
		len += got > 0 ? (size_t)got : 0;
	}
	if (got < 0)
		return -errno;
	while (len && (*text)[len - 1] == '\n')
		(*text)[--len] = '\0';
	return 0;
}

int position_read(const char *path, char **text, struct gridcall_fault *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	*text = NULL;
	if (fd < 0 && errno == ENOENT)
		return 0;
	errno = fd < 0 ? errno : 0;
	rc = fd < 0 ? -errno : read_all(fd, text);
	if (fd >= 0)
		close(fd);
	if (!rc)
		return 0;
	free(*text);
	*text = NULL;
	return fault_say(fault, rc, FAULT_ARGUMENT,
			 "The position can't be read from '%s': %s", path,
			 strerror(-rc));
}

/* The name itself must be on the disk too. */
static int sync_folder(char *path)
{
	int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -errno;
	rc = fsync(fd) ? -errno : 0;
	close(fd);
	return rc;
}

static int write_new(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	int rc = 0;

	if (!file) {
		rc = -errno;
		if (fd >= 0)
			close(fd);
		return rc;
	}
	if (fprintf(file, "%s\n", text) < 0 || fflush(file) || fsync(fd))
		rc = -errno;
	if (fclose(file) && !rc)
		rc = -errno;
	return rc;
}

int position_write(const char *path, const char *text)
{
	char *aside = malloc(strlen(path) + sizeof(".new"));
	int rc;

	if (!aside)
		return -ENOMEM;
	strcpy(aside, path);
	strcat(aside, ".new");
	rc = write_new(aside, text);
	if (!rc && rename(aside, path))
		rc = -errno;
	if (rc)
		(void)unlink(aside);
	else
		rc = sync_folder(aside);
	free(aside);
	return rc;
}
