/* SPDX-License-Identifier: MIT */
#include "proto/json.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 1024

static bool reserve(struct json *json, size_t more)
{
	size_t size = json->size ? json->size : FIRST_SIZE;
	char *text;

	if (json->failed)
		return false;
	while (size - json->len <= more)
		size *= 2;
	if (size == json->size)
		return true;
	text = realloc(json->text, size);
	if (!text) {
		json->failed = true;
		return false;
	}
	json->text = text;
	json->size = size;
	return true;
}

static void add(struct json *json, const char *text, size_t len)
{
	if (!reserve(json, len))
		return;
	memcpy(json->text + json->len, text, len);
	json->len += len;
	json->text[json->len] = '\0';
}

static void add_text(struct json *json, const char *text)
{
	add(json, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void
add_format(struct json *json, const char *format, ...)
{
	char text[64];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	add_text(json, text);
}

/* ------------------------------------------------------------- strings -- */

static bool is_tail(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* Length of the UTF-8 character at text (NUL ends it), 0 when it is none. */
static size_t character_len(const unsigned char *text)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t code;
	size_t len, i;

	if (text[0] < 0x80)
		return 1;
	if ((text[0] & 0xe0) == 0xc0)
		len = 2;
	else if ((text[0] & 0xf0) == 0xe0)
		len = 3;
	else if ((text[0] & 0xf8) == 0xf0)
		len = 4;
	else
		return 0;
	code = text[0] & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if (!is_tail(text[i]))
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return len;
}

/* Whether a character would act on a terminal instead of being shown. */
static bool is_control(const unsigned char *text)
{
	return text[0] < 0x20 || text[0] == 0x7f ||
	       (text[0] == 0xc2 && text[1] < 0xa0);
}

static void add_escape(struct json *json, const unsigned char *text)
{
	static const char names[] = {['\b'] = 'b',
				     ['\t'] = 't',
				     ['\n'] = 'n',
				     ['\f'] = 'f',
				     ['\r'] = 'r'};

	if (text[0] < sizeof(names) && names[text[0]])
		add_format(json, "\\%c", names[text[0]]);
	else
		add_format(json, "\\u%04x",
			   text[0] == 0xc2 ? text[1] : text[0]);
}

static void add_string(struct json *json, const char *string)
{
	const unsigned char *text = (const unsigned char *)string;
	size_t len;

	add_text(json, "\"");
	for (; *text; text += len ? len : 1) {
		len = character_len(text);
		if (!len)
			add_text(json, "\xef\xbf\xbd");
		else if (is_control(text))
			add_escape(json, text);
		else if (*text == '"' || *text == '\\')
			add_format(json, "\\%c", *text);
		else
			add(json, (const char *)text, len);
	}
	add_text(json, "\"");
}

static void add_base64(struct json *json, const ProtobufCBinaryData *bytes)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i, k;

	add_text(json, "\"");
	for (i = 0; i < bytes->len; i += 3) {
		size_t left = bytes->len - i;
		uint32_t group = (uint32_t)bytes->data[i] << 16;
		char out[4];

		if (left > 1)
			group |= (uint32_t)bytes->data[i + 1] << 8;
		if (left > 2)
			group |= bytes->data[i + 2];
		for (k = 0; k < 4; k++)
			out[k] = k > left ? '='
					  : letters[group >> (18 - 6 * k) & 63];
		add(json, out, 4);
	}
	add_text(json, "\"");
}

/* -------------------------------------------------------------- values -- */

static void add_message(struct json *json, const ProtobufCMessage *message);

static void add_enum(struct json *json, const ProtobufCEnumDescriptor *type,
		     int number)
{
	const ProtobufCEnumValue *value =
		protobuf_c_enum_descriptor_get_value(type, number);
	const char *name;

	if (!value) {
		add_format(json, "%d", number);
		return;
	}
	add_text(json, "\"");
	for (name = value->name; *name; name++)
		add_format(json, "%c", tolower((unsigned char)*name));
	add_text(json, "\"");
}

static void add_real(struct json *json, double number, int digits)
{
	if (isfinite(number))
		add_format(json, "%.*g", digits, number);
	else
		add_text(json, isnan(number) ? "\"NaN\""
			       : number > 0  ? "\"Infinity\""
					     : "\"-Infinity\"");
}

static size_t value_size(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	default:
		return 4;
	}
}

static void add_value(struct json *json, const ProtobufCFieldDescriptor *field,
		      const void *value)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
		add_format(json, "%" PRId32, *(const int32_t *)value);
		break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		add_format(json, "%" PRIu32, *(const uint32_t *)value);
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		add_format(json, "%" PRId64, *(const int64_t *)value);
		break;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		add_format(json, "%" PRIu64, *(const uint64_t *)value);
		break;
	case PROTOBUF_C_TYPE_FLOAT:
		add_real(json, (double)*(const float *)value, 9);
		break;
	case PROTOBUF_C_TYPE_DOUBLE:
		add_real(json, *(const double *)value, 17);
		break;
	case PROTOBUF_C_TYPE_BOOL:
		add_text(json,
			 *(const protobuf_c_boolean *)value ? "true" : "false");
		break;
	case PROTOBUF_C_TYPE_ENUM:
		add_enum(json, field->descriptor, *(const int *)value);
		break;
	case PROTOBUF_C_TYPE_STRING:
		add_string(json, *(char *const *)value);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		add_base64(json, value);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		add_message(json, *(ProtobufCMessage *const *)value);
		break;
	}
}

/* ------------------------------------------------------------- objects -- */

/* A pointer may be NULL in a message that a program filled by hand. */
static bool is_absent(const ProtobufCFieldDescriptor *field, const void *value)
{
	return (field->type == PROTOBUF_C_TYPE_STRING ||
		field->type == PROTOBUF_C_TYPE_MESSAGE) &&
	       !*(void *const *)value;
}

static bool is_default(const ProtobufCFieldDescriptor *field, const void *value)
{
	static const uint8_t zero[8];

	if (field->type == PROTOBUF_C_TYPE_STRING)
		return !**(char *const *)value;
	if (field->type == PROTOBUF_C_TYPE_BYTES)
		return !((const ProtobufCBinaryData *)value)->len;
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return false;
	return !memcmp(value, zero, value_size(field));
}

static bool is_shown(const ProtobufCMessage *message,
		     const ProtobufCFieldDescriptor *field)
{
	const uint8_t *base = (const uint8_t *)message;
	const void *value = base + field->offset;

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)(base + field->quantifier_offset) > 0;
	if (is_absent(field, value))
		return false;
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(const uint32_t *)(base + field->quantifier_offset) ==
		       field->id;
	return !is_default(field, value);
}

static void add_list(struct json *json, const ProtobufCFieldDescriptor *field,
		     const uint8_t *values, size_t count)
{
	size_t size = value_size(field);
	size_t i;

	add_text(json, "[");
	for (i = 0; i < count; i++) {
		if (i)
			add_text(json, ",");
		add_value(json, field, values + i * size);
	}
	add_text(json, "]");
}

static void add_field(struct json *json, const ProtobufCMessage *message,
		      const ProtobufCFieldDescriptor *field)
{
	const uint8_t *base = (const uint8_t *)message;
	const void *value = base + field->offset;

	add_format(json, "\"%s\":", field->name);
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		add_list(json, field, *(const uint8_t *const *)value,
			 *(const size_t *)(base + field->quantifier_offset));
	else
		add_value(json, field, value);
}

static void add_message(struct json *json, const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *type = message->descriptor;
	const char *comma = "";
	unsigned int i;

	add_text(json, "{");
	for (i = 0; i < type->n_fields; i++) {
		if (!is_shown(message, &type->fields[i]))
			continue;
		add_text(json, comma);
		add_field(json, message, &type->fields[i]);
		comma = ",";
	}
	add_text(json, "}");
}

/* -------------------------------------------------------------- public -- */

static int result(const struct json *json)
{
	return json->failed ? -ENOMEM : 0;
}

int json_message(struct json *json, const ProtobufCMessage *message)
{
	add_message(json, message);
	return result(json);
}

int json_string(struct json *json, const char *text)
{
	add_string(json, text);
	return result(json);
}

int json_raw(struct json *json, const char *text)
{
	add_text(json, text);
	return result(json);
}

void json_reset(struct json *json)
{
	json->len = 0;
	json->failed = false;
	if (json->text)
		json->text[0] = '\0';
}

void json_clear(struct json *json)
{
	free(json->text);
	*json = (struct json){0};
}
