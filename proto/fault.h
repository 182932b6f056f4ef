/* SPDX-License-Identifier: MIT
 *
 * fault.h - writes the sentence of an error where the caller wants it
 *
 * Threads: any.
 */
#pragma once

#include "proto/gridcall.h"

#define FAULT_ARGUMENT    GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT
#define FAULT_UNAVAILABLE GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE
#define FAULT_REFUSED     GRIDCALL__V1__ERROR_CODE__ERROR_NOT_ALLOWED
#define FAULT_LATE        GRIDCALL__V1__ERROR_CODE__ERROR_TOO_LATE

/* Returns rc; fault may be NULL. */
__attribute__((format(printf, 4, 5))) int
fault_say(struct gridcall_fault *fault, int rc, Gridcall__V1__ErrorCode code,
	  const char *format, ...);
