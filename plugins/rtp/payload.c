/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/rtp/payload.h"

#include <errno.h>

#define OPUS_BYTES_MAX 1275 /* of one frame, RFC 6716, 3.4 */

size_t payload_sample_bytes(uint32_t codec)
{
	switch (codec) {
	case GRIDCALL_PCMA:
	case GRIDCALL_PCMU:
		return 1;
	case GRIDCALL_L16:
		return 2;
	default:
		return 0;
	}
}

uint8_t payload_silence(uint32_t codec)
{
	switch (codec) {
	case GRIDCALL_PCMA:
		return 0xd5;
	case GRIDCALL_PCMU:
		return 0xff;
	default:
		return 0;
	}
}

bool payload_same_format(const struct gridcall_format *a,
			 const struct gridcall_format *b)
{
	return a->codec == b->codec && a->rate_hz == b->rate_hz;
}

/* Samples at 48 kHz of one frame, by the first byte (RFC 6716, 3.1). */
static int opus_frame_samples(uint8_t toc)
{
	static const int silk[] = {480, 960, 1920, 2880};
	unsigned int mode = toc >> 3;

	if (mode < 12)
		return silk[mode & 3];
	if (mode < 16)
		return mode & 1 ? 960 : 480;
	return 120 << (mode & 3);
}

static int opus_samples(const uint8_t *data, size_t len)
{
	int frames = 1;

	if ((data[0] & 3) == 1 || (data[0] & 3) == 2)
		frames = 2;
	if ((data[0] & 3) == 3)
		frames = len > 1 ? data[1] & 0x3f : 0;
	return frames * opus_frame_samples(data[0]);
}

int payload_samples(const struct gridcall_format *format, const uint8_t *data,
		    size_t len)
{
	size_t bytes = payload_sample_bytes(format->codec);

	if (!len)
		return -EBADMSG;
	if (bytes)
		return len % bytes ? -EBADMSG : (int)(len / bytes);
	if (len > OPUS_BYTES_MAX ||
	    opus_samples(data, len) != (int)payload_frame_samples(format))
		return -EBADMSG;
	return (int)payload_frame_samples(format);
}
