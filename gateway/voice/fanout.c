/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/fanout.h"

#include "codecs/encoder.h"
#include "codecs/opus.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#define FORMATS_MAX 8
#define RATE_HZ     16000 /* all that a voice radio carries */
#define SAMPLES     (RATE_HZ / 50)

/* The channels of one format. */
struct group {
	struct gridcall_format format;
	struct encoder *encoder; /* NULL: Opus, as it came */
	struct uplink **uplinks;
	size_t count;
};

struct fanout {
	_Atomic uint32_t holders;
	struct opus_ear *ear;
	bool decodes; /* some group is not Opus */
	bool has_begun;
	uint32_t next; /* number */
	uint8_t toc;   /* of the last packet */
	size_t groups;
	struct group group[FORMATS_MAX];
};

struct fanout *fanout_alloc(void)
{
	struct fanout *fanout = calloc(1, sizeof(*fanout));

	if (!fanout)
		return NULL;
	atomic_init(&fanout->holders, 1);
	fanout->ear = opus_ear_alloc(RATE_HZ);
	return fanout->ear ? fanout : fanout_drop(fanout);
}

static void free_group(struct group *group)
{
	while (group->count)
		uplink_drop(group->uplinks[--group->count]);
	free(group->uplinks);
	encoder_free(group->encoder);
}

static void destroy(struct fanout *fanout)
{
	size_t i;

	for (i = 0; i < fanout->groups; i++)
		free_group(&fanout->group[i]);
	opus_ear_free(fanout->ear);
	free(fanout);
}

struct fanout *fanout_hold(struct fanout *fanout)
{
	atomic_fetch_add_explicit(&fanout->holders, 1, memory_order_relaxed);
	return fanout;
}

struct fanout *fanout_drop(struct fanout *fanout)
{
	if (fanout && atomic_fetch_sub_explicit(&fanout->holders, 1,
						memory_order_acq_rel) == 1)
		destroy(fanout);
	return NULL;
}

static struct group *find_group(struct fanout *fanout,
				const struct gridcall_format *format)
{
	size_t i;

	for (i = 0; i < fanout->groups; i++)
		if (fanout->group[i].format.codec == format->codec &&
		    fanout->group[i].format.rate_hz == format->rate_hz)
			return &fanout->group[i];
	return NULL;
}

static struct group *make_group(struct fanout *fanout,
				const struct gridcall_format *format)
{
	struct group *group = &fanout->group[fanout->groups];

	if (fanout->groups == FORMATS_MAX)
		return NULL;
	if (format->codec != GRIDCALL_OPUS) {
		group->encoder =
			encoder_alloc(format->codec, format->rate_hz, RATE_HZ);
		if (!group->encoder)
			return NULL;
		fanout->decodes = true;
	}
	group->format = *format;
	fanout->groups++;
	return group;
}

int fanout_add(struct fanout *fanout, struct uplink *uplink)
{
	const struct gridcall_format *format = uplink_format(uplink);
	struct group *group = find_group(fanout, format);
	struct uplink **uplinks;

	if (!group)
		group = make_group(fanout, format);
	if (!group)
		return -EINVAL;
	uplinks =
		realloc(group->uplinks, (group->count + 1) * sizeof(*uplinks));
	if (!uplinks)
		return -ENOMEM;
	group->uplinks = uplinks;
	group->uplinks[group->count++] = uplink_hold(uplink);
	return 0;
}

static void put_group(const struct group *group, const uint8_t *data,
		      size_t len, uint64_t now_us)
{
	size_t i;

	for (i = 0; i < group->count; i++)
		(void)uplink_put(group->uplinks[i], data, len, now_us);
}

/* packet: for those who take Opus; pcm: the same for the others. */
static void put_all(struct fanout *fanout, const uint8_t *packet, size_t len,
		    const int16_t *pcm, uint64_t now_us)
{
	uint8_t data[ENCODER_BYTES_MAX];
	struct group *group;
	size_t i;
	int rc;

	for (i = 0; i < fanout->groups; i++) {
		group = &fanout->group[i];
		if (!group->encoder) {
			put_group(group, packet, len, now_us);
			continue;
		}
		rc = encoder_put(group->encoder, pcm, data);
		if (rc > 0)
			put_group(group, data, (size_t)rc, now_us);
	}
}

/* next: the packet that follows, which may bring repair data; NULL: unknown. */
static void conceal(struct fanout *fanout, const uint8_t *next, size_t len,
		    uint64_t now_us)
{
	int16_t pcm[SAMPLES] = {0};

	if (!fanout->has_begun)
		return;
	if (fanout->decodes &&
	    (!next || opus_ear_repair(fanout->ear, next, len, pcm, SAMPLES)))
		(void)opus_ear_put(fanout->ear, NULL, 0, pcm, SAMPLES);
	/* A table of contents alone makes every decoder conceal 20 ms. */
	put_all(fanout, &fanout->toc, 1, pcm, now_us);
}

static void put_packet(struct fanout *fanout, const uint8_t *data, size_t len,
		       uint64_t now_us)
{
	int16_t pcm[SAMPLES];

	if (fanout->decodes &&
	    opus_ear_put(fanout->ear, data, len, pcm, SAMPLES) != SAMPLES) {
		conceal(fanout, NULL, 0, now_us);
		return;
	}
	fanout->has_begun = true;
	fanout->toc = data[0] & 0xfc; /* one frame ... */
	if (data[0] & 3)              /* ... of 20 ms, whatever it had */
		fanout->toc = 9 << 3; /* SILK, wideband */
	put_all(fanout, data, len, pcm, now_us);
}

void fanout_put(struct fanout *fanout, uint32_t number, const uint8_t *data,
		size_t len, uint64_t now_us)
{
	uint32_t gap = fanout->has_begun ? number - fanout->next : 0;

	if (gap > FANOUT_GAP_MAX)
		gap = 0;
	for (; gap; gap--)
		conceal(fanout, gap == 1 && len ? data : NULL, len, now_us);
	if (len)
		put_packet(fanout, data, len, now_us);
	else
		conceal(fanout, NULL, 0, now_us);
	fanout->next = number + 1;
}

void fanout_end(struct fanout *fanout)
{
	size_t i, j;

	for (i = 0; i < fanout->groups; i++)
		for (j = 0; j < fanout->group[i].count; j++)
			uplink_end(fanout->group[i].uplinks[j]);
}
