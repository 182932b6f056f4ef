/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/gateway.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>

#include <osmocom/core/stats.h>
#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>

#include "gateway/admission.h"
#include "gateway/clock.h"
#include "gateway/control/command.h"
#include "gateway/control/leases.h"
#include "gateway/control/talks.h"
#include "gateway/control/turnstile.h"
#include "gateway/heartbeat.h"
#include "gateway/job.h"
#include "gateway/log.h"
#include "gateway/notify.h"
#include "gateway/option.h"
#include "gateway/plugin.h"
#include "gateway/radios.h"
#include "gateway/services.h"
#include "gateway/record/ledger_query.h"
#include "proto/topic.h"

static const struct rate_ctr_desc counter_texts[] = {
	[COUNT_COMMANDS] = {"commands:received", "Requests taken"},
	[COUNT_COMMANDS_REFUSED] = {"commands:refused",
				    "Requests answered with an error"},
	[COUNT_COMMANDS_GARBAGE] = {"commands:garbage",
				    "Requests that were no requests"},
	[COUNT_EVENTS] = {"events:told", "Durable events handed to services"},
	[COUNT_MESSAGES_DROPPED] = {"messages:dropped",
				    "Messages a service had no room for"},
	[COUNT_SIGNALS] = {"signals:taken", "Signals taken from voice"},
	[COUNT_IMPORTS] = {"imports:done", "Directory imports put in force"},
	[COUNT_REFUSALS_OMITTED] = {"refusals:omitted",
				    "Refusals too many a minute to be told"},
	[COUNT_VOICE] = {"voice:told", "Messages of live voice"},
};

static const struct rate_ctr_group_desc counter_group = {
	.group_name_prefix = "gateway",
	.group_description = "The gateway's main loop",
	.class_id = OSMO_STATS_CLASS_GLOBAL,
	.num_ctr = ARRAY_SIZE(counter_texts),
	.ctr_desc = counter_texts,
};

void gateway_count(struct gateway *gateway, enum gateway_counter counter)
{
	rate_ctr_inc(rate_ctr_group_get_ctr(gateway->counters, counter));
}

static const struct gateway_settings settings_default = {
	.workers = 2,
	.recordings_reserve_mb = 256,
	.ledger_reserve_mb = 16,
	.calls =
		{
			.silence_ms = 8000,
			.rounds = 2,
			.yield_every = 8,
			.yield_ms = 5000,
			.resume_within_s = 600,
			.late_ms = 600000,
			.busy_ms = 30000,
		},
};

/* Strings are replaced by the VTY, so each has a talloc parent. */
static char *text(struct gateway *gateway, const char *value)
{
	char *copy = talloc_strdup(gateway, value);

	OSMO_ASSERT(copy);
	return copy;
}

struct gateway *gateway_alloc(void *ctx)
{
	struct gateway *gateway = talloc_zero(ctx, struct gateway);

	OSMO_ASSERT(gateway);
	INIT_LLIST_HEAD(&gateway->plugin_settings);
	INIT_LLIST_HEAD(&gateway->commands);
	gateway->plugins = plugin_list_alloc(gateway);
	OSMO_ASSERT(gateway->plugins);
	gateway->second.fd = -1;
	gateway->up_since_us = clock_utc_us();
	gateway->settings = settings_default;
	gateway->settings.plugin_folder = text(gateway, "/usr/lib/gridcall");
	gateway->settings.calls.language = text(gateway, "zh");
	gateway->settings.calls.prompts =
		text(gateway, "/usr/share/gridcall/prompts");
	gateway->settings.calls.announcements =
		text(gateway, "/var/lib/gridcall/announcements");
	gateway->counters = rate_ctr_group_alloc(gateway, &counter_group, 0);
	OSMO_ASSERT(gateway->counters);
	return gateway;
}

/* ---- what the rooms ask and tell ---- */

void gateway_publish(struct gateway *gateway,
		     const struct gridcall_message *message)
{
	unsigned int full;

	if (!gateway->services)
		return;
	full = services_publish(gateway->services, message);
	if (full)
		rate_ctr_add(rate_ctr_group_get_ctr(gateway->counters,
						    COUNT_MESSAGES_DROPPED),
			     full);
}

static void on_event(void *data, const struct ledger_event *event)
{
	struct gateway *gateway = data;

	gateway_count(gateway, COUNT_EVENTS);
	gateway_publish(gateway, &(struct gridcall_message){
					 .topic = event->topic,
					 .payload = event->payload,
					 .len = event->len,
					 .seq = event->seq,
				 });
}

static void on_trouble(void *data, const char *sentence)
{
	struct gateway *gateway = data;

	if (sentence)
		LOGP(DRECORD, LOGL_ERROR, "ledger: %s\n", sentence);
	else
		LOGP(DRECORD, LOGL_NOTICE, "ledger: writing again\n");
	OSMO_STRLCPY_ARRAY(gateway->trouble, sentence ? sentence : "");
	if (gateway->calls)
		calls_trouble(gateway->calls, sentence);
	notify_status(sentence ? sentence : "Ready");
}

/* The channel's live state, volatile: told at once, not recorded. */
static void publish_state(struct gateway *gateway, const struct signal *signal)
{
	const struct channel_entry *channel =
		radios_channel(gateway->radios, signal->channel);
	Gridcall__V1__ChannelStatus status = GRIDCALL__V1__CHANNEL_STATUS__INIT;
	char topic[TOPIC_MAX];
	uint8_t packed[1024];

	if (!channel || topic_in_area(topic, channel->home, TOPIC_CHANNEL))
		return;
	status.gateway = gateway->running.id;
	status.channel = (char *)channel->code;
	status.state = (Gridcall__V1__ChannelState)signal->state.state;
	status.since_us = clock_utc_us();
	status.reason = (char *)signal->state.reason;
	if (gateway->calls)
		status.call =
			(char *)calls_on_channel(gateway->calls, channel->code);
	if (gridcall__v1__channel_status__get_packed_size(&status) >
	    sizeof(packed))
		return;
	gateway_publish(gateway,
			&(struct gridcall_message){
				.topic = topic,
				.payload = packed,
				.len = gridcall__v1__channel_status__pack(
					&status, packed),
			});
}

static void on_signal(void *data, const struct signal *signal)
{
	struct gateway *gateway = data;

	gateway_count(gateway, COUNT_SIGNALS);
	if (!gateway->radios)
		return;
	radios_signal(gateway->radios, signal);
	if (signal->type == SIGNAL_STATE)
		publish_state(gateway, signal);
	leases_signal(gateway->leases, signal);
	if (gateway->calls)
		calls_signal(gateway->calls, signal);
	talks_signal(gateway->talks, signal);
}

static void on_heard(void *data, const struct voice_heard *heard)
{
	leases_heard(((struct gateway *)data)->leases, heard);
}

static void on_request(void *data, const struct service_request *request)
{
	command_request(data, request);
}

static const struct directory *directory_now(void *data)
{
	return ((struct gateway *)data)->directory;
}

static int slot_of(void *data, const char *channel)
{
	struct gateway *gateway = data;

	return gateway->radios ? radios_slot(gateway->radios, channel) : -1;
}

static const struct channel_entry *channel_of(void *data, uint32_t slot)
{
	struct gateway *gateway = data;

	return gateway->radios ? radios_channel(gateway->radios, slot) : NULL;
}

static void publish_alarm(void *data, const char *topic, const uint8_t *payload,
			  size_t len)
{
	gateway_publish(data, &(struct gridcall_message){.topic = topic,
							 .payload = payload,
							 .len = len});
}

static void add_job(void *data, void (*work)(void *arg),
		    void (*done)(void *arg), void *arg)
{
	struct gateway *gateway = data;

	/* Bounded by the number of open calls and commands; see job.h. */
	if (job_add(gateway->jobs, work, done, arg))
		LOGP(DMAIN, LOGL_ERROR, "too many jobs wait; one was lost\n");
}

/* ---- how it is ---- */

static bool clock_is_synchronised(void)
{
	struct timex timex = {0};
	int state = adjtimex(&timex);

	/* What may not be asked is not known to be right. */
	return state >= 0 && state != TIME_ERROR &&
	       !(timex.status & STA_UNSYNC);
}

void gateway_status(struct gateway *gateway, Gridcall__V1__Status *status)
{
	gridcall__v1__status__init(status);
	status->gateway = gateway->running.id;
	status->epoch = (char *)ledger_epoch(gateway->ledger);
	status->seq = ledger_seq(gateway->ledger);
	status->time_us = clock_utc_us();
	status->clock_synchronised = clock_is_synchronised();
	status->version = (char *)GRIDCALL_VERSION;
	status->channels = directory_channel_count(gateway->directory);
	status->units = directory_unit_count(gateway->directory);
	status->channels_down = radios_down_count(gateway->radios);
	status->calls_open = calls_open_count(gateway->calls);
	status->ledger = gateway->trouble[0] ? gateway->trouble : (char *)"ok";
	status->up_since_us = gateway->up_since_us;
	status->feed_dropped = rate_ctr_group_get_ctr(gateway->counters,
						      COUNT_MESSAGES_DROPPED)
				       ->current;
}

/* ---- starting ---- */

static int refuse(struct gridcall_why *why, const char *sentence)
{
	snprintf(why->text, sizeof(why->text), "%s", sentence);
	return -EINVAL;
}

int gateway_check(const struct gateway *gateway, struct gridcall_why *why)
{
	const struct gateway_settings *settings = &gateway->settings;

	if (!gateway->config_ended)
		return refuse(why,
			      "the configuration file was cut short: its last "
			      "line must be \"end-of-configuration\"");
	if (!settings->id)
		return refuse(why, "the configuration names no gateway id; "
				   "add \"id GC1\" below \"gateway\"");
	if (!settings->ledger)
		return refuse(why,
			      "the configuration names no ledger; add "
			      "\"ledger /var/lib/gridcall/ledger.db\" below "
			      "\"gateway\"");
	if (llist_empty(&gateway->plugin_settings))
		return refuse(why,
			      "the configuration loads no plugin, so nobody "
			      "could be heard or told; add \"plugin rtp\" and "
			      "\"plugin zeromq\"");
	return 0;
}

static void load_directory(struct ledger_reader *reader, void *data)
{
	struct gateway *gateway = data;

	gateway->directory = ledger_reader_directory(reader, gateway);
}

static int start_ledger(struct gateway *gateway, struct gridcall_why *why)
{
	const struct gateway_settings *settings = &gateway->settings;
	struct ledger_config config = {
		.path = settings->ledger,
		.gateway = settings->id,
		.reserve = (uint64_t)settings->ledger_reserve_mb << 20,
		.keep_days = settings->ledger_keep_days,
		.restored = gateway->restored,
		.on_event = on_event,
		.on_trouble = on_trouble,
		.data = gateway,
	};

	gateway->ledger = ledger_open(gateway, &config, why);
	if (!gateway->ledger)
		return -EINVAL;
	admission_load(gateway);
	ledger_read_now(gateway->ledger, load_directory, gateway);
	if (!gateway->directory)
		return refuse(why, "the directory in the ledger can't be read");
	return 0;
}

static int load_plugin(struct gateway *gateway,
		       const struct plugin_setting *setting,
		       struct gridcall_why *why)
{
	char *path =
		talloc_asprintf(gateway, "%s/%s.so",
				gateway->settings.plugin_folder, setting->name);
	struct plugin *plugin = plugin_load(gateway->plugins, path, why);

	talloc_free(path);
	if (!plugin)
		return -EINVAL;
	if (strcmp(plugin_name(plugin), setting->name)) {
		snprintf(why->text, sizeof(why->text),
			 "the file %s.so holds the plugin '%s'; give it that "
			 "name, and write \"plugin %s\"",
			 setting->name, plugin_name(plugin),
			 plugin_name(plugin));
		plugin_free(plugin);
		return -EINVAL;
	}
	if (!plugin_service(plugin) && !llist_empty(&setting->options)) {
		plugin_free(plugin);
		return refuse(why, "a driver's options stand in the column "
				   "address of channels.csv, not in the "
				   "configuration");
	}
	return 0;
}

static int load_plugins(struct gateway *gateway, struct gridcall_why *why)
{
	struct plugin_setting *setting;
	int rc;

	llist_for_each_entry (setting, &gateway->plugin_settings, entry) {
		rc = load_plugin(gateway, setting, why);
		if (rc)
			return rc;
	}
	return 0;
}

static int start_voice(struct gateway *gateway, struct gridcall_why *why)
{
	const struct gateway_settings *settings = &gateway->settings;
	struct voice_config config = {
		.workers = settings->workers,
		.recordings = settings->recordings,
		.recordings_reserve = (uint64_t)settings->recordings_reserve_mb
				      << 20,
		.on_signal = on_signal,
		.on_heard = on_heard,
		.data = gateway,
	};

	gateway->leases = leases_alloc(gateway);
	gateway->talks = talks_alloc(gateway);
	gateway->voice = voice_alloc(gateway, &config, why);
	if (!gateway->voice)
		return -EINVAL;
	gateway->radios =
		radios_alloc(gateway, gateway->voice, gateway->plugins);
	radios_follow(gateway->radios, gateway->directory);
	return 0;
}

static void start_calls(struct gateway *gateway)
{
	struct calls_config config = {
		.gateway = gateway->settings.id,
		.voice = gateway->voice,
		.ledger = gateway->ledger,
		.directory = directory_now,
		.slot = slot_of,
		.channel = channel_of,
		.publish = publish_alarm,
		.job = add_job,
		.data = gateway,
	};

	gateway->calls = calls_alloc(gateway, &config);
	OSMO_ASSERT(gateway->calls);
	*calls_settings(gateway->calls) = gateway->settings.calls;
}

static int open_service(struct gateway *gateway,
			const struct plugin_setting *setting,
			struct gridcall_why *why)
{
	struct plugin *plugin = plugin_find(gateway->plugins, setting->name);
	const struct gridcall_service *service = plugin_service(plugin);
	struct gridcall_option *options;
	struct option_setting *option;
	size_t count = 0;
	int rc;

	if (!service)
		return 0;
	options = talloc_zero_array(gateway, struct gridcall_option,
				    llist_count(&setting->options) + 1);
	llist_for_each_entry (option, &setting->options, entry)
		options[count++] = (struct gridcall_option){
			.key = option->key, .value = option->value};
	rc = services_open(gateway->services, service, options, why);
	talloc_free(options);
	return rc;
}

static int start_services(struct gateway *gateway, struct gridcall_why *why)
{
	struct services_config config = {.on_request = on_request,
					 .data = gateway};
	struct plugin_setting *setting;
	int rc;

	gateway->services = services_alloc(gateway, &config);
	if (!gateway->services)
		return refuse(why, "no descriptors are left for the "
				   "services; raise LimitNOFILE");
	admission_tell(gateway);
	llist_for_each_entry (setting, &gateway->plugin_settings, entry) {
		rc = open_service(gateway, setting, why);
		if (rc)
			return rc;
	}
	return 0;
}

static int start_recordings(struct gateway *gateway, struct gridcall_why *why)
{
	const char *path = gateway->settings.recordings;

	if (path && mkdir(path, 0750) && errno != EEXIST) {
		snprintf(why->text, sizeof(why->text),
			 "the recordings folder '%s' can't be made: %s; make "
			 "it, or name another with \"recordings\"",
			 path, strerror(errno));
		return -EINVAL;
	}
	return 0;
}

/*
 * A day of a whole city is some hundred thousand events: who was away for a
 * week still gets all at full speed, and a loop takes a tenth of a core.
 */
static const struct turnstile_rate history_rate = {
	.rows_burst = 4000000,
	.rows_per_s = 50000,
	.bytes_burst = UINT64_C(1) << 30,
	.bytes_per_s = 16 << 20,
	.waiting_max = 512,
	.waiting_max_over = 16,
};

static int start_helpers(struct gateway *gateway, struct gridcall_why *why)
{
	gateway->turnstile = turnstile_alloc(gateway, &history_rate);
	if (!gateway->turnstile)
		return refuse(why, "no descriptors are left for the history; "
				   "raise LimitNOFILE");
	gateway->jobs = job_queue_alloc(gateway);
	if (!gateway->jobs)
		return refuse(why, "the job thread can't be started; raise "
				   "the limit of tasks");
	return 0;
}

int gateway_open(struct gateway *gateway, struct gridcall_why *why)
{
	int rc = gateway_check(gateway, why);

	gateway->running = gateway->settings;
	if (!rc)
		rc = start_recordings(gateway, why);
	if (!rc)
		rc = load_plugins(gateway, why);
	if (!rc)
		rc = start_ledger(gateway, why);
	return rc ? rc : start_helpers(gateway, why);
}

int gateway_start(struct gateway *gateway, struct gridcall_why *why)
{
	int rc = start_voice(gateway, why);

	if (rc)
		return rc;
	start_calls(gateway);
	rc = start_services(gateway, why);
	if (rc)
		return rc;
	calls_resume(gateway->calls);
	if (heartbeat_start(gateway))
		return refuse(why, "the gateway's clock can't be started; "
				   "raise LimitNOFILE");
	gateway->started = true;
	return 0;
}

void gateway_stop(struct gateway *gateway)
{
	if (gateway->second.fd >= 0) {
		osmo_fd_unregister(&gateway->second);
		close(gateway->second.fd);
		gateway->second.fd = -1;
	}
	/* Unkeyed first; then what is known is written, told and closed. */
	gateway->talks = talks_free(gateway->talks);
	if (gateway->calls)
		calls_stop(gateway->calls);
	gateway->radios = radios_free(gateway->radios);
	gateway->voice = voice_free(gateway->voice);
	gateway->leases = leases_free(gateway->leases);
	gateway->calls = calls_free(gateway->calls);
	gateway->jobs = job_queue_free(gateway->jobs);
	gateway->ledger = ledger_close(gateway->ledger);
	gateway->turnstile = turnstile_free(gateway->turnstile);
	gateway->services = services_free(gateway->services);
	gateway->plugins = plugin_list_free(gateway->plugins);
}

const struct directory *gateway_hold_directory(struct gateway *gateway,
					       void *ctx)
{
	return talloc_reference(ctx, gateway->directory);
}

void gateway_swap_directory(struct gateway *gateway,
			    struct directory *directory)
{
	struct directory *old = gateway->directory;

	gateway->directory = talloc_steal(gateway, directory);
	gateway->directory_number++;
	radios_follow(gateway->radios, directory);
	calls_directory_changed(gateway->calls);
	talloc_unlink(gateway, old);
}
