/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * oggopus.h - Opus in Ogg (RFC 7845), read whole and written page by page
 *
 * The only door to libogg.
 *
 * Memory:  a writer allocates in its open call only.
 * Threads: any; one writer belongs to one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OGGOPUS_RATE_HZ 48000

/* Whether data begins as an Ogg file does, whatever is in it. */
bool oggopus_is(const uint8_t *data, size_t len);

/*
 * Decode a whole file to mono at OGGOPUS_RATE_HZ; *pcm is for free().  0, or
 * -EINVAL with a sentence in why, or -ENOMEM.
 */
int oggopus_decode(const uint8_t *data, size_t len, int16_t **pcm,
		   size_t *samples, char *why, size_t why_size);

struct oggopus_writer;

/* Writes the headers.  NULL when memory is out or the disk refuses. */
struct oggopus_writer *oggopus_writer_open(FILE *file, uint32_t rate_hz);

/*
 * Append one packet.  data NULL, or what is no Opus packet: 20 ms that a
 * player conceals.  0 or a negative errno of writing.
 */
int oggopus_writer_put(struct oggopus_writer *writer, const uint8_t *data,
		       size_t len);

/* Write what waits with the mark of the end, and free. */
int oggopus_writer_close(struct oggopus_writer *writer);
