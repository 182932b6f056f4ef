/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/message.h"

#include "gateway/record/utf8.h"

#include <string.h>
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

/* ---- strings ---- */

static const void *field_at(const ProtobufCMessage *message,
			    unsigned int offset)
{
	return (const char *)message + offset;
}

/* How many values a field has, of which those of a message may be NULL. */
static size_t count_of(const ProtobufCMessage *message,
		       const ProtobufCFieldDescriptor *field)
{
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)field_at(message,
						 field->quantifier_offset);
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(const uint32_t *)field_at(
			       message, field->quantifier_offset) == field->id;
	return 1;
}

/* Escapes would have power over the terminal on which an officer reads it. */
static bool has_control(const uint8_t *text)
{
	for (; *text; text++)
		if ((*text < ' ' && !strchr("\t\n\r", *text)) ||
		    *text == 0x7f || (*text == 0xc2 && text[1] < 0xa0))
			return true;
	return false;
}

static const char *garbled_value(const ProtobufCFieldDescriptor *field,
				 const void *value)
{
	if (!value)
		return NULL;
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return message_garbled_field(value);
	return utf8_is_valid(value, strlen(value)) && !has_control(value)
		       ? NULL
		       : field->name;
}

const char *message_garbled_field(const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *descriptor = message->descriptor;
	const char *name = NULL;
	unsigned int i;
	size_t count, j;

	for (i = 0; i < descriptor->n_fields && !name; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
		const void *const *values = field_at(message, field->offset);

		if (field->type != PROTOBUF_C_TYPE_STRING &&
		    field->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		count = count_of(message, field);
		if (field->label == PROTOBUF_C_LABEL_REPEATED)
			values = *(const void *const *const *)values;
		for (j = 0; j < count && !name; j++)
			name = garbled_value(field, values[j]);
	}
	return name;
}
