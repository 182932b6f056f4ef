/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * recogniser.c - normalised cross-correlation of band pictures
 *
 * Each line is the log power of BANDS bands, 150 to 3,700 Hz.  A recording is
 * compared with as many lines as it has itself, band by band about the mean of
 * these lines, so neither gain nor a tilted response matters.  Scores are taken
 * as audio comes in, which spreads the work; at the end of the over what
 * explains most lines best is taken first, and what overlaps it is dropped.
 */
#include "tests/city/recogniser.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BANDS       18
#define HOP         160
#define WINDOW      256
#define LINES_MAX   400 /* of one recording */
#define RING        512 /* lines that an ear remembers */
#define SPOTS_MAX   256
#define SCORE_LEAST 0.70f
#define FLOOR_POWER 1e-5f /* of full scale: fainter is the same to an ear */

struct picture {
	char *name;
	size_t lines;
	float norm;
	float (*z)[BANDS]; /* mean-free per band, of norm 1 in all */
};

struct book {
	struct picture *pictures;
	size_t count;
	size_t room;
};

/* A place where a recording fits. */
struct spot {
	size_t picture; /* in ear's list */
	uint32_t end;   /* line after its last */
	float score;
};

struct ear {
	const struct book *book;
	int *numbers;
	size_t count;
	int16_t window[WINDOW];
	size_t pending; /* samples since the last line */
	uint32_t lines;
	uint32_t last_sound;
	float ring[RING][BANDS];
	double sum[RING][BANDS];     /* of all lines up to this */
	double squares[RING][BANDS]; /* the same of squares */
	struct spot spots[SPOTS_MAX];
	size_t spot_count;
};

/* ---------------------------------------------------------------- lines -- */

/* Radix 2, in place. */
static void transform(float *re, float *im)
{
	size_t i, j = 0, span;

	for (i = 1; i < WINDOW; i++) {
		size_t bit = WINDOW >> 1;

		for (; j & bit; bit >>= 1)
			j ^= bit;
		j ^= bit;
		if (i < j) {
			float swap = re[i];

			re[i] = re[j];
			re[j] = swap;
		}
	}
	for (span = 2; span <= WINDOW; span <<= 1) {
		float turn_re = cosf(2 * (float)M_PI / (float)span);
		float turn_im = -sinf(2 * (float)M_PI / (float)span);

		for (i = 0; i < WINDOW; i += span) {
			float w_re = 1, w_im = 0;

			for (j = i; j < i + span / 2; j++) {
				size_t k = j + span / 2;
				float x = re[k] * w_re - im[k] * w_im;
				float y = re[k] * w_im + im[k] * w_re;
				float next = w_re * turn_re - w_im * turn_im;

				re[k] = re[j] - x;
				im[k] = im[j] - y;
				re[j] += x;
				im[j] += y;
				w_im = w_re * turn_im + w_im * turn_re;
				w_re = next;
			}
		}
	}
}

/* Bins of a band: even steps on the mel scale. */
static size_t edge_of(size_t band)
{
	double low = 1127 * log(1 + 150 / 700.0);
	double high = 1127 * log(1 + 3700 / 700.0);
	double mel = low + (high - low) * (double)band / BANDS;
	double hz = 700 * (exp(mel / 1127) - 1);

	return (size_t)lrint(hz * WINDOW / 8000);
}

/* Returns whether it is more than the faintest sound. */
static bool line_of(const int16_t window[WINDOW], float line[BANDS])
{
	float re[WINDOW], im[WINDOW] = {0};
	size_t band, bin, edge = edge_of(0);
	float total = 0;
	size_t i;

	for (i = 0; i < WINDOW; i++)
		re[i] = window[i] / 32768.0f *
			(0.5f -
			 0.5f * cosf(2 * (float)M_PI * (float)i / WINDOW));
	transform(re, im);
	for (band = 0; band < BANDS; band++) {
		size_t next = edge_of(band + 1);
		float power = 0;

		if (next == edge)
			next++;
		for (bin = edge; bin < next; bin++)
			power += re[bin] * re[bin] + im[bin] * im[bin];
		power /= WINDOW * WINDOW / 16;
		total += power;
		line[band] = log10f(power + FLOOR_POWER / BANDS);
		edge = next;
	}
	return total > FLOOR_POWER;
}

/* ----------------------------------------------------------------- book -- */

struct book *book_alloc(void)
{
	return calloc(1, sizeof(struct book));
}

struct book *book_free(struct book *book)
{
	size_t i;

	if (!book)
		return NULL;
	for (i = 0; i < book->count; i++) {
		free(book->pictures[i].name);
		free(book->pictures[i].z);
	}
	free(book->pictures);
	free(book);
	return NULL;
}

const char *book_name(const struct book *book, int number)
{
	return book->pictures[number].name;
}

/* Lines of a recording without the silence around it; returns how many. */
static size_t picture_lines(const int16_t *pcm, size_t samples,
			    float (*z)[BANDS])
{
	size_t at, lines = 0, last = 0;
	int16_t window[WINDOW];

	for (at = 0; at < samples && lines < LINES_MAX; at += HOP) {
		size_t have = samples - at < WINDOW ? samples - at : WINDOW;
		bool loud;

		memset(window, 0, sizeof(window));
		memcpy(window, pcm + at, have * sizeof(*pcm));
		loud = line_of(window, z[lines]);
		if (loud)
			last = lines + 1;
		if (loud || lines)
			lines++;
	}
	return last;
}

/* Make it mean-free in every band and of norm 1 in all. */
static void normalise(struct picture *picture)
{
	double square = 0;
	size_t line, band;

	for (band = 0; band < BANDS; band++) {
		double mean = 0;

		for (line = 0; line < picture->lines; line++)
			mean += picture->z[line][band];
		mean /= (double)picture->lines;
		for (line = 0; line < picture->lines; line++) {
			picture->z[line][band] -= (float)mean;
			square += (double)picture->z[line][band] *
				  picture->z[line][band];
		}
	}
	picture->norm = (float)sqrt(square) + 1e-9f;
	for (line = 0; line < picture->lines; line++)
		for (band = 0; band < BANDS; band++)
			picture->z[line][band] /= picture->norm;
}

static struct picture *next_page(struct book *book)
{
	struct picture *pictures;

	if (book->count == book->room) {
		size_t room = 2 * book->room + 16;

		pictures = realloc(book->pictures, room * sizeof(*pictures));
		if (!pictures)
			return NULL;
		book->pictures = pictures;
		book->room = room;
	}
	return memset(&book->pictures[book->count], 0, sizeof(*pictures));
}

int book_add(struct book *book, const char *name, const int16_t *pcm,
	     size_t samples)
{
	struct picture *picture = next_page(book);

	if (!picture)
		return -ENOMEM;
	picture->z = calloc(LINES_MAX, sizeof(*picture->z));
	picture->name = strdup(name);
	if (!picture->z || !picture->name) {
		free(picture->z);
		free(picture->name);
		return -ENOMEM;
	}
	picture->lines = picture_lines(pcm, samples, picture->z);
	if (picture->lines < 5) {
		free(picture->z);
		free(picture->name);
		return -EINVAL;
	}
	normalise(picture);
	return (int)book->count++;
}

/* ------------------------------------------------------------------ ear -- */

struct ear *ear_alloc(const struct book *book, const int *numbers, size_t count)
{
	struct ear *ear = calloc(1, sizeof(*ear));

	if (!ear)
		return NULL;
	ear->book = book;
	ear->count = count;
	ear->numbers = calloc(count + 1, sizeof(*numbers));
	if (!ear->numbers)
		return ear_free(ear);
	if (count)
		memcpy(ear->numbers, numbers, count * sizeof(*numbers));
	return ear;
}

struct ear *ear_free(struct ear *ear)
{
	if (ear)
		free(ear->numbers);
	free(ear);
	return NULL;
}

/* How well a recording fits the last lines. */
static float score(const struct ear *ear, const struct picture *picture)
{
	uint32_t first = ear->lines - (uint32_t)picture->lines;
	double dot = 0, square = 0;
	size_t line, band;

	for (band = 0; band < BANDS; band++) {
		const double n = (double)picture->lines;
		uint32_t last = (ear->lines - 1) % RING;
		double sum = ear->sum[last][band];
		double squares = ear->squares[last][band];

		if (first) {
			sum -= ear->sum[(first - 1) % RING][band];
			squares -= ear->squares[(first - 1) % RING][band];
		}
		square += squares - sum * sum / n;
	}
	if (square < 0.1 * picture->norm * picture->norm)
		return 0;
	for (line = 0; line < picture->lines; line++) {
		const float *x = ear->ring[(first + line) % RING];
		const float *z = picture->z[line];
		float part = 0;

		for (band = 0; band < BANDS; band++)
			part += x[band] * z[band];
		dot += part;
	}
	return (float)(dot / sqrt(square));
}

/* Keep a place; of the same recording nearby only the best. */
static void keep(struct ear *ear, size_t index, float value)
{
	const struct picture *picture =
		&ear->book->pictures[ear->numbers[index]];
	size_t i;

	for (i = ear->spot_count; i-- > 0;) {
		struct spot *spot = &ear->spots[i];

		if (spot->picture != index ||
		    spot->end + picture->lines / 2 < ear->lines)
			continue;
		if (value > spot->score) {
			spot->score = value;
			spot->end = ear->lines;
		}
		return;
	}
	if (ear->spot_count == SPOTS_MAX) {
		memmove(ear->spots, ear->spots + SPOTS_MAX / 2,
			SPOTS_MAX / 2 * sizeof(*ear->spots));
		ear->spot_count = SPOTS_MAX / 2;
	}
	ear->spots[ear->spot_count++] = (struct spot){
		.picture = index, .end = ear->lines, .score = value};
}

static void add_line(struct ear *ear)
{
	uint32_t at = ear->lines % RING, before = (ear->lines - 1) % RING;
	float *line = ear->ring[at];
	size_t band, i;

	if (line_of(ear->window, line))
		ear->last_sound = ear->lines + 1;
	for (band = 0; band < BANDS; band++) {
		double value = line[band];

		ear->sum[at][band] =
			value + (ear->lines ? ear->sum[before][band] : 0);
		ear->squares[at][band] =
			value * value +
			(ear->lines ? ear->squares[before][band] : 0);
	}
	ear->lines++;
	for (i = 0; i < ear->count; i++) {
		const struct picture *picture =
			&ear->book->pictures[ear->numbers[i]];
		float value;

		if (picture->lines > ear->lines)
			continue;
		value = score(ear, picture);
		if (value >= SCORE_LEAST)
			keep(ear, i, value);
	}
}

void ear_put(struct ear *ear, const int16_t *pcm, size_t samples)
{
	while (samples) {
		size_t part = HOP - ear->pending;

		if (part > samples)
			part = samples;
		memmove(ear->window, ear->window + part,
			(WINDOW - part) * sizeof(*pcm));
		memcpy(ear->window + WINDOW - part, pcm, part * sizeof(*pcm));
		ear->pending += part;
		pcm += part;
		samples -= part;
		if (ear->pending == HOP) {
			ear->pending = 0;
			add_line(ear);
		}
	}
}

/* ------------------------------------------------------- end of an over -- */

static size_t lines_of(const struct ear *ear, const struct spot *spot)
{
	return ear->book->pictures[ear->numbers[spot->picture]].lines;
}

/* Lines explained, more for a better fit. */
static float worth(const struct ear *ear, const struct spot *spot)
{
	return (spot->score - SCORE_LEAST) * (float)lines_of(ear, spot);
}

/* Whether more than a sixth of the shorter one lies in both. */
static bool overlap(const struct ear *ear, const struct spot *a,
		    const struct spot *b)
{
	size_t lines_a = lines_of(ear, a), lines_b = lines_of(ear, b);
	size_t shorter = lines_a < lines_b ? lines_a : lines_b;
	int64_t begin_a = (int64_t)a->end - (int64_t)lines_a;
	int64_t begin_b = (int64_t)b->end - (int64_t)lines_b;
	int64_t begin = begin_a > begin_b ? begin_a : begin_b;
	int64_t end = a->end < b->end ? a->end : b->end;

	return end - begin > (int64_t)shorter / 6;
}

static void add_heard(const struct ear *ear, const struct spot *spot,
		      struct heard *heard)
{
	uint32_t end_ms = spot->end * 20;
	size_t at = heard->count;

	for (; at && heard->end_ms[at - 1] > end_ms; at--) {
		heard->numbers[at] = heard->numbers[at - 1];
		heard->scores[at] = heard->scores[at - 1];
		heard->begin_ms[at] = heard->begin_ms[at - 1];
		heard->end_ms[at] = heard->end_ms[at - 1];
	}
	heard->numbers[at] = ear->numbers[spot->picture];
	heard->scores[at] = spot->score;
	heard->begin_ms[at] = end_ms - (uint32_t)lines_of(ear, spot) * 20;
	heard->end_ms[at] = end_ms;
	heard->count++;
}

void ear_end(struct ear *ear, struct heard *heard)
{
	static const int16_t silence[WINDOW];

	ear_put(ear, silence, WINDOW);
	memset(heard, 0, sizeof(*heard));
	heard->length_ms = ear->last_sound * 20;
	while (heard->count < EAR_HEARD_MAX) {
		struct spot best = {.score = 0};
		float most = 0;
		size_t i, left = 0;

		for (i = 0; i < ear->spot_count; i++)
			if (worth(ear, &ear->spots[i]) > most) {
				best = ear->spots[i];
				most = worth(ear, &best);
			}
		if (most <= 0)
			break;
		add_heard(ear, &best, heard);
		for (i = 0; i < ear->spot_count; i++)
			if (!overlap(ear, &ear->spots[i], &best))
				ear->spots[left++] = ear->spots[i];
		ear->spot_count = left;
	}
	ear->spot_count = 0;
	ear->lines = 0;
	ear->last_sound = 0;
	ear->pending = 0;
	memset(ear->window, 0, sizeof(ear->window));
}
