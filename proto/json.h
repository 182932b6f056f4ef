/* SPDX-License-Identifier: MIT
 *
 * json.h - any message of the contract as one line of JSON
 *
 * Field names as in the .proto; enum values by name in lower case, a value
 * without a name as its number; bytes as base64; 64-bit numbers as numbers;
 * members of a oneof whenever they are set, other single fields only when they
 * differ from their default.  The line is valid UTF-8 without control
 * characters, whatever the strings in the message hold, so that it can be
 * printed on a terminal: bytes that are not UTF-8 become U+FFFD.
 *
 * Memory:  malloc; a struct json starts zeroed and ends with json_clear().
 * Threads: any, one at a time.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include <stdbool.h>
#include <stddef.h>

struct json {
	char *text; /* NUL-terminated; NULL while nothing was added */
	size_t len;
	size_t size;
	bool failed; /* memory ran out: text is not whole */
};

/* Add a message as one object.  0, or -ENOMEM. */
int json_message(struct json *json, const ProtobufCMessage *message);

/* Add a string in quotes.  0, or -ENOMEM. */
int json_string(struct json *json, const char *text);

/* Add text as it is: commas, braces, a newline.  0, or -ENOMEM. */
int json_raw(struct json *json, const char *text);

/* Forget the text, keep the memory. */
void json_reset(struct json *json);

/* Free the memory. */
void json_clear(struct json *json);
