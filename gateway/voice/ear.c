/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/voice/ear.h"

#include "gateway/clock.h"

#include <errno.h>
#include <string.h>

int ear_init(struct ear *ear, const struct listener_config *config)
{
	ear->listener = listener_alloc(config);
	if (ear->config->repeater)
		ear->preroll = preroll_alloc();
	if (!ear->listener || (ear->config->repeater && !ear->preroll))
		return -ENOMEM;
	return 0;
}

void ear_fini(struct ear *ear)
{
	ear->listener = listener_free(ear->listener);
	ear->preroll = preroll_free(ear->preroll);
}

static void lose(struct gridcall_frame *frame)
{
	frame->data = NULL;
	frame->len = 0;
}

void ear_check(struct ear *ear, struct gridcall_frame *frame)
{
	COUNT(ear->counters->frames_heard);
	if (!frame->data) {
		COUNT(ear->counters->frames_lost);
		lose(frame);
	} else if (!frame->len || frame->len > GRIDCALL_FRAME_BYTES_MAX) {
		COUNT(ear->counters->frames_bad);
		lose(frame);
	}
}

static void hear(struct ear *ear, struct gridcall_frame *frame,
		 struct hearing *hearing)
{
	if (listener_put(ear->listener, frame, hearing) < 0) {
		COUNT(ear->counters->frames_bad);
		lose(frame);
	}
}

void ear_watch(struct ear *ear, bool other_carrier)
{
	release_reset(&ear->release, ear->config->tail_ms);
	if (ear->preroll)
		preroll_clear(ear->preroll);
	if (other_carrier)
		listener_reset(ear->listener);
}

enum release_verdict ear_hear_held(struct ear *ear,
				   struct gridcall_frame *frame)
{
	struct hearing hearing;
	enum release_verdict verdict;

	hear(ear, frame, &hearing);
	preroll_put(ear->preroll, frame);
	verdict = release_watch(&ear->release, &hearing);
	if (verdict == RELEASE_COURTESY)
		preroll_clear(ear->preroll);
	return verdict;
}

static int64_t next_utc_us(struct ear *ear, uint64_t ago_us)
{
	int64_t utc_us = clock_utc_us() - (int64_t)ago_us;

	if (utc_us <= ear->last_utc_us)
		utc_us = ear->last_utc_us + 1;
	ear->last_utc_us = utc_us;
	return utc_us;
}

void ear_begin(struct ear *ear, enum over_front front, uint64_t now_us)
{
	uint64_t ago_us = preroll_count(ear->preroll) * GRIDCALL_FRAME_MS *
			  UINT64_C(1000);
	int64_t utc_us = next_utc_us(ear, ago_us);

	meter_begin(&ear->meter, now_us - ago_us, utc_us, front);
	listener_reset(ear->listener);
	release_reset(&ear->release, ear->config->tail_ms);
	tape_begin(&ear->tape, utc_us);
	tap_begin(&ear->tap, utc_us);
	ear->last_key = 0;
}

void ear_hear_preroll(struct ear *ear)
{
	uint32_t count = preroll_count(ear->preroll);
	struct gridcall_frame frame;
	uint32_t i;

	for (i = 0; i < count; i++) {
		preroll_frame(ear->preroll, i, &frame);
		(void)ear_hear_over(ear, &frame);
	}
	if (ear->preroll)
		preroll_clear(ear->preroll);
}

enum release_verdict ear_hear_over(struct ear *ear,
				   struct gridcall_frame *frame)
{
	struct hearing hearing;

	hear(ear, frame, &hearing);
	meter_put(&ear->meter, &hearing);
	tape_put(&ear->tape, frame);
	tap_put(&ear->tap, frame);
	if (!ear->config->repeater)
		return RELEASE_NONE;
	return release_put(&ear->release, &hearing, ear->last_key);
}

void ear_hear_tones(struct ear *ear, struct gridcall_frame *frame)
{
	struct hearing hearing;

	hear(ear, frame, &hearing);
}

void ear_end_tones(struct ear *ear)
{
	listener_end(ear->listener);
}

void ear_end(struct ear *ear, enum over_end ended, uint32_t length_ms)
{
	meter_end(&ear->meter, ended, length_ms);
	tape_end(&ear->tape);
	tap_end(&ear->tap);
	memcpy(ear->meter.over.recording, ear->tape.name,
	       sizeof(ear->meter.over.recording));
}

uint32_t ear_carrier_ms(const struct ear *ear, uint64_t now_us)
{
	if (ear->meter.frames)
		return ear->meter.frames * GRIDCALL_FRAME_MS;
	return (uint32_t)((now_us - ear->meter.over.began_us) / 1000);
}

uint32_t ear_spoken_ms(const struct ear *ear, uint64_t now_us)
{
	if (!ear->config->repeater || !ear->meter.frames)
		return ear_carrier_ms(ear, now_us);
	return meter_spoken_ms(&ear->meter, ear->config->hang_ms,
			       ear->config->tail_ms);
}
