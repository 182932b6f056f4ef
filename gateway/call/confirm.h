/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * confirm.h - an officer settles what a unit answered
 *
 * Threads: main only.
 */
#pragma once

#include "gateway/call/turn.h"
#include "gateway/fault.h"

struct note;

/* What an officer heard.  0, or -EINVAL and fault. */
int confirm_reply(struct turn *turn, struct note *note, const char *principal,
		  const Gridcall__V1__ConfirmRequest *request,
		  struct fault *fault);
