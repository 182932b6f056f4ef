/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/meter.h"

#include "codecs/level.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void meter_begin(struct meter *meter, uint64_t began_us, int64_t began_utc_us,
		 enum over_front front)
{
	memset(meter, 0, sizeof(*meter));
	meter->over.began_us = began_us;
	meter->over.began_utc_us = began_utc_us;
	meter->over.front = front;
	meter->over.level_mdb = LEVEL_SILENCE_MDB;
	meter->over.peak_mdb = LEVEL_SILENCE_MDB;
}

void meter_put(struct meter *meter, const struct hearing *hearing)
{
	bool active = hearing->active || hearing->sounding;

	meter->frames++;
	meter->active_bits = meter->active_bits << 1 | active;
	if (hearing->lost) {
		meter->over.lost_ms += GRIDCALL_FRAME_MS;
		return;
	}
	if (abs(hearing->peak) > abs(meter->peak))
		meter->peak = hearing->peak;
	if (!active || hearing->pure)
		return;
	meter->active++;
	meter->power += pow(10, hearing->mean_mdb / 10000.0);
	meter->last_active = meter->frames;
}

uint32_t meter_active_end_ms(const struct meter *meter)
{
	return meter->last_active * GRIDCALL_FRAME_MS;
}

/* The end of the last active frame that is at least age frames old. */
static uint32_t active_before(const struct meter *meter, uint32_t age)
{
	uint64_t bits = age < 64 ? meter->active_bits >> age : 0;

	if (!bits)
		return 0;
	return meter->frames - age - (uint32_t)__builtin_ctzll(bits);
}

uint32_t meter_spoken_ms(const struct meter *meter, uint32_t hang_ms,
			 uint32_t tail_ms)
{
	uint32_t total_ms = meter->frames * GRIDCALL_FRAME_MS;
	uint32_t held_ms = hang_ms + tail_ms;
	uint32_t key_ms = total_ms > held_ms ? total_ms - held_ms : 0;
	uint32_t tail = (tail_ms + GRIDCALL_FRAME_MS - 1) / GRIDCALL_FRAME_MS;
	uint32_t active_ms = active_before(meter, tail) * GRIDCALL_FRAME_MS;

	return key_ms > active_ms ? key_ms : active_ms;
}

void meter_end(struct meter *meter, enum over_end ended, uint32_t length_ms)
{
	struct over *over = &meter->over;

	over->ended = ended;
	over->peak_mdb = level_peak_mdb(&meter->peak, 1);
	over->length_ms = length_ms;
	over->active_ms = meter->active * GRIDCALL_FRAME_MS;
	if (meter->active)
		over->level_mdb = (int32_t)lround(
			10000 * log10(meter->power / meter->active));
}
