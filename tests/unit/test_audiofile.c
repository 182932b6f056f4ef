/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codecs/audiofile.h"

#include "codecs/encoder.h"
#include "codecs/wavfile.h"
#include "plugins/plugin.h"
#include "tests/unit/sound.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define DATA "tests/data/audio/"

static const struct {
	enum audiofile_type type;
	uint32_t codec;
	uint32_t rate_hz;
} types[] = {
	{AUDIOFILE_PCMA, GRIDCALL_PCMA, 8000},
	{AUDIOFILE_PCMU, GRIDCALL_PCMU, 8000},
	{AUDIOFILE_L16, GRIDCALL_L16, 8000},
	{AUDIOFILE_L16, GRIDCALL_L16, 16000},
	{AUDIOFILE_L16, GRIDCALL_L16, 48000},
	{AUDIOFILE_OPUS, GRIDCALL_OPUS, 48000},
};
#define TYPES (sizeof(types) / sizeof(types[0]))

/* What a test made or read. */
struct sample {
	int16_t *pcm;
	size_t samples;
	uint32_t rate_hz;
	char why[256];
};

static int decode(struct sample *sample, const uint8_t *data, size_t len)
{
	/* A copy as long as the data: reading past its end must be seen. */
	uint8_t *copy = malloc(len ? len : 1);
	int rc;

	memset(sample, 0, sizeof(*sample));
	memcpy(copy, data, len);
	rc = audiofile_decode(copy, len, &sample->pcm, &sample->samples,
			      &sample->rate_hz, sample->why,
			      sizeof(sample->why));
	free(copy);
	return rc;
}

static double tone_of(const struct sample *sample)
{
	size_t fifth = sample->samples / 5;

	return sound_amplitude(sample->pcm + fifth, 3 * fifth, sample->rate_hz,
			       1000);
}

/* All of a file that a writer made. */
static uint8_t *contents(FILE *file, size_t *len)
{
	uint8_t *data;

	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	*len = (size_t)ftell(file);
	data = malloc(*len + 1);
	rewind(file);
	assert_int_equal(fread(data, 1, *len, file), *len);
	return data;
}

/* Write frames of 1 kHz; those whose number divides by lose are lost. */
static void write_tone(struct audiofile_writer *writer, size_t type, int frames,
		       int lose)
{
	struct encoder *encoder =
		encoder_alloc(types[type].codec, types[type].rate_hz, 8000);
	uint8_t data[ENCODER_BYTES_MAX];
	int16_t pcm[160] = {0};
	int i, len;

	sound_sine(pcm, 160, 8000, 1000, 10000);
	for (i = 1; i <= frames; i++) {
		len = encoder_put(encoder, pcm, data);
		if (lose && i % lose == 0)
			len = 0;
		assert_int_equal(audiofile_writer_put(writer, len ? data : NULL,
						      (size_t)len),
				 0);
	}
	encoder_free(encoder);
}

static void what_was_written_is_read(void **state)
{
	struct audiofile_writer *writer;
	struct sample sample;
	uint8_t *data;
	size_t t, len;
	FILE *file;

	for (t = 0; t < TYPES; t++) {
		file = tmpfile();
		writer = audiofile_writer_open(file, types[t].type,
					       types[t].rate_hz);
		assert_non_null(writer);
		write_tone(writer, t, 130, 0);
		assert_int_equal(audiofile_writer_close(writer), 0);
		data = contents(file, &len);
		assert_int_equal(decode(&sample, data, len), 0);
		assert_int_equal(sample.rate_hz, types[t].rate_hz);
		assert_true(fabs(tone_of(&sample) - 10000) < 800);
		if (types[t].type == AUDIOFILE_OPUS) /* less its look-ahead */
			assert_int_equal(sample.samples, 130 * 960 - 312);
		else
			assert_int_equal(sample.samples,
					 130 * types[t].rate_hz / 50);
		free(sample.pcm);
		free(data);
		fclose(file);
	}
}

static void lost_packets_keep_the_time(void **state)
{
	struct audiofile_writer *writer;
	struct sample sample;
	uint8_t *data;
	size_t t, len;
	FILE *file;

	for (t = 0; t < TYPES; t++) {
		file = tmpfile();
		writer = audiofile_writer_open(file, types[t].type,
					       types[t].rate_hz);
		/* the very first too */
		assert_int_equal(audiofile_writer_put(writer, NULL, 0), 0);
		write_tone(writer, t, 99, 10);
		assert_int_equal(audiofile_writer_close(writer), 0);
		data = contents(file, &len);
		assert_int_equal(decode(&sample, data, len), 0);
		assert_true(sample.samples <= 2 * types[t].rate_hz);
		assert_true(sample.samples >= 2 * types[t].rate_hz - 312);
		assert_true(sample.pcm[0] >= -8 && sample.pcm[0] <= 8);
		free(sample.pcm);
		free(data);
		fclose(file);
	}
}

/* At any byte, header included: plays, or says what is wrong. */
static void a_file_cut_short_plays_up_to_its_last_second(void **state)
{
	struct audiofile_writer *writer;
	struct sample sample;
	size_t t, len, cut;
	uint8_t *data;
	FILE *file;

	for (t = 0; t < TYPES; t++) {
		file = tmpfile();
		writer = audiofile_writer_open(file, types[t].type,
					       types[t].rate_hz);
		write_tone(writer, t, 200, 0);
		fflush(file); /* and then the power fails */
		data = contents(file, &len);
		assert_int_equal(decode(&sample, data, len), 0);
		assert_true(sample.samples >= 3 * types[t].rate_hz - 312);
		assert_true(fabs(tone_of(&sample) - 10000) < 800);
		free(sample.pcm);
		for (cut = 0; cut < len; cut += 1 + cut / 7) {
			if (decode(&sample, data, cut))
				assert_true(strlen(sample.why) > 20);
			else
				assert_true(sample.samples > 0);
			free(sample.pcm);
		}
		free(data);
		assert_int_equal(audiofile_writer_close(writer), 0);
		fclose(file);
	}
}

static void a_recording_without_packets_is_a_file(void **state)
{
	struct audiofile_writer *writer;
	struct sample sample;
	uint8_t *data;
	size_t t, len;
	FILE *file;

	for (t = 0; t < TYPES; t++) {
		file = tmpfile();
		writer = audiofile_writer_open(file, types[t].type,
					       types[t].rate_hz);
		assert_int_equal(audiofile_writer_close(writer), 0);
		data = contents(file, &len);
		assert_true(len >= 44);
		if (decode(&sample, data, len))
			assert_true(strlen(sample.why) > 20);
		free(sample.pcm);
		free(data);
		fclose(file);
	}
}

static void a_full_disk_is_told(void **state)
{
	FILE *full = fopen("/dev/full", "wb");
	struct audiofile_writer *writer;
	size_t t;
	FILE *file;

	for (t = 0; t < TYPES; t++) {
		assert_null(audiofile_writer_open(full, types[t].type,
						  types[t].rate_hz));
		clearerr(full);
		file = tmpfile();
		writer = audiofile_writer_open(file, types[t].type,
					       types[t].rate_hz);
		assert_non_null(freopen("/dev/full", "wb", file));
		(void)audiofile_writer_put(writer, NULL, 0);
		assert_int_equal(audiofile_writer_close(writer), -ENOSPC);
		fclose(file);
	}
	fclose(full);
}

static void opus_packets_that_are_garbage_do_not_spoil_the_file(void **state)
{
	FILE *file = tmpfile();
	struct audiofile_writer *writer =
		audiofile_writer_open(file, AUDIOFILE_OPUS, 48000);
	static const uint8_t garbage[2000] = {0xff, 0xff};
	struct sample sample;
	uint8_t *data;
	size_t len;

	assert_int_equal(audiofile_writer_put(writer, garbage, 2), 0);
	assert_int_equal(audiofile_writer_put(writer, garbage, 2000), 0);
	assert_int_equal(audiofile_writer_put(writer, garbage, 0), 0);
	write_tone(writer, TYPES - 1, 47, 0);
	assert_int_equal(audiofile_writer_close(writer), 0);
	data = contents(file, &len);
	assert_int_equal(decode(&sample, data, len), 0);
	assert_int_equal(sample.samples, 48000 - 312);
	free(sample.pcm);
	free(data);
	fclose(file);
}

/* The frame after it looks lost and is not; the one after that is. */
static void packets_of_40_ms_keep_the_time(void **state)
{
	FILE *file = tmpfile();
	struct audiofile_writer *writer =
		audiofile_writer_open(file, AUDIOFILE_OPUS, 48000);
	static const uint8_t packet[3] = {9 << 3 | 1, 0, 0};
	struct sample sample;
	uint8_t *data;
	size_t len;
	int i;

	for (i = 0; i < 50; i++) {
		(void)audiofile_writer_put(writer, packet, 3);
		(void)audiofile_writer_put(writer, NULL, 0);
		(void)audiofile_writer_put(writer, NULL, 0);
	}
	assert_int_equal(audiofile_writer_close(writer), 0);
	data = contents(file, &len);
	assert_int_equal(decode(&sample, data, len), 0);
	assert_int_equal(sample.samples, 3 * 48000 - 312);
	free(sample.pcm);
	free(data);
	fclose(file);
}

/* RIFF wants chunks of even length. */
static void an_odd_number_of_bytes_is_made_even(void **state)
{
	FILE *file = tmpfile();
	struct audiofile_writer *writer =
		audiofile_writer_open(file, AUDIOFILE_PCMA, 8000);
	static const uint8_t packet[3] = {1, 2, 3};
	struct sample sample;
	uint8_t *data;
	size_t len;

	(void)audiofile_writer_put(writer, packet, sizeof(packet));
	assert_int_equal(audiofile_writer_close(writer), 0);
	data = contents(file, &len);
	assert_int_equal(len, 58 + 4);
	assert_int_equal(data[4], len - 8);
	assert_int_equal(decode(&sample, data, len), 0);
	assert_int_equal(sample.samples, 3);
	free(sample.pcm);
	free(data);
	fclose(file);
}

static void suffixes_are_those_players_know(void **state)
{
	assert_string_equal(audiofile_suffix(AUDIOFILE_PCMA), ".wav");
	assert_string_equal(audiofile_suffix(AUDIOFILE_PCMU), ".wav");
	assert_string_equal(audiofile_suffix(AUDIOFILE_L16), ".wav");
	assert_string_equal(audiofile_suffix(AUDIOFILE_OPUS), ".opus");
}

/* Made by sox, ffmpeg and opusenc: 1 kHz, 6 dB below full scale. */
static void files_of_other_programs_are_read(void **state)
{
	static const struct {
		const char *path;
		uint32_t rate_hz;
		size_t samples;
		double amplitude; /* 0: 6 dB below full scale */
	} files[] = {
		{DATA "alaw_8000.wav", 8000, 4000, 0},
		{DATA "ulaw_stereo_8000.wav", 8000, 4000, 0},
		{DATA "pcm8_22050.wav", 22050, 11025, 0},
		{DATA "pcm24_stereo_16000.wav", 16000, 4000, 0},
		{DATA "float_48000.wav", 48000, 4800, 0},
		{DATA "surround_11025.wav", 11025, 1654, 0},
		{DATA "piped_8000.wav", 8000, 4000, 0},
		{DATA "opusenc_stereo.opus", 48000, 24000, 0},
		{DATA "ffmpeg_mono.opus", 48000, 24000, 0},
		/* its header asks for 6 dB less */
		{DATA "quieter.opus", 48000, 24000, 8200},
	};
	struct sample sample;
	double wanted;
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(audiofile_read(files[i].path, &sample.pcm,
						&sample.samples,
						&sample.rate_hz, sample.why,
						sizeof(sample.why)),
				 0);
		assert_int_equal(sample.rate_hz, files[i].rate_hz);
		assert_int_equal(sample.samples, files[i].samples);
		wanted = files[i].amplitude > 0 ? files[i].amplitude : 16400;
		assert_true(fabs(tone_of(&sample) - wanted) < 800);
		free(sample.pcm);
	}
}

static void a_path_that_cannot_be_read_gives_its_errno(void **state)
{
	struct sample sample;

	assert_int_equal(audiofile_read(DATA "absent.wav", &sample.pcm,
					&sample.samples, &sample.rate_hz,
					sample.why, sizeof(sample.why)),
			 -ENOENT);
	assert_non_null(strstr(sample.why, "absent.wav"));
	assert_int_equal(audiofile_read(DATA, &sample.pcm, &sample.samples,
					&sample.rate_hz, sample.why,
					sizeof(sample.why)),
			 -EISDIR);
	assert_int_equal(audiofile_read(DATA "vorbis.ogg", &sample.pcm,
					&sample.samples, &sample.rate_hz,
					sample.why, sizeof(sample.why)),
			 -EINVAL);
	assert_non_null(strstr(sample.why, "no Opus"));
	/* What never ends, or may never begin, is no recording. */
	assert_int_equal(audiofile_read("/dev/zero", &sample.pcm,
					&sample.samples, &sample.rate_hz,
					sample.why, sizeof(sample.why)),
			 -EINVAL);
}

/* A good header and a second of silence; tests then spoil bytes of it. */
static size_t good_wav(uint8_t *data)
{
	size_t len = wavfile_header(WAVFILE_PCM, 8000, 320, data);

	memset(data + len, 0, 320);
	return len + 320;
}

static void set16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static void every_wrong_header_gives_a_sentence(void **state)
{
	static const struct {
		size_t at; /* a 16 bit field */
		uint32_t value;
		const char *says;
	} wrong[] = {
		{20, 2, "format 2"},
		{20, 0x55, "format 85"},
		{20, 6, "16 bits"},
		{20, 3, "16 bits"},
		{34, 0, "0 bits"},
		{34, 12, "12 bits"},
		{22, 0, "0 channels"},
		{22, 65, "65 channels"},
		{22, 65535, "channels"},
		{24, 7999, "7999 Hz"},
		{24, 48001, "48001 Hz"},
		{26, 1, "Hz"},
		{24, 0, "0 Hz"},
		{16, 15, "cut short"},
		{12, 0, "before its format"},
		{16, 999, "ends before"},
		{36, 0, "ends before"},
		{0, 0, "neither WAV nor"},
		{8, 0, "neither WAV nor"},
		{40, 1, "no samples"},
	};
	uint8_t data[512];
	struct sample sample;
	size_t i, len;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		len = good_wav(data);
		assert_int_equal(decode(&sample, data, len), 0);
		free(sample.pcm);
		set16(data + wrong[i].at, wrong[i].value);
		assert_int_equal(decode(&sample, data, len), -EINVAL);
		assert_null(sample.pcm);
		assert_non_null(strstr(sample.why, wrong[i].says));
	}
}

static void a_file_longer_than_the_limit_is_refused(void **state)
{
	size_t len = (AUDIOFILE_SECONDS_MAX + 1) * 8000;
	uint8_t *data = calloc(1, WAVFILE_HEADER_MAX + len);
	size_t head = wavfile_header(WAVFILE_ALAW, 8000, (uint32_t)len, data);
	struct sample sample;

	assert_int_equal(decode(&sample, data, head + len), -EINVAL);
	assert_non_null(strstr(sample.why, "longer than 600 s"));
	assert_int_equal(decode(&sample, data, head + len - 8000), 0);
	assert_int_equal(sample.samples, AUDIOFILE_SECONDS_MAX * 8000);
	free(sample.pcm);
	free(data);
}

/* Every byte of an Opus file, spoiled: refused, or played. */
static void a_damaged_ogg_file_plays_or_gives_a_sentence(void **state)
{
	FILE *file = fopen(DATA "ffmpeg_mono.opus", "rb");
	struct sample sample;
	uint8_t *data;
	size_t i, len;
	int refused = 0;

	assert_non_null(file);
	data = contents(file, &len);
	for (i = 0; i < len; i += 3) {
		data[i] ^= 0x5a;
		if (decode(&sample, data, len)) {
			assert_true(strlen(sample.why) > 20);
			refused++;
		}
		free(sample.pcm);
		data[i] ^= 0x5a;
	}
	assert_true(refused > 5);
	free(data);
	fclose(file);
}

/* Chained files (RFC 7845, 3) are one recording after the other. */
static void two_files_strung_together_are_both_read(void **state)
{
	FILE *file = fopen(DATA "ffmpeg_mono.opus", "rb");
	FILE *other = fopen(DATA "opusenc_stereo.opus", "rb");
	size_t len, other_len;
	uint8_t *data = contents(file, &len);
	uint8_t *more = contents(other, &other_len);
	struct sample sample;

	data = realloc(data, len + other_len);
	memcpy(data + len, more, other_len);
	assert_int_equal(decode(&sample, data, len + other_len), 0);
	assert_int_equal(sample.samples, 48000);
	assert_true(fabs(tone_of(&sample) - 16400) < 3000);
	free(sample.pcm);
	free(data);
	free(more);
	fclose(file);
	fclose(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(lost_packets_keep_the_time),
		cmocka_unit_test(a_file_cut_short_plays_up_to_its_last_second),
		cmocka_unit_test(a_recording_without_packets_is_a_file),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(
			opus_packets_that_are_garbage_do_not_spoil_the_file),
		cmocka_unit_test(packets_of_40_ms_keep_the_time),
		cmocka_unit_test(an_odd_number_of_bytes_is_made_even),
		cmocka_unit_test(suffixes_are_those_players_know),
		cmocka_unit_test(files_of_other_programs_are_read),
		cmocka_unit_test(a_path_that_cannot_be_read_gives_its_errno),
		cmocka_unit_test(every_wrong_header_gives_a_sentence),
		cmocka_unit_test(a_file_longer_than_the_limit_is_refused),
		cmocka_unit_test(a_damaged_ogg_file_plays_or_gives_a_sentence),
		cmocka_unit_test(two_files_strung_together_are_both_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
