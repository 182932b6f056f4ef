/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOST_MAX (600 * 50) /* no more than ten minutes of silence at once */

struct recording {
	FILE *file;
	struct audiofile_writer *writer;
	int64_t utc_us;
	uint32_t part;
	char code[32];
	char path[PATH_MAX]; /* without ".part" */
};

enum audiofile_type recording_type(const struct gridcall_format *format)
{
	switch (format->codec) {
	case GRIDCALL_PCMA:
		return AUDIOFILE_PCMA;
	case GRIDCALL_PCMU:
		return AUDIOFILE_PCMU;
	case GRIDCALL_OPUS:
		return AUDIOFILE_OPUS;
	default:
		return AUDIOFILE_L16;
	}
}

/* Make every folder above path; what exists is fine. */
static int make_folders(char *path)
{
	char *slash;
	int rc;

	for (slash = strchr(path + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = 0;
		rc = mkdir(path, 0750);
		*slash = '/';
		if (rc < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static FILE *open_part(const char *path)
{
	char part[PATH_MAX];
	FILE *file;
	int fd;

	if (snprintf(part, sizeof(part), "%s.part", path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	fd = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return NULL;
	file = fdopen(fd, "w+");
	if (!file)
		close(fd);
	return file;
}

static struct recording *give_up(struct recording *recording)
{
	int saved = errno ? errno : EIO;

	if (recording->file)
		fclose(recording->file);
	free(recording);
	errno = saved;
	return NULL;
}

struct recording *recording_open(const char *folder,
				 const struct tape_piece *piece)
{
	struct recording *recording = calloc(1, sizeof(*recording));
	char name[RECORDER_NAME_MAX];
	int rc;

	if (!recording)
		return NULL;
	recording->utc_us = piece->utc_us;
	recording->part = piece->part;
	memcpy(recording->code, piece->code, sizeof(recording->code));
	tape_name(piece, name);
	rc = snprintf(recording->path, PATH_MAX, "%s/%s", folder, name);
	errno = ENAMETOOLONG;
	if (rc >= PATH_MAX)
		return give_up(recording);
	rc = make_folders(recording->path);
	errno = -rc;
	if (rc < 0)
		return give_up(recording);
	recording->file = open_part(recording->path);
	if (!recording->file)
		return give_up(recording);
	recording->writer = audiofile_writer_open(
		recording->file, recording_type(&piece->format),
		piece->format.rate_hz);
	return recording->writer ? recording : give_up(recording);
}

bool recording_takes(const struct recording *recording,
		     const struct tape_piece *piece)
{
	return recording->utc_us == piece->utc_us &&
	       recording->part == piece->part &&
	       !strcmp(recording->code, piece->code);
}

int recording_put(struct recording *recording, const struct tape_piece *piece,
		  uint64_t *bytes)
{
	uint32_t lost = piece->lost_before;
	uint32_t at = 0;
	uint32_t len;
	int rc = 0;

	if (lost > LOST_MAX)
		lost = LOST_MAX;
	for (; lost && !rc; lost--)
		rc = audiofile_writer_put(recording->writer, NULL, 0);
	while (at + 2 <= piece->used && !rc) {
		len = piece->bytes[at] + 256u * piece->bytes[at + 1];
		at += 2;
		if (at + len > piece->used)
			return -EINVAL;
		rc = audiofile_writer_put(recording->writer,
					  len ? piece->bytes + at : NULL, len);
		*bytes += len;
		at += len;
	}
	return rc;
}

int recording_close(struct recording *recording)
{
	char part[PATH_MAX + 8];
	int rc;

	if (!recording)
		return 0;
	rc = audiofile_writer_close(recording->writer);
	if (fclose(recording->file) && !rc)
		rc = -errno;
	snprintf(part, sizeof(part), "%s.part", recording->path);
	if (rename(part, recording->path) < 0 && !rc)
		rc = -errno;
	free(recording);
	return rc < 0 ? rc : -abs(rc);
}
