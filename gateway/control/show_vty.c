/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/control/authority.h"
#include "gateway/control/gateway_vty.h"

#include <string.h>
#include <time.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <osmocom/vty/command.h>
#include <osmocom/vty/vty.h>

#include "gateway/call/selector.h"
#include "gateway/clock.h"
#include "gateway/gateway.h"
#include "gateway/plugin.h"
#include "gateway/radios.h"
#include "gateway/services.h"

#define COUNTERS_MAX 64

static struct gateway *the_gateway;

static const struct value_string state_names[] = {
	{CHANNEL_DOWN, "down"},
	{CHANNEL_IDLE, "idle"},
	{CHANNEL_RECEIVING, "receiving"},
	{CHANNEL_TRANSMITTING, "transmitting"},
	{CHANNEL_JAMMED, "jammed"},
	{0, NULL},
};

static int not_started(struct vty *vty)
{
	vty_out(vty, "%% the gateway has not started yet%s", VTY_NEWLINE);
	return CMD_WARNING;
}

DEFUN(show_gateway, show_gateway_cmd, "show gateway",
      SHOW_STR "This gateway as a whole\n")
{
	struct gateway *gateway = the_gateway;
	Gridcall__V1__Status status;

	if (!gateway->started)
		return not_started(vty);
	gateway_status(gateway, &status);
	vty_out(vty, "Gateway %s, version %s%s", status.gateway, status.version,
		VTY_NEWLINE);
	vty_out(vty, " up for %lld s, clock %s%s",
		(long long)(clock_utc_us() - status.up_since_us) / 1000000,
		status.clock_synchronised ? "synchronised" : "not synchronised",
		VTY_NEWLINE);
	vty_out(vty, " %u units, %u channels (%u down), %u calls open%s",
		status.units, status.channels, status.channels_down,
		status.calls_open, VTY_NEWLINE);
	vty_out(vty, " epoch %s, last event %llu, ledger %s%s", status.epoch,
		(unsigned long long)status.seq, status.ledger, VTY_NEWLINE);
	if (gateway->stuck[0])
		vty_out(vty, " thread %s makes no progress%s", gateway->stuck,
			VTY_NEWLINE);
	return CMD_SUCCESS;
}

DEFUN(show_channels, show_channels_cmd, "show channels",
      SHOW_STR "All channels and how they are\n")
{
	struct gateway *gateway = the_gateway;
	size_t i;

	if (!gateway->started)
		return not_started(vty);
	for (i = 0; i < directory_channel_count(gateway->directory); i++) {
		const struct channel_entry *channel =
			directory_channel(gateway->directory, i);
		struct radio_status status;

		radios_status(gateway->radios, channel->code, &status);
		vty_out(vty, "%-12s %-12s %-9s %-8s %s%s%s%s", channel->code,
			get_value_string(state_names, status.state),
			channel->repeater ? "repeater" : "simplex",
			channel->driver, channel->name,
			status.reason[0] ? ": " : "", status.reason,
			VTY_NEWLINE);
	}
	return CMD_SUCCESS;
}

static void show_counters(struct vty *vty,
			  const struct gridcall_counter *counters, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		vty_out(vty, " %-24s %12llu  %s%s", counters[i].name,
			(unsigned long long)counters[i].value,
			counters[i].summary, VTY_NEWLINE);
}

static void show_channel_entry(struct vty *vty,
			       const struct channel_entry *channel)
{
	vty_out(vty, "Channel %s, %s, home %s%s", channel->code, channel->name,
		channel->home, VTY_NEWLINE);
	vty_out(vty, " driver %s, address %s%s", channel->driver,
		channel->address, VTY_NEWLINE);
	vty_out(vty, " %s, lead %u ms, hang %u ms, tail %u ms%s",
		channel->repeater ? "repeater" : "simplex", channel->lead_ms,
		channel->hang_ms, channel->tail_ms, VTY_NEWLINE);
	vty_out(vty, " transmit limit %u s, over limit %u s%s",
		channel->tx_limit_s, channel->over_limit_s, VTY_NEWLINE);
	vty_out(vty, " signalling %s%s", channel->signalling, VTY_NEWLINE);
}

DEFUN(show_channel, show_channel_cmd, "show channel CODE",
      SHOW_STR "One channel with its counters\n"
	       "Code of the channel\n")
{
	struct gateway *gateway = the_gateway;
	struct gridcall_counter counters[COUNTERS_MAX];
	const struct channel_entry *channel;
	struct radio_status status;
	size_t count;

	if (!gateway->started)
		return not_started(vty);
	channel = directory_find_channel(gateway->directory, argv[0]);
	if (!channel) {
		vty_out(vty, "%% no channel '%s'; see \"show channels\"%s",
			argv[0], VTY_NEWLINE);
		return CMD_WARNING;
	}
	show_channel_entry(vty, channel);
	radios_status(gateway->radios, channel->code, &status);
	vty_out(vty, " %s%s%s%s", get_value_string(state_names, status.state),
		status.reason[0] ? ": " : "", status.reason, VTY_NEWLINE);
	if (status.slot < 0)
		return CMD_SUCCESS;
	count = voice_counters(gateway->voice, status.slot, counters,
			       COUNTERS_MAX);
	show_counters(vty, counters, OSMO_MIN(count, COUNTERS_MAX));
	return CMD_SUCCESS;
}

static int show_selected(struct vty *vty, const char *text)
{
	struct gateway *gateway = the_gateway;
	void *ctx = talloc_new(gateway);
	struct fault fault = {0};
	struct selector *selector =
		selector_parse(ctx, text, gateway->directory, &fault);
	const struct unit **units;
	size_t count, i;

	if (!selector) {
		vty_out(vty, "%% %s%s", fault.sentence, VTY_NEWLINE);
		talloc_free(ctx);
		return CMD_WARNING;
	}
	units = selector_units(selector, ctx, gateway->directory, &count);
	for (i = 0; i < count; i++)
		vty_out(vty, "%-12s %-4s on %-12s %s%s", units[i]->code,
			units[i]->number, units[i]->channel, units[i]->name,
			VTY_NEWLINE);
	vty_out(vty, "%zu units%s", count, VTY_NEWLINE);
	talloc_free(ctx);
	return CMD_SUCCESS;
}

DEFUN(show_units, show_units_cmd, "show units", SHOW_STR "All units\n")
{
	if (!the_gateway->started)
		return not_started(vty);
	return show_selected(vty, "");
}

DEFUN(show_units_of, show_units_of_cmd, "show units .SELECTOR",
      SHOW_STR "Units\n"
	       "Which: for example district=440106 grid=07\n")
{
	char *text;
	int rc;

	if (!the_gateway->started)
		return not_started(vty);
	text = argv_concat(argv, argc, 0);
	rc = show_selected(vty, text);
	talloc_free(text);
	return rc;
}

DEFUN(show_plugins, show_plugins_cmd, "show plugins",
      SHOW_STR "Loaded plugins\n")
{
	struct plugin *plugin = NULL;

	while ((plugin = plugin_next(the_gateway->plugins, plugin)))
		vty_out(vty, "%-12s %s%s", plugin_name(plugin),
			plugin_summary(plugin), VTY_NEWLINE);
	return CMD_SUCCESS;
}

static void show_feed(void *data, const char *service,
		      const struct gridcall_feed *feed)
{
	struct vty *vty = data;

	vty_out(vty, "%s feed %s at %s for %s%s, %s%s%s", service, feed->name,
		feed->address,
		strcmp(feed->jurisdiction, AUTHORITY_EVERYTHING)
			? feed->jurisdiction
			: "everything",
		feed->voice ? " with voice" : "",
		feed->public_key ? "server key " : "plain",
		feed->public_key ? feed->public_key : "", VTY_NEWLINE);
}

static void show_feed_counters(void *data, const char *service,
			       const struct gridcall_feed *feed)
{
	struct gridcall_counter counters[COUNTERS_MAX];
	struct vty *vty = data;
	size_t count =
		services_feed_counters(the_gateway->services, service,
				       feed->name, counters, COUNTERS_MAX);

	show_feed(vty, service, feed);
	show_counters(vty, counters, count);
}

static void show_entrance(void *data, const char *service, const char *address,
			  const char *public_key)
{
	struct vty *vty = data;

	vty_out(vty, "%s commands at %s, server key %s%s", service, address,
		public_key, VTY_NEWLINE);
}

DEFUN(show_feeds, show_feeds_cmd, "show feeds",
      SHOW_STR "Feeds: where, of which area, and their counters\n")
{
	if (!the_gateway->started)
		return not_started(vty);
	services_feeds(the_gateway->services, show_feed_counters, vty);
	return CMD_SUCCESS;
}

static void show_service(void *data, const char *service,
			 const struct gridcall_counter *counters, size_t count)
{
	struct vty *vty = data;

	vty_out(vty, "%s%s", service, VTY_NEWLINE);
	show_counters(vty, counters, count);
}

DEFUN(show_services, show_services_cmd, "show services",
      SHOW_STR "Services, their feeds and counters\n")
{
	if (!the_gateway->started)
		return not_started(vty);
	services_feeds(the_gateway->services, show_feed, vty);
	services_commands(the_gateway->services, show_entrance, vty);
	services_counters(the_gateway->services, show_service, vty);
	return CMD_SUCCESS;
}

DEFUN(show_ledger, show_ledger_cmd, "show ledger",
      SHOW_STR "The ledger's health\n")
{
	struct ledger_stats stats;

	if (!the_gateway->started)
		return not_started(vty);
	ledger_stats(the_gateway->ledger, &stats);
	vty_out(vty, "Ledger %s, epoch %s, last event %llu%s",
		the_gateway->running.ledger, ledger_epoch(the_gateway->ledger),
		(unsigned long long)ledger_seq(the_gateway->ledger),
		VTY_NEWLINE);
	vty_out(vty,
		" since start %llu events in %llu commits, %llu batches wait, "
		"slowest commit %llu us%s",
		(unsigned long long)stats.events,
		(unsigned long long)stats.commits,
		(unsigned long long)stats.queued,
		(unsigned long long)stats.slowest_us, VTY_NEWLINE);
	if (stats.trouble[0])
		vty_out(vty, " %s%s", stats.trouble, VTY_NEWLINE);
	return CMD_SUCCESS;
}

DEFUN(show_recorder, show_recorder_cmd, "show recorder",
      SHOW_STR "Recordings written and refused\n")
{
	struct voice_recorder_stats stats;

	if (!the_gateway->started)
		return not_started(vty);
	voice_recorder_stats(the_gateway->voice, &stats);
	vty_out(vty,
		"%llu files, %llu bytes, %llu overs refused, %llu frames "
		"lost%s%s",
		(unsigned long long)stats.files,
		(unsigned long long)stats.bytes,
		(unsigned long long)stats.refused,
		(unsigned long long)stats.lost,
		stats.stopped ? ", stopped: the disk is nearly full" : "",
		VTY_NEWLINE);
	return CMD_SUCCESS;
}

DEFUN(show_calls, show_calls_cmd, "show calls",
      SHOW_STR "Open calls by channel\n")
{
	struct gateway *gateway = the_gateway;
	size_t i;

	if (!gateway->started)
		return not_started(vty);
	vty_out(vty, "%zu calls open%s", calls_open_count(gateway->calls),
		VTY_NEWLINE);
	for (i = 0; i < directory_channel_count(gateway->directory); i++) {
		const char *code =
			directory_channel(gateway->directory, i)->code;
		const char *call = calls_on_channel(gateway->calls, code);

		if (call[0])
			vty_out(vty, "%-12s %s%s", code, call, VTY_NEWLINE);
	}
	return CMD_SUCCESS;
}

void show_vty_init(struct gateway *gateway)
{
	the_gateway = gateway;
	install_element_ve(&show_gateway_cmd);
	install_element_ve(&show_channels_cmd);
	install_element_ve(&show_channel_cmd);
	install_element_ve(&show_units_cmd);
	install_element_ve(&show_units_of_cmd);
	install_element_ve(&show_plugins_cmd);
	install_element_ve(&show_services_cmd);
	install_element_ve(&show_feeds_cmd);
	install_element_ve(&show_ledger_cmd);
	install_element_ve(&show_recorder_cmd);
	install_element_ve(&show_calls_cmd);
}
