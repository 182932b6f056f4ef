/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * opus.h - Opus packets to samples and back (RFC 6716), mono
 *
 * The only door to libopus.  Settings are those of a voice radio: 24 kbit/s
 * VBR, voice, at most wideband, in-band repair for 10 % loss, no DTX, since
 * the key already says when somebody talks.
 *
 * Memory:  allocated by the _alloc functions only.
 * Threads: any; one object belongs to one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPUS_MS_MAX    120  /* the longest packet there is */
#define OPUS_BYTES_MAX 1275 /* of one frame */
#define OPUS_LEAD      312  /* look-ahead of the encoder at 48 kHz */

struct opus_ear;   /* decodes */
struct opus_mouth; /* encodes */

/* rate_hz: 8000, 12000, 16000, 24000 or 48000. */
struct opus_ear *opus_ear_alloc(uint32_t rate_hz);
struct opus_ear *opus_ear_free(struct opus_ear *ear);
void opus_ear_reset(struct opus_ear *ear);

/* Amplify by 1/256 dB, as the header of a file asks for.  Survives a reset. */
void opus_ear_gain(struct opus_ear *ear, int16_t gain);

/*
 * Decode one packet of at most max samples; a stereo one is mixed.  data NULL
 * conceals exactly max samples.  Returns samples, or -EINVAL for what is no
 * Opus packet or has more than max.
 */
int opus_ear_put(struct opus_ear *ear, const uint8_t *data, size_t len,
		 int16_t *pcm, size_t max);

/*
 * Make exactly so many samples of a lost packet from the repair data of the one
 * that follows it, which is to be put next; concealed where it brings none.  0
 * or -EINVAL.
 */
int opus_ear_repair(struct opus_ear *ear, const uint8_t *next, size_t len,
		    int16_t *pcm, size_t samples);

/* Samples of a packet at rate_hz, without decoding; -EINVAL for garbage. */
int opus_samples(const uint8_t *data, size_t len, uint32_t rate_hz);

/* Whether it is one packet of 20 ms of mono, as live voice carries them. */
bool opus_is_plain(const uint8_t *data, size_t len);

struct opus_mouth *opus_mouth_alloc(uint32_t rate_hz);
struct opus_mouth *opus_mouth_free(struct opus_mouth *mouth);

/* Encode 20 ms.  Returns bytes, or -EINVAL. */
int opus_mouth_put(struct opus_mouth *mouth, const int16_t *pcm,
		   uint8_t data[OPUS_BYTES_MAX]);
