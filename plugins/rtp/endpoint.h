/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * endpoint.h - the UDP socket of one RTP channel
 *
 * Memory:  the caller owns the descriptor.
 * Threads: any; no state.
 */
#pragma once

#include "plugins/plugin.h"
#include "plugins/rtp/settings.h"

/* A bound, non-blocking socket; or a negative errno with a sentence in why. */
int endpoint_open(const struct settings *settings, struct gridcall_why *why);

/*
 * Whether packets could leave now: our address is there and a way to the remote
 * one too.  Sends nothing.  0, -EAGAIN when it can't be told now, or another
 * negative errno.
 */
int endpoint_probe(const struct settings *settings);
