/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/playout.h"

#define FRAME_US UINT64_C(20000)

/* A tick that comes early by less than half a frame still sends its frame. */
#define EARLY_US (FRAME_US / 2)

/* Later than this is not caught up. */
#define LATE_US (3 * FRAME_US)

static uint32_t frames_of(uint32_t ms)
{
	return ms / GRIDCALL_FRAME_MS + (ms % GRIDCALL_FRAME_MS ? 1 : 0);
}

void playout_begin(struct playout *playout, const struct playlist *list,
		   uint32_t lead_ms, uint64_t now_us)
{
	playout->list = list;
	playout->silent = frames_of(lead_ms) + frames_of(list->gap_ms[0]);
	playout->clip = 0;
	playout->frame = 0;
	playout->due_us = now_us;
}

bool playout_is_due(const struct playout *playout, uint64_t now_us)
{
	return playout->due_us <= now_us + EARLY_US;
}

static enum playout_step audio(struct playout *playout,
			       struct gridcall_frame *frame)
{
	const struct playlist *list = playout->list;

	return clip_frame(list->clips[playout->clip], &playout->format,
			  playout->frame, frame)
		       ? PLAYOUT_END
		       : PLAYOUT_AUDIO;
}

enum playout_step playout_next(struct playout *playout,
			       struct gridcall_frame *frame)
{
	const struct playlist *list = playout->list;

	playout->due_us += FRAME_US;
	for (;;) {
		if (playout->silent) {
			playout->silent--;
			(void)clip_frame(playout->silence, &playout->format, 0,
					 frame);
			return PLAYOUT_SILENCE;
		}
		if (playout->clip >= list->count)
			return PLAYOUT_END;
		if (audio(playout, frame) == PLAYOUT_AUDIO) {
			playout->frame++;
			return PLAYOUT_AUDIO;
		}
		playout->frame = 0;
		if (++playout->clip < list->count)
			playout->silent =
				frames_of(list->gap_ms[playout->clip]);
	}
}

void playout_settle(struct playout *playout, uint64_t now_us)
{
	if (now_us > playout->due_us + LATE_US)
		playout->due_us = now_us;
}

uint64_t playout_length_ms(const struct playlist *list, uint32_t lead_ms)
{
	uint64_t frames = frames_of(lead_ms);
	uint32_t i;

	for (i = 0; i < list->count; i++) {
		frames += frames_of(list->gap_ms[i]);
		frames += clip_length_ms(list->clips[i]) / GRIDCALL_FRAME_MS;
	}
	return frames * GRIDCALL_FRAME_MS;
}

bool playout_fits(const struct playlist *list,
		  const struct gridcall_format *format)
{
	struct gridcall_frame frame;
	uint32_t i;

	for (i = 0; i < list->count; i++)
		if (!list->clips[i] ||
		    clip_frame(list->clips[i], format, 0, &frame))
			return false;
	return true;
}
