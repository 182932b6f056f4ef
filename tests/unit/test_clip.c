/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/clip.h"

#include "codecs/audiofile.h"
#include "codecs/decoder.h"
#include "codecs/level.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const struct gridcall_format formats[] = {
	{GRIDCALL_PCMA, 8000}, {GRIDCALL_PCMU, 8000}, {GRIDCALL_L16, 8000},
	{GRIDCALL_L16, 16000}, {GRIDCALL_L16, 48000}, {GRIDCALL_OPUS, 48000},
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static int16_t pcm[48000];

static struct clip *tone_clip(size_t samples, uint32_t rate_hz)
{
	struct gridcall_why why;
	struct clip *clip;
	size_t i;

	for (i = 0; i < samples; i++)
		pcm[i] = (int16_t)(8000 * sin(2 * M_PI * 700 * i / rate_hz));
	clip = clip_encode(pcm, samples, rate_hz, formats, FORMATS, &why);
	assert_non_null(clip);
	return clip;
}

static void lasts_whole_frames(void **state)
{
	struct clip *clip = tone_clip(16000 + 1, 16000);

	assert_int_equal(clip_length_ms(clip), 1020);
	clip_drop(clip);
	clip = tone_clip(8000, 8000);
	assert_int_equal(clip_length_ms(clip), 1000);
	clip_drop(clip);
}

static void every_format_has_the_same_sound(void **state)
{
	struct clip *clip = tone_clip(48000, 48000);
	struct decoder *decoder = decoder_alloc();
	struct gridcall_frame frame;
	int16_t out[DECODER_SAMPLES];
	uint32_t hz;
	size_t f;
	uint32_t i;

	for (f = 0; f < FORMATS; f++) {
		decoder_reset(decoder);
		for (i = 0; i < 40; i++) {
			assert_int_equal(
				clip_frame(clip, &formats[f], i, &frame), 0);
			assert_int_equal(
				decoder_put(decoder, frame.format.codec,
					    frame.format.rate_hz, frame.data,
					    frame.len, out),
				0);
		}
		assert_true(level_tone_purity(out, DECODER_SAMPLES, 8000, &hz) >
			    900);
		assert_in_range(hz, 680, 720);
		assert_in_range(-level_mean_mdb(out, DECODER_SAMPLES), 11000,
				14500);
	}
	decoder_free(decoder);
	clip_drop(clip);
}

static void there_is_no_frame_past_the_end_or_in_another_format(void **state)
{
	struct gridcall_format other = {GRIDCALL_PCMA, 16000};
	struct clip *clip = tone_clip(8000, 8000);
	struct gridcall_frame frame;

	assert_int_equal(clip_frame(clip, &formats[0], 49, &frame), 0);
	assert_int_equal(clip_frame(clip, &formats[0], 50, &frame), -ENOENT);
	assert_int_equal(clip_frame(clip, &other, 0, &frame), -ENOENT);
	clip_drop(clip);
}

static void its_last_frame_ends_in_silence(void **state)
{
	struct clip *clip = tone_clip(8000 + 80, 8000);
	struct gridcall_frame frame;
	uint32_t i;

	assert_int_equal(clip_frame(clip, &formats[1], 50, &frame), 0);
	assert_int_not_equal(frame.data[3], 0xff);
	for (i = 80; i < 160; i++)
		assert_int_equal(frame.data[i], 0xff);
	clip_drop(clip);
}

static void what_can_not_be_a_clip_is_refused_with_a_sentence(void **state)
{
	struct gridcall_format odd = {GRIDCALL_OPUS, 8001};
	struct gridcall_why why = {""};

	assert_null(clip_encode(pcm, 0, 8000, formats, 1, &why));
	assert_non_null(strstr(why.text, "empty"));
	assert_null(clip_encode(pcm, 800, 4000, formats, 1, &why));
	assert_non_null(strstr(why.text, "rate"));
	assert_null(clip_encode(pcm, 800, 8000, &odd, 1, &why));
	assert_non_null(strstr(why.text, "format"));
	assert_null(clip_encode(pcm, 800, 8000, formats, 0, &why));
	assert_null(clip_load("/nonexistent.wav", formats, 1, &why));
	assert_non_null(strstr(why.text, "/nonexistent.wav"));
}

static void a_file_is_read_and_encoded(void **state)
{
	char path[] = "/tmp/test_clip_XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w+");
	struct audiofile_writer *writer;
	struct gridcall_why why = {""};
	struct gridcall_frame frame;
	static uint8_t data[160];
	struct clip *clip;
	int i;

	writer = audiofile_writer_open(file, AUDIOFILE_PCMU, 8000);
	for (i = 0; i < 25; i++)
		assert_int_equal(audiofile_writer_put(writer, data, 160), 0);
	assert_int_equal(audiofile_writer_close(writer), 0);
	fclose(file);
	clip = clip_load(path, formats, FORMATS, &why);
	assert_non_null(clip);
	assert_int_equal(clip_length_ms(clip), 500);
	assert_int_equal(clip_frame(clip, &formats[1], 3, &frame), 0);
	assert_memory_equal(frame.data, data, 160);
	clip_drop(clip);
	unlink(path);
}

static void *hold_and_drop(void *data)
{
	int i;

	for (i = 0; i < 20000; i++)
		clip_drop(clip_hold(data));
	clip_drop(data);
	return NULL;
}

static void the_last_of_many_holders_frees_it(void **state)
{
	struct clip *clip = tone_clip(800, 8000);
	pthread_t threads[3];
	int i;

	for (i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, hold_and_drop,
			       clip_hold(clip));
	assert_int_equal(clip_length_ms(clip), 100);
	assert_null(clip_drop(clip));
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_null(clip_drop(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lasts_whole_frames),
		cmocka_unit_test(every_format_has_the_same_sound),
		cmocka_unit_test(
			there_is_no_frame_past_the_end_or_in_another_format),
		cmocka_unit_test(its_last_frame_ends_in_silence),
		cmocka_unit_test(
			what_can_not_be_a_clip_is_refused_with_a_sentence),
		cmocka_unit_test(a_file_is_read_and_encoded),
		cmocka_unit_test(the_last_of_many_holders_frees_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
