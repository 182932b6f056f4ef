/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * keys.c - what a person keyed in an over, without the radio's automatic ID
 */
#include "gateway/call/keys.h"

#include <string.h>

/* A radio's own tones: equal within one block of the detector. */
#define MACHINE_TONE_MAX_MS 120
#define MACHINE_SPREAD_MS   24 /* 12 either way; a block is 12.75 */
#define ID_BEGIN_MAX_MS     500

uint32_t keys_pause_after(const struct tone *tone)
{
	return tone[1].begin_ms > tone[0].end_ms
		       ? tone[1].begin_ms - tone[0].end_ms
		       : 0;
}

static void widen(uint32_t value, uint32_t range[2])
{
	if (value < range[0])
		range[0] = value;
	if (value > range[1])
		range[1] = value;
}

static bool is_machine_range(const uint32_t range[2])
{
	return range[1] <= MACHINE_TONE_MAX_MS &&
	       range[1] - range[0] <= MACHINE_SPREAD_MS;
}

bool keys_are_by_machine(const struct tone *tones, size_t count,
			 uint32_t *pause_ms)
{
	uint32_t lengths[2] = {UINT32_MAX, 0};
	uint32_t pauses[2] = {UINT32_MAX, 0};
	size_t i;

	if (count < 2)
		return false;
	for (i = 0; i < count; i++) {
		if (tones[i].end_ms < tones[i].begin_ms ||
		    !memchr("0123456789ABCD", tones[i].digit, 14))
			return false;
		widen(tones[i].end_ms - tones[i].begin_ms, lengths);
		if (i + 1 < count)
			widen(keys_pause_after(&tones[i]), pauses);
	}
	*pause_ms = pauses[1];
	return is_machine_range(lengths) && is_machine_range(pauses);
}

struct keys_ids keys_find_ids(const struct answer_format *format,
			      const struct tone *tones, size_t count)
{
	size_t width = format->id_width;
	struct keys_ids ids = {false, false};
	uint32_t pause_ms;

	if (!width || count < width)
		return ids;
	if (tones[0].begin_ms <= ID_BEGIN_MAX_MS &&
	    keys_are_by_machine(tones, width, &pause_ms))
		ids.front = count == width ||
			    keys_pause_after(&tones[width - 1]) > 2 * pause_ms;
	tones += count - width;
	if (keys_are_by_machine(tones, width, &pause_ms))
		ids.back = count == width ||
			   keys_pause_after(&tones[-1]) > 2 * pause_ms;
	return ids;
}

static bool same_digits(const struct tone *one, const struct tone *other,
			size_t count)
{
	while (count--)
		if (one[count].digit != other[count].digit)
			return false;
	return true;
}

void keys_copy(const struct tone *tones, size_t count, char *digits)
{
	size_t i;

	for (i = 0; i < count; i++)
		digits[i] = memchr("0123456789*#ABCD", tones[i].digit, 16)
				    ? tones[i].digit
				    : '?';
	digits[count] = '\0';
}

void keys_split_id(const struct answer_format *format, struct keys_ids ids,
		   struct keys *keys, char *radio_id)
{
	size_t width = format->id_width;

	if (ids.front) {
		keys_copy(keys->tones, width, radio_id);
		keys->tones += width;
		keys->count -= width;
		keys->id_before = true;
		keys->since_ms = keys->tones[-1].end_ms;
	}
	if (!ids.back || keys->count < width)
		return;
	keys->count -= width;
	keys_copy(keys->tones + keys->count, width, radio_id);
}

struct keys_ids keys_agreed_ids(const struct answer_format *format,
				const struct keys *keys)
{
	struct keys_ids ids = keys_find_ids(format, keys->tones, keys->count);
	size_t width = format->id_width;

	if (ids.front && ids.back &&
	    (keys->count < 2 * width ||
	     !same_digits(keys->tones, keys->tones + keys->count - width,
			  width)))
		ids.back = false;
	return ids;
}
