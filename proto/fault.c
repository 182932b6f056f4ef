/* SPDX-License-Identifier: MIT */
#include "proto/fault.h"

#include <stdarg.h>
#include <stdio.h>

int fault_say(struct gridcall_fault *fault, int rc,
	      Gridcall__V1__ErrorCode code, const char *format, ...)
{
	va_list list;

	if (!fault)
		return rc;
	fault->code = code;
	va_start(list, format);
	vsnprintf(fault->sentence, sizeof(fault->sentence), format, list);
	va_end(list);
	return rc;
}
