/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/record/ledger_mark.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PATH_BYTES_MAX 4096
#define MARK_BYTES     64 /* one write within one sector */
#define MODE           0640

static int beside(char name[PATH_BYTES_MAX], const char *path, const char *end)
{
	int len = snprintf(name, PATH_BYTES_MAX, "%s.%s", path, end);

	return len < PATH_BYTES_MAX ? 0 : -ENAMETOOLONG;
}

static int open_beside(const char *path, const char *end)
{
	char name[PATH_BYTES_MAX];
	int fd;

	if (beside(name, path, end))
		return -ENAMETOOLONG;
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, MODE);
	return fd < 0 ? -errno : fd;
}

int ledger_mark_open(const char *path, struct ledger_mark *mark)
{
	char text[MARK_BYTES + 1];
	char state[MARK_BYTES + 1];
	ssize_t len;
	int fd = open_beside(path, "mark");

	if (fd < 0)
		return fd;
	memset(mark, 0, sizeof(*mark));
	len = pread(fd, text, MARK_BYTES, 0);
	text[len > 0 ? len : 0] = '\0';
	if (sscanf(text, "%16[0-9a-f] %" SCNu64 " %64s", mark->epoch,
		   &mark->seq, state) != 3 ||
	    strlen(mark->epoch) != LEDGER_EPOCH_LEN)
		memset(mark, 0, sizeof(*mark));
	else
		mark->closed = !strcmp(state, "closed");
	return fd;
}

int ledger_mark_write(int fd, const struct ledger_mark *mark)
{
	char text[MARK_BYTES + 1];
	int len;

	len = snprintf(text, sizeof(text), "%s %020" PRIu64 " %s", mark->epoch,
		       mark->seq, mark->closed ? "closed" : "open");
	memset(text + len, ' ', (size_t)(MARK_BYTES - len));
	text[MARK_BYTES - 1] = '\n';
	return pwrite(fd, text, MARK_BYTES, 0) == MARK_BYTES ? 0 : -EIO;
}

int ledger_lock_open(const char *path, pid_t *holder)
{
	char text[32];
	ssize_t len;
	int fd = open_beside(path, "lock");

	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		len = pread(fd, text, sizeof(text) - 1, 0);
		text[len > 0 ? len : 0] = '\0';
		*holder = (pid_t)strtol(text, NULL, 10);
		close(fd);
		return -EBUSY;
	}
	len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	/* The lock is the descriptor's; its text only helps a person. */
	if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)len, 0) != len)
		return fd;
	return fd;
}

static bool disk_has(int fd, uint64_t bytes)
{
	struct statvfs disk;

	return fstatvfs(fd, &disk) == 0 &&
	       (uint64_t)disk.f_bavail * disk.f_frsize >= bytes;
}

static bool reserve_exists(const char *path, uint64_t size)
{
	char name[PATH_BYTES_MAX];
	struct stat st;

	return !beside(name, path, "reserve") && !stat(name, &st) &&
	       (uint64_t)st.st_size >= size;
}

int ledger_reserve_make(const char *path, uint64_t size)
{
	int fd, rc = 0;

	if (!size || reserve_exists(path, size))
		return 0;
	fd = open_beside(path, "reserve");
	if (fd < 0)
		return fd;
	/* More than it takes, or the very next write would be refused. */
	if (!disk_has(fd, size + size / 4))
		rc = -ENOSPC;
	else
		rc = -posix_fallocate(fd, 0, (off_t)size);
	close(fd);
	if (rc)
		(void)ledger_reserve_release(path);
	return rc;
}

int ledger_reserve_release(const char *path)
{
	char name[PATH_BYTES_MAX];

	if (beside(name, path, "reserve"))
		return -ENAMETOOLONG;
	return unlink(name) ? -errno : 0;
}
