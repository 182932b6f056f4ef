/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/rtp/rtp_packet.h"

#include <errno.h>
#include <string.h>

#define VERSION        2
#define WORD           4 /* contributing sources and extensions come in words */
#define EXTENSION_HEAD 4

static uint16_t read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t read32(const uint8_t *at)
{
	return (uint32_t)read16(at) << 16 | read16(at + 2);
}

static void write16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void write32(uint8_t *at, uint32_t value)
{
	write16(at, (uint16_t)(value >> 16));
	write16(at + 2, (uint16_t)value);
}

/* Where the payload begins, or 0 when the packet ends before. */
static size_t payload_start(const uint8_t *data, size_t len)
{
	size_t start = RTP_HEADER_BYTES + WORD * (size_t)(data[0] & 0x0f);

	if (data[0] & 0x10) {
		if (len < start + EXTENSION_HEAD)
			return 0;
		start += EXTENSION_HEAD +
			 WORD * (size_t)read16(data + start + 2);
	}
	return start <= len ? start : 0;
}

int rtp_packet_parse(struct rtp_packet *packet, const uint8_t *data, size_t len)
{
	size_t start, padding;

	if (len < RTP_HEADER_BYTES || data[0] >> 6 != VERSION)
		return -EBADMSG;
	start = payload_start(data, len);
	if (!start)
		return -EBADMSG;
	padding = data[0] & 0x20 ? data[len - 1] : 0;
	/* The count includes itself, so a padded packet never says 0. */
	if (data[0] & 0x20 && (!padding || padding > len - start))
		return -EBADMSG;
	packet->marker = data[1] & 0x80;
	packet->payload_type = data[1] & 0x7f;
	packet->seq = read16(data + 2);
	packet->timestamp = read32(data + 4);
	packet->ssrc = read32(data + 8);
	packet->payload = data + start;
	packet->len = len - start - padding;
	return 0;
}

int rtp_packet_build(const struct rtp_packet *packet, uint8_t *data,
		     size_t size)
{
	if (size < RTP_HEADER_BYTES || packet->len > size - RTP_HEADER_BYTES)
		return -EMSGSIZE;
	data[0] = VERSION << 6;
	data[1] = (uint8_t)((packet->marker ? 0x80 : 0) |
			    (packet->payload_type & 0x7f));
	write16(data + 2, packet->seq);
	write32(data + 4, packet->timestamp);
	write32(data + 8, packet->ssrc);
	if (packet->len)
		memcpy(data + RTP_HEADER_BYTES, packet->payload, packet->len);
	return (int)(RTP_HEADER_BYTES + packet->len);
}
