/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * radio.c - RTP of RFC 3550 and 3551, written apart from the gateway's driver
 */
#include "tests/city/radio.h"
#include "codecs/encoder.h"
#include "plugins/plugin.h"
#include "tests/city/dice.h"
#include "tests/city/expand.h"
#include "tests/city/sound.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER_BYTES 12
#define PACKET_BYTES (HEADER_BYTES + ENCODER_BYTES_MAX)
/* Without a packet: the gateway's over has ended.  A stalled machine sends
 * late, so this is no less than a person needs to notice the silence.
 */
#define GAP_US 160000
#define MARKER 0x80

struct format {
	const char *name;
	uint32_t codec;
	uint32_t payload;
	uint32_t rate_hz; /* 0: as the channel says */
};

static const struct format formats[] = {
	{"pcma", GRIDCALL_PCMA, 8, 8000},
	{"pcmu", GRIDCALL_PCMU, 0, 8000},
	{"l16", GRIDCALL_L16, 97, 0},
	{"opus", GRIDCALL_OPUS, 111, 48000},
};

struct radio {
	int fd;
	const struct place *place;
	const struct cuebook *book;
	struct diary *diary;
	struct crew *crew;
	struct ear *ear;
	struct encoder *encoder;
	uint32_t payload;
	uint32_t step; /* of the timestamp, a packet */
	uint64_t row;
	/* what we send */
	bool carrier;
	uint16_t seq;
	uint32_t timestamp;
	uint32_t ssrc;
	uint64_t stopped_us;
	/* what we hear */
	bool hearing;
	uint64_t first_us;
	uint64_t last_us;
	struct radio_tally tally;
};

/* --------------------------------------------------------------- opening - */

static const struct format *find_format(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}

/* "127.0.0.1:5000" or "[::1]:5000" */
static struct addrinfo *resolve(const char *text)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM,
				 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	char host[64], *port;

	snprintf(host, sizeof(host), "%s", text);
	port = strrchr(host, ':');
	if (!port)
		return NULL;
	*port++ = '\0';
	if (*host == '[' && port[-2] == ']') {
		port[-2] = '\0';
		memmove(host, host + 1, strlen(host));
	}
	return getaddrinfo(host, port, &hints, &found) ? NULL : found;
}

static int open_socket(struct radio *radio, char *why, size_t why_size)
{
	struct addrinfo *ours = resolve(radio->place->remote);
	struct addrinfo *theirs = resolve(radio->place->local);
	int rc = -EINVAL;

	if (ours && theirs) {
		radio->fd =
			socket(ours->ai_family,
			       SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (radio->fd < 0 ||
		    bind(radio->fd, ours->ai_addr, ours->ai_addrlen) ||
		    connect(radio->fd, theirs->ai_addr, theirs->ai_addrlen))
			rc = -errno;
		else
			rc = 0;
	}
	if (rc)
		snprintf(why, why_size,
			 "channel '%s': can't use %s for ourselves and %s for "
			 "the gateway: %s",
			 radio->place->code, radio->place->remote,
			 radio->place->local,
			 rc == -EINVAL ? "write numeric IP:PORT"
				       : strerror(-rc));
	if (ours)
		freeaddrinfo(ours);
	if (theirs)
		freeaddrinfo(theirs);
	return rc;
}

static int open_encoder(struct radio *radio, char *why, size_t why_size)
{
	const struct settings *settings = crew_settings(radio->crew);
	const struct place *place = radio->place;
	const char *name = *settings->codec ? settings->codec : place->codec;
	const struct format *format = find_format(name);
	uint32_t rate_hz;

	if (!strcmp(place->codec, "opus")) {
		snprintf(why, why_size,
			 "channel '%s': the gateway would send Opus, and "
			 "handhelds hear G.711 and L16 only; give it "
			 "codec=pcma, and codec = opus in the scenario's "
			 "[channel %s] for what they send",
			 place->code, place->code);
		return -EINVAL;
	}
	if (format) {
		rate_hz = format->rate_hz ? format->rate_hz : place->rate_hz;
		radio->encoder =
			encoder_alloc(format->codec, rate_hz, SOUND_RATE_HZ);
		radio->step = rate_hz / 50;
		radio->payload = format->payload;
	}
	if (place->payload && name == place->codec)
		radio->payload = place->payload;
	if (settings->payload)
		radio->payload = (uint32_t)settings->payload;
	if (radio->encoder)
		return 0;
	snprintf(why, why_size,
		 "channel '%s': can't send '%s'; pcma, pcmu, l16 and opus are "
		 "known",
		 place->code, name);
	return -EINVAL;
}

struct radio *radio_open(const struct radio_config *config, char *why,
			 size_t why_size)
{
	struct radio *radio = calloc(1, sizeof(*radio));
	struct dice dice =
		dice_of(config->crew.seed, config->crew.place->code, 0);

	snprintf(why, why_size, "out of memory");
	if (!radio)
		return NULL;
	radio->fd = -1;
	radio->place = config->crew.place;
	radio->book = config->book;
	radio->diary = config->crew.diary;
	radio->row = dice_throw(&dice, "rtp", 0) | 1;
	radio->ssrc = dice_next(&radio->row);
	radio->seq = (uint16_t)dice_next(&radio->row);
	radio->timestamp = dice_next(&radio->row);
	radio->ear = cuebook_ear(config->book, radio->place);
	radio->crew = crew_alloc(&config->crew, why, why_size);
	if (!radio->ear || !radio->crew || open_encoder(radio, why, why_size) ||
	    open_socket(radio, why, why_size))
		return radio_close(radio);
	return radio;
}

struct radio *radio_close(struct radio *radio)
{
	if (!radio)
		return NULL;
	if (radio->fd >= 0)
		close(radio->fd);
	crew_free(radio->crew);
	ear_free(radio->ear);
	encoder_free(radio->encoder);
	free(radio);
	return NULL;
}

int radio_fd(const struct radio *radio)
{
	return radio->fd;
}

const struct crew *radio_crew(const struct radio *radio)
{
	return radio->crew;
}

const struct radio_tally *radio_tally(const struct radio *radio)
{
	return &radio->tally;
}

/* --------------------------------------------------------------- hearing - */

/* L16 above 8 kHz: the mean of what falls into one sample. */
static size_t linear(const struct radio *radio, const uint8_t *data, size_t len,
		     int16_t *pcm)
{
	size_t each = radio->place->rate_hz / SOUND_RATE_HZ, count = 0, at;

	if (!each)
		each = 1;
	for (at = 0; at + 2 * each <= len; at += 2 * each) {
		int sum = 0;
		size_t i;

		for (i = 0; i < each; i++)
			sum += (int16_t)(data[at + 2 * i] << 8 |
					 data[at + 2 * i + 1]);
		pcm[count++] = (int16_t)(sum / (int)each);
	}
	return count;
}

static size_t expand(const struct radio *radio, uint8_t payload,
		     const uint8_t *data, size_t len, int16_t *pcm)
{
	size_t i;

	if (payload == 0)
		for (i = 0; i < len; i++)
			pcm[i] = expand_ulaw(data[i]);
	else if (payload == 8)
		for (i = 0; i < len; i++)
			pcm[i] = expand_alaw(data[i]);
	else if (!strcmp(radio->place->codec, "l16"))
		return linear(radio, data, len, pcm);
	else
		return 0;
	return len;
}

/* Where the payload begins; 0: not RTP. */
static size_t header(const uint8_t *packet, size_t *len)
{
	size_t size = HEADER_BYTES;

	if (*len < size || packet[0] >> 6 != 2)
		return 0;
	size += 4u * (packet[0] & 15);
	if (packet[0] & 0x10) {
		if (*len < size + 4)
			return 0;
		size += 4 +
			4 * (size_t)(packet[size + 2] << 8 | packet[size + 3]);
	}
	if (packet[0] & 0x20) {
		if (packet[*len - 1] > *len)
			return 0;
		*len -= packet[*len - 1];
	}
	return *len > size ? size : 0;
}

static void hear(struct radio *radio, const uint8_t *packet, size_t len,
		 uint64_t now_us)
{
	int16_t pcm[PACKET_BYTES];
	size_t at = header(packet, &len), samples = 0;

	radio->tally.received++;
	if (at)
		samples = expand(radio, packet[1] & 0x7f, packet + at, len - at,
				 pcm);
	if (!samples) {
		radio->tally.refused++;
		return;
	}
	if (!radio->hearing) {
		radio->hearing = true;
		radio->first_us = now_us;
		crew_gateway_keyed(radio->crew, now_us);
	}
	radio->last_us = now_us;
	ear_put(radio->ear, pcm, samples);
}

void radio_read(struct radio *radio, uint64_t now_us)
{
	uint8_t packet[PACKET_BYTES];
	ssize_t len;
	int left = 64; /* so that a flood can't keep others from their turn */

	while (left-- &&
	       (len = recv(radio->fd, packet, sizeof(packet), 0)) >= 0)
		hear(radio, packet, (size_t)len, now_us);
}

static void over_heard(struct radio *radio)
{
	struct heard heard;
	struct meaning meaning;
	struct diary_line line = {.at_us = radio->last_us + 20000,
				  .channel = radio->place->code,
				  .what = "heard"};
	uint32_t length_ms;

	length_ms = (uint32_t)((radio->last_us - radio->first_us) / 1000 + 20);
	ear_end(radio->ear, &heard);
	meaning = cuebook_meaning(radio->book, radio->place, &heard);
	line.cue = meaning.name;
	line.score = meaning.score;
	line.unit = meaning.person ? meaning.person->code : NULL;
	line.over_ms = length_ms;
	if (meaning.cue == CUE_UNIT)
		radio->diary->cues++;
	if (!meaning.name)
		radio->diary->unknown++;
	diary_write(radio->diary, &line);
	radio->hearing = false;
	crew_gateway_unkeyed(radio->crew, meaning.cue, meaning.person,
			     length_ms, line.at_us);
}

/* --------------------------------------------------------------- sending - */

static void put32(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 24);
	to[1] = (uint8_t)(value >> 16);
	to[2] = (uint8_t)(value >> 8);
	to[3] = (uint8_t)value;
}

/* A new over: another source, or the same one after a pause. */
static void begin(struct radio *radio, uint64_t now_us)
{
	if (!crew_settings(radio->crew)->ssrc_per_radio) {
		radio->ssrc = dice_next(&radio->row);
		radio->seq = (uint16_t)dice_next(&radio->row);
		radio->timestamp = dice_next(&radio->row);
	} else if (radio->stopped_us) {
		uint64_t ticks = (now_us - radio->stopped_us) / 20000;

		radio->timestamp += (uint32_t)ticks * radio->step;
	}
}

static void send_frame(struct radio *radio, const int16_t pcm[SOUND_FRAME],
		       bool marker)
{
	uint8_t packet[PACKET_BYTES];
	int len = encoder_put(radio->encoder, pcm, packet + HEADER_BYTES);

	packet[0] = 2 << 6;
	packet[1] = (uint8_t)(radio->payload | (marker ? MARKER : 0));
	packet[2] = (uint8_t)(radio->seq >> 8);
	packet[3] = (uint8_t)radio->seq;
	put32(packet + 4, radio->timestamp);
	put32(packet + 8, radio->ssrc);
	radio->seq++;
	radio->timestamp += radio->step;
	/* A gateway that is not there is no failure of ours. */
	if (len > 0 &&
	    send(radio->fd, packet, HEADER_BYTES + (size_t)len, 0) > 0)
		radio->tally.sent++;
}

void radio_tick(struct radio *radio, uint64_t now_us)
{
	int16_t pcm[SOUND_FRAME];
	bool carrier;

	if (radio->hearing && now_us > radio->last_us + GAP_US)
		over_heard(radio);
	carrier = crew_frame(radio->crew, now_us, pcm);
	if (carrier) {
		if (!radio->carrier)
			begin(radio, now_us);
		send_frame(radio, pcm, !radio->carrier);
		radio->stopped_us = now_us + 20000;
	}
	radio->carrier = carrier;
}
