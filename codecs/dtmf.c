/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * dtmf.c - the only file that includes spandsp
 *
 * The receiver looks at blocks of 102 samples and tells a change after two
 * blocks that agree.  It is fed block by block, so the moment of its callback
 * is known and begin and end can be dated back to where the tone changed.
 */
#include "codecs/dtmf.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <spandsp.h>

#define RATE_HZ 8000
#define BLOCK   102 /* samples; the receiver's own */

/*
 * A block counts as tone when at least 0.82 of it is.  So a tone begins, on
 * average, a third of a block before the first block that counts, and ends as
 * long after the last.
 */
#define EDGE 33

#define TWIST_DB  8
#define UNCHANGED (-99) /* the receiver's own threshold, -42 dBm0 */

/*
 * A loss as long as a pause may hide one: then a tone that sounds before and
 * after it is two.
 */
#define LOST_MAX (RATE_HZ / 10)

struct dtmf_listener {
	dtmf_rx_state_t *receiver;
	void (*on_digit)(void *data, const struct dtmf_digit *digit);
	void *data;
	uint64_t now;  /* samples put or lost since reset */
	size_t filled; /* of the block in progress */
	size_t lost;   /* in a row, up to now */
	char digit;    /* that sounds; 0: none */
	uint64_t begin;
	double energy;      /* of the block in progress */
	double recent[2];   /* of the last two blocks, the older first */
	uint64_t starts[2]; /* of these two */
	uint64_t ended;     /* the block before them */
	double sum;         /* of the tone's blocks before those two */
	uint32_t blocks;    /* in sum */
};

static pthread_once_t prepared = PTHREAD_ONCE_INIT;

/* The first receiver fills tables that all share: one thread must do it. */
static void prepare(void)
{
	dtmf_rx_state_t *receiver = dtmf_rx_init(NULL, NULL, NULL);

	if (receiver)
		dtmf_rx_free(receiver);
}

static uint32_t to_ms(uint64_t samples)
{
	return (uint32_t)(samples * 1000 / RATE_HZ);
}

/* Mean power against a sine of full scale. */
static int16_t to_level_cdb(double energy, uint32_t blocks)
{
	double full = 32767.0 * 32767.0 / 2 * BLOCK;

	if (!blocks || energy <= 0)
		return -10000;
	return (int16_t)lround(1000 * log10(energy / blocks / full));
}

static void begin_tone(struct dtmf_listener *listener, char digit)
{
	uint64_t start = listener->starts[0];

	listener->digit = digit;
	listener->begin = start > EDGE ? start - EDGE : 0;
	listener->sum = 0;
	listener->blocks = 0;
}

static void end_tone(struct dtmf_listener *listener, uint64_t end)
{
	struct dtmf_digit digit = {.digit = listener->digit};

	if (!listener->digit)
		return;
	if (!listener->blocks) {
		listener->sum = listener->recent[0] + listener->recent[1];
		listener->blocks = 2;
	}
	digit.level_cdb = to_level_cdb(listener->sum, listener->blocks);
	digit.begin_ms = to_ms(listener->begin);
	digit.end_ms = to_ms(end > listener->begin ? end : listener->begin);
	listener->digit = 0;
	listener->on_digit(listener->data, &digit);
}

static void on_change(void *user_data, int code, int level, int delay)
{
	struct dtmf_listener *listener = user_data;

	/* The last two blocks are no longer that tone. */
	end_tone(listener, listener->ended + EDGE);
	if (code)
		begin_tone(listener, (char)code);
}

static void start_receiver(struct dtmf_listener *listener)
{
	(void)dtmf_rx_init(listener->receiver, NULL, NULL);
	dtmf_rx_set_realtime_callback(listener->receiver, on_change, listener);
	dtmf_rx_parms(listener->receiver, 0, TWIST_DB, TWIST_DB, UNCHANGED);
	listener->filled = 0;
	listener->energy = 0;
}

struct dtmf_listener *dtmf_listener_alloc(
	void (*on_digit)(void *data, const struct dtmf_digit *digit),
	void *data)
{
	struct dtmf_listener *listener = calloc(1, sizeof(*listener));

	if (!listener)
		return NULL;
	(void)pthread_once(&prepared, prepare);
	listener->on_digit = on_digit;
	listener->data = data;
	listener->receiver = dtmf_rx_init(NULL, NULL, NULL);
	if (!listener->receiver)
		return dtmf_listener_free(listener);
	dtmf_listener_reset(listener);
	return listener;
}

struct dtmf_listener *dtmf_listener_free(struct dtmf_listener *listener)
{
	if (!listener)
		return NULL;
	if (listener->receiver)
		dtmf_rx_free(listener->receiver);
	free(listener);
	return NULL;
}

void dtmf_listener_reset(struct dtmf_listener *listener)
{
	listener->now = 0;
	listener->lost = 0;
	listener->digit = 0;
	memset(listener->recent, 0, sizeof(listener->recent));
	memset(listener->starts, 0, sizeof(listener->starts));
	listener->ended = 0;
	start_receiver(listener);
}

static double energy_of(const int16_t *pcm, size_t samples)
{
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < samples; i++)
		sum += (int32_t)pcm[i] * pcm[i];
	return (double)sum;
}

static void end_block(struct dtmf_listener *listener)
{
	if (listener->digit) {
		listener->sum += listener->recent[0];
		listener->blocks++;
	}
	listener->ended = listener->starts[0] + BLOCK;
	listener->starts[0] = listener->starts[1];
	listener->starts[1] = listener->now - BLOCK;
	listener->recent[0] = listener->recent[1];
	listener->recent[1] = listener->energy;
	listener->energy = 0;
	listener->filled = 0;
}

void dtmf_listener_put(struct dtmf_listener *listener, const int16_t *pcm,
		       size_t samples)
{
	size_t step;

	listener->lost = 0;
	while (samples) {
		step = BLOCK - listener->filled;
		if (step > samples)
			step = samples;
		listener->now += step;
		listener->filled += step;
		listener->energy += energy_of(pcm, step);
		if (listener->filled == BLOCK)
			end_block(listener);
		(void)dtmf_rx(listener->receiver, pcm, (int)step);
		pcm += step;
		samples -= step;
	}
}

void dtmf_listener_lost(struct dtmf_listener *listener, size_t samples)
{
	size_t before = listener->lost;

	listener->lost += samples;
	if (before <= LOST_MAX && listener->lost > LOST_MAX) {
		end_tone(listener, listener->now - before);
		start_receiver(listener);
	}
	listener->now += samples;
	/* It drops the block in progress and keeps what it believes. */
	(void)dtmf_rx_fillin(listener->receiver, (int)samples);
	listener->filled = 0;
	listener->energy = 0;
}

void dtmf_listener_end(struct dtmf_listener *listener)
{
	end_tone(listener, listener->now - listener->lost);
	start_receiver(listener);
}

bool dtmf_listener_is_sounding(const struct dtmf_listener *listener)
{
	return listener->digit != 0;
}

/* ---------------------------------------------------------------- made -- */

/* Where a digit stands on the keypad, row by row; -1 for what is none. */
static int key_of(char digit)
{
	static const char keys[] = "123A456B789C*0#D";
	const char *found = digit ? strchr(keys, digit) : NULL;

	return found ? (int)(found - keys) : -1;
}

/* Amplitudes of both groups, so that their powers add to level. */
static void amplitudes(int level_cdb, int twist_cdb, double *low, double *high)
{
	double power = pow(10, level_cdb / 1000.0);
	double ratio = pow(10, twist_cdb / 1000.0);

	*low = 32767 * sqrt(power / (1 + ratio));
	*high = 32767 * sqrt(power * ratio / (1 + ratio));
}

static int16_t tone_sample(int key, size_t i, double low, double high)
{
	static const double rows[] = {697, 770, 852, 941};
	static const double columns[] = {1209, 1336, 1477, 1633};
	double turn = 2 * M_PI * (double)i / RATE_HZ;
	double sample = low * sin(turn * rows[key / 4]) +
			high * sin(turn * columns[key % 4]);

	if (sample > 32767)
		sample = 32767;
	if (sample < -32767)
		sample = -32767;
	return (int16_t)lround(sample);
}

int dtmf_make(const char *digits, uint32_t tone_ms, uint32_t pause_ms,
	      int level_cdb, int twist_cdb, int16_t *pcm, size_t max)
{
	size_t tone = (size_t)tone_ms * RATE_HZ / 1000;
	size_t pause = (size_t)pause_ms * RATE_HZ / 1000;
	double low, high;
	size_t done = 0;
	const char *p;
	size_t i;

	for (p = digits; *p; p++)
		if (key_of(*p) < 0)
			return -EINVAL;
	if (level_cdb > 0 || max > INT32_MAX)
		return -EINVAL;
	amplitudes(level_cdb, twist_cdb, &low, &high);
	for (p = digits; *p; p++) {
		for (i = 0; i < tone && done < max; i++)
			pcm[done++] = tone_sample(key_of(*p), i, low, high);
		for (i = 0; i < pause && done < max; i++)
			pcm[done++] = 0;
	}
	return (int)done;
}
