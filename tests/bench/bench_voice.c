/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_voice - what a receiving channel costs
 *
 * Many channels hear G.711 with keypad tones in it, over an invented radio and
 * clock, as fast as the machine can; beside them the bare decoder and tone
 * receiver do the same frames.  Rounds alternate; medians are printed, one JSON
 * object a line.
 */
#include "codecs/decoder.h"
#include "codecs/dtmf.h"
#include "codecs/encoder.h"
#include "gateway/voice/channel.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHANNELS 200
#define SECONDS  5
#define ROUNDS   7
#define FRAMES   (SECONDS * 50)
#define SIGNALS  65536
#define FRAME_US UINT64_C(20000)

static uint8_t packets[FRAMES][160];
static const struct gridcall_format format = {GRIDCALL_PCMU, 8000};

static int key(void *state, int on, uint64_t now_us)
{
	return 0;
}

static int send(void *state, const struct gridcall_frame *frame,
		uint64_t now_us)
{
	return 0;
}

static const struct gridcall_driver driver = {.key = key, .send = send};

static double cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static double resident_bytes(void)
{
	long size = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (file && fscanf(file, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	if (file)
		fclose(file);
	return (double)resident * sysconf(_SC_PAGESIZE);
}

static double allocated_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return (double)info.uordblks + info.hblkhd;
}

static int make_packets(void)
{
	static int16_t pcm[FRAMES * 160];
	struct encoder *encoder = encoder_alloc(GRIDCALL_PCMU, 8000, 8000);
	int tones, i;

	if (!encoder)
		return -1;
	for (i = 0; i < FRAMES * 160; i++)
		pcm[i] = (int16_t)(rand() % 4000 - 2000);
	tones = dtmf_make("*07*18#", 100, 100, -1200, 0, pcm + 8000, 16000);
	for (i = 0; i < FRAMES; i++)
		encoder_put(encoder, pcm + i * 160, packets[i]);
	encoder_free(encoder);
	return tones > 0 ? 0 : -1;
}

/* --------------------------------------------------------------- channels */

struct crowd {
	struct inbox *signals;
	struct channel *channels[CHANNELS];
	uint64_t now_us;
	uint64_t tones;
};

static int open_crowd(struct crowd *crowd, struct recorder *recorder)
{
	struct channel_config config = {
		.code = "BENCH", .tx_limit_s = 60, .over_limit_s = 60};
	struct channel_setup setup = {.config = &config, .recorder = recorder};
	uint32_t i;

	crowd->now_us = 1000000;
	crowd->signals = inbox_alloc(SIGNALS, sizeof(struct signal));
	if (!crowd->signals)
		return -1;
	setup.signals = crowd->signals;
	for (i = 0; i < CHANNELS; i++) {
		setup.slot = i;
		crowd->channels[i] = channel_alloc(&setup);
		if (!crowd->channels[i] ||
		    channel_connect(crowd->channels[i], &driver, NULL, &format))
			return -1;
		channel_start(crowd->channels[i], crowd->now_us);
	}
	return 0;
}

static void close_crowd(struct crowd *crowd)
{
	uint32_t i;

	for (i = 0; i < CHANNELS; i++)
		channel_free(crowd->channels[i]);
	inbox_free(crowd->signals);
}

static void take_signals(struct crowd *crowd)
{
	struct signal signal;

	while (!inbox_take(crowd->signals, &signal))
		crowd->tones += signal.type == SIGNAL_TONE;
}

/* One over on every channel; returns µs of CPU for a second of a channel. */
static double hear(struct crowd *crowd)
{
	struct gridcall_frame frame = {.format = format, .len = 160};
	double began;
	uint32_t i, f;

	began = cpu_us();
	for (i = 0; i < CHANNELS; i++)
		channel_keyed(crowd->channels[i], crowd->now_us);
	for (f = 0; f < FRAMES; f++) {
		crowd->now_us += FRAME_US;
		frame.data = packets[f];
		for (i = 0; i < CHANNELS; i++) {
			channel_heard(crowd->channels[i], &frame,
				      crowd->now_us);
			channel_tick(crowd->channels[i], crowd->now_us);
		}
	}
	for (i = 0; i < CHANNELS; i++)
		channel_unkeyed(crowd->channels[i], crowd->now_us);
	began = cpu_us() - began;
	take_signals(crowd);
	return began / CHANNELS / SECONDS;
}

/* ------------------------------------------------------------------- bare */

struct bare {
	struct decoder *decoder[CHANNELS];
	struct dtmf_listener *dtmf[CHANNELS];
	uint64_t tones;
};

static void on_digit(void *data, const struct dtmf_digit *digit)
{
	struct bare *bare = data;

	bare->tones++;
}

static int open_bare(struct bare *bare)
{
	uint32_t i;

	for (i = 0; i < CHANNELS; i++) {
		bare->decoder[i] = decoder_alloc();
		bare->dtmf[i] = dtmf_listener_alloc(on_digit, bare);
		if (!bare->decoder[i] || !bare->dtmf[i])
			return -1;
	}
	return 0;
}

static void close_bare(struct bare *bare)
{
	uint32_t i;

	for (i = 0; i < CHANNELS; i++) {
		decoder_free(bare->decoder[i]);
		dtmf_listener_free(bare->dtmf[i]);
	}
}

static double hear_bare(struct bare *bare)
{
	int16_t pcm[DECODER_SAMPLES];
	double began = cpu_us();
	uint32_t i, f;

	for (f = 0; f < FRAMES; f++)
		for (i = 0; i < CHANNELS; i++) {
			decoder_put(bare->decoder[i], format.codec,
				    format.rate_hz, packets[f], 160, pcm);
			dtmf_listener_put(bare->dtmf[i], pcm, DECODER_SAMPLES);
		}
	for (i = 0; i < CHANNELS; i++)
		dtmf_listener_end(bare->dtmf[i]);
	return (cpu_us() - began) / CHANNELS / SECONDS;
}

/* ----------------------------------------------------------------- report */

static int compare(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return (difference > 0) - (difference < 0);
}

struct row {
	const char *name;
	const char *unit;
	const char *against; /* NULL: nothing */
	double ratio;
	double goal; /* of the ratio, or of the value without one */
};

static void print_row(const struct row *row, double *values, size_t count)
{
	double value, measure;

	qsort(values, count, sizeof(*values), compare);
	value = values[count / 2];
	measure = row->against ? row->ratio : value;
	printf("{\"name\":\"%s\",\"value\":%.2f,\"unit\":\"%s\",", row->name,
	       value, row->unit);
	if (row->against)
		printf("\"against\":\"%s\",\"ratio\":%.3f,", row->against,
		       row->ratio);
	else
		printf("\"against\":null,\"ratio\":null,");
	printf("\"goal\":%.2f,\"met\":%s,\"min\":%.2f,\"max\":%.2f}\n",
	       row->goal, measure <= row->goal ? "true" : "false", values[0],
	       values[count - 1]);
}

static double median(const double *values, size_t count)
{
	double copy[ROUNDS];

	memcpy(copy, values, count * sizeof(*values));
	qsort(copy, count, sizeof(*copy), compare);
	return copy[count / 2];
}

static int measure_memory(void)
{
	struct row allocated = {"voice_channel_allocated", "bytes a channel",
				NULL, 0, 65536};
	struct row idle = {"voice_channel_idle_resident", "bytes a channel",
			   NULL, 0, 65536};
	struct row active = {"voice_channel_active_resident", "bytes a channel",
			     NULL, 0, 65536};
	double before = resident_bytes();
	double heap = allocated_bytes();
	struct crowd crowd = {NULL};
	double value;

	if (open_crowd(&crowd, NULL) < 0)
		return -1;
	heap = (allocated_bytes() - heap -
		(double)SIGNALS * sizeof(struct signal)) /
	       CHANNELS;
	print_row(&allocated, &heap, 1);
	value = (resident_bytes() - before) / CHANNELS;
	print_row(&idle, &value, 1);
	hear(&crowd);
	value = (resident_bytes() - before) / CHANNELS;
	print_row(&active, &value, 1);
	close_crowd(&crowd);
	return 0;
}

static int measure_speed(void)
{
	struct row row = {"voice_channel_receiving_g711",
			  "us of CPU a channel-second",
			  "bare decoder and DTMF receiver", 0, 1.5};
	struct crowd crowd = {NULL};
	struct bare bare = {.tones = 0};
	double values[ROUNDS], others[ROUNDS];
	int i;

	if (open_crowd(&crowd, NULL) < 0 || open_bare(&bare) < 0)
		return -1;
	(void)hear(&crowd);
	(void)hear_bare(&bare);
	for (i = 0; i < ROUNDS; i++) {
		values[i] = hear(&crowd);
		others[i] = hear_bare(&bare);
	}
	row.ratio = median(values, ROUNDS) / median(others, ROUNDS);
	print_row(&row, values, ROUNDS);
	/* The same work, or the comparison means nothing. */
	if (crowd.tones != bare.tones ||
	    crowd.tones != 7u * CHANNELS * (ROUNDS + 1))
		fprintf(stderr, "heard %lu tones, bare %lu\n",
			(unsigned long)crowd.tones, (unsigned long)bare.tones);
	close_crowd(&crowd);
	close_bare(&bare);
	return crowd.tones == bare.tones ? 0 : -1;
}

int main(void)
{
	if (make_packets() < 0 || measure_memory() < 0 || measure_speed() < 0)
		return 1;
	return 0;
}
