/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/call/roster.h"
#include "gateway/call/announcement.h"
#include "gateway/call/message.h"
#include "gateway/call/prompts.h"
#include "gateway/call/selector.h"
#include "gateway/clock.h"
#include "gateway/record/duty.h"

#include <osmocom/core/utils.h>
#include <string.h>
#include <talloc.h>

#define BAD       GRIDCALL__V1__ERROR_CODE__ERROR_BAD_ARGUMENT
#define NOT_FOUND GRIDCALL__V1__ERROR_CODE__ERROR_NOT_FOUND

#define ROUNDS_MAX     9
#define SILENCE_MIN_MS 100
#define SILENCE_MAX_MS 120000
#define TITLE_MAX      200
#define MS_PER_S       1000u

/* ---------------------------------------------------------------- options --
 */

static int check_kind(const Gridcall__V1__CallOptions *options,
		      struct fault *fault)
{
	if (options->kind > GRIDCALL__V1__CALL_KIND__KIND_INCIDENT)
		return fault_set(fault, BAD,
				 "this gateway knows no call of kind %d; use "
				 "a roll-call, pull test, drill or incident",
				 (int)options->kind);
	if (options->mode > GRIDCALL__V1__CALL_MODE__MODE_POLL)
		return fault_set(fault, BAD,
				 "this gateway knows no mode %d; use turn",
				 (int)options->mode);
	if (options->mode > GRIDCALL__V1__CALL_MODE__MODE_TURN)
		return fault_set(fault, BAD,
				 "the modes open, hunt and poll are not yet "
				 "built; use turn");
	return 0;
}

static int check_figures(const Gridcall__V1__CallOptions *options,
			 struct fault *fault)
{
	if (options->rounds > ROUNDS_MAX)
		return fault_set(fault, BAD,
				 "%u rounds are too many; ask at most %u times",
				 options->rounds, ROUNDS_MAX);
	if (options->silence_ms && (options->silence_ms < SILENCE_MIN_MS ||
				    options->silence_ms > SILENCE_MAX_MS))
		return fault_set(fault, BAD,
				 "a silence time of %u ms is out of range; "
				 "use %u to %u ms",
				 options->silence_ms, SILENCE_MIN_MS,
				 SILENCE_MAX_MS);
	if (strlen(options->title) > TITLE_MAX)
		return fault_set(
			fault, BAD,
			"the title is longer than %u bytes; shorten it",
			TITLE_MAX);
	if (options->base.n_unknown_fields)
		return fault_set(fault, BAD,
				 "the options have a field that this gateway "
				 "doesn't know; it may be older than its "
				 "client");
	return 0;
}

static void fill_defaults(const struct calls *calls,
			  Gridcall__V1__CallOptions *options)
{
	if (!options->kind)
		options->kind = GRIDCALL__V1__CALL_KIND__KIND_ROLL_CALL;
	if (!options->mode)
		options->mode = GRIDCALL__V1__CALL_MODE__MODE_TURN;
	if (!options->rounds)
		options->rounds = calls->settings.rounds;
	if (!options->silence_ms)
		options->silence_ms = calls->settings.silence_ms;
}

static int take_options(const struct calls *calls, struct roster *roster,
			const Gridcall__V1__PlanRequest *request,
			struct fault *fault)
{
	static const Gridcall__V1__CallOptions none =
		GRIDCALL__V1__CALL_OPTIONS__INIT;
	const Gridcall__V1__CallOptions *options =
		request->options ? request->options : &none;

	if (check_kind(options, fault) < 0 || check_figures(options, fault) < 0)
		return -1;
	roster->options = message_copy(roster, &options->base);
	fill_defaults(calls, roster->options);
	return 0;
}

/* ----------------------------------------------------------- announcement --
 */

static int take_upload(struct roster *roster, struct fault *fault)
{
	ProtobufCBinaryData *file = &roster->options->announcement_file;

	return announcement_length(file->data, file->len,
				   &roster->announcement_ms, fault);
}

static int take_named(const struct calls *calls, struct roster *roster,
		      struct fault *fault)
{
	const char *name = roster->options->announcement;
	const struct prompt *prompt =
		prompts_announcement(calls->prompts, name);

	if (!prompt) {
		/* Put there a moment ago, it is found the next time. */
		prompts_refresh(calls->prompts);
		return fault_set(fault, NOT_FOUND,
				 "there is no announcement %s.wav in %s; put "
				 "it there (speak-prompts makes one) and ask "
				 "again in a few seconds, or send a file",
				 name[0] ? name : "announce",
				 prompts_folder(calls->prompts));
	}
	if (prompt->why[0])
		return fault_set(fault, BAD, "announcement %s: %s",
				 prompt->path, prompt->why);
	roster->announcement = prompt->path;
	roster->announcement_ms = prompt->length_ms;
	return 0;
}

static int take_announcement(const struct calls *calls, struct roster *roster,
			     struct fault *fault)
{
	const struct prompt *lead;
	int rc;

	if (roster->options->announcement_file.len)
		rc = take_upload(roster, fault);
	else
		rc = take_named(calls, roster, fault);
	if (rc < 0)
		return rc;
	lead = prompts_find(calls->prompts, roster->options->exercise
						    ? "lead_exercise"
						    : "lead_real");
	if (lead && roster->announcement_ms)
		roster->announcement_ms += lead->length_ms;
	return 0;
}

static int check_length(const struct roster *roster,
			const struct channel_entry *channel,
			struct fault *fault)
{
	if (channel->lead_ms + roster->announcement_ms <=
	    channel->tx_limit_s * MS_PER_S)
		return 0;
	return fault_set(fault, BAD,
			 "the announcement takes %u s with its lead-in, but "
			 "channel %s sends at most %u s at a time; shorten it",
			 (roster->announcement_ms + MS_PER_S - 1) / MS_PER_S,
			 channel->code, channel->tx_limit_s);
}

/* ------------------------------------------------------------- candidates --
 */

static bool is_channel_up(const struct calls *calls, const char *channel)
{
	const struct calls_config *config = &calls->config;
	int slot = config->slot(config->data, channel);

	return slot >= 0 &&
	       voice_state(config->voice, (uint32_t)slot) != CHANNEL_DOWN;
}

static Gridcall__V1__UnitState state_of(const struct calls *calls,
					const struct roster *roster,
					const struct candidate *candidate)
{
	if (unit_is_excused(candidate->unit, roster->now_us))
		return GRIDCALL__V1__UNIT_STATE__UNIT_EXCUSED;
	if (!roster->options->ignore_duty &&
	    !duty_is_on(candidate->unit->duty, &roster->local))
		return GRIDCALL__V1__UNIT_STATE__UNIT_OFF_DUTY;
	if (!candidate->channel ||
	    !is_channel_up(calls, candidate->channel->code))
		return GRIDCALL__V1__UNIT_STATE__UNIT_UNREACHABLE;
	return GRIDCALL__V1__UNIT_STATE__UNIT_PENDING;
}

const char *candidate_reason(const struct candidate *candidate)
{
	return candidate->state == GRIDCALL__V1__UNIT_STATE__UNIT_EXCUSED
		       ? candidate->unit->excused_reason
		       : "";
}

static bool same_channel(const struct candidate *one,
			 const struct candidate *other)
{
	return !strcmp(one->unit->channel, other->unit->channel);
}

static void add_candidate(const struct calls *calls, struct roster *roster,
			  const struct directory *directory,
			  const struct unit *unit)
{
	struct candidate *candidate = &roster->candidates[roster->count];

	candidate->unit = unit;
	candidate->channel = directory_find_channel(directory, unit->channel);
	candidate->state = state_of(calls, roster, candidate);
	if (roster->count && same_channel(candidate - 1, candidate))
		candidate->place = candidate[-1].place + 1;
	if (candidate->state == GRIDCALL__V1__UNIT_STATE__UNIT_PENDING)
		roster->asked++;
	roster->count++;
}

static int take_units(struct calls *calls, struct roster *roster,
		      const struct scope *scope, struct fault *fault)
{
	const char *text = roster->selector;
	const struct directory *directory =
		calls->config.directory(calls->config.data);
	struct selector *selector =
		selector_parse_within(roster, text, directory, scope, fault);
	const struct unit **units;
	size_t count = 0;
	size_t i;

	if (!selector)
		return -1;
	units = selector_units(selector, roster, directory, &count);
	if (!count)
		return fault_set(fault, NOT_FOUND,
				 "no unit is selected by '%s'; look with "
				 "units, or import some",
				 text);
	roster->candidates = talloc_zero_array(roster, struct candidate, count);
	OSMO_ASSERT(roster->candidates);
	for (i = 0; i < count; i++)
		add_candidate(calls, roster, directory, units[i]);
	return 0;
}

static int check_channels(const struct roster *roster, struct fault *fault)
{
	const struct candidate *candidate = roster->candidates;
	size_t i;

	for (i = 0; i < roster->count; i++, candidate++)
		if (candidate->state ==
			    GRIDCALL__V1__UNIT_STATE__UNIT_PENDING &&
		    check_length(roster, candidate->channel, fault) < 0)
			return -1;
	return 0;
}

struct roster *roster_make(struct calls *calls, void *ctx,
			   const Gridcall__V1__PlanRequest *request,
			   const struct scope *scope, struct fault *fault)
{
	struct roster *roster = talloc_zero(ctx, struct roster);
	time_t now = time(NULL);

	OSMO_ASSERT(roster);
	localtime_r(&now, &roster->local);
	roster->now_us = clock_utc_us();
	roster->selector = talloc_strdup(roster, request->selector);
	if (take_options(calls, roster, request, fault) < 0 ||
	    take_announcement(calls, roster, fault) < 0 ||
	    take_units(calls, roster, scope, fault) < 0 ||
	    check_channels(roster, fault) < 0) {
		talloc_free(roster);
		return NULL;
	}
	return roster;
}

int roster_store_upload(struct calls *calls, struct roster *roster,
			struct fault *fault)
{
	Gridcall__V1__CallOptions *options = roster->options;
	ProtobufCBinaryData *file = &options->announcement_file;
	char name[ANNOUNCEMENT_NAME_MAX];

	if (!file->len)
		return 0;
	if (announcement_store(roster, calls->settings.announcements,
			       file->data, file->len, &roster->announcement,
			       fault) < 0)
		return -1;
	announcement_name(file->data, file->len, name);
	options->announcement = talloc_strdup(roster, name);
	*file = (ProtobufCBinaryData){0};
	return 0;
}
