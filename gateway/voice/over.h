/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * over.h - the name of an over, the same to all who tell of it
 *
 * Known from its first frame on: live voice carries it long before the over's
 * event does.
 *
 * Threads: any; no state.
 */
#pragma once

#include <stdint.h>

#define OVER_ID_MAX 64

/* code: of its channel; began_utc_us: as struct over has it. */
void over_id(char id[OVER_ID_MAX], const char *code, int64_t began_utc_us);
