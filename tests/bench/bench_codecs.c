/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bench_codecs.c - what a 20 ms frame costs, in and out
 *
 * Each figure is the median of rounds that take turns, so that a busy machine
 * slows all alike; min and max show the spread.  One JSON object a line.
 */
#include "codecs/decoder.h"
#include "codecs/dtmf.h"
#include "codecs/encoder.h"
#include "codecs/level.h"
#include "plugins/plugin.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 15
#define FRAMES 500 /* 10 s of sound, in each round */
#define PACKET ENCODER_BYTES_MAX

enum job {
	DECODE_PCMA,
	DECODE_PCMU,
	DECODE_L16_48K,
	DECODE_OPUS,
	LISTEN_DTMF,
	LISTEN_PCMA, /* decode and DTMF, as each received channel does */
	MEASURE_LEVEL,
	MEASURE_PURITY,
	ENCODE_PCMA,
	ENCODE_PCMU,
	ENCODE_L16_48K,
	ENCODE_OPUS,
	JOBS
};

static const struct {
	const char *name;
	uint32_t codec;
	uint32_t rate_hz;
} jobs[JOBS] = {
	[DECODE_PCMA] = {"codecs.decode_pcma", GRIDCALL_PCMA, 8000},
	[DECODE_PCMU] = {"codecs.decode_pcmu", GRIDCALL_PCMU, 8000},
	[DECODE_L16_48K] = {"codecs.decode_l16_48k", GRIDCALL_L16, 48000},
	[DECODE_OPUS] = {"codecs.decode_opus", GRIDCALL_OPUS, 48000},
	[LISTEN_DTMF] = {"codecs.listen_dtmf", 0, 0},
	[LISTEN_PCMA] = {"codecs.decode_pcma_and_listen_dtmf", GRIDCALL_PCMA,
			 8000},
	[MEASURE_LEVEL] = {"codecs.level_mean", 0, 0},
	[MEASURE_PURITY] = {"codecs.level_tone_purity", 0, 0},
	[ENCODE_PCMA] = {"codecs.encode_pcma", GRIDCALL_PCMA, 8000},
	[ENCODE_PCMU] = {"codecs.encode_pcmu", GRIDCALL_PCMU, 8000},
	[ENCODE_L16_48K] = {"codecs.encode_l16_48k", GRIDCALL_L16, 48000},
	[ENCODE_OPUS] = {"codecs.encode_opus_from_16k", GRIDCALL_OPUS, 48000},
};

struct bench {
	struct decoder *decoder;
	struct dtmf_listener *listener;
	struct encoder *encoders[JOBS];
	int16_t narrow[FRAMES][160]; /* 8 kHz */
	int16_t wide[FRAMES][320];   /* 16 kHz, for Opus */
	uint8_t packets[JOBS][FRAMES][PACKET];
	size_t len[JOBS][FRAMES];
	double us[JOBS][ROUNDS]; /* a frame */
	uint32_t digits;
	int64_t sink; /* so that nothing is optimised away */
};

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void on_digit(void *data, const struct dtmf_digit *digit)
{
	struct bench *bench = data;

	bench->digits++;
}

/* A voice of ten harmonics whose loudness and pitch wander. */
static double voice(double at)
{
	double pitch = 140 + 30 * sin(2 * M_PI * 0.7 * at);
	double loud = 1500 * (1 + sin(2 * M_PI * 3 * at));
	double sum = 0;
	int k;

	for (k = 1; k <= 10; k++)
		sum += sin(2 * M_PI * k * pitch * at) / k;
	return loud * sum;
}

static void make_sound(struct bench *bench)
{
	size_t i, k;

	for (i = 0; i < FRAMES; i++) {
		for (k = 0; k < 320; k++) {
			double at = (double)(i * 320 + k) / 16000;
			int16_t sample = (int16_t)voice(at);

			bench->wide[i][k] = sample;
			bench->narrow[i][k / 2] = sample;
		}
	}
	/* One answer in the ten seconds. */
	(void)dtmf_make("*07*18#", 100, 100, -1000, 0, bench->narrow[100],
			70 * 160);
}

static enum job encoder_of(enum job job)
{
	static const enum job encoders[] = {
		[DECODE_PCMA] = ENCODE_PCMA,
		[DECODE_PCMU] = ENCODE_PCMU,
		[DECODE_L16_48K] = ENCODE_L16_48K,
		[DECODE_OPUS] = ENCODE_OPUS,
	};

	return job == LISTEN_PCMA ? ENCODE_PCMA : encoders[job];
}

static void encode_frame(struct bench *bench, enum job job, size_t i)
{
	const int16_t *pcm =
		job == ENCODE_OPUS ? bench->wide[i] : bench->narrow[i];
	int len =
		encoder_put(bench->encoders[job], pcm, bench->packets[job][i]);

	bench->len[job][i] = len > 0 ? (size_t)len : 0;
}

static void decode_frame(struct bench *bench, enum job job, size_t i)
{
	enum job source = encoder_of(job);
	int16_t pcm[DECODER_SAMPLES];

	bench->sink += decoder_put(bench->decoder, jobs[job].codec,
				   jobs[job].rate_hz, bench->packets[source][i],
				   bench->len[source][i], pcm);
	if (job == LISTEN_PCMA)
		dtmf_listener_put(bench->listener, pcm, DECODER_SAMPLES);
}

static void do_frame(struct bench *bench, enum job job, size_t i)
{
	uint32_t hz;

	if (job >= ENCODE_PCMA)
		encode_frame(bench, job, i);
	else if (job == LISTEN_DTMF)
		dtmf_listener_put(bench->listener, bench->narrow[i], 160);
	else if (job == MEASURE_LEVEL)
		bench->sink += level_mean_mdb(bench->narrow[i], 160);
	else if (job == MEASURE_PURITY)
		bench->sink +=
			level_tone_purity(bench->narrow[i], 160, 8000, &hz);
	else
		decode_frame(bench, job, i);
}

static void run_round(struct bench *bench, int round)
{
	double began;
	int job;
	size_t i;

	/* Encoders first: the decoders take what they made. */
	for (job = JOBS - 1; job >= 0; job--) {
		decoder_reset(bench->decoder);
		dtmf_listener_reset(bench->listener);
		began = now_us();
		for (i = 0; i < FRAMES; i++)
			do_frame(bench, (enum job)job, i);
		bench->us[job][round] = (now_us() - began) / FRAMES;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

struct row {
	const char *name;
	const char *unit;
	double values[ROUNDS];
	const char *against; /* NULL: nothing */
	double base;         /* the median that ratio is taken against */
	double goal;         /* value is at most that; 0: none */
};

static void show(struct row *row)
{
	double median;

	qsort(row->values, ROUNDS, sizeof(row->values[0]), compare);
	median = row->values[ROUNDS / 2];
	printf("{\"name\":\"%s\",\"value\":%.4g,\"unit\":\"%s\"", row->name,
	       median, row->unit);
	printf(",\"min\":%.4g,\"max\":%.4g", row->values[0],
	       row->values[ROUNDS - 1]);
	if (row->against)
		printf(",\"against\":\"%s\",\"ratio\":%.4g", row->against,
		       median / row->base);
	else
		printf(",\"against\":null,\"ratio\":null");
	if (row->goal > 0)
		printf(",\"goal\":%.4g,\"met\":%s}\n", row->goal,
		       median <= row->goal ? "true" : "false");
	else
		printf(",\"goal\":null,\"met\":null}\n");
}

static double median_of(const double *values)
{
	double sorted[ROUNDS];

	memcpy(sorted, values, sizeof(sorted));
	qsort(sorted, ROUNDS, sizeof(sorted[0]), compare);
	return sorted[ROUNDS / 2];
}

static void show_all(struct bench *bench)
{
	double base = median_of(bench->us[DECODE_PCMA]);
	struct row row;
	int job, i;

	for (job = 0; job < JOBS; job++) {
		row = (struct row){jobs[job].name,       "us/frame", {0},
				   "codecs.decode_pcma", base,       0};
		memcpy(row.values, bench->us[job], sizeof(row.values));
		if (job == DECODE_PCMA)
			row.against = NULL;
		/* 1,700 talking channels in 30 % of one core. */
		if (job == LISTEN_PCMA)
			row.goal = 0.3 * 20000 / 1700;
		show(&row);
	}
	row = (struct row){"codecs.dtmf_over_decode", "ratio", {0}, NULL, 1, 0};
	for (i = 0; i < ROUNDS; i++)
		row.values[i] =
			bench->us[LISTEN_DTMF][i] / bench->us[DECODE_PCMA][i];
	show(&row);
}

static bool prepare(struct bench *bench)
{
	int job;

	bench->decoder = decoder_alloc();
	bench->listener = dtmf_listener_alloc(on_digit, bench);
	for (job = ENCODE_PCMA; job < JOBS; job++) {
		bench->encoders[job] =
			encoder_alloc(jobs[job].codec, jobs[job].rate_hz,
				      job == ENCODE_OPUS ? 16000 : 8000);
		if (!bench->encoders[job])
			return false;
	}
	return bench->decoder && bench->listener;
}

int main(void)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	int i;

	if (!bench || !prepare(bench)) {
		fprintf(stderr, "bench_codecs: out of memory\n");
		return 1;
	}
	make_sound(bench);
	for (i = 0; i < ROUNDS; i++)
		run_round(bench, i);
	if (bench->digits != ROUNDS * 2 * 7) {
		fprintf(stderr, "bench_codecs: %u digits heard, not %d\n",
			bench->digits, ROUNDS * 2 * 7);
		return 1;
	}
	show_all(bench);
	return 0;
}
