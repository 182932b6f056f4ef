/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/plan.h"
#include "gateway/call/announcement.h"
#include "gateway/call/call.h"
#include "gateway/call/lane.h"
#include "gateway/call/leg.h"
#include "gateway/call/message.h"
#include "gateway/call/prompts.h"
#include "gateway/clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <talloc.h>

#define PLAN_KEPT_US 600000000u
/* Of one principal: the newest, of whatever size, and others beside it. */
#define PLANS_KEPT      64
#define PLAN_KEPT_BYTES (32u << 20)
#define NAMED_AT_MOST   5 /* units named in one warning */
#define US_PER_MS       1000

struct kept_plan {
	struct llist_head entry;
	char id[PLAN_ID_MAX];
	const char *principal;
	uint64_t made_us;
	size_t size;
	Gridcall__V1__PlanRequest *request;
};

/* ------------------------------------------------------------------- kept --
 */

static void forget_expired(struct calls *calls)
{
	uint64_t now_us = clock_now_us();
	struct kept_plan *plan, *next;

	llist_for_each_entry_safe (plan, next, &calls->plans, entry) {
		if (now_us - plan->made_us < PLAN_KEPT_US)
			continue;
		llist_del(&plan->entry);
		talloc_free(plan);
	}
}

/* Nobody fills the gateway's memory with plans that are not started. */
static void forget_surplus(struct calls *calls, const char *principal)
{
	struct kept_plan *plan, *next;
	size_t count = 0, bytes = 0;

	/* The newest is first. */
	llist_for_each_entry_safe (plan, next, &calls->plans, entry) {
		if (strcmp(plan->principal, principal))
			continue;
		bytes += plan->size;
		if (!count++ ||
		    (count <= PLANS_KEPT && bytes <= PLAN_KEPT_BYTES))
			continue;
		llist_del(&plan->entry);
		talloc_free(plan);
	}
}

void plan_keep(struct calls *calls, const char *principal,
	       const Gridcall__V1__PlanRequest *request, char id[PLAN_ID_MAX])
{
	struct kept_plan *plan = talloc_zero(calls, struct kept_plan);
	uint64_t random = 0;

	OSMO_ASSERT(plan);
	forget_expired(calls);
	(void)!getrandom(&random, sizeof(random), 0);
	snprintf(plan->id, sizeof(plan->id), "p%016llx",
		 (unsigned long long)random);
	plan->principal = talloc_strdup(plan, principal);
	plan->made_us = clock_now_us();
	plan->size = gridcall__v1__plan_request__get_packed_size(request);
	plan->request = message_copy(plan, &request->base);
	llist_add(&plan->entry, &calls->plans);
	forget_surplus(calls, principal);
	snprintf(id, PLAN_ID_MAX, "%s", plan->id);
}

const Gridcall__V1__PlanRequest *
plan_find(struct calls *calls, const char *principal, const char *id)
{
	struct kept_plan *plan;

	forget_expired(calls);
	llist_for_each_entry (plan, &calls->plans, entry)
		if (!strcmp(plan->id, id) &&
		    !strcmp(plan->principal, principal))
			return plan->request;
	return NULL;
}

/* -------------------------------------------------------------- durations --
 */

uint32_t plan_cue_ms(const struct calls *calls, const char *unit,
		     const char *number)
{
	const struct prompt *cue[VOICE_CLIPS_MAX];
	size_t count =
		prompts_cue(calls->prompts, unit, number, cue, VOICE_CLIPS_MAX);
	uint32_t sum_ms = 0;
	size_t i;

	for (i = 0; i < count; i++)
		sum_ms += cue[i]->is_measured ? cue[i]->length_ms : PLAN_CUE_MS;
	return sum_ms;
}

static uint32_t prompt_ms(const struct calls *calls, const char *name)
{
	const struct prompt *prompt = prompts_find(calls->prompts, name);

	return prompt ? prompt->length_ms : 0;
}

static bool is_cued_always(const struct calls *calls,
			   const Gridcall__V1__CallOptions *options,
			   const struct channel_entry *channel)
{
	return !channel->repeater || options->always_cue ||
	       calls->settings.always_cue;
}

/* One channel of a roster. */
struct stretch {
	const struct candidate *first;
	size_t count;
	uint32_t asked;
};

/* Keyed, cued and answered, without the silences that nobody fills. */
static uint32_t sum_cues_ms(const struct calls *calls,
			    const struct stretch *stretch)
{
	const struct candidate *candidate = stretch->first;
	uint32_t sum_ms = 0;
	size_t i;

	for (i = 0; i < stretch->count; i++, candidate++)
		if (candidate->state == GRIDCALL__V1__UNIT_STATE__UNIT_PENDING)
			sum_ms += candidate->channel->lead_ms +
				  plan_cue_ms(calls, candidate->unit->code,
					      candidate->unit->number);
	return sum_ms;
}

static uint32_t yields_ms(const struct calls *calls, uint32_t turns)
{
	const struct calls_settings *settings = &calls->settings;

	if (!settings->yield_every || !turns)
		return 0;
	return (turns - 1) / settings->yield_every * settings->yield_ms;
}

static uint32_t ends_ms(const struct calls *calls, const struct roster *roster,
			const struct channel_entry *channel)
{
	return channel->lead_ms + roster->announcement_ms + channel->lead_ms +
	       prompt_ms(calls, "done") + 2 * channel->tail_ms;
}

static uint32_t airtime_ms(const struct calls *calls,
			   const struct roster *roster,
			   const struct stretch *stretch)
{
	const struct channel_entry *channel = stretch->first->channel;
	uint32_t each_ms = PLAN_REACTION_MS + PLAN_OVER_MS + channel->tail_ms;
	uint32_t cues_ms = 0;

	if (is_cued_always(calls, roster->options, channel))
		cues_ms = sum_cues_ms(calls, stretch) +
			  stretch->asked * channel->tail_ms;
	return ends_ms(calls, roster, channel) + cues_ms +
	       stretch->asked * each_ms + yields_ms(calls, stretch->asked);
}

static uint32_t longest_ms(const struct calls *calls,
			   const struct roster *roster,
			   const struct stretch *stretch)
{
	const struct channel_entry *channel = stretch->first->channel;
	uint32_t rounds = roster->options->rounds;
	uint32_t round_ms = sum_cues_ms(calls, stretch) +
			    stretch->asked * (roster->options->silence_ms +
					      channel->tail_ms);

	return ends_ms(calls, roster, channel) + rounds * round_ms +
	       yields_ms(calls, rounds * stretch->asked);
}

/* --------------------------------------------------------------- warnings --
 */

struct warnings {
	void *ctx;
	char ***texts;
	size_t *count;
};

static void warn(const struct warnings *warnings, char *text)
{
	message_append(warnings->ctx, *warnings->texts, *warnings->count, text);
}

/* "3 units have no recording of their name: U1, U2 ..." */
static void warn_of_units(const struct warnings *warnings,
			  const struct stretch *stretch,
			  bool (*applies)(const struct calls *calls,
					  const struct unit *unit),
			  const struct calls *calls, const char *what)
{
	const struct candidate *candidate = stretch->first;
	char *names = talloc_strdup(warnings->ctx, "");
	size_t count = 0;
	size_t i;

	for (i = 0; i < stretch->count; i++, candidate++) {
		if (candidate->state !=
			    GRIDCALL__V1__UNIT_STATE__UNIT_PENDING ||
		    !applies(calls, candidate->unit))
			continue;
		if (count++ < NAMED_AT_MOST)
			names = talloc_asprintf_append(names, " %s",
						       candidate->unit->code);
	}
	if (count)
		warn(warnings,
		     talloc_asprintf(warnings->ctx, "%zu %s:%s%s", count, what,
				     names,
				     count > NAMED_AT_MOST ? " ..." : ""));
}

static bool lacks_name(const struct calls *calls, const struct unit *unit)
{
	char key[256];

	snprintf(key, sizeof(key), "units/%s", unit->code);
	return !prompts_find(calls->prompts, key) &&
	       plan_cue_ms(calls, unit->code, unit->number);
}

static bool lacks_cue(const struct calls *calls, const struct unit *unit)
{
	return !plan_cue_ms(calls, unit->code, unit->number);
}

static bool lacks_keypad(const struct calls *calls, const struct unit *unit)
{
	char **way;

	for (way = unit->answers_by; way && *way; way++)
		if (!strcmp(*way, "keypad"))
			return false;
	return unit->answers_by && unit->answers_by[0];
}

static void warn_of_channel(const struct calls *calls,
			    const struct stretch *stretch,
			    const struct warnings *warnings)
{
	const struct candidate *first = stretch->first;
	const struct lane *lane = lane_find(calls, first->channel->code);

	warn_of_units(warnings, stretch, lacks_name, calls,
		      "units have no recording of their name and are cued by "
		      "number");
	warn_of_units(warnings, stretch, lacks_cue, calls,
		      "units have no recording at all and can't be cued");
	warn_of_units(warnings, stretch, lacks_keypad, calls,
		      "units answer without keypad and need an officer's ear");
	if (!stretch->asked)
		warn(warnings,
		     talloc_strdup(warnings->ctx, "nobody is asked here"));
	if (lane && !llist_empty(&lane->alarms))
		warn(warnings,
		     talloc_strdup(warnings->ctx,
				   "an alarm holds this channel; release it"));
}

static void warn_of_prompts(const struct calls *calls,
			    const struct roster *roster,
			    const struct warnings *warnings)
{
	static const char *const names[] = {"repeat", "done", "alarm"};
	const char *lead =
		roster->options->exercise ? "lead_exercise" : "lead_real";
	size_t i;

	if (!prompts_find(calls->prompts, lead))
		warn(warnings,
		     talloc_asprintf(warnings->ctx,
				     "there is no recording %s: drill and real "
				     "sound alike",
				     lead));
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!prompts_find(calls->prompts, names[i]))
			warn(warnings,
			     talloc_asprintf(
				     warnings->ctx,
				     "there is no recording %s: it is left out",
				     names[i]));
	if (!prompts_are_measured(calls->prompts))
		warn(warnings,
		     talloc_strdup(warnings->ctx,
				   "recordings are still being measured: the "
				   "times are rough"));
}

/* ------------------------------------------------------------------- plan --
 */

static uint32_t wait_behind_ms(const struct calls *calls, const char *channel)
{
	const struct lane *lane = lane_find(calls, channel);
	const struct leg *leg;
	uint32_t sum_ms = 0;

	if (!lane)
		return 0;
	llist_for_each_entry (leg, &lane->legs, queue)
		sum_ms += leg_remaining_ms(leg);
	return sum_ms;
}

static Gridcall__V1__PlanChannel *channel_make(struct calls *calls, void *ctx,
					       const struct roster *roster,
					       const struct stretch *stretch)
{
	const struct channel_entry *channel = stretch->first->channel;
	Gridcall__V1__PlanChannel *message =
		talloc(ctx, Gridcall__V1__PlanChannel);
	struct warnings warnings = {message, &message->warnings,
				    &message->n_warnings};

	OSMO_ASSERT(message);
	gridcall__v1__plan_channel__init(message);
	message->channel = talloc_strdup(message, channel->code);
	message->name = talloc_strdup(message, channel->name);
	message->units = stretch->asked;
	message->wait_ms = wait_behind_ms(calls, channel->code);
	if (stretch->asked) {
		message->airtime_ms = airtime_ms(calls, roster, stretch);
		message->longest_ms = longest_ms(calls, roster, stretch);
	}
	message->finish_at_us =
		clock_utc_us() +
		((int64_t)message->wait_ms + message->airtime_ms) * US_PER_MS;
	warn_of_channel(calls, stretch, &warnings);
	return message;
}

static void add_not_asked(Gridcall__V1__Plan *plan,
			  const struct candidate *candidate)
{
	Gridcall__V1__CalledUnit *called =
		talloc(plan, Gridcall__V1__CalledUnit);

	OSMO_ASSERT(called);
	gridcall__v1__called_unit__init(called);
	called->unit = talloc_strdup(called, candidate->unit->code);
	called->name = talloc_strdup(called, candidate->unit->name);
	called->channel = talloc_strdup(called, candidate->unit->channel);
	called->number = talloc_strdup(called, candidate->unit->number);
	called->expected = candidate->unit->strength;
	called->place = candidate->place;
	called->state = candidate->state;
	called->reason = talloc_strdup(called, candidate_reason(candidate));
	message_append(plan, plan->not_asked, plan->n_not_asked, called);
}

/* The candidates of one channel from index on. */
static struct stretch stretch_at(const struct roster *roster, size_t index)
{
	const struct candidate *first = &roster->candidates[index];
	struct stretch stretch = {.first = first};

	while (index + stretch.count < roster->count &&
	       !strcmp(first[stretch.count].unit->channel,
		       first->unit->channel)) {
		if (first[stretch.count].state ==
		    GRIDCALL__V1__UNIT_STATE__UNIT_PENDING)
			stretch.asked++;
		stretch.count++;
	}
	return stretch;
}

static void add_channels(struct calls *calls, const struct roster *roster,
			 Gridcall__V1__Plan *plan)
{
	Gridcall__V1__PlanChannel *channel;
	struct stretch stretch;
	size_t i;

	for (i = 0; i < roster->count; i += stretch.count) {
		stretch = stretch_at(roster, i);
		if (!stretch.first->channel)
			continue;
		channel = channel_make(calls, plan, roster, &stretch);
		message_append(plan, plan->channels, plan->n_channels, channel);
		if (channel->airtime_ms > plan->airtime_ms)
			plan->airtime_ms = channel->airtime_ms;
		if (channel->finish_at_us > plan->finish_at_us)
			plan->finish_at_us = channel->finish_at_us;
	}
}

Gridcall__V1__Plan *plan_make(struct calls *calls, void *ctx,
			      const struct roster *roster, const char *id)
{
	Gridcall__V1__Plan *plan = talloc(ctx, Gridcall__V1__Plan);
	struct warnings warnings = {plan, &plan->warnings, &plan->n_warnings};
	size_t i;

	OSMO_ASSERT(plan);
	gridcall__v1__plan__init(plan);
	plan->plan = talloc_strdup(plan, id);
	plan->units = (uint32_t)roster->count;
	plan->reach = (uint32_t)roster->asked;
	add_channels(calls, roster, plan);
	for (i = 0; i < roster->count; i++)
		if (roster->candidates[i].state !=
		    GRIDCALL__V1__UNIT_STATE__UNIT_PENDING)
			add_not_asked(plan, &roster->candidates[i]);
	warn_of_prompts(calls, roster, &warnings);
	return plan;
}
