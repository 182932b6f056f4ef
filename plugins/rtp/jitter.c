/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plugins/rtp/jitter.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/rtp/cutter.h"
#include "plugins/rtp/payload.h"

#define STEP_MS        20     /* by which the delay grows and shrinks */
#define AHEAD_MAX      48     /* sequence numbers; further ahead is a jump */
#define EARLY_MAX      16     /* reordered before the over is played */
#define MISSING_MAX_MS 1000   /* a longer gap inside an over is shortened */
#define SLACK_MS       60     /* by which a gap may exceed the time passed */
#define STRAGGLER_US   500000 /* after an over its own packets may come yet */
#define BUFFERS        (JITTER_SLOTS + 3) /* being cut, held, just come */

enum slot_state {
	SLOT_EMPTY,
	SLOT_AUDIO,
	SLOT_VOID,   /* its number was used for no audio */
	SLOT_PLAYED, /* was audio */
	SLOT_GONE,   /* passed by without audio */
};

struct slot {
	enum slot_state state;
	int64_t index; /* sequence number without wrap and jumps */
	uint64_t arrival_us;
	uint32_t timestamp;
	struct gridcall_format format;
	uint32_t samples;
	uint32_t len;
	bool fresh; /* its timestamp says nothing about the one before */
	uint8_t *data;
};

struct jitter {
	struct jitter_config config;
	struct jitter_tallies tallies;
	uint32_t depth_ms;
	bool ever; /* there was an over */
	bool open;
	bool started; /* depth has passed, frames go out */
	bool dry;     /* the last pull found nothing */
	bool troubled;
	uint32_t hold; /* pulls to leave out: the delay grows */
	uint64_t began_us;
	uint64_t until_us; /* the last packet, and what it lasts past 20 ms */
	uint64_t ended_us;

	uint32_t ssrc;
	uint16_t top_seq; /* newest */
	int64_t top_index;
	uint32_t top_timestamp;
	struct gridcall_format top_format;
	int64_t floor;      /* before it is another source's place */
	int64_t head;       /* next to be cut */
	uint32_t given_up;  /* pushed out of the window unplayed */
	uint64_t queued_48; /* samples waiting, as if at 48 kHz */

	struct slot candidate; /* fits nowhere yet; data NULL: none */
	uint32_t candidate_ssrc;
	uint16_t candidate_seq;

	struct slot current;  /* being cut; data NULL: none */
	struct slot previous; /* what was cut before, without its data */
	bool has_previous;
	struct cutter cutter;

	struct slot slots[JITTER_SLOTS];
	/* Last in, first out, so that few of them are ever touched. */
	uint8_t *spare[BUFFERS];
	size_t spares;
	uint8_t pool[];
};

struct jitter *jitter_alloc(const struct jitter_config *config)
{
	struct jitter *jitter;
	size_t i;

	if (config->depth_ms > JITTER_DEPTH_MAX_MS || !config->packet_bytes ||
	    config->gap_ms < GRIDCALL_FRAME_MS)
		return NULL;
	jitter = calloc(1, sizeof(*jitter) + BUFFERS * config->packet_bytes);
	if (!jitter)
		return NULL;
	jitter->config = *config;
	jitter->depth_ms = config->depth_ms;
	for (i = BUFFERS; i-- > 0;)
		jitter->spare[jitter->spares++] =
			jitter->pool + i * config->packet_bytes;
	return jitter;
}

struct jitter *jitter_free(struct jitter *jitter)
{
	free(jitter);
	return NULL;
}

static uint64_t since(uint64_t now_us, uint64_t then_us)
{
	return now_us > then_us ? now_us - then_us : 0;
}

static struct slot *slot_at(struct jitter *jitter, int64_t index)
{
	return &jitter->slots[(uint64_t)index % JITTER_SLOTS];
}

static void release(struct jitter *jitter, struct slot *slot)
{
	if (slot->data)
		jitter->spare[jitter->spares++] = slot->data;
	slot->data = NULL;
}

static uint64_t samples_48(const struct slot *slot)
{
	return (uint64_t)slot->samples * (48000 / slot->format.rate_hz);
}

/* Copy a packet into a buffer of its own. */
static void fill(struct jitter *jitter, struct slot *slot,
		 const struct jitter_packet *packet, uint32_t samples,
		 uint64_t now_us)
{
	slot->state = SLOT_AUDIO;
	slot->arrival_us = now_us;
	slot->timestamp = packet->timestamp;
	slot->format = packet->format;
	slot->samples = samples;
	slot->len = (uint32_t)packet->len;
	slot->fresh = false;
	slot->data = jitter->spare[--jitter->spares];
	memcpy(slot->data, packet->data, packet->len);
}

/* ---- where a packet belongs ---- */

static int16_t ahead_of_top(const struct jitter *jitter, uint16_t seq)
{
	return (int16_t)(uint16_t)(seq - jitter->top_seq);
}

/* A packet that can't be the over's own. */
static bool is_wild(const struct jitter *jitter,
		    const struct jitter_packet *packet)
{
	int16_t ahead = ahead_of_top(jitter, packet->seq);
	int64_t moved = (int32_t)(packet->timestamp - jitter->top_timestamp);
	int64_t jump = (int64_t)packet->format.rate_hz / 1000 * JITTER_JUMP_MS;

	if (packet->ssrc != jitter->ssrc || ahead > AHEAD_MAX ||
	    ahead <= -JITTER_SLOTS)
		return true;
	if (!payload_same_format(&packet->format, &jitter->top_format))
		return false; /* another clock */
	return moved > jump || moved < -jump;
}

/* A packet of the over that has just ended, underway for too long. */
static bool is_straggler(const struct jitter *jitter,
			 const struct jitter_packet *packet, uint64_t now_us)
{
	int16_t ahead = ahead_of_top(jitter, packet->seq);

	return jitter->ever && packet->ssrc == jitter->ssrc && ahead <= 0 &&
	       ahead > -JITTER_SLOTS &&
	       since(now_us, jitter->ended_us) < STRAGGLER_US;
}

/* ---- taking packets in ---- */

static void grow(struct jitter *jitter)
{
	jitter->troubled = true;
	if (jitter->depth_ms + STEP_MS <= JITTER_DEPTH_MAX_MS)
		jitter->depth_ms += STEP_MS;
}

static void begin(struct jitter *jitter, uint32_t ssrc, uint16_t seq,
		  uint64_t now_us)
{
	size_t i;

	for (i = 0; i < JITTER_SLOTS; i++)
		jitter->slots[i].state = SLOT_EMPTY;
	jitter->ever = jitter->open = true;
	jitter->started = jitter->dry = jitter->troubled = false;
	jitter->has_previous = false;
	jitter->hold = jitter->given_up = 0;
	cutter_reset(&jitter->cutter);
	jitter->began_us = jitter->until_us = now_us;
	jitter->ssrc = ssrc;
	jitter->top_seq = seq;
	jitter->top_index = jitter->head = 0;
	jitter->floor = INT64_MIN;
}

/* The window has moved on: forget what it can't hold. */
static void make_room(struct jitter *jitter, int64_t index)
{
	while (index - jitter->head >= JITTER_SLOTS) {
		struct slot *slot = slot_at(jitter, jitter->head++);

		if (slot->state == SLOT_AUDIO)
			jitter->queued_48 -= samples_48(slot);
		jitter->given_up += slot->index != jitter->head - 1 ||
				    slot->state != SLOT_VOID;
		release(jitter, slot);
		slot->state = SLOT_GONE;
		slot->index = jitter->head - 1;
	}
}

static enum jitter_offer refuse(struct jitter *jitter, const struct slot *old,
				int64_t index)
{
	if (old->index == index && old->state == SLOT_GONE) {
		tally_add(&jitter->tallies.late, 1);
		if (jitter->hold < JITTER_DEPTH_MAX_MS / STEP_MS &&
		    jitter->depth_ms < JITTER_DEPTH_MAX_MS)
			jitter->hold++;
		grow(jitter);
		return JITTER_LATE;
	}
	if (old->index == index && old->state != SLOT_EMPTY) {
		tally_add(&jitter->tallies.duplicate, 1);
		return JITTER_DUPLICATE;
	}
	tally_add(&jitter->tallies.late, 1);
	return JITTER_LATE;
}

/* Whether the place at index can still take a packet. */
static bool is_open_place(struct jitter *jitter, int64_t index)
{
	const struct slot *slot = slot_at(jitter, index);

	if (index < jitter->floor)
		return false;
	if (index < jitter->head &&
	    (jitter->started || jitter->head - index > EARLY_MAX ||
	     jitter->top_index - index >= JITTER_SLOTS))
		return false;
	return slot->state == SLOT_EMPTY || slot->index != index;
}

static void note_arrival(struct jitter *jitter, const struct slot *slot)
{
	uint32_t ms = slot->samples / (slot->format.rate_hz / 1000);

	if (slot->arrival_us > jitter->until_us)
		jitter->until_us = slot->arrival_us;
	if (ms > GRIDCALL_FRAME_MS)
		jitter->until_us += (ms - GRIDCALL_FRAME_MS) * 1000u;
	if (jitter->dry)
		grow(jitter);
	jitter->dry = false;
}

/* Put a filled slot where it belongs. */
static enum jitter_offer place(struct jitter *jitter, struct slot *filled,
			       uint16_t seq)
{
	int64_t index = jitter->top_index + ahead_of_top(jitter, seq);
	struct slot *slot;

	if (!is_open_place(jitter, index)) {
		release(jitter, filled);
		return refuse(jitter, slot_at(jitter, index), index);
	}
	if (index < jitter->head)
		jitter->head = index;
	make_room(jitter, index);
	slot = slot_at(jitter, index);
	*slot = *filled;
	slot->index = index;
	jitter->queued_48 += samples_48(slot);
	if (index >= jitter->top_index) {
		jitter->top_index = index;
		jitter->top_seq = seq;
		jitter->top_timestamp = slot->timestamp;
		jitter->top_format = slot->format;
	}
	note_arrival(jitter, slot);
	return JITTER_QUEUED;
}

static void drop_candidate(struct jitter *jitter)
{
	if (!jitter->candidate.data)
		return;
	release(jitter, &jitter->candidate);
	tally_add(&jitter->tallies.strays, 1);
}

/* The candidate's successor came: both are a new source of the same over. */
static enum jitter_offer adopt(struct jitter *jitter, struct slot *second,
			       uint16_t seq)
{
	enum jitter_offer offer = jitter->open ? JITTER_QUEUED : JITTER_BEGAN;
	struct slot first = jitter->candidate;

	jitter->candidate.data = NULL;
	if (jitter->open) {
		tally_add(&jitter->tallies.resyncs, 1);
		/* One number is left out: here something is missing. */
		jitter->top_index += 2;
		jitter->floor = jitter->top_index;
		jitter->top_seq = jitter->candidate_seq;
		jitter->ssrc = jitter->candidate_ssrc;
	} else {
		begin(jitter, jitter->candidate_ssrc, jitter->candidate_seq,
		      second->arrival_us);
	}
	first.fresh = true;
	(void)place(jitter, &first, jitter->candidate_seq);
	(void)place(jitter, second, seq);
	return offer;
}

static enum jitter_offer hold_aside(struct jitter *jitter, struct slot *slot,
				    const struct jitter_packet *packet)
{
	if (jitter->candidate.data && packet->ssrc == jitter->candidate_ssrc &&
	    packet->seq == (uint16_t)(jitter->candidate_seq + 1) &&
	    since(slot->arrival_us, jitter->candidate.arrival_us) <
		    STRAGGLER_US)
		return adopt(jitter, slot, packet->seq);
	drop_candidate(jitter);
	jitter->candidate = *slot;
	jitter->candidate_ssrc = packet->ssrc;
	jitter->candidate_seq = packet->seq;
	return JITTER_HELD;
}

enum jitter_offer jitter_push(struct jitter *jitter,
			      const struct jitter_packet *packet,
			      uint64_t now_us)
{
	int samples =
		payload_samples(&packet->format, packet->data, packet->len);
	struct slot slot = {.state = SLOT_EMPTY};

	if (samples < 0 || packet->len > jitter->config.packet_bytes)
		return JITTER_MISFIT;
	fill(jitter, &slot, packet, (uint32_t)samples, now_us);
	if (jitter->open ? is_wild(jitter, packet)
			 : is_straggler(jitter, packet, now_us))
		return hold_aside(jitter, &slot, packet);
	drop_candidate(jitter);
	if (jitter->open)
		return place(jitter, &slot, packet->seq);
	begin(jitter, packet->ssrc, packet->seq, now_us);
	(void)place(jitter, &slot, packet->seq);
	return JITTER_BEGAN;
}

void jitter_skip(struct jitter *jitter, uint32_t ssrc, uint16_t seq)
{
	int16_t ahead = ahead_of_top(jitter, seq);
	int64_t index = jitter->top_index + ahead;
	struct slot *slot;

	if (!jitter->open || ssrc != jitter->ssrc || index < jitter->head ||
	    ahead > AHEAD_MAX || index - jitter->head >= JITTER_SLOTS ||
	    !is_open_place(jitter, index))
		return;
	slot = slot_at(jitter, index);
	slot->state = SLOT_VOID;
	slot->index = index;
	if (ahead > 0) {
		jitter->top_index = index;
		jitter->top_seq = seq;
	}
}

/* ---- handing frames out ---- */

/* The next packet to be cut, and how many before it never came. */
static struct slot *next_packet(struct jitter *jitter, uint32_t *absent)
{
	int64_t index;

	*absent = jitter->given_up;
	for (index = jitter->head; index <= jitter->top_index; index++) {
		struct slot *slot = slot_at(jitter, index);
		bool is_here = slot->index == index;

		if (is_here && slot->state == SLOT_AUDIO)
			return slot;
		if (!is_here || slot->state != SLOT_VOID)
			++*absent;
	}
	return NULL;
}

/*
 * Samples missing before slot.  Timestamps know best, but only where they can
 * be true: not less than the packets that are absent, not more than the time
 * that has passed.
 */
static uint32_t missing_before(const struct jitter *jitter,
			       const struct slot *slot, uint32_t absent)
{
	const struct slot *previous = &jitter->previous;
	uint32_t rate_ms = slot->format.rate_hz / 1000;
	uint32_t frame = payload_frame_samples(&slot->format);
	uint32_t unit = payload_sample_bytes(slot->format.codec) && absent
				? frame / 2
				: frame;
	int64_t stated, missing, passed_ms;

	if (!jitter->has_previous)
		return 0;
	if (slot->fresh ||
	    !payload_same_format(&slot->format, &previous->format)) {
		missing = (int64_t)absent * frame;
	} else {
		missing = (int64_t)absent * previous->samples;
		stated = (int32_t)(slot->timestamp - previous->timestamp -
				   previous->samples);
		passed_ms =
			(int64_t)since(slot->arrival_us, previous->arrival_us) /
			1000;
		if (stated > missing &&
		    stated <= (passed_ms + SLACK_MS) * rate_ms)
			missing = stated;
	}
	if (missing > (int64_t)MISSING_MAX_MS * rate_ms)
		missing = (int64_t)MISSING_MAX_MS * rate_ms;
	if (absent && missing < unit)
		missing = unit; /* a hole is never hidden */
	return (uint32_t)missing / unit * unit;
}

/* Move slot from the queue to the cutter. */
static void take(struct jitter *jitter, struct slot *slot, uint32_t absent)
{
	const struct cutter_payload payload = {
		.format = slot->format,
		.data = slot->data,
		.len = slot->len,
		.samples = slot->samples,
	};

	cutter_feed(&jitter->cutter, &payload,
		    missing_before(jitter, slot, absent));
	for (; jitter->head < slot->index; jitter->head++) {
		struct slot *passed = slot_at(jitter, jitter->head);

		if (passed->index == jitter->head && passed->state == SLOT_VOID)
			continue;
		passed->state = SLOT_GONE;
		passed->index = jitter->head;
	}
	jitter->head++;
	jitter->given_up = 0;
	jitter->queued_48 -= samples_48(slot);
	jitter->current = *slot;
	slot->state = SLOT_PLAYED;
	slot->data = NULL;
	jitter->previous = *slot;
	jitter->has_previous = true;
}

/* Fill the next frame; false when there is too little to fill it yet. */
static bool assemble(struct jitter *jitter)
{
	struct cutter *cutter = &jitter->cutter;
	struct slot *slot;
	uint32_t absent;

	while (!cutter_fill(cutter)) {
		release(jitter, &jitter->current);
		slot = next_packet(jitter, &absent);
		if (!slot)
			return false;
		if (cutter_has_begun(cutter) &&
		    !payload_same_format(&slot->format, &cutter->format)) {
			cutter_pad(cutter);
			return true;
		}
		take(jitter, slot, absent);
	}
	return true;
}

static enum jitter_verdict emit(struct jitter *jitter,
				struct gridcall_frame *frame)
{
	cutter_take(&jitter->cutter, frame);
	if (frame->data)
		return JITTER_FRAME;
	tally_add(&jitter->tallies.lost, 1);
	return JITTER_LOST;
}

static enum jitter_verdict end(struct jitter *jitter, uint64_t now_us)
{
	jitter->open = false;
	jitter->ended_us = now_us;
	if (!jitter->troubled &&
	    jitter->depth_ms >= jitter->config.depth_ms + STEP_MS)
		jitter->depth_ms -= STEP_MS;
	return JITTER_END;
}

enum jitter_verdict jitter_pull(struct jitter *jitter, uint64_t now_us,
				struct gridcall_frame *frame)
{
	if (!jitter->open)
		return JITTER_IDLE;
	if (!jitter->started &&
	    since(now_us, jitter->began_us) < jitter->depth_ms * 1000u)
		return JITTER_WAIT;
	jitter->started = true;
	if (jitter->hold) {
		jitter->hold--;
		return JITTER_WAIT;
	}
	if (assemble(jitter))
		return emit(jitter, frame);
	if (since(now_us, jitter->until_us) < jitter->config.gap_ms * 1000u) {
		jitter->dry = true;
		return JITTER_WAIT;
	}
	if (!cutter_has_begun(&jitter->cutter))
		return end(jitter, now_us);
	cutter_pad(&jitter->cutter);
	return emit(jitter, frame);
}

bool jitter_is_open(const struct jitter *jitter)
{
	return jitter->open;
}

uint32_t jitter_backlog_ms(const struct jitter *jitter)
{
	return (uint32_t)(jitter->queued_48 / 48);
}

uint32_t jitter_depth_ms(const struct jitter *jitter)
{
	return jitter->depth_ms;
}

const struct jitter_tallies *jitter_tallies(const struct jitter *jitter)
{
	return &jitter->tallies;
}
