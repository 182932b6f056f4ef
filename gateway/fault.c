/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "gateway/record/utf8.h"

int fault_set(struct fault *fault, int code, const char *format, ...)
{
	va_list args;

	if (!fault)
		return -EINVAL;
	fault->code = code;
	va_start(args, format);
	vsnprintf(fault->sentence, sizeof(fault->sentence), format, args);
	va_end(args);
	/* A value that was cut may end in half a character. */
	utf8_mend(fault->sentence);
	return -EINVAL;
}
