/* SPDX-License-Identifier: MIT */
#include "proto/recovery.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/tails.h"
#include "proto/topic.h"
#include "proto/transient.h"

#define EPOCH_MAX  24
#define PAGE       1000
#define HELD_MAX   65536
#define HELD_BYTES (64u << 20)
/* A heartbeat tells the topics of the last 30 s; later ones leave a doubt. */
#define HEARTBEAT_US (25 * 1000000LL)

enum state {
	ASKING, /* which ledger, and how far is it? */
	REPLAYING,
	LIVE,
};

/* A message that came during a replay and waits for its end. */
struct held {
	size_t topic_len;
	size_t len;
	uint8_t bytes[]; /* topic, payload */
};

struct recovery {
	struct gridcall_interest interest; /* its handlers */
	struct gridcall_stats stats;
	char **prefixes;
	size_t prefix_count;
	enum state state;
	bool from_now;
	bool lost_history; /* the gateway said so */
	bool overflowed;
	char epoch[EPOCH_MAX];
	char gateway[16];
	uint64_t through;    /* everything up to here was given */
	int64_t heard_us;    /* gateway's time of the last heartbeat */
	int64_t up_since_us; /* of the gateway */
	struct tails tails;
	struct held **held;
	size_t held_count;
	size_t held_size;
	size_t held_bytes;
};

static bool is_wanted(const struct recovery *recovery, const char *topic)
{
	size_t i;

	for (i = 0; i < recovery->prefix_count; i++)
		if (!strncmp(topic, recovery->prefixes[i],
			     strlen(recovery->prefixes[i])))
			return true;
	return false;
}

/* A feed that several gateways share: only ours can be recovered. */
static bool is_ours(struct recovery *recovery, const char *gateway)
{
	if (!recovery->gateway[0])
		snprintf(recovery->gateway, sizeof(recovery->gateway), "%s",
			 gateway);
	return !strcmp(recovery->gateway, gateway);
}

/* ----------------------------------------------------- what waits ------- */

static void drop_held(struct recovery *recovery)
{
	while (recovery->held_count)
		free(recovery->held[--recovery->held_count]);
	recovery->held_bytes = 0;
}

static bool has_room(struct recovery *recovery, size_t len)
{
	size_t size = recovery->held_size ? recovery->held_size * 2 : 64;
	struct held **held;

	if (recovery->held_count == HELD_MAX ||
	    recovery->held_bytes + len > HELD_BYTES)
		return false;
	if (recovery->held_count < recovery->held_size)
		return true;
	held = realloc(recovery->held, size * sizeof(struct held *));
	if (!held)
		return false;
	recovery->held = held;
	recovery->held_size = size;
	return true;
}

/* What does not fit is asked for once more when the replay is through. */
static void hold(struct recovery *recovery, const char *topic, size_t topic_len,
		 const uint8_t *payload, size_t len)
{
	struct held *held = NULL;

	if (recovery->overflowed)
		return;
	if (has_room(recovery, topic_len + len))
		held = malloc(sizeof(*held) + topic_len + len);
	if (!held) {
		recovery->overflowed = true;
		recovery->stats.overflows++;
		drop_held(recovery);
		return;
	}
	held->topic_len = topic_len;
	held->len = len;
	memcpy(held->bytes, topic, topic_len);
	if (len)
		memcpy(held->bytes + topic_len, payload, len);
	recovery->held[recovery->held_count++] = held;
	recovery->held_bytes += topic_len + len;
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

		if (is_wanted(recovery, tail->topic) &&
		    tail->topic_seq > tails_find(&recovery->tails, tail->topic))
			return true;
	}
	return false;
}

/* Whether heartbeats were missed, so that tails may have gone untold. */
static bool is_broken_chain(const struct recovery *recovery,
			    const Gridcall__V1__Status *status)
{
	int64_t apart_us = status->time_us - recovery->heard_us;

	return status->up_since_us != recovery->up_since_us || apart_us < 0 ||
	       apart_us > HEARTBEAT_US;
}

static void note_heartbeat(struct recovery *recovery,
			   const Gridcall__V1__Status *status)
{
	recovery->heard_us = status->time_us;
	recovery->up_since_us = status->up_since_us;
}

static void live_status(struct recovery *recovery,
			const Gridcall__V1__Status *status)
{
	bool behind = is_behind(recovery, status);

	if (strcmp(status->epoch, recovery->epoch)) {
		recovery->state = ASKING;
		return;
	}
	if (behind)
		recovery->stats.gaps++;
	if (behind || is_broken_chain(recovery, status))
		recovery->state = REPLAYING;
	else if (status->seq > recovery->through)
		recovery->through = status->seq;
	note_heartbeat(recovery, status);
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
			live_status(recovery, status);
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

	while (recovery->state == LIVE && done < recovery->held_count) {
		struct held *held = recovery->held[done++];

		live_message(recovery, held);
		recovery->held_bytes -= held->topic_len + held->len;
		free(held);
	}
	recovery->held_count -= done;
	if (recovery->held_count)
		memmove(recovery->held, recovery->held + done,
			recovery->held_count * sizeof(struct held *));
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
	recovery->through = after_seq;
}

static int take_status(struct recovery *recovery,
		       const Gridcall__V1__Status *status)
{
	bool same = !strcmp(status->epoch, recovery->epoch);

	if (!status->epoch[0] || strlen(status->epoch) >= EPOCH_MAX)
		return -EAGAIN;
	(void)is_ours(recovery, status->gateway);
	if (!recovery->epoch[0] && recovery->from_now)
		recovery->through = status->seq;
	if (recovery->lost_history || (recovery->epoch[0] && !same))
		begin_history(recovery, status, same);
	recovery->lost_history = false;
	snprintf(recovery->epoch, EPOCH_MAX, "%s", status->epoch);
	note_heartbeat(recovery, status);
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

int recovery_reply(struct recovery *recovery, const Gridcall__V1__Reply *reply)
{
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
	if (recovery->state == REPLAYING &&
	    reply->body_case == GRIDCALL__V1__REPLY__BODY_REPLAY)
		return take_page(recovery, reply->replay);
	return -EAGAIN;
}

/* ------------------------------------------------------------ position -- */

size_t recovery_position(const struct recovery *recovery, char *text,
			 size_t size)
{
	const char *epoch = recovery->epoch[0] ? recovery->epoch : "-";
	size_t len, i;

	len = (size_t)snprintf(text, size, "%s %" PRIu64, epoch,
			       recovery->through);
	/* Seen already, though an older one of another topic may be missing. */
	for (i = 0; i < recovery->tails.size; i++) {
		const struct tail *tail = &recovery->tails.places[i];
		size_t at = len < size ? len : size;

		if (tail->topic[0] && tail->seq > recovery->through)
			len += (size_t)snprintf(text + at, size - at,
						" %s:%" PRIu64, tail->topic,
						tail->topic_seq);
	}
	return len;
}

static int take_number(const char **text, uint64_t *number)
{
	char *end;

	if (**text < '0' || **text > '9')
		return -EINVAL;
	errno = 0;
	*number = strtoull(*text, &end, 10);
	*text = end;
	return errno ? -EINVAL : 0;
}

/* One " TOPIC:TOPIC_SEQ" of a position. */
static int take_tail(struct recovery *recovery, const char **text)
{
	struct topic parsed;
	struct tail tail = {0};
	size_t len;

	len = strcspn(++*text, ":");
	if ((*text)[len] != ':' || topic_parse(&parsed, *text, len))
		return -EINVAL;
	memcpy(tail.topic, *text, len);
	*text += len + 1;
	if (take_number(text, &tail.topic_seq))
		return -EINVAL;
	tail.seq = UINT64_MAX; /* beyond through: keep it in the position */
	return tails_set(&recovery->tails, &tail);
}

static int take_position(struct recovery *recovery, const char *text)
{
	size_t len = strcspn(text, " ");

	if (!len || len >= EPOCH_MAX || text[len] != ' ')
		return -EINVAL;
	if (len != 1 || *text != '-')
		memcpy(recovery->epoch, text, len);
	text += len + 1;
	if (take_number(&text, &recovery->through))
		return -EINVAL;
	while (*text == ' ')
		if (take_tail(recovery, &text))
			return -EINVAL;
	return *text ? -EINVAL : 0;
}

/* -------------------------------------------------------------- public -- */

static int take_prefixes(struct recovery *recovery,
			 const struct gridcall_interest *interest)
{
	size_t i;

	recovery->prefixes = calloc(interest->prefix_count + 1, sizeof(char *));
	if (!recovery->prefixes)
		return -ENOMEM;
	for (i = 0; i < interest->prefix_count; i++) {
		const char *prefix = interest->prefixes[i];

		if (!topic_prefix_is_valid(prefix, strlen(prefix)))
			return -EINVAL;
		recovery->prefixes[i] = strdup(prefix);
		if (!recovery->prefixes[i])
			return -ENOMEM;
		recovery->prefix_count++;
	}
	return 0;
}

struct recovery *recovery_alloc(const struct gridcall_interest *interest)
{
	struct recovery *recovery = calloc(1, sizeof(*recovery));

	if (!recovery)
		return NULL;
	recovery->interest = *interest;
	recovery->from_now = !interest->position;
	if (take_prefixes(recovery, interest) ||
	    (interest->position && take_position(recovery, interest->position)))
		return recovery_free(recovery);
	return recovery;
}

struct recovery *recovery_free(struct recovery *recovery)
{
	size_t i;

	if (!recovery)
		return NULL;
	drop_held(recovery);
	free(recovery->held);
	tails_clear(&recovery->tails);
	for (i = 0; i < recovery->prefix_count; i++)
		free(recovery->prefixes[i]);
	free(recovery->prefixes);
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
