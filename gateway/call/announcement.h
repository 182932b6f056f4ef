/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * announcement.h - announcements that came with a call
 *
 * An uploaded file is kept in the folder "announcements" of the settings under
 * a name made of its content, so that the same announcement is kept once and a
 * restart finds it.  It is on the disk before the call's first event is.
 *
 * Its length is read from the file's structure on the main loop, microseconds
 * however long it is; decoding is left to the job thread.  A file that looks
 * right but can't be decoded makes its call end with that reason.  Storing
 * waits for the disk once per new file.
 *
 * Threads: main only.
 */
#pragma once

#include "gateway/fault.h"

#include <stddef.h>
#include <stdint.h>

#define ANNOUNCEMENT_BYTES_MAX (16u << 20)
#define ANNOUNCEMENT_NAME_MAX  64

/*
 * How long a WAV or Ogg Opus file sounds.  0, or -EINVAL and fault for one that
 * is neither.
 */
int announcement_length(const uint8_t *data, size_t len, uint32_t *length_ms,
			struct fault *fault);

/* The name it would be kept under, without folder and suffix. */
void announcement_name(const uint8_t *data, size_t len,
		       char name[ANNOUNCEMENT_NAME_MAX]);

/*
 * Keep it below folder.  0 and its path below ctx, or -EINVAL and fault when
 * the folder or the disk refuses.
 */
int announcement_store(void *ctx, const char *folder, const uint8_t *data,
		       size_t len, const char **path, struct fault *fault);
