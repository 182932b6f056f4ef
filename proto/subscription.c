/* SPDX-License-Identifier: MIT
 *
 * A subscription carries the messages that a recovery needs: from the feeds
 * that whoami tells, and to and from the command socket.
 */
#include "proto/recovery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/choice.h"
#include "proto/client.h"
#include "proto/fault.h"
#include "proto/position.h"

#define RETRY_MS    500
#define PATIENCE_MS 2000  /* an answer may be lost with its connection; */
#define PATIENT_MS  64000 /* but who is late gets twice the time */
#define SILENCE_MS  5000  /* heartbeats come once a second */
#define SAVE_MS     10000 /* while nothing is given, the position may lag */
#define STATUS_AREA "gc1.gateway."

struct gridcall_subscription {
	struct client_part part; /* first */
	struct gridcall_client *client;
	struct recovery *recovery;
	void (*on_trouble)(void *data, const char *sentence);
	void *data;
	char *feed; /* NULL: as whoami tells */
	char **prefixes;
	size_t prefix_count;
	struct link *links[RECOVERY_SOURCES_MAX];
	size_t link_count;
	char *placed;       /* which links these are; NULL: not known yet */
	uint64_t asked;     /* request under way, 0: none */
	int patience_ms;    /* for its answer */
	int64_t retry_ms;   /* not before, 0: at once */
	int64_t silence_ms; /* trouble if nothing came by then */
	char *told;         /* trouble as it was last told */
	struct gridcall_fault fault; /* of the last request; "": none */
	struct gridcall_fault unsaved;
	char *position_file;
	char *saved;
	uint64_t saved_events;
	int64_t saved_ms;
};

static void replace(char **text, char *by)
{
	free(*text);
	*text = by;
}

/* ------------------------------------------------------------- trouble -- */

/* The one that a person should look at first. */
static const char *find_trouble(const struct gridcall_subscription *sub)
{
	size_t i;

	for (i = 0; i < sub->link_count; i++)
		if (link_refusal(sub->links[i]))
			return link_refusal(sub->links[i]);
	if (sub->fault.sentence[0])
		return sub->fault.sentence;
	if (sub->unsaved.sentence[0])
		return sub->unsaved.sentence;
	if (link_now_ms() >= sub->silence_ms)
		return "Nothing comes from the feed, not even a heartbeat";
	return NULL;
}

/* Told once when it begins, and with NULL when it is over. */
static void tell_trouble(struct gridcall_subscription *sub)
{
	const char *sentence = find_trouble(sub);

	if (!sentence == !sub->told &&
	    (!sentence || !strcmp(sentence, sub->told)))
		return;
	replace(&sub->told, sentence ? strdup(sentence) : NULL);
	if (sub->on_trouble)
		sub->on_trouble(sub->data, sentence);
}

/* ------------------------------------------------------------- placing -- */

static void drop_links(struct gridcall_subscription *sub)
{
	while (sub->link_count)
		link_close(sub->links[--sub->link_count]);
}

/* Connect to one more feed; which one it is, or -1. */
static int add_link(struct gridcall_subscription *sub, const char *address,
		    const char *server_key)
{
	struct link *link;
	size_t i;

	for (i = 0; i < sub->link_count; i++)
		if (!strcmp(link_address(sub->links[i]), address))
			return (int)i;
	if (sub->link_count == RECOVERY_SOURCES_MAX) {
		fault_say(&sub->fault, 0, FAULT_ARGUMENT,
			  "More than %d feeds would be needed; subscribe to "
			  "fewer areas at once, or ask for a wider feed",
			  RECOVERY_SOURCES_MAX);
		return -1;
	}
	link = client_link(sub->client, address, server_key, &sub->fault);
	if (!link)
		return -1;
	sub->links[sub->link_count++] = link;
	if (link_subscribe(link, STATUS_AREA))
		return -1;
	return (int)(sub->link_count - 1);
}

static void place_prefix(struct gridcall_subscription *sub, size_t prefix,
			 const char *address, const char *server_key)
{
	int link = add_link(sub, address, server_key);

	if (link >= 0)
		(void)link_subscribe(sub->links[link], sub->prefixes[prefix]);
}

static void place_fixed(struct gridcall_subscription *sub)
{
	size_t i;

	drop_links(sub);
	for (i = 0; i < sub->prefix_count; i++)
		place_prefix(sub, i, sub->feed, NULL);
	recovery_set_sources(sub->recovery, sub->link_count);
	replace(&sub->placed, strdup(sub->feed));
}

/* What a choice means for the sockets, to see whether it is another one. */
static char *describe(const struct gridcall_subscription *sub,
		      const Gridcall__V1__WhoamiReply *who, const int *chosen)
{
	char *text = NULL;
	size_t len, i;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (i = 0; i < sub->prefix_count; i++) {
		const Gridcall__V1__Feed *feed = who->feeds[chosen[i]];

		fprintf(out, "%s %s %s\n", sub->prefixes[i], feed->address,
			feed->public_key);
	}
	fclose(out);
	return text;
}

static void place_chosen(struct gridcall_subscription *sub,
			 const Gridcall__V1__WhoamiReply *who,
			 const int *chosen)
{
	char *placed = describe(sub, who, chosen);
	char address[CHOICE_ADDRESS_SIZE];
	size_t i;

	if (sub->placed && placed && !strcmp(placed, sub->placed)) {
		free(placed);
		return;
	}
	drop_links(sub);
	for (i = 0; i < sub->prefix_count; i++) {
		const Gridcall__V1__Feed *feed = who->feeds[chosen[i]];

		choice_address(address, feed->address,
			       client_address(sub->client));
		place_prefix(sub, i, address, feed->public_key);
	}
	recovery_set_sources(sub->recovery, sub->link_count);
	replace(&sub->placed, placed);
	sub->silence_ms = link_now_ms() + SILENCE_MS;
}

static void no_feed(struct gridcall_subscription *sub, const int *chosen)
{
	size_t i = 0;

	while (chosen[i] >= 0)
		i++;
	fault_say(&sub->fault, 0, FAULT_REFUSED,
		  "No feed that you may connect to carries '%s'; see 'gridcall "
		  "whoami', and ask an engineer for a feed",
		  sub->prefixes[i]);
}

static void choose(struct gridcall_subscription *sub,
		   const Gridcall__V1__WhoamiReply *who)
{
	struct choice_wish wish = {.commands = client_address(sub->client),
				   .has_key = client_has_key(sub->client),
				   .prefixes =
					   (const char *const *)sub->prefixes,
				   .prefix_count = sub->prefix_count};
	int *chosen = calloc(sub->prefix_count + 1, sizeof(*chosen));

	if (!chosen)
		return;
	if (choice_make(&wish, who, chosen))
		no_feed(sub, chosen);
	else
		place_chosen(sub, who, chosen);
	free(chosen);
}

static int copy_prefixes(struct gridcall_subscription *sub,
			 const char *const *prefixes, size_t count)
{
	size_t i;

	sub->prefixes = calloc(count + 1, sizeof(*sub->prefixes));
	for (i = 0; sub->prefixes && i < count; i++) {
		sub->prefixes[i] = strdup(prefixes[i]);
		if (!sub->prefixes[i])
			return -ENOMEM;
		sub->prefix_count++;
	}
	return sub->prefixes ? 0 : -ENOMEM;
}

static void take_whoami(struct gridcall_subscription *sub,
			const Gridcall__V1__WhoamiReply *who)
{
	const char *const *areas = (const char *const *)who->jurisdiction;

	if (!sub->prefix_count) {
		free(sub->prefixes);
		if (!who->n_jurisdiction ||
		    copy_prefixes(sub, areas, who->n_jurisdiction) ||
		    recovery_set_prefixes(sub->recovery, areas,
					  who->n_jurisdiction)) {
			fault_say(&sub->fault, 0, FAULT_REFUSED,
				  "The gateway at '%s' says that you may see "
				  "nothing",
				  client_address(sub->client));
			return;
		}
	}
	if (sub->feed)
		place_fixed(sub);
	else
		choose(sub, who);
}

/* -------------------------------------------------------------- asking -- */

static void retry(struct gridcall_subscription *sub)
{
	sub->retry_ms = link_now_ms() + RETRY_MS;
}

static void note_patience(struct gridcall_subscription *sub, int rc)
{
	int twice_ms = 2 * sub->patience_ms;

	if (rc != -ETIMEDOUT)
		sub->patience_ms = PATIENCE_MS;
	else if (twice_ms <= PATIENT_MS)
		sub->patience_ms = twice_ms;
}

static void on_answer(void *data, const struct gridcall_answer *answer)
{
	struct gridcall_subscription *sub = data;
	Gridcall__V1__Reply refused = GRIDCALL__V1__REPLY__INIT;
	Gridcall__V1__Error error = GRIDCALL__V1__ERROR__INIT;

	sub->asked = 0;
	sub->fault = (struct gridcall_fault){0};
	note_patience(sub, answer->rc);
	if (!answer->rc &&
	    answer->reply->body_case == GRIDCALL__V1__REPLY__BODY_WHOAMI) {
		take_whoami(sub, answer->reply->whoami);
		if (sub->fault.sentence[0])
			retry(sub);
		return;
	}
	error.code = answer->fault->code;
	error.sentence = (char *)answer->fault->sentence;
	refused.error = &error;
	/* A new epoch or a trimmed history is no trouble. */
	if ((!answer->rc || answer->rc == -EREMOTEIO) &&
	    !recovery_reply(sub->recovery,
			    answer->rc ? &refused : answer->reply))
		return;
	fault_say(&sub->fault, 0, error.code, "%s",
		  answer->rc ? error.sentence
			     : "The gateway's answer does not fit the question "
			       "that a replay needs");
	retry(sub);
}

static bool fill(struct gridcall_subscription *sub,
		 Gridcall__V1__Request *request)
{
	static Gridcall__V1__WhoamiRequest whoami =
		GRIDCALL__V1__WHOAMI_REQUEST__INIT;
	static Gridcall__V1__StatusRequest status =
		GRIDCALL__V1__STATUS_REQUEST__INIT;

	if (!sub->placed) {
		request->body_case = GRIDCALL__V1__REQUEST__BODY_WHOAMI;
		request->whoami = &whoami;
		return true;
	}
	if (recovery_need(sub->recovery) == RECOVERY_STATUS) {
		request->body_case = GRIDCALL__V1__REQUEST__BODY_STATUS;
		request->status = &status;
		return true;
	}
	return false;
}

static bool fill_recovery(struct gridcall_subscription *sub,
			  Gridcall__V1__Request *request,
			  Gridcall__V1__ReplayRequest *replay,
			  Gridcall__V1__SnapshotRequest *snapshot)
{
	switch (recovery_need(sub->recovery)) {
	case RECOVERY_REPLAY:
		recovery_replay(sub->recovery, replay);
		request->body_case = GRIDCALL__V1__REQUEST__BODY_REPLAY;
		request->replay = replay;
		return true;
	case RECOVERY_SNAPSHOT:
		recovery_snapshot(sub->recovery, snapshot);
		request->body_case = GRIDCALL__V1__REQUEST__BODY_SNAPSHOT;
		request->snapshot = snapshot;
		return true;
	default:
		return false;
	}
}

/* Ask what is needed, once, and again after a pause when it did not help. */
static int ask_if_due(struct gridcall_subscription *sub)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ReplayRequest replay;
	Gridcall__V1__SnapshotRequest snapshot;
	struct gridcall_sent sent = {.on_answer = on_answer,
				     .data = sub,
				     .deadline_ms = sub->patience_ms};

	if (sub->asked || link_now_ms() < sub->retry_ms)
		return 0;
	if (!fill(sub, &request) &&
	    !fill_recovery(sub, &request, &replay, &snapshot))
		return 0;
	sub->retry_ms = 0;
	sub->asked = gridcall_send(sub->client, &request, &sent, &sub->fault);
	if (!sub->asked)
		retry(sub);
	return 1;
}

/* ------------------------------------------------------------- reading -- */

static int read_feed(struct gridcall_subscription *sub, size_t from, int most)
{
	struct link *link = sub->links[from];
	struct link_message message;
	int count = 0;

	link_check(link);
	recovery_from(sub->recovery, from);
	while (count < most && !link_receive(link, &message)) {
		recovery_message(sub->recovery, (const char *)message.topic,
				 message.topic_len, message.data, message.len);
		count++;
	}
	if (count)
		sub->silence_ms = link_now_ms() + SILENCE_MS;
	return count;
}

/* The gateway may have been started again with its feeds elsewhere. */
static int watch_silence(struct gridcall_subscription *sub)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__WhoamiRequest whoami = GRIDCALL__V1__WHOAMI_REQUEST__INIT;
	struct gridcall_sent sent = {.on_answer = on_answer, .data = sub};

	if (sub->asked || sub->feed || !sub->placed ||
	    link_now_ms() < sub->silence_ms || link_now_ms() < sub->retry_ms)
		return 0;
	request.body_case = GRIDCALL__V1__REQUEST__BODY_WHOAMI;
	request.whoami = &whoami;
	sub->asked = gridcall_send(sub->client, &request, &sent, NULL);
	sub->retry_ms = link_now_ms() + SILENCE_MS;
	return 1;
}

/* ------------------------------------------------------------ position -- */

static char *position_of(const struct gridcall_subscription *sub)
{
	size_t size = recovery_position(sub->recovery, NULL, 0) + 1;
	char *text = malloc(size);

	if (text)
		(void)recovery_position(sub->recovery, text, size);
	return text;
}

static void write_position(struct gridcall_subscription *sub)
{
	char *text = position_of(sub);
	int rc;

	if (!text || !*text || (sub->saved && !strcmp(text, sub->saved))) {
		free(text);
		return;
	}
	rc = position_write(sub->position_file, text);
	sub->unsaved = (struct gridcall_fault){0};
	if (rc)
		fault_say(&sub->unsaved, 0, FAULT_UNAVAILABLE,
			  "The position can't be written to '%s': %s; a "
			  "restart would repeat events",
			  sub->position_file, strerror(-rc));
	replace(&sub->saved, rc ? NULL : text);
	if (rc)
		free(text);
}

static void save_if_due(struct gridcall_subscription *sub)
{
	uint64_t events = recovery_stats(sub->recovery)->events;

	if (!sub->position_file ||
	    (events == sub->saved_events && link_now_ms() < sub->saved_ms))
		return;
	sub->saved_events = events;
	sub->saved_ms = link_now_ms() + SAVE_MS;
	write_position(sub);
}

/* ---------------------------------------------------------------- turn -- */

static void set_due(struct gridcall_subscription *sub)
{
	int64_t now_ms = link_now_ms();
	int64_t due_ms = now_ms + SILENCE_MS;
	size_t i;

	if (sub->silence_ms > now_ms && sub->silence_ms < due_ms)
		due_ms = sub->silence_ms;
	if (!sub->asked && sub->retry_ms > now_ms && sub->retry_ms < due_ms)
		due_ms = sub->retry_ms;
	for (i = 0; i < sub->link_count; i++) {
		int64_t link_ms = link_due_ms(sub->links[i]);

		if (link_ms && link_ms < due_ms)
			due_ms = link_ms;
	}
	sub->part.due_ms = due_ms;
}

static int work(struct client_part *part, int most)
{
	struct gridcall_subscription *sub =
		(struct gridcall_subscription *)part;
	int done = 0;
	size_t i;

	for (i = 0; i < sub->link_count; i++)
		done += read_feed(sub, i, most);
	done += ask_if_due(sub);
	done += watch_silence(sub);
	save_if_due(sub);
	tell_trouble(sub);
	set_due(sub);
	return done;
}

/* ------------------------------------------------------ open and close -- */

static struct gridcall_subscription *refuse(struct gridcall_subscription *sub,
					    struct gridcall_fault *fault)
{
	fault_say(fault, -EINVAL, FAULT_ARGUMENT,
		  "A prefix or the position is not legal; a prefix ends in "
		  "'.' and selects an area, as in gc1.440106. does");
	return gridcall_unsubscribe(sub);
}

static int take_interest(struct gridcall_subscription *sub,
			 const struct gridcall_interest *interest)
{
	struct gridcall_interest start = *interest;
	bool all = interest->prefix_count == 1 && !interest->prefixes[0][0] &&
		   !interest->feed;

	if (all)
		start.prefix_count = 0;
	sub->on_trouble = interest->on_trouble;
	sub->data = interest->data;
	if (sub->saved)
		start.position = sub->saved;
	sub->recovery = recovery_alloc(&start);
	if (!sub->recovery)
		return -EINVAL;
	if (interest->feed) {
		sub->feed = strdup(interest->feed);
		if (!sub->feed)
			return -ENOMEM;
	}
	return copy_prefixes(sub, interest->prefixes, start.prefix_count);
}

struct gridcall_subscription *
gridcall_subscribe(struct gridcall_client *client,
		   const struct gridcall_interest *interest,
		   struct gridcall_fault *fault)
{
	struct gridcall_subscription *sub = NULL;

	if (interest->on_event)
		sub = calloc(1, sizeof(*sub));
	if (!sub) {
		fault_say(fault, -EINVAL, FAULT_ARGUMENT,
			  "There is nobody to give events to, or no memory");
		return NULL;
	}
	sub->client = client;
	sub->part.work = work;
	sub->patience_ms = PATIENCE_MS;
	sub->silence_ms = link_now_ms() + SILENCE_MS;
	client_attach(client, &sub->part);
	if (interest->position_file) {
		sub->position_file = strdup(interest->position_file);
		if (!sub->position_file ||
		    position_read(sub->position_file, &sub->saved, fault))
			return gridcall_unsubscribe(sub);
	}
	if (take_interest(sub, interest))
		return refuse(sub, fault);
	if (sub->feed && sub->prefix_count) {
		place_fixed(sub);
		if (!sub->link_count) {
			if (fault)
				*fault = sub->fault;
			return gridcall_unsubscribe(sub);
		}
	}
	return sub;
}

struct gridcall_subscription *
gridcall_unsubscribe(struct gridcall_subscription *sub)
{
	if (!sub)
		return NULL;
	if (sub->position_file && sub->recovery)
		write_position(sub);
	gridcall_cancel(sub->client, sub->asked);
	client_detach(sub->client, &sub->part);
	drop_links(sub);
	recovery_free(sub->recovery);
	while (sub->prefix_count)
		free(sub->prefixes[--sub->prefix_count]);
	free(sub->prefixes);
	free(sub->feed);
	free(sub->placed);
	free(sub->told);
	free(sub->position_file);
	free(sub->saved);
	free(sub);
	return NULL;
}

size_t gridcall_position(const struct gridcall_subscription *sub, char *text,
			 size_t size)
{
	return recovery_position(sub->recovery, text, size);
}

bool gridcall_is_whole(const struct gridcall_subscription *sub)
{
	return sub->placed && recovery_need(sub->recovery) == RECOVERY_NOTHING;
}

void gridcall_get_stats(const struct gridcall_subscription *sub,
			struct gridcall_stats *stats)
{
	*stats = *recovery_stats(sub->recovery);
}
