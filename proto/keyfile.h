/* SPDX-License-Identifier: MIT
 *
 * keyfile.h - the text of a key file: ZeroMQ's certificate format
 *
 * gridcall.h has the functions that read and write whole files.  A section
 * begins at the margin, its values are set in; what is not known is skipped.
 *
 * Memory:  caller's; wipe it with gridcall_keyfile_forget().
 * Threads: any.
 */
#pragma once

#include "proto/gridcall.h"

#define KEYFILE_MAX 16384 /* bytes of a file */

/*
 * 0, or -EINVAL and what is wrong, as the end of a sentence, in *what.  Only
 * the form is judged: that the halves belong together is not.
 */
int keyfile_parse(struct gridcall_keyfile *keyfile, const char *text,
		  size_t len, const char **what);

/* As snprintf(), or -EINVAL when a value can't be in a file. */
int keyfile_format(const struct gridcall_keyfile *keyfile, char *text,
		   size_t size);
