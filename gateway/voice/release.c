/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/release.h"

#include "gateway/voice/preroll.h"

#include <string.h>

/* In frames of 20 ms. */
#define COURTESY_MIN   3  /* 80 ms less the ramps at both ends */
#define COURTESY_MAX   30 /* 600 ms */
#define COURTESY_EDGE  2
#define COURTESY_QUIET 5
#define ANSWER_QUIET   25
#define BUSY_MIN       3
#define BUSY_MAX       (PREROLL_FRAMES / 2)

void release_reset(struct release *release, uint32_t tail_ms)
{
	memset(release, 0, sizeof(*release));
	release->tail_ms = tail_ms;
}

/* A voice that hums wanders in pitch; a courtesy tone does not. */
static bool is_other_tone(const struct release *release, uint32_t hz)
{
	uint32_t apart = hz > release->pure_hz ? hz - release->pure_hz
					       : release->pure_hz - hz;

	return apart > release->pure_hz / 50 + 5;
}

static void take_pure(struct release *release, uint32_t hz)
{
	if (!release->pure || is_other_tone(release, hz)) {
		release->pure = 0;
		release->pure_hz = hz;
	}
	release->pure++;
	release->edge = 0;
}

static void take_active(struct release *release, const struct hearing *hearing)
{
	release->quiet = 0;
	if (hearing->pure) {
		take_pure(release, hearing->pure_hz);
	} else if (hearing->sounding || ++release->edge > COURTESY_EDGE) {
		release->pure = 0;
		release->edge = 0;
	}
}

/* Returns whether a courtesy tone is now complete. */
static bool take_quiet(struct release *release)
{
	uint32_t pure = release->pure;

	if (++release->quiet < COURTESY_QUIET)
		return false;
	release->pure = 0;
	release->edge = 0;
	return pure >= COURTESY_MIN && pure <= COURTESY_MAX;
}

enum release_verdict release_put(struct release *release,
				 const struct hearing *hearing, char last_key)
{
	if (hearing->lost)
		return RELEASE_NONE;
	if (hearing->active || hearing->sounding) {
		take_active(release, hearing);
		return RELEASE_NONE;
	}
	if (take_quiet(release))
		return RELEASE_COURTESY;
	if (last_key == '#' && release->quiet >= ANSWER_QUIET)
		return RELEASE_ANSWER;
	return RELEASE_NONE;
}

/* Longer than the burst of noise that the squelch lets through at its end. */
static uint32_t busy_needed(const struct release *release)
{
	uint32_t frames = release->tail_ms / GRIDCALL_FRAME_MS + 1;

	if (frames < BUSY_MIN)
		return BUSY_MIN;
	return frames < BUSY_MAX ? frames : BUSY_MAX;
}

enum release_verdict release_watch(struct release *release,
				   const struct hearing *hearing)
{
	if (hearing->sounding)
		return RELEASE_ACTIVITY;
	if (hearing->lost)
		return RELEASE_NONE;
	if (!hearing->active) {
		release->busy -= release->busy ? 1 : 0;
		return take_quiet(release) ? RELEASE_COURTESY : RELEASE_NONE;
	}
	take_active(release, hearing);
	if (!hearing->pure)
		release->busy++;
	if (release->busy >= busy_needed(release) ||
	    release->pure > COURTESY_MAX)
		return RELEASE_ACTIVITY;
	return RELEASE_NONE;
}

bool release_is_uncertain(const struct release *release)
{
	return release->busy || release->pure;
}
