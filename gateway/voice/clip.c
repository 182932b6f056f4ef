/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/clip.h"

#include "codecs/audiofile.h"
#include "codecs/encoder.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIP_FORMATS_MAX 8

/* The whole clip in one format: packets back to back. */
struct track {
	struct gridcall_format format;
	uint32_t *offsets; /* frames + 1 of them */
	uint8_t *bytes;
	size_t room;
};

struct clip {
	_Atomic uint32_t holders;
	uint32_t frames;
	size_t tracks;
	struct track track[CLIP_FORMATS_MAX];
};

static struct clip *destroy(struct clip *clip)
{
	size_t i;

	for (i = 0; i < clip->tracks; i++) {
		free(clip->track[i].offsets);
		free(clip->track[i].bytes);
	}
	free(clip);
	return NULL;
}

struct clip *clip_hold(struct clip *clip)
{
	atomic_fetch_add_explicit(&clip->holders, 1, memory_order_relaxed);
	return clip;
}

struct clip *clip_drop(struct clip *clip)
{
	if (clip && atomic_fetch_sub_explicit(&clip->holders, 1,
					      memory_order_acq_rel) == 1)
		destroy(clip);
	return NULL;
}

static int append(struct track *track, uint32_t index, const uint8_t *data,
		  size_t len)
{
	size_t used = track->offsets[index];
	size_t room = track->room ? track->room : 4096;
	uint8_t *bytes;

	if (used + len > UINT32_MAX)
		return -EFBIG;
	while (room < used + len)
		room *= 2;
	if (room != track->room) {
		bytes = realloc(track->bytes, room);
		if (!bytes)
			return -ENOMEM;
		track->bytes = bytes;
		track->room = room;
	}
	memcpy(track->bytes + used, data, len);
	track->offsets[index + 1] = (uint32_t)(used + len);
	return 0;
}

/* The PCM as it is fed to an encoder, 20 ms a time; the end is silence. */
struct source {
	const int16_t *pcm;
	size_t samples;
	size_t each;
};

static int encode_frames(struct track *track, uint32_t frames,
			 struct encoder *encoder, const struct source *source)
{
	int16_t pcm[960];
	uint8_t data[ENCODER_BYTES_MAX];
	size_t left;
	uint32_t i;
	int rc = 0;

	for (i = 0; i < frames && rc >= 0; i++) {
		left = source->samples - i * source->each;
		if (left > source->each)
			left = source->each;
		memset(pcm, 0, sizeof(pcm));
		memcpy(pcm, source->pcm + i * source->each,
		       left * sizeof(*pcm));
		rc = encoder_put(encoder, pcm, data);
		if (rc >= 0)
			rc = append(track, i, data, (size_t)rc);
	}
	return rc;
}

static int encode_track(struct track *track, uint32_t frames,
			const struct source *source, uint32_t rate_hz)
{
	struct encoder *encoder;
	int rc;

	encoder = encoder_alloc(track->format.codec, track->format.rate_hz,
				rate_hz);
	if (!encoder)
		return -EINVAL;
	track->offsets = calloc((size_t)frames + 1, sizeof(*track->offsets));
	rc = track->offsets ? encode_frames(track, frames, encoder, source)
			    : -ENOMEM;
	encoder_free(encoder);
	return rc;
}

static struct clip *refuse(struct clip *clip, struct gridcall_why *why,
			   const char *sentence)
{
	snprintf(why->text, sizeof(why->text), "%s", sentence);
	if (clip)
		destroy(clip);
	return NULL;
}

static const char *fault_of(size_t samples, uint32_t rate_hz, size_t count)
{
	if (!samples)
		return "the recording is empty; give one that sounds";
	if (rate_hz < 8000 || rate_hz > 48000 || rate_hz % 50)
		return "the recording's sample rate must be 8000 to 48000 Hz "
		       "and a multiple of 50";
	if (samples / rate_hz > AUDIOFILE_SECONDS_MAX)
		return "the recording is longer than ten minutes; cut it";
	if (!count || count > CLIP_FORMATS_MAX)
		return "a clip has one to eight formats";
	return NULL;
}

struct clip *clip_encode(const int16_t *pcm, size_t samples, uint32_t rate_hz,
			 const struct gridcall_format *formats, size_t count,
			 struct gridcall_why *why)
{
	struct source source = {pcm, samples, rate_hz / 50};
	const char *fault = fault_of(samples, rate_hz, count);
	struct clip *clip;
	int rc;

	if (fault)
		return refuse(NULL, why, fault);
	clip = calloc(1, sizeof(*clip));
	if (!clip)
		return refuse(NULL, why, "out of memory for a clip");
	atomic_init(&clip->holders, 1);
	clip->frames = (uint32_t)((samples + source.each - 1) / source.each);
	while (clip->tracks < count) {
		clip->track[clip->tracks].format = formats[clip->tracks];
		rc = encode_track(&clip->track[clip->tracks++], clip->frames,
				  &source, rate_hz);
		if (rc == -ENOMEM)
			return refuse(clip, why, "out of memory for a clip");
		if (rc < 0)
			return refuse(clip, why,
				      "a channel's format can't be encoded; "
				      "see the driver's codec and rate");
	}
	return clip;
}

struct clip *clip_load(const char *path, const struct gridcall_format *formats,
		       size_t count, struct gridcall_why *why)
{
	char text[160] = "";
	int16_t *pcm = NULL;
	size_t samples = 0;
	uint32_t rate_hz = 0;
	struct clip *clip;
	int rc;

	rc = audiofile_read(path, &pcm, &samples, &rate_hz, text, sizeof(text));
	if (rc < 0) {
		snprintf(why->text, sizeof(why->text), "'%.80s': %s", path,
			 text[0] ? text : strerror(-rc));
		return NULL;
	}
	clip = clip_encode(pcm, samples, rate_hz, formats, count, why);
	free(pcm);
	return clip;
}

uint32_t clip_length_ms(const struct clip *clip)
{
	return clip->frames * GRIDCALL_FRAME_MS;
}

static const struct track *find_track(const struct clip *clip,
				      const struct gridcall_format *format)
{
	size_t i;

	for (i = 0; i < clip->tracks; i++)
		if (clip->track[i].format.codec == format->codec &&
		    clip->track[i].format.rate_hz == format->rate_hz)
			return &clip->track[i];
	return NULL;
}

int clip_frame(const struct clip *clip, const struct gridcall_format *format,
	       uint32_t index, struct gridcall_frame *frame)
{
	const struct track *track = find_track(clip, format);

	if (!track || index >= clip->frames)
		return -ENOENT;
	frame->format = track->format;
	frame->data = track->bytes + track->offsets[index];
	frame->len = track->offsets[index + 1] - track->offsets[index];
	return 0;
}
