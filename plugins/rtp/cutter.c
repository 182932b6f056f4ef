/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/rtp/cutter.h"

#include <string.h>

#include "plugins/rtp/payload.h"

void cutter_reset(struct cutter *cutter)
{
	cutter->payload.samples = cutter->eaten = cutter->missing = 0;
	cutter->filled = cutter->len = 0;
	cutter->has_hole = false;
}

bool cutter_is_hungry(const struct cutter *cutter)
{
	return cutter->eaten == cutter->payload.samples;
}

void cutter_feed(struct cutter *cutter, const struct cutter_payload *payload,
		 uint32_t missing)
{
	cutter->payload = *payload;
	cutter->eaten = 0;
	cutter->missing = missing;
	cutter->format = payload->format;
}

static uint32_t room(const struct cutter *cutter)
{
	return payload_frame_samples(&cutter->format) - cutter->filled;
}

static void add_silence(struct cutter *cutter, uint32_t samples)
{
	size_t len = payload_sample_bytes(cutter->format.codec) * samples;

	memset(cutter->frame + cutter->len,
	       payload_silence(cutter->format.codec), len);
	cutter->len += (uint32_t)len;
	cutter->filled += samples;
}

static void add_payload(struct cutter *cutter)
{
	const struct cutter_payload *payload = &cutter->payload;
	size_t bytes = payload_sample_bytes(payload->format.codec);
	uint32_t left = payload->samples - cutter->eaten;
	uint32_t count = left < room(cutter) ? left : room(cutter);
	/* An Opus packet has no samples to cut between: it goes whole. */
	size_t len = bytes ? bytes * count : payload->len;

	memcpy(cutter->frame + cutter->len,
	       payload->data + bytes * cutter->eaten, len);
	cutter->len += (uint32_t)len;
	cutter->filled += count;
	cutter->eaten += count;
}

bool cutter_fill(struct cutter *cutter)
{
	uint32_t count;

	if (cutter_is_hungry(cutter))
		return false;
	if (cutter->missing) {
		count = room(cutter);
		if (count > cutter->missing)
			count = cutter->missing;
		add_silence(cutter, count);
		cutter->missing -= count;
		cutter->has_hole = true;
	}
	if (room(cutter))
		add_payload(cutter);
	return !room(cutter);
}

bool cutter_has_begun(const struct cutter *cutter)
{
	return cutter->filled;
}

void cutter_pad(struct cutter *cutter)
{
	add_silence(cutter, room(cutter));
}

void cutter_take(struct cutter *cutter, struct gridcall_frame *frame)
{
	frame->format = cutter->format;
	frame->data = cutter->has_hole ? NULL : cutter->frame;
	frame->len = cutter->has_hole ? 0 : cutter->len;
	cutter->filled = cutter->len = 0;
	cutter->has_hole = false;
}
