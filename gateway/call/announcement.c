/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/announcement.h"
#include "proto/gridcall.pb-c.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <talloc.h>
#include <unistd.h>

#define BAD         GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT
#define UNAVAILABLE GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE

#define OPUS_RATE_HZ   48000 /* granule positions count at this rate */
#define OGG_HEAD_BYTES 27

/* ----------------------------------------------------------------- length --
 */

static uint64_t little(const uint8_t *data, size_t bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | data[bytes];
	return value;
}

/* RIFF chunks: "fmt " has the byte rate, "data" the bytes. */
static int wav_length(const uint8_t *data, size_t len, uint32_t *length_ms)
{
	uint64_t per_second = 0;
	size_t at = 12;
	uint64_t size;

	while (at + 8 <= len) {
		size = little(data + at + 4, 4);
		if (!memcmp(data + at, "fmt ", 4) && at + 20 <= len)
			per_second = little(data + at + 16, 4);
		if (!memcmp(data + at, "data", 4)) {
			if (size > len - at - 8)
				size = len - at - 8;
			if (!per_second || !size)
				return -EINVAL;
			*length_ms = (uint32_t)(size * 1000 / per_second);
			return 0;
		}
		at += 8 + size + (size & 1);
	}
	return -EINVAL;
}

/* The last page's granule position is the length. */
static int ogg_length(const uint8_t *data, size_t len, uint32_t *length_ms)
{
	size_t at;

	if (len < OGG_HEAD_BYTES ||
	    !memmem(data, len < 64 ? len : 64, "OpusHead", 8))
		return -EINVAL;
	for (at = len - OGG_HEAD_BYTES; at > 0; at--) {
		uint64_t granule;

		if (memcmp(data + at, "OggS", 4))
			continue;
		granule = little(data + at + 6, 8);
		if (!granule || granule > (uint64_t)OPUS_RATE_HZ * 3600)
			return -EINVAL;
		*length_ms = (uint32_t)(granule * 1000 / OPUS_RATE_HZ);
		return 0;
	}
	return -EINVAL;
}

static bool is_wav(const uint8_t *data, size_t len)
{
	return len > 12 && !memcmp(data, "RIFF", 4) &&
	       !memcmp(data + 8, "WAVE", 4);
}

static bool is_ogg(const uint8_t *data, size_t len)
{
	return len > OGG_HEAD_BYTES && !memcmp(data, "OggS", 4);
}

int announcement_length(const uint8_t *data, size_t len, uint32_t *length_ms,
			struct fault *fault)
{
	int rc = -EINVAL;

	if (len > ANNOUNCEMENT_BYTES_MAX)
		return fault_set(fault, BAD,
				 "the announcement is larger than %u MB; send "
				 "it as Ogg Opus",
				 ANNOUNCEMENT_BYTES_MAX >> 20);
	if (is_wav(data, len))
		rc = wav_length(data, len, length_ms);
	else if (is_ogg(data, len))
		rc = ogg_length(data, len, length_ms);
	if (rc < 0)
		return fault_set(fault, BAD,
				 "the announcement is neither a WAV nor an Ogg "
				 "Opus file that can be read");
	return 0;
}

/* ------------------------------------------------------------------ store --
 */

/* Names a content; the bytes themselves decide. */
static uint64_t hash_of(const uint8_t *data, size_t len)
{
	uint64_t hash = 14695981039346656037u; /* FNV-1a */

	while (len-- > 0)
		hash = (hash ^ *data++) * 1099511628211u;
	return hash;
}

void announcement_name(const uint8_t *data, size_t len,
		       char name[ANNOUNCEMENT_NAME_MAX])
{
	snprintf(name, ANNOUNCEMENT_NAME_MAX, "a%016" PRIx64 "-%zx",
		 hash_of(data, len), len);
}

static bool holds(const char *path, const uint8_t *data, size_t len)
{
	uint8_t *kept = malloc(len);
	FILE *file = fopen(path, "re");
	bool same;

	same = kept && file && fread(kept, 1, len, file) == len &&
	       !memcmp(kept, data, len);
	if (file)
		fclose(file);
	free(kept);
	return same;
}

static int write_all(int fd, const uint8_t *data, size_t len)
{
	ssize_t written;

	while (len > 0) {
		written = write(fd, data, len);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return -EIO;
		data += written;
		len -= (size_t)written;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static int sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -errno;
	rc = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return rc;
}

/* Whole or not at all: written beside, then renamed. */
static int write_file(const char *folder, const char *path, const char *beside,
		      const uint8_t *data, size_t len)
{
	int fd;
	int rc;

	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	rc = write_all(fd, data, len);
	close(fd);
	if (rc == 0 && rename(beside, path) < 0)
		rc = -errno;
	if (rc < 0) {
		(void)unlink(beside);
		return rc;
	}
	return sync_folder(folder);
}

int announcement_store(void *ctx, const char *folder, const uint8_t *data,
		       size_t len, const char **path, struct fault *fault)
{
	char name[ANNOUNCEMENT_NAME_MAX];
	const char *suffix = is_wav(data, len) ? ".wav" : ".opus";
	char *beside;
	char *whole;
	int rc;

	if (!folder || !folder[0])
		return fault_set(fault, UNAVAILABLE,
				 "no folder for announcements is configured; "
				 "set 'announcements'");
	announcement_name(data, len, name);
	(void)mkdir(folder, 0750);
	whole = talloc_asprintf(ctx, "%s/%s%s", folder, name, suffix);
	beside = talloc_asprintf(ctx, "%s.part", whole);
	if (!holds(whole, data, len)) {
		rc = write_file(folder, whole, beside, data, len);
		if (rc < 0)
			return fault_set(fault, UNAVAILABLE,
					 "can't keep the announcement in %s: "
					 "%s",
					 folder, strerror(-rc));
	}
	*path = whole;
	return 0;
}
