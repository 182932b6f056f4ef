/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * test_allocation.c - after a channel is open the codecs allocate nothing
 *
 * The C library's allocator is replaced by one that counts.  Sanitizers bring
 * an allocator of their own, so under them this has nothing to look at.
 */
#include "codecs/audiofile.h"
#include "codecs/decoder.h"
#include "codecs/dtmf.h"
#include "codecs/encoder.h"
#include "plugins/plugin.h"
#include "tests/unit/sound.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static unsigned long allocations;

/* A sanitizer has an allocator of its own, in which nothing is counted. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SEEN __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

SEEN void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

SEEN void *calloc(size_t count, size_t size)
{
	allocations++;
	return __libc_calloc(count, size);
}

SEEN void *realloc(void *old, size_t size)
{
	allocations++;
	return __libc_realloc(old, size);
}

static void allocations_are_counted(void **state)
{
	unsigned long before = allocations;
	void *volatile p = malloc(1);

	free(p);
	p = decoder_alloc();
	assert_true(allocations > before + 4); /* inside libraries too */
	decoder_free(p);
}
#endif

static const struct {
	uint32_t codec;
	uint32_t rate_hz;
	enum audiofile_type type;
} formats[] = {
	{GRIDCALL_PCMA, 8000, AUDIOFILE_PCMA},
	{GRIDCALL_PCMU, 8000, AUDIOFILE_PCMU},
	{GRIDCALL_L16, 8000, AUDIOFILE_L16},
	{GRIDCALL_L16, 16000, AUDIOFILE_L16},
	{GRIDCALL_L16, 48000, AUDIOFILE_L16},
	{GRIDCALL_OPUS, 48000, AUDIOFILE_OPUS},
};

static void on_digit(void *data, const struct dtmf_digit *digit)
{
	(*(int *)data)++;
}

/* Ten seconds: voice, noise and a digit, some of it lost. */
static void run(size_t f, struct decoder *decoder,
		struct dtmf_listener *listener, struct audiofile_writer *writer,
		struct encoder *encoder)
{
	uint8_t data[ENCODER_BYTES_MAX];
	uint32_t seed = 1;
	int i, len;

	for (i = 0; i < 500; i++) {
		int16_t pcm[160] = {0};
		const uint8_t *packet = i % 9 ? data : NULL;

		sound_sine(pcm, 160, 8000, 697, 5000);
		sound_sine(pcm, 160, 8000, 1209, 5000);
		if (i % 50 < 25)
			sound_noise(pcm, 160, 5000, &seed);
		len = encoder_put(encoder, pcm, data);
		(void)audiofile_writer_put(writer, packet, (size_t)len);
		(void)decoder_put(decoder, formats[f].codec, formats[f].rate_hz,
				  packet, (size_t)len, pcm);
		if (packet)
			dtmf_listener_put(listener, pcm, 160);
		else
			dtmf_listener_lost(listener, 160);
	}
	dtmf_listener_end(listener);
	dtmf_listener_reset(listener);
	decoder_reset(decoder);
}

static void ten_seconds_of_every_format_allocate_nothing(void **state)
{
	int digits = 0;
	struct dtmf_listener *listener = dtmf_listener_alloc(on_digit, &digits);
	struct decoder *decoder = decoder_alloc();
	unsigned long before;
	size_t f;

	for (f = 0; f < sizeof(formats) / sizeof(formats[0]); f++) {
		FILE *file = tmpfile();
		struct audiofile_writer *writer = audiofile_writer_open(
			file, formats[f].type, formats[f].rate_hz);
		struct encoder *encoder = encoder_alloc(
			formats[f].codec, formats[f].rate_hz, 8000);

		before = allocations;
		run(f, decoder, listener, writer, encoder);
		assert_int_equal(allocations, before);
		encoder_free(encoder);
		assert_int_equal(audiofile_writer_close(writer), 0);
		fclose(file);
	}
	assert_true(digits > 10);
	dtmf_listener_free(listener);
	decoder_free(decoder);
}

/* The largest packets there are, as fast as a page can take them. */
static void the_largest_opus_packets_allocate_nothing(void **state)
{
	FILE *file = tmpfile();
	struct audiofile_writer *writer =
		audiofile_writer_open(file, AUDIOFILE_OPUS, 48000);
	struct decoder *decoder = decoder_alloc();
	uint8_t data[ENCODER_BYTES_MAX] = {9 << 3 | 3, 2};
	int16_t pcm[DECODER_SAMPLES];
	unsigned long before = allocations;
	size_t i;

	for (i = 2; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (i = 0; i < 500; i++) {
		assert_int_equal(
			audiofile_writer_put(writer, data, sizeof(data)), 0);
		(void)decoder_put(decoder, GRIDCALL_OPUS, 48000, data,
				  sizeof(data), pcm);
	}
	assert_int_equal(allocations, before);
	assert_int_equal(audiofile_writer_close(writer), 0);
	assert_true(ftell(file) > 500 * (long)sizeof(data));
	fclose(file);
	decoder_free(decoder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef SEEN
		cmocka_unit_test(allocations_are_counted),
#endif
		cmocka_unit_test(ten_seconds_of_every_format_allocate_nothing),
		cmocka_unit_test(the_largest_opus_packets_allocate_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
