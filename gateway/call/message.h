/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * message.h - protobuf messages on talloc
 *
 * Memory:  whatever is returned hangs below ctx and goes with it.
 * Threads: any; ctx belongs to the caller's thread.
 */
#pragma once

#include "proto/gridcall.pb-c.h"

#include <stddef.h>
#include <stdint.h>

/* Unpack below ctx; NULL when the bytes are none of that message. */
void *message_unpack(void *ctx, const ProtobufCMessageDescriptor *descriptor,
		     const uint8_t *data, size_t len);

/* A deep copy below ctx. */
void *message_copy(void *ctx, const ProtobufCMessage *message);

/*
 * The name of a string field, however deep, that holds no UTF-8, or controls
 * other than tab and line ends; NULL: none.
 * Whoever passes such a message on makes it unreadable in most languages.
 */
const char *message_garbled_field(const ProtobufCMessage *message);

/* Append one pointer to a repeated field of messages or strings. */
#define message_append(ctx, array, count, item)                                \
	do {                                                                   \
		(array) = talloc_realloc_size(                                 \
			ctx, (array), ((count) + 1) * sizeof(*(array)));       \
		OSMO_ASSERT(array);                                            \
		(array)[(count)++] = (item);                                   \
	} while (0)
