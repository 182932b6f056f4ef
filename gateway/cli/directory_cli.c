/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * units and channels: who can be called, and over what.
 */
#include "gateway/cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "gateway/cli/table.h"
#include "gateway/cli/when.h"

static const char *const unit_headings[] = {
	"CODE",       "CHANNEL", "NUMBER", "NAME",    "CATEGORY", ">STRENGTH",
	"ANSWERS BY", "DUTY",    "TAGS",   "EXCUSED", NULL};

static const char *const channel_headings[] = {
	"CODE",   "STATE", "KIND", "DRIVER", ">UNITS",
	">OVERS", "CALL",  "NAME", "REASON", NULL};

static const char *const state_names[] = {"down", "idle", "receiving",
					  "transmitting", "jammed"};

static void add_list(struct table *table, size_t count, char **texts)
{
	char text[256];
	size_t len = 0;
	size_t i;

	text[0] = '\0';
	for (i = 0; i < count && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
					i ? ";" : "", texts[i]);
	table_add(table, text);
}

static void add_excuse(struct table *table, const Gridcall__V1__Unit *unit)
{
	char until[WHEN_SIZE];

	if (unit->excused_until_us <= (int64_t)time(NULL) * 1000000) {
		table_add(table, "");
		return;
	}
	when_tell(until, unit->excused_until_us);
	table_format(table, "until %s: %s", until, unit->excused_reason);
}

static void add_unit(struct table *table, const Gridcall__V1__Unit *unit)
{
	table_add(table, unit->code);
	table_add(table, unit->channel);
	table_add(table, unit->number);
	table_add(table, unit->name);
	table_add(table, unit->category);
	table_format(table, "%u", unit->strength);
	add_list(table, unit->n_answers_by, unit->answers_by);
	table_add(table, unit->duty);
	add_list(table, unit->n_tags, unit->tags);
	add_excuse(table, unit);
}

static void put_units(const Gridcall__V1__UnitsReply *units)
{
	struct table table;
	size_t i;

	table_init(&table, unit_headings);
	for (i = 0; i < units->n_units; i++)
		add_unit(&table, units->units[i]);
	table_print(&table, stdout);
	table_clear(&table);
	if (units->total > units->n_units)
		printf("%zu of %u units\n", units->n_units, units->total);
	else
		printf("%zu units\n", units->n_units);
}

enum status units_run(struct cli *cli)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__UnitsRequest body = GRIDCALL__V1__UNITS_REQUEST__INIT;
	Gridcall__V1__Reply *reply;
	uint64_t limit = 0;
	enum status status = cli_number(cli, "limit", UINT32_MAX, &limit);
	size_t i;

	if (status)
		return status;
	request.body_case = GRIDCALL__V1__REQUEST__BODY_UNITS;
	request.units = &body;
	body.selector = cli_joined(cli, 0);
	body.limit = (uint32_t)limit;
	status = cli_ask(cli, &request, &reply);
	free(body.selector);
	if (status)
		return status;
	if (cli_has(cli, "json"))
		for (i = 0; i < reply->units->n_units; i++)
			(void)cli_print_json(&reply->units->units[i]->base);
	else
		put_units(reply->units);
	gridcall_reply_free(reply);
	return STATUS_DONE;
}

static void add_channel(struct table *table,
			const Gridcall__V1__Channel *channel)
{
	size_t known = sizeof(state_names) / sizeof(state_names[0]);
	unsigned int state = (unsigned int)channel->state;

	table_add(table, channel->code);
	table_add(table, state < known ? state_names[state] : "?");
	table_add(table, channel->kind);
	table_add(table, channel->driver);
	table_format(table, "%u", channel->units);
	table_format(table, "%llu", (unsigned long long)channel->overs);
	table_add(table, channel->call);
	table_add(table, channel->name);
	table_add(table, channel->reason);
}

static void put_channels(const Gridcall__V1__ChannelsReply *channels)
{
	struct table table;
	size_t i;

	table_init(&table, channel_headings);
	for (i = 0; i < channels->n_channels; i++)
		add_channel(&table, channels->channels[i]);
	table_print(&table, stdout);
	table_clear(&table);
}

enum status channels_run(struct cli *cli)
{
	Gridcall__V1__Request request = GRIDCALL__V1__REQUEST__INIT;
	Gridcall__V1__ChannelsRequest body =
		GRIDCALL__V1__CHANNELS_REQUEST__INIT;
	Gridcall__V1__Reply *reply;
	enum status status;
	size_t i;

	request.body_case = GRIDCALL__V1__REQUEST__BODY_CHANNELS;
	request.channels = &body;
	status = cli_ask(cli, &request, &reply);
	if (status)
		return status;
	if (cli_has(cli, "json"))
		for (i = 0; i < reply->channels->n_channels; i++)
			(void)cli_print_json(
				&reply->channels->channels[i]->base);
	else
		put_channels(reply->channels);
	gridcall_reply_free(reply);
	return STATUS_DONE;
}
