/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * settings.h - what one RTP channel was told by its options
 *
 *   local=IP:PORT    where we listen; needed
 *   remote=IP:PORT   where we send, and whose packets we take; needed
 *   strict=yes       take them from that port only (default no)
 *   codec=NAME       what we send: pcma (default), pcmu, l16, opus
 *   rate=HZ          of l16: 8000 (default), 16000 or 48000
 *   pt=N             payload type of what we send; by default pcmu 0, pcma 8,
 *                    l16 97, opus 111 (11 is L16 at 44.1 kHz, so not ours)
 *   accept=LIST      payload types of what we receive, besides pcmu 0, pcma 8,
 *                    opus 111 and our own: 96:opus/48000,97:l16/16000
 *   gap_ms=N         an over ends after so long without a packet: 20 to 2000,
 *                    default 100
 *   jitter_ms=N      delay that an over starts with: 0 to 200, default 40
 *   ttl=N            1 to 255; the system's default when left out
 *
 * Memory:  plain data.
 * Threads: any; no state.
 */
#pragma once

#include "plugins/plugin.h"
#include "plugins/rtp/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETTINGS_PAYLOAD_TYPES 128

struct settings {
	struct address local;
	struct address remote;
	bool is_strict;
	struct gridcall_format transmit;
	uint8_t payload_type;
	/* By payload type; codec 0: not accepted. */
	struct gridcall_format accept[SETTINGS_PAYLOAD_TYPES];
	uint32_t gap_ms;
	uint32_t jitter_ms;
	uint32_t ttl;        /* 0: the system's */
	size_t packet_bytes; /* longest payload that makes sense */
};

/* Returns 0, or -EINVAL with a sentence in why. */
int settings_read(struct settings *settings,
		  const struct gridcall_option *options,
		  struct gridcall_why *why);
