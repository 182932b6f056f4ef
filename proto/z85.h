/* SPDX-License-Identifier: MIT
 *
 * z85.h - binary data as text: ZeroMQ's RFC 32
 *
 * Four bytes are five printable characters; a CURVE key of 32 bytes is 40.
 *
 * Memory:  caller's buffers; nothing is allocated.
 * Threads: any.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define Z85_KEY_BYTES 32
#define Z85_KEY_CHARS 40 /* without the final NUL */

/*
 * Write len bytes as len * 5 / 4 characters and a NUL.  0, or -EINVAL when len
 * is no multiple of 4; text is untouched then.
 */
int z85_encode(char *text, const uint8_t *data, size_t len);

/*
 * Read len characters as len * 4 / 5 bytes.  0, or -EINVAL when len is no
 * multiple of 5, a character is none of Z85's, or five of them are more than
 * four bytes hold.  What it accepts, z85_encode() gives back character by
 * character.
 */
int z85_decode(uint8_t *data, const char *text, size_t len);
