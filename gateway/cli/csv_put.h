/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * csv_put.h - a report as a table for other programs (RFC 4180)
 *
 * UTF-8 without a byte-order mark, lines end with CR LF, one line a unit, a
 * heading first.  gridcall(1) lists the columns; new ones come at the end.
 *
 * Memory:  nothing stays.
 * Threads: one.
 */
#pragma once

#include <stdio.h>

#include "proto/gridcall.pb-c.h"

void csv_put_report(const Gridcall__V1__Report *report, FILE *out);
