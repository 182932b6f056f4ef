/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/playout.h"

#define FRAME_US UINT64_C(20000)

/* A tick that comes early by less than half a frame still sends its frame. */
#define EARLY_US (FRAME_US / 2)

/* Later than this is not caught up. */
#define LATE_US (3 * FRAME_US)

/* Live packets that may wait above the reserve, before some are dropped. */
#define LIVE_SLACK 15

static uint32_t frames_of(uint32_t ms)
{
	return ms / GRIDCALL_FRAME_MS + (ms % GRIDCALL_FRAME_MS ? 1 : 0);
}

bool playout_is_ready(const struct playlist *list)
{
	return !list->uplink || uplink_waiting(list->uplink);
}

static bool wait_live(struct uplink *uplink, uint64_t now_us,
		      enum play_end *end)
{
	uplink_trim(uplink, UPLINK_RESERVE);
	*end = PLAY_SILENT;
	if (!uplink_has_ended(uplink))
		return uplink_is_silent(uplink, now_us);
	*end = uplink_waiting(uplink) ? PLAY_JAMMED : PLAY_DONE;
	return true;
}

bool playout_wait(const struct playlist *list, uint64_t asked_us,
		  uint64_t now_us, enum play_end *end)
{
	if (list->uplink)
		return wait_live(list->uplink, now_us, end);
	*end = PLAY_JAMMED;
	return now_us - asked_us >= list->wait_ms * UINT64_C(1000);
}

void playout_begin(struct playout *playout, const struct playlist *list,
		   uint32_t lead_ms, uint64_t now_us)
{
	playout->list = list;
	playout->silent = frames_of(lead_ms) + frames_of(list->gap_ms[0]);
	playout->clip = 0;
	playout->frame = 0;
	playout->due_us = now_us;
	if (!list->uplink)
		return;
	uplink_set_keyed(list->uplink, true);
	uplink_trim(list->uplink, UPLINK_RESERVE);
	if (playout->silent < UPLINK_RESERVE)
		playout->silent = UPLINK_RESERVE;
	playout->reserve = playout->silent;
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

static enum playout_step silence(const struct playout *playout,
				 struct gridcall_frame *frame)
{
	(void)clip_frame(playout->silence, &playout->format, 0, frame);
	return PLAYOUT_SILENCE;
}

static enum playout_step live(struct playout *playout,
			      struct gridcall_frame *frame)
{
	struct uplink *uplink = playout->list->uplink;
	bool ends = uplink_has_ended(uplink) ||
		    uplink_is_silent(uplink, playout->due_us);

	if (uplink_waiting(uplink) > playout->reserve + LIVE_SLACK)
		uplink_trim(uplink, playout->reserve);
	if (uplink_take(uplink, frame))
		return PLAYOUT_AUDIO;
	if (ends)
		return PLAYOUT_END;
	return uplink_fill(uplink, frame) ? PLAYOUT_AUDIO
					  : silence(playout, frame);
}

enum playout_step playout_next(struct playout *playout,
			       struct gridcall_frame *frame)
{
	const struct playlist *list = playout->list;

	playout->due_us += FRAME_US;
	if (list->uplink && !playout->silent)
		return live(playout, frame);
	for (;;) {
		if (playout->silent) {
			playout->silent--;
			return silence(playout, frame);
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

enum play_end playout_end(const struct playout *playout)
{
	const struct uplink *uplink = playout->list->uplink;

	return uplink && !uplink_has_ended(uplink) ? PLAY_SILENT : PLAY_DONE;
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
	const struct gridcall_format *live;
	struct gridcall_frame frame;
	uint32_t i;

	if (list->uplink) {
		live = uplink_format(list->uplink);
		return !list->count && live->codec == format->codec &&
		       live->rate_hz == format->rate_hz;
	}
	for (i = 0; i < list->count; i++)
		if (!list->clips[i] ||
		    clip_frame(list->clips[i], format, 0, &frame))
			return false;
	return list->count;
}
