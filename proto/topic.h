/* SPDX-License-Identifier: MIT
 *
 * topic.h - builds and takes apart the topics of the contract
 *
 * gc1.<district>.<station>.<grid>.<kind>, for example
 * gc1.440106.440106530000.07.reply, and gc1.gateway.<id>.status or .audit.
 * A prefix that ends in '.' selects exactly one area.
 *
 * Memory:  caller's buffers; nothing is allocated.
 * Threads: any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define TOPIC_MAX 48 /* bytes with the final NUL; every legal topic fits */

enum topic_kind {
	TOPIC_CALL, /* durable */
	TOPIC_REPLY,
	TOPIC_OVER,
	TOPIC_ALARM,
	TOPIC_UNIT,
	TOPIC_NOTICE,
	TOPIC_CHANNEL, /* volatile */
	TOPIC_VOICE,
	TOPIC_STATUS, /* of a gateway; has no area */
	TOPIC_AUDIT,  /* of a gateway, durable */
};

struct topic {
	enum topic_kind kind;
	char district[7];
	char station[13];
	char grid[9];
	char gateway[13]; /* of these two only; then the others are "" */
};

/* 0, or -EINVAL when a part breaks its rule; text is untouched then. */
int topic_build(char text[TOPIC_MAX], const struct topic *topic);

/* 0, or -EINVAL.  What it accepts, topic_build() gives back byte by byte. */
int topic_parse(struct topic *topic, const char *text, size_t len);

/* Topic of a kind in an area written district.station.grid. */
int topic_in_area(char text[TOPIC_MAX], const char *area, enum topic_kind kind);

/*
 * Whether text is a prefix somebody may ask for: empty, or the start of a legal
 * topic that ends with '.', or a whole legal topic.
 */
bool topic_prefix_is_valid(const char *text, size_t len);

/* Whether every topic selected by prefix is also selected by jurisdiction. */
bool topic_prefix_is_within(const char *prefix, const char *jurisdiction);

bool topic_kind_is_durable(enum topic_kind kind);
const char *topic_kind_name(enum topic_kind kind);

/* The rules of single parts, for files that hold them. */
bool topic_district_is_valid(const char *text);
bool topic_station_is_valid(const char *text);
bool topic_grid_is_valid(const char *text);
bool topic_gateway_is_valid(const char *text);
