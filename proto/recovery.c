/* SPDX-License-Identifier: MIT */
#include "proto/recovery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/recovery_inside.h"
#include "proto/transient.h"

#define PAGE 1000
/* A heartbeat tells the topics of the last 30 s; later ones leave a doubt. */
#define HEARTBEAT_US (25 * 1000000LL)

/* A feed that several gateways share: only ours can be recovered. */
static bool is_ours(struct recovery *recovery, const char *gateway)
{
	if (!recovery->gateway[0])
		snprintf(recovery->gateway, sizeof(recovery->gateway), "%s",
			 gateway);
	return !strcmp(recovery->gateway, gateway);
}

/* ----------------------------------------------------- what waits ------- */

/* What does not fit is asked for once more when the replay is through. */
static void hold(struct recovery *recovery, const char *topic, size_t topic_len,
		 const uint8_t *payload, size_t len)
{
	struct held head = {
		.topic_len = topic_len, .len = len, .source = recovery->source};

	if (recovery->overflowed)
		return;
	if (held_put(&recovery->held, &head, topic, payload))
		return;
	recovery->overflowed = true;
	recovery->stats.overflows++;
	held_clear(&recovery->held);
}

/* -------------------------------------------------------------- events -- */

static void learn(struct recovery *recovery, const char *topic,
		  uint64_t topic_seq, uint64_t seq)
{
	struct tail tail = {.topic_seq = topic_seq, .seq = seq};

	if (strlen(topic) >= sizeof(tail.topic))
		return;
	strcpy(tail.topic, topic);
	/* Out of memory: the next event of this topic asks for a replay. */
	(void)tails_set(&recovery->tails, &tail);
}

static void give(struct recovery *recovery, const Gridcall__V1__Event *event,
		 const uint8_t *payload, size_t len)
{
	struct gridcall_event given = {.topic = event->topic,
				       .seq = event->seq,
				       .topic_seq = event->topic_seq,
				       .payload = payload,
				       .len = len,
				       .event = event};

	learn(recovery, event->topic, event->topic_seq, event->seq);
	recovery->stats.events++;
	recovery->interest.on_event(recovery->interest.data, &given);
}

static bool was_given(const struct recovery *recovery,
		      const Gridcall__V1__Event *event)
{
	return event->seq <= recovery->through ||
	       event->topic_seq <= tails_find(&recovery->tails, event->topic);
}

static void live_event(struct recovery *recovery,
		       const Gridcall__V1__Event *event, const uint8_t *payload,
		       size_t len)
{
	if (strcmp(event->epoch, recovery->epoch)) {
		recovery->state = ASKING;
	} else if (was_given(recovery, event)) {
		recovery->stats.duplicates++;
	} else if (event->topic_seq ==
		   tails_find(&recovery->tails, event->topic) + 1) {
		give(recovery, event, payload, len);
	} else {
		recovery->stats.gaps++;
		recovery->state = REPLAYING;
	}
}

static Gridcall__V1__Event *unpack_event(struct recovery *recovery,
					 const char *topic,
					 const uint8_t *payload, size_t len)
{
	Gridcall__V1__Event *event =
		gridcall__v1__event__unpack(NULL, len, payload);
	struct topic parsed;

	if (event && event->seq && event->topic_seq &&
	    !topic_parse(&parsed, event->topic, strlen(event->topic)) &&
	    (!topic || !strcmp(event->topic, topic)))
		return event;
	recovery->stats.garbage++;
	gridcall__v1__event__free_unpacked(event, NULL);
	return NULL;
}

/* ----------------------------------------------------------- heartbeat -- */

static bool is_behind(const struct recovery *recovery,
		      const Gridcall__V1__Status *status)
{
	size_t i;

	for (i = 0; i < status->n_topics; i++) {
		const Gridcall__V1__TopicTail *tail = status->topics[i];

		if (prefixes_hold(&recovery->wanted, tail->topic) &&
		    tail->topic_seq > tails_find(&recovery->tails, tail->topic))
			return true;
	}
	return false;
}

/* Whether heartbeats were missed, so that tails may have gone untold. */
static bool is_broken_chain(const struct recovery_source *source,
			    const Gridcall__V1__Status *status)
{
	int64_t apart_us = status->time_us - source->heard_us;

	return status->up_since_us != source->up_since_us || apart_us < 0 ||
	       apart_us > HEARTBEAT_US;
}

static void note_heartbeat(struct recovery_source *source,
			   const Gridcall__V1__Status *status)
{
	source->heard_us = status->time_us;
	source->up_since_us = status->up_since_us;
}

/* What every feed says is whole. */
static void move_through(struct recovery *recovery)
{
	uint64_t least = UINT64_MAX;
	size_t i;

	for (i = 0; i < recovery->source_count; i++)
		if (recovery->sources[i].whole < least)
			least = recovery->sources[i].whole;
	if (least != UINT64_MAX && least > recovery->through)
		recovery->through = least;
}

static void live_status(struct recovery *recovery,
			struct recovery_source *source,
			const Gridcall__V1__Status *status)
{
	bool behind = is_behind(recovery, status);

	if (strcmp(status->epoch, recovery->epoch)) {
		recovery->state = ASKING;
		return;
	}
	if (behind)
		recovery->stats.gaps++;
	if (behind || is_broken_chain(source, status))
		recovery->state = REPLAYING;
	else
		source->whole = status->seq;
	move_through(recovery);
	note_heartbeat(source, status);
}

/* ---------------------------------------------------------------- live -- */

static void live_message(struct recovery *recovery, const struct held *message)
{
	const char *topic = (const char *)message->bytes;
	const uint8_t *payload = message->bytes + message->topic_len;
	Gridcall__V1__Status *status;
	Gridcall__V1__Event *event;
	struct topic parsed;

	(void)topic_parse(&parsed, topic, message->topic_len - 1);
	if (parsed.kind == TOPIC_STATUS) {
		status = gridcall__v1__status__unpack(NULL, message->len,
						      payload);
		if (!status)
			recovery->stats.garbage++;
		else if (is_ours(recovery, status->gateway))
			live_status(recovery,
				    &recovery->sources[message->source],
				    status);
		gridcall__v1__status__free_unpacked(status, NULL);
		return;
	}
	event = unpack_event(recovery, topic, payload, message->len);
	if (event && is_ours(recovery, event->gateway))
		live_event(recovery, event, payload, message->len);
	gridcall__v1__event__free_unpacked(event, NULL);
}

/* Work through what waits until it is done or shows another hole. */
static void release_held(struct recovery *recovery)
{
	size_t done = 0;

	while (recovery->state == LIVE && done < recovery->held.count)
		live_message(recovery, recovery->held.messages[done++]);
	held_drop(&recovery->held, done);
}

void recovery_message(struct recovery *recovery, const char *topic,
		      size_t topic_len, const uint8_t *payload, size_t len)
{
	char text[TOPIC_MAX] = "";
	struct topic parsed;
	bool passes;

	if (topic_parse(&parsed, topic, topic_len)) {
		recovery->stats.garbage++;
		return;
	}
	memcpy(text, topic, topic_len);
	/* Heartbeats bring their neighbour along. */
	if (parsed.kind == TOPIC_AUDIT &&
	    !prefixes_hold(&recovery->wanted, text))
		return;
	passes = transient_is(parsed.kind, payload, len);
	if (passes && recovery->interest.on_volatile)
		recovery->interest.on_volatile(recovery->interest.data, text,
					       payload, len);
	if (passes && parsed.kind != TOPIC_STATUS)
		return;
	hold(recovery, text, topic_len + 1, payload, len);
	release_held(recovery);
	/* Alone and too large, or memory is out: the ledger has it. */
	if (recovery->state == LIVE && recovery->overflowed)
		recovery->state = REPLAYING;
}

/* -------------------------------------------------------------- replay -- */

enum recovery_need recovery_need(const struct recovery *recovery)
{
	static const enum recovery_need needs[] = {
		[ASKING] = RECOVERY_STATUS,
		[TAKING] = RECOVERY_SNAPSHOT,
		[REPLAYING] = RECOVERY_REPLAY,
		[LIVE] = RECOVERY_NOTHING,
	};

	return needs[recovery->state];
}

void recovery_replay(struct recovery *recovery,
		     Gridcall__V1__ReplayRequest *request)
{
	gridcall__v1__replay_request__init(request);
	request->epoch = recovery->epoch;
	request->after_seq = recovery->through;
	request->n_prefixes = recovery->prefix_count;
	request->prefixes = recovery->prefixes;
	request->limit = PAGE;
	/* What overflowed so far is older than the answer to this. */
	recovery->overflowed = false;
}

static void begin_history(struct recovery *recovery,
			  const Gridcall__V1__Status *status, bool trimmed)
{
	struct gridcall_break now = {
		.epoch = status->epoch, .seq = status->seq, .trimmed = trimmed};
	uint64_t after_seq = status->seq;

	recovery->stats.breaks++;
	if (recovery->interest.on_break)
		recovery->interest.on_break(recovery->interest.data, &now,
					    &after_seq);
	tails_clear(&recovery->tails);
	/* What is gone can't be asked for again and again. */
	if (!recovery->interest.on_snapshot)
		recovery->through = trimmed ? status->seq : after_seq;
}

static void begin_snapshot(struct recovery *recovery)
{
	free(recovery->next);
	recovery->next = NULL;
	recovery->state = TAKING;
}

static int take_status(struct recovery *recovery,
		       const Gridcall__V1__Status *status)
{
	bool same = !strcmp(status->epoch, recovery->epoch);
	bool begins = !recovery->epoch[0] && recovery->from_now;
	bool breaks = recovery->lost_history || (recovery->epoch[0] && !same);
	size_t i;

	if (!status->epoch[0] || strlen(status->epoch) >= EPOCH_MAX)
		return -EAGAIN;
	(void)is_ours(recovery, status->gateway);
	for (i = 0; i < recovery->source_count; i++) {
		note_heartbeat(&recovery->sources[i], status);
		recovery->sources[i].whole = 0;
	}
	if (breaks)
		begin_history(recovery, status, same);
	recovery->lost_history = false;
	/* The old position stands until the snapshot is whole. */
	if ((begins || breaks) && recovery->interest.on_snapshot) {
		begin_snapshot(recovery);
		return 0;
	}
	if (begins)
		recovery->through = status->seq;
	snprintf(recovery->epoch, EPOCH_MAX, "%s", status->epoch);
	recovery->state = REPLAYING;
	return 0;
}

/* Its seq, 0 when it can't be understood. */
static uint64_t take_event(struct recovery *recovery, const uint8_t *payload,
			   size_t len)
{
	Gridcall__V1__Event *event = unpack_event(recovery, NULL, payload, len);
	uint64_t seq = event ? event->seq : 0;

	if (event && was_given(recovery, event)) {
		recovery->stats.duplicates++;
	} else if (event) {
		recovery->stats.recovered++;
		give(recovery, event, payload, len);
	}
	gridcall__v1__event__free_unpacked(event, NULL);
	return seq;
}

static void end_replay(struct recovery *recovery,
		       const Gridcall__V1__ReplayReply *page)
{
	size_t i;

	for (i = 0; i < page->n_topics; i++) {
		const Gridcall__V1__TopicTail *tail = page->topics[i];

		/* Up to through it needs no word of its own in a position. */
		if (tail->topic_seq >=
		    tails_find(&recovery->tails, tail->topic))
			learn(recovery, tail->topic, tail->topic_seq, 0);
	}
	if (recovery->overflowed)
		return; /* once more */
	recovery->state = LIVE;
	release_held(recovery);
}

static int take_page(struct recovery *recovery,
		     const Gridcall__V1__ReplayReply *page)
{
	uint64_t before = recovery->through;
	uint64_t reached = page->through_seq;
	size_t i;

	if (strcmp(page->epoch, recovery->epoch)) {
		recovery->state = ASKING;
		return 0;
	}
	for (i = 0; i < page->n_events; i++) {
		uint64_t seq = take_event(recovery, page->events[i].data,
					  page->events[i].len);

		reached = seq > reached ? seq : reached;
	}
	if (reached > recovery->through)
		recovery->through = reached;
	if (page->more)
		return recovery->through > before ? 0 : -EAGAIN;
	end_replay(recovery, page);
	return 0;
}

/* ------------------------------------------------------------ snapshot -- */

void recovery_snapshot(struct recovery *recovery,
		       Gridcall__V1__SnapshotRequest *request)
{
	gridcall__v1__snapshot_request__init(request);
	request->n_prefixes = recovery->prefix_count;
	request->prefixes = recovery->prefixes;
	if (recovery->next)
		request->after = recovery->next;
}

static void take_first_page(struct recovery *recovery,
			    const Gridcall__V1__SnapshotReply *page)
{
	size_t i;

	snprintf(recovery->taken_epoch, EPOCH_MAX, "%s", page->epoch);
	recovery->taken_seq = page->through_seq;
	tails_clear(&recovery->tails);
	for (i = 0; i < page->n_topics; i++)
		learn(recovery, page->topics[i]->topic,
		      page->topics[i]->topic_seq, 0);
}

/* From here on the position is that of the snapshot. */
static void end_snapshot(struct recovery *recovery)
{
	memcpy(recovery->epoch, recovery->taken_epoch, EPOCH_MAX);
	recovery->through = recovery->taken_seq;
	recovery->from_now = false;
	recovery->state = REPLAYING;
}

static int take_snapshot(struct recovery *recovery,
			 const Gridcall__V1__SnapshotReply *page)
{
	struct gridcall_page given = {.reply = page,
				      .first = !recovery->next,
				      .last = !page->next[0]};
	char *next = given.last ? NULL : strdup(page->next);

	if (!page->epoch[0] || strlen(page->epoch) >= EPOCH_MAX ||
	    (!given.first && strcmp(page->epoch, recovery->taken_epoch)) ||
	    (next && recovery->next && !strcmp(next, recovery->next)) ||
	    (!next && !given.last)) {
		free(next);
		begin_snapshot(recovery);
		return -EAGAIN;
	}
	if (given.first)
		take_first_page(recovery, page);
	free(recovery->next);
	recovery->next = next;
	if (given.last)
		end_snapshot(recovery);
	recovery->interest.on_snapshot(recovery->interest.data, &given);
	return 0;
}

/* A refused page may be of a snapshot that the gateway no longer knows. */
static int refused_snapshot(struct recovery *recovery,
			    const Gridcall__V1__Error *error)
{
	if (error->code != GRIDCALL__V1__ERROR_CODE__ERROR_BUSY &&
	    error->code != GRIDCALL__V1__ERROR_CODE__ERROR_UNAVAILABLE)
		begin_snapshot(recovery);
	return -EAGAIN;
}

int recovery_reply(struct recovery *recovery, const Gridcall__V1__Reply *reply)
{
	if (reply->error && recovery->state == TAKING)
		return refused_snapshot(recovery, reply->error);
	if (reply->error &&
	    reply->error->code ==
		    GRIDCALL__V1__ERROR_CODE__ERROR_NEED_SNAPSHOT) {
		recovery->lost_history = true;
		recovery->state = ASKING;
		return 0;
	}
	if (reply->error)
		return -EAGAIN;
	if (recovery->state == ASKING &&
	    reply->body_case == GRIDCALL__V1__REPLY__BODY_STATUS)
		return take_status(recovery, reply->status);
	if (recovery->state == TAKING &&
	    reply->body_case == GRIDCALL__V1__REPLY__BODY_SNAPSHOT)
		return take_snapshot(recovery, reply->snapshot);
	if (recovery->state == REPLAYING &&
	    reply->body_case == GRIDCALL__V1__REPLY__BODY_REPLAY)
		return take_page(recovery, reply->replay);
	return -EAGAIN;
}

/* -------------------------------------------------------------- public -- */

static void drop_prefixes(struct recovery *recovery)
{
	while (recovery->prefix_count)
		free(recovery->prefixes[--recovery->prefix_count]);
	free(recovery->prefixes);
	recovery->prefixes = NULL;
	prefixes_clear(&recovery->wanted);
}

int recovery_set_prefixes(struct recovery *recovery,
			  const char *const *prefixes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!topic_prefix_is_valid(prefixes[i], strlen(prefixes[i])))
			return -EINVAL;
	drop_prefixes(recovery);
	recovery->prefixes = calloc(count + 1, sizeof(char *));
	if (!recovery->prefixes)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		recovery->prefixes[i] = strdup(prefixes[i]);
		if (!recovery->prefixes[i])
			return -ENOMEM;
		recovery->prefix_count++;
	}
	return prefixes_make(&recovery->wanted,
			     (const char *const *)recovery->prefixes, count);
}

void recovery_set_sources(struct recovery *recovery, size_t count)
{
	memset(recovery->sources, 0, sizeof(recovery->sources));
	recovery->source = 0;
	recovery->source_count = count;
	/* What was missed meanwhile is not told by their first heartbeats. */
	if (recovery->state == LIVE)
		recovery->state = REPLAYING;
	held_clear(&recovery->held);
}

void recovery_from(struct recovery *recovery, size_t source)
{
	recovery->source = (unsigned int)source;
}

struct recovery *recovery_alloc(const struct gridcall_interest *interest)
{
	struct recovery *recovery = calloc(1, sizeof(*recovery));

	if (!recovery)
		return NULL;
	recovery->interest = *interest;
	recovery->from_now = !interest->position;
	recovery->source_count = 1;
	if (recovery_set_prefixes(recovery, interest->prefixes,
				  interest->prefix_count) ||
	    (interest->position &&
	     recovery_take_position(recovery, interest->position)))
		return recovery_free(recovery);
	return recovery;
}

struct recovery *recovery_free(struct recovery *recovery)
{
	if (!recovery)
		return NULL;
	held_clear(&recovery->held);
	tails_clear(&recovery->tails);
	drop_prefixes(recovery);
	free(recovery->next);
	free(recovery);
	return NULL;
}

uint64_t recovery_through(const struct recovery *recovery, const char **epoch)
{
	*epoch = recovery->epoch;
	return recovery->through;
}

const struct gridcall_stats *recovery_stats(const struct recovery *recovery)
{
	return &recovery->stats;
}
