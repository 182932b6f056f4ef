/* SPDX-License-Identifier: MIT
 *
 * position.h - a position in a file, whole at every moment
 *
 * Memory:  malloc.
 * Threads: any.
 */
#pragma once

#include "proto/gridcall.h"

/*
 * The text, without its newline, to be freed; NULL when there is no file yet.
 * -EIO and the like with a sentence when there is one that can't be read.
 */
int position_read(const char *path, char **text, struct gridcall_fault *fault);

/* Replace the file and wait until that is on the disk. */
int position_write(const char *path, const char *text);
