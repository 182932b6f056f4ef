/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/over.h"

#include <inttypes.h>
#include <stdio.h>

void over_id(char id[OVER_ID_MAX], const char *code, int64_t began_utc_us)
{
	snprintf(id, OVER_ID_MAX, "%s-%" PRId64, code, began_utc_us / 1000);
}
