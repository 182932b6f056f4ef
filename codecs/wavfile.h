/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wavfile.h - RIFF/WAVE: finding the samples, and the header to write
 *
 * Memory:  audiofile_read()'s rules; a header is plain bytes.
 * Threads: any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WAVFILE_HEADER_MAX 58

struct wavfile_pcm {
	int16_t *pcm; /* for free() */
	size_t samples;
	uint32_t rate_hz;
};

/* Whether data begins as a WAV file does. */
bool wavfile_is(const uint8_t *data, size_t len);

/* 0, or -EINVAL with a sentence in why, or -ENOMEM. */
int wavfile_decode(const uint8_t *data, size_t len, struct wavfile_pcm *out,
		   char *why, size_t why_size);

/* The values of the format chunk's tag. */
enum wavfile_tag {
	WAVFILE_PCM = 1,
	WAVFILE_FLOAT = 3,
	WAVFILE_ALAW = 6,
	WAVFILE_ULAW = 7,
	WAVFILE_EXTENSIBLE = 0xfffe,
};

/*
 * The header of a mono file with data_len bytes of samples (2 bytes each for
 * WAVFILE_PCM, else 1).  WAVFILE_OPEN_END as data_len: as many as follow, which
 * players take as "to the end of the file".  Returns its bytes, the same for
 * every data_len.
 */
#define WAVFILE_OPEN_END UINT32_MAX
size_t wavfile_header(enum wavfile_tag tag, uint32_t rate_hz, uint32_t data_len,
		      uint8_t header[WAVFILE_HEADER_MAX]);
