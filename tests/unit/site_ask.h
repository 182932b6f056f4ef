/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * site_ask.h - the requests that tests of the whole gateway make
 *
 * Each waits for its reply, which lasts until some more have come.
 */
#pragma once

#include "tests/unit/site_bench.h"

static inline const Gridcall__V1__UnitsReply *units(const char *selector,
						    uint32_t limit)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__UnitsRequest body = GRIDCALL__V1__UNITS_REQUEST__INIT;

	request.body_case = BODY(UNITS);
	request.units = &body;
	body.selector = (char *)selector;
	body.limit = limit;
	ask(&request);
	return site.reply->error ? NULL : site.reply->units;
}

static inline const Gridcall__V1__Reply *plan(const char *selector)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__PlanRequest body = GRIDCALL__V1__PLAN_REQUEST__INIT;

	request.body_case = BODY(PLAN);
	request.plan = &body;
	body.selector = (char *)selector;
	return ask(&request);
}

static inline const char *start_plan(const char *plan_id, const char *selector)
{
	static char call[4][40]; /* outlives some more */
	static unsigned int next;
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__StartRequest body = GRIDCALL__V1__START_REQUEST__INIT;
	Gridcall__V1__PlanRequest spec = GRIDCALL__V1__PLAN_REQUEST__INIT;

	request.body_case = BODY(START);
	request.start = &body;
	spec.selector = (char *)selector;
	body.plan = (char *)plan_id;
	if (selector)
		body.spec = &spec;
	ask(&request);
	if (site.reply->error)
		return NULL;
	next = (next + 1) % ARRAY_SIZE(call);
	strcpy(call[next], site.reply->start->call);
	return call[next];
}

static inline const char *start(const char *selector)
{
	const char *call = start_plan("", selector);

	assert_done();
	return call;
}

/* pause, resume and cancel */
static inline void hold(Gridcall__V1__Request__BodyCase what, const char *call)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__HoldRequest body = GRIDCALL__V1__HOLD_REQUEST__INIT;

	request.body_case = what;
	request.pause = &body;
	body.call = (char *)call;
	ask(&request);
}

static inline void confirm(const char *call, const char *unit)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ConfirmRequest body = GRIDCALL__V1__CONFIRM_REQUEST__INIT;

	request.body_case = BODY(CONFIRM);
	request.confirm = &body;
	body.call = (char *)call;
	body.unit = (char *)unit;
	body.headcount_stated_case =
		GRIDCALL__V1__CONFIRM_REQUEST__HEADCOUNT_STATED_HEADCOUNT;
	body.headcount = 9;
	ask(&request);
}

static inline void release(const char *channel)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ReleaseRequest body = GRIDCALL__V1__RELEASE_REQUEST__INIT;

	request.body_case = BODY(RELEASE);
	request.release = &body;
	body.channel = (char *)channel;
	ask(&request);
}

static inline void recording(const char *name)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__RecordingRequest body =
		GRIDCALL__V1__RECORDING_REQUEST__INIT;

	request.body_case = BODY(RECORDING);
	request.recording = &body;
	body.recording = (char *)name;
	ask(&request);
}

static inline const Gridcall__V1__ChannelsReply *channels(void)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ChannelsRequest body =
		GRIDCALL__V1__CHANNELS_REQUEST__INIT;

	request.body_case = BODY(CHANNELS);
	request.channels = &body;
	ask(&request);
	assert_done();
	return site.reply->channels;
}

static inline const Gridcall__V1__CallsReply *calls(void)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__CallsRequest body = GRIDCALL__V1__CALLS_REQUEST__INIT;

	request.body_case = BODY(CALLS);
	request.calls = &body;
	ask(&request);
	assert_done();
	return site.reply->calls;
}

static inline const Gridcall__V1__Report *report(const char *call)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ReportRequest body = GRIDCALL__V1__REPORT_REQUEST__INIT;

	request.body_case = BODY(REPORT);
	request.report = &body;
	body.call = (char *)call;
	ask(&request);
	return site.reply->error ? NULL : site.reply->report;
}

static inline char *sentence(void)
{
	assert_non_null(site.reply->error);
	return strdup(site.reply->error->sentence);
}

/* The same refusal, but for the name of the thing. */
static inline void assert_same_words(char *real, const char *name, char *unreal,
				     const char *other)
{
	char *at;

	assert_int_equal(strlen(name), strlen(other));
	while ((at = strstr(unreal, other)))
		memcpy(at, name, strlen(name));
	assert_string_equal(real, unreal);
	free(real);
	free(unreal);
}

static inline void record(const char *name)
{
	char path[256];
	FILE *file;
	char *at;

	snprintf(path, sizeof(path), "%s/%s", site.recordings, name);
	for (at = path + strlen(site.recordings) + 1; (at = strchr(at, '/'));
	     at++) {
		*at = '\0';
		(void)mkdir(path, 0700);
		*at = '/';
	}
	file = fopen(path, "wb");
	assert_non_null(file);
	fputs("sound", file);
	fclose(file);
}
