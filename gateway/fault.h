/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fault.h - why something was refused, for a person and for a program
 *
 * Threads: any; a fault belongs to its caller.
 */
#pragma once

struct fault {
	int code;           /* Gridcall__V1__ErrorCode; 0: none */
	char sentence[512]; /* what, where, how to mend */
};

/* Fill fault (which may be NULL) and return -EINVAL, for return fault_set(). */
int fault_set(struct fault *fault, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
