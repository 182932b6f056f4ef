/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/rtp/settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define UNSET           UINT32_MAX
#define COMFORT_NOISE   13
#define PCMU_TYPE       0
#define PCMA_TYPE       8
#define L16_TYPE        97
#define OPUS_TYPE       111
#define PACKET_BYTES    1500 /* what an Ethernet carries: 180 ms of G.711 */
#define PACKET_MS       60   /* longest L16 packet in practice */
#define FORMAT_TEXT_MAX 32

/* Options as typed; checked against each other when all are known. */
struct typed {
	struct settings *settings;
	struct gridcall_why *why;
	uint32_t codec;
	uint32_t rate_hz;
	uint32_t payload_type;
	const char *accept;
};

static int refuse(struct gridcall_why *why, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(struct gridcall_why *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return -EINVAL;
}

/* Digits only, at most 9 of them. */
static int read_number(const char *text, uint32_t *number)
{
	size_t len = strspn(text, "0123456789");
	uint32_t value = 0;
	size_t i;

	if (!len || len > 9 || text[len])
		return -EINVAL;
	for (i = 0; i < len; i++)
		value = value * 10 + (uint32_t)(text[i] - '0');
	*number = value;
	return 0;
}

static int read_range(struct typed *typed, const struct gridcall_option *option,
		      uint32_t least, uint32_t most, uint32_t *number)
{
	uint32_t value;

	if (read_number(option->value, &value) || value < least || value > most)
		return refuse(typed->why,
			      "%s='%.40s' is not a number from %u to %u",
			      option->key, option->value, least, most);
	*number = value;
	return 0;
}

static int read_address(struct typed *typed,
			const struct gridcall_option *option,
			struct address *address)
{
	if (address_parse(address, option->value))
		return refuse(typed->why,
			      "%s='%.60s' is not IP:PORT; write it like "
			      "192.0.2.1:5004 or [2001:db8::1]:5004",
			      option->key, option->value);
	return 0;
}

static uint32_t codec_of(const char *name)
{
	static const char *const names[] = {
		[GRIDCALL_PCMA] = "pcma",
		[GRIDCALL_PCMU] = "pcmu",
		[GRIDCALL_L16] = "l16",
		[GRIDCALL_OPUS] = "opus",
	};
	uint32_t codec;

	for (codec = GRIDCALL_PCMA; codec <= GRIDCALL_OPUS; codec++)
		if (!strcmp(names[codec], name))
			return codec;
	return 0;
}

static bool is_possible(uint32_t codec, uint32_t rate_hz)
{
	switch (codec) {
	case GRIDCALL_PCMA:
	case GRIDCALL_PCMU:
		return rate_hz == 8000;
	case GRIDCALL_L16:
		return rate_hz == 8000 || rate_hz == 16000 || rate_hz == 48000;
	case GRIDCALL_OPUS:
		return rate_hz == 48000;
	default:
		return false;
	}
}

/* ---- one option each ---- */

static int set_local(struct typed *typed, const struct gridcall_option *option)
{
	return read_address(typed, option, &typed->settings->local);
}

static int set_remote(struct typed *typed, const struct gridcall_option *option)
{
	int rc = read_address(typed, option, &typed->settings->remote);

	if (!rc && !address_is_one_host(&typed->settings->remote))
		return refuse(typed->why,
			      "remote='%.60s' is not the address of one "
			      "machine; rtp is unicast",
			      option->value);
	return rc;
}

static int set_strict(struct typed *typed, const struct gridcall_option *option)
{
	typed->settings->is_strict = !strcmp(option->value, "yes");
	if (!typed->settings->is_strict && strcmp(option->value, "no"))
		return refuse(typed->why, "strict='%.40s' is not yes or no",
			      option->value);
	return 0;
}

static int set_codec(struct typed *typed, const struct gridcall_option *option)
{
	typed->codec = codec_of(option->value);
	if (!typed->codec)
		return refuse(typed->why,
			      "codec='%.40s' is not pcma, pcmu, l16 or opus",
			      option->value);
	return 0;
}

static int set_rate(struct typed *typed, const struct gridcall_option *option)
{
	if (read_number(option->value, &typed->rate_hz) ||
	    !is_possible(GRIDCALL_L16, typed->rate_hz))
		return refuse(typed->why,
			      "rate='%.40s' is not 8000, 16000 or 48000",
			      option->value);
	return 0;
}

static int set_pt(struct typed *typed, const struct gridcall_option *option)
{
	return read_range(typed, option, 0, 127, &typed->payload_type);
}

static int set_accept(struct typed *typed, const struct gridcall_option *option)
{
	typed->accept = option->value;
	return 0;
}

static int set_gap(struct typed *typed, const struct gridcall_option *option)
{
	return read_range(typed, option, GRIDCALL_FRAME_MS, 2000,
			  &typed->settings->gap_ms);
}

static int set_jitter(struct typed *typed, const struct gridcall_option *option)
{
	return read_range(typed, option, 0, 200, &typed->settings->jitter_ms);
}

static int set_ttl(struct typed *typed, const struct gridcall_option *option)
{
	return read_range(typed, option, 1, 255, &typed->settings->ttl);
}

static const struct {
	const char *key;
	int (*set)(struct typed *typed, const struct gridcall_option *option);
} words[] = {
	{"local", set_local},      {"remote", set_remote},
	{"strict", set_strict},    {"codec", set_codec},
	{"rate", set_rate},        {"pt", set_pt},
	{"accept", set_accept},    {"gap_ms", set_gap},
	{"jitter_ms", set_jitter}, {"ttl", set_ttl},
};

#define WORDS (sizeof(words) / sizeof(words[0]))

static int read_words(struct typed *typed,
		      const struct gridcall_option *options)
{
	uint32_t seen = 0;
	size_t i;
	int rc;

	for (; options->key; options++) {
		for (i = 0; i < WORDS; i++)
			if (!strcmp(words[i].key, options->key))
				break;
		if (i == WORDS)
			return refuse(typed->why,
				      "'%.40s' is no option of rtp; it knows "
				      "local, remote, strict, codec, rate, pt, "
				      "accept, gap_ms, jitter_ms and ttl",
				      options->key);
		if (seen & 1u << i)
			return refuse(typed->why,
				      "%s is given twice; leave one",
				      options->key);
		seen |= 1u << i;
		rc = words[i].set(typed, options);
		if (rc)
			return rc;
	}
	return 0;
}

/* ---- how they fit together ---- */

static int check_addresses(const struct settings *settings,
			   struct gridcall_why *why)
{
	if (!settings->local.len)
		return refuse(why, "local= is missing; say where to listen, "
				   "like local=0.0.0.0:5004");
	if (!settings->remote.len)
		return refuse(why, "remote= is missing; say where the radio "
				   "is, like remote=192.0.2.1:5004");
	if (settings->local.at.any.sa_family !=
	    settings->remote.at.any.sa_family)
		return refuse(why, "local and remote must both be IPv4 or "
				   "both IPv6");
	return 0;
}

static int choose_transmit(struct typed *typed)
{
	struct settings *settings = typed->settings;
	static const uint8_t types[] = {
		[GRIDCALL_PCMA] = PCMA_TYPE,
		[GRIDCALL_PCMU] = PCMU_TYPE,
		[GRIDCALL_L16] = L16_TYPE,
		[GRIDCALL_OPUS] = OPUS_TYPE,
	};

	if (typed->rate_hz && typed->codec != GRIDCALL_L16)
		return refuse(typed->why, "rate= goes with codec=l16 only; "
					  "leave it out");
	settings->transmit.codec = typed->codec;
	settings->transmit.rate_hz = 8000;
	if (typed->rate_hz)
		settings->transmit.rate_hz = typed->rate_hz;
	if (typed->codec == GRIDCALL_OPUS)
		settings->transmit.rate_hz = 48000;
	settings->payload_type = types[typed->codec];
	if (typed->payload_type != UNSET)
		settings->payload_type = (uint8_t)typed->payload_type;
	return 0;
}

/* Types that mean one thing for everybody (RFC 3551, RFC 5761). */
static int check_type(uint32_t type, uint32_t codec, struct gridcall_why *why)
{
	if ((type == PCMU_TYPE && codec != GRIDCALL_PCMU) ||
	    (type == PCMA_TYPE && codec != GRIDCALL_PCMA))
		return refuse(why,
			      "payload type %u is always %s; take 96 to "
			      "127",
			      type, type == PCMU_TYPE ? "pcmu" : "pcma");
	if (type == COMFORT_NOISE)
		return refuse(why, "payload type 13 is comfort noise; take 96 "
				   "to 127");
	if (type >= 64 && type <= 95)
		return refuse(why,
			      "payload type %u can't be told from RTCP; "
			      "take 96 to 127",
			      type);
	return 0;
}

/* One TYPE:CODEC/RATE. */
static int accept_one(struct typed *typed, char *item)
{
	char *codec_text = strchr(item, ':');
	char *rate_text = codec_text ? strchr(codec_text, '/') : NULL;
	uint32_t type, codec, rate_hz;
	int rc;

	if (!rate_text)
		return -EINVAL;
	*codec_text++ = *rate_text++ = '\0';
	codec = codec_of(codec_text);
	if (read_number(item, &type) || read_number(rate_text, &rate_hz) ||
	    type >= SETTINGS_PAYLOAD_TYPES || !is_possible(codec, rate_hz))
		return -EINVAL;
	rc = check_type(type, codec, typed->why);
	if (rc)
		return rc;
	typed->settings->accept[type].codec = codec;
	typed->settings->accept[type].rate_hz = rate_hz;
	return 0;
}

static int accept_listed(struct typed *typed)
{
	const char *next = typed->accept;
	char item[FORMAT_TEXT_MAX];

	while (next) {
		size_t len = strcspn(next, ",");

		snprintf(item, sizeof(item), "%.*s", (int)len, next);
		typed->why->text[0] = '\0';
		if (len < sizeof(item) && !accept_one(typed, item)) {
			next = next[len] ? next + len + 1 : NULL;
			continue;
		}
		if (typed->why->text[0])
			return -EINVAL;
		return refuse(typed->why,
			      "accept: '%.*s' is not TYPE:CODEC/RATE like "
			      "96:opus/48000 or 97:l16/16000",
			      (int)(len < 40 ? len : 40), next);
	}
	return 0;
}

/* The longest payload that one of the accepted formats can have. */
static size_t longest_packet(const struct settings *settings)
{
	size_t longest = PACKET_BYTES;
	size_t i, len;

	for (i = 0; i < SETTINGS_PAYLOAD_TYPES; i++) {
		if (settings->accept[i].codec != GRIDCALL_L16)
			continue;
		len = settings->accept[i].rate_hz / 1000 * PACKET_MS * 2;
		if (len > longest)
			longest = len;
	}
	return longest;
}

int settings_read(struct settings *settings,
		  const struct gridcall_option *options,
		  struct gridcall_why *why)
{
	struct settings made = {.gap_ms = 100, .jitter_ms = 40};
	struct typed typed = {
		.settings = &made,
		.why = why,
		.codec = GRIDCALL_PCMA,
		.payload_type = UNSET,
	};

	if (read_words(&typed, options) || check_addresses(&made, why) ||
	    choose_transmit(&typed) ||
	    check_type(made.payload_type, made.transmit.codec, why))
		return -EINVAL;
	made.accept[PCMU_TYPE].codec = GRIDCALL_PCMU;
	made.accept[PCMU_TYPE].rate_hz = 8000;
	made.accept[PCMA_TYPE].codec = GRIDCALL_PCMA;
	made.accept[PCMA_TYPE].rate_hz = 8000;
	made.accept[OPUS_TYPE].codec = GRIDCALL_OPUS;
	made.accept[OPUS_TYPE].rate_hz = 48000;
	made.accept[made.payload_type] = made.transmit;
	if (accept_listed(&typed))
		return -EINVAL;
	made.packet_bytes = longest_packet(&made);
	*settings = made;
	return 0;
}
