/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/distance.h"

#include <string.h>

/* Longer words are compared by their beginnings. */
#define WORD_MAX 32

static size_t least(size_t one, size_t other)
{
	return one < other ? one : other;
}

size_t distance(const char *one, size_t one_len, const char *other)
{
	size_t row[WORD_MAX + 1];
	size_t other_len = least(strlen(other), WORD_MAX);
	size_t i, j;

	one_len = least(one_len, WORD_MAX);
	for (j = 0; j <= other_len; j++)
		row[j] = j;
	for (i = 1; i <= one_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= other_len; j++) {
			size_t change = diagonal + (one[i - 1] != other[j - 1]);

			diagonal = row[j];
			row[j] = least(change, least(row[j], row[j - 1]) + 1);
		}
	}
	return row[other_len];
}
