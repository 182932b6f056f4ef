/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/message.h"

#include <talloc.h>

static void *take(void *ctx, size_t len)
{
	return talloc_size(ctx, len);
}

static void give_back(void *ctx, void *memory)
{
	talloc_free(memory);
}

void *message_unpack(void *ctx, const ProtobufCMessageDescriptor *descriptor,
		     const uint8_t *data, size_t len)
{
	ProtobufCAllocator allocator = {.alloc = take, .free = give_back};
	void *root = talloc_new(ctx);
	ProtobufCMessage *message;

	allocator.allocator_data = root;
	message = protobuf_c_message_unpack(descriptor, &allocator, len, data);
	if (!message) {
		talloc_free(root);
		return NULL;
	}
	return message;
}

void *message_copy(void *ctx, const ProtobufCMessage *message)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	uint8_t *data = talloc_size(NULL, len ? len : 1);
	void *copy;

	protobuf_c_message_pack(message, data);
	copy = message_unpack(ctx, message->descriptor, data, len);
	talloc_free(data);
	return copy;
}
