/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gateway/control/gateway_vty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <osmocom/core/talloc.h>
#include <osmocom/core/utils.h>
#include <osmocom/vty/command.h>
#include <osmocom/vty/vty.h>

#include "gateway/gateway.h"
#include "proto/topic.h"

/* libosmovty exports it and its header does not say so. */
extern struct host host;

enum {
	GATEWAY_NODE = _LAST_OSMOVTY_NODE + 1,
	PLUGIN_NODE,
	END_NODE, /* writes the last line */
};

/* VTY callbacks get no argument of ours: the one gateway of this process. */
static struct gateway *the_gateway;

static struct cmd_node gateway_node = {
	.node = GATEWAY_NODE,
	.prompt = "%s(config-gateway)# ",
	.vtysh = 1,
};

static struct cmd_node plugin_node = {
	.node = PLUGIN_NODE,
	.prompt = "%s(config-plugin)# ",
	.vtysh = 1,
};

static struct cmd_node end_node = {
	.node = END_NODE,
	.prompt = "%s(config-end)# ",
	.vtysh = 1,
};

/* Settings that only a restart puts in force say so when typed later. */
static void note_restart(struct vty *vty)
{
	if (the_gateway->started)
		vty_out(vty, "%% in force after the next start%s", VTY_NEWLINE);
}

/* Settings of calls are in force at once, but for their folders. */
static void apply_calls(void)
{
	struct calls_settings *running = &the_gateway->running.calls;
	struct calls_settings now = the_gateway->settings.calls;

	if (!the_gateway->calls)
		return;
	now.prompts = running->prompts;
	now.announcements = running->announcements;
	now.language = running->language;
	*running = now;
	*calls_settings(the_gateway->calls) = now;
}

/* The old text stays: whoever is running holds it until the next start. */
static void set_text(struct vty *vty, char **text, const char *value)
{
	*text = talloc_strdup(the_gateway, value);
	OSMO_ASSERT(*text);
	note_restart(vty);
}

DEFUN(cfg_gateway, cfg_gateway_cmd, "gateway", "Settings of this gateway\n")
{
	vty->node = GATEWAY_NODE;
	return CMD_SUCCESS;
}

DEFUN(cfg_end, cfg_end_cmd, "end-of-configuration",
      "Last line of a configuration file; without it the file was cut short\n")
{
	the_gateway->config_ended = true;
	return CMD_SUCCESS;
}

DEFUN(cfg_id, cfg_id_cmd, "id ID",
      "Name of this gateway in topics and events\n"
      "1 to 12 of 0-9A-Z\n")
{
	if (!topic_gateway_is_valid(argv[0])) {
		vty_out(vty, "%% a gateway id is 1 to 12 of 0-9A-Z, not '%s'%s",
			argv[0], VTY_NEWLINE);
		return CMD_WARNING;
	}
	set_text(vty, &the_gateway->settings.id, argv[0]);
	return CMD_SUCCESS;
}

DEFUN(cfg_ledger, cfg_ledger_cmd, "ledger PATH",
      "File that holds every event\n"
      "Path; its folder must exist\n")
{
	set_text(vty, &the_gateway->settings.ledger, argv[0]);
	return CMD_SUCCESS;
}

DEFUN(cfg_ledger_reserve, cfg_ledger_reserve_cmd, "ledger-reserve <1-1024>",
      "Room that the ledger keeps back for a full disk\n"
      "MiB\n")
{
	the_gateway->settings.ledger_reserve_mb = atoi(argv[0]);
	note_restart(vty);
	return CMD_SUCCESS;
}

DEFUN(cfg_ledger_keep, cfg_ledger_keep_cmd, "ledger-keep <1-36500>",
      "Take events away that are older; open calls and alarms stay\n"
      "Days\n")
{
	the_gateway->settings.ledger_keep_days = atoi(argv[0]);
	note_restart(vty);
	return CMD_SUCCESS;
}

DEFUN(cfg_no_ledger_keep, cfg_no_ledger_keep_cmd, "no ledger-keep",
      NO_STR "Keep every event for ever\n")
{
	the_gateway->settings.ledger_keep_days = 0;
	note_restart(vty);
	return CMD_SUCCESS;
}

DEFUN(cfg_recordings, cfg_recordings_cmd, "recordings PATH",
      "Folder of the recorded overs\n"
      "Path; it is made when missing\n")
{
	set_text(vty, &the_gateway->settings.recordings, argv[0]);
	return CMD_SUCCESS;
}

DEFUN(cfg_no_recordings, cfg_no_recordings_cmd, "no recordings",
      NO_STR "Record nothing\n")
{
	the_gateway->settings.recordings = NULL;
	note_restart(vty);
	return CMD_SUCCESS;
}

DEFUN(cfg_recordings_reserve, cfg_recordings_reserve_cmd,
      "recordings-reserve <0-1048576>",
      "Stop recording when less room is left on the disk\n"
      "MiB\n")
{
	the_gateway->settings.recordings_reserve_mb = atoi(argv[0]);
	note_restart(vty);
	return CMD_SUCCESS;
}

DEFUN(cfg_plugin_folder, cfg_plugin_folder_cmd, "plugin-folder PATH",
      "Where the plugins' files are\n"
      "Path\n")
{
	set_text(vty, &the_gateway->settings.plugin_folder, argv[0]);
	return CMD_SUCCESS;
}

DEFUN(cfg_workers, cfg_workers_cmd, "workers <1-16>",
      "Voice workers; one a core is enough\n"
      "How many\n")
{
	the_gateway->settings.workers = atoi(argv[0]);
	note_restart(vty);
	return CMD_SUCCESS;
}

DEFUN(cfg_prompts, cfg_prompts_cmd, "prompts PATH",
      "Folder of announcements, cues and receipts\n"
      "Path; it holds one folder for each language\n")
{
	set_text(vty, (char **)&the_gateway->settings.calls.prompts, argv[0]);
	return CMD_SUCCESS;
}

DEFUN(cfg_announcements, cfg_announcements_cmd, "announcements PATH",
      "Folder that keeps announcements sent in with a call\n"
      "Path; it is made when missing\n")
{
	set_text(vty, (char **)&the_gateway->settings.calls.announcements,
		 argv[0]);
	return CMD_SUCCESS;
}

DEFUN(cfg_language, cfg_language_cmd, "language (zh|en)",
      "Language of receipts and records\n"
      "Chinese\n"
      "English\n")
{
	set_text(vty, (char **)&the_gateway->settings.calls.language, argv[0]);
	return CMD_SUCCESS;
}

DEFUN(cfg_silence, cfg_silence_cmd, "silence-time <200-120000>",
      "How long a unit may be silent in its turn\n"
      "Milliseconds\n")
{
	the_gateway->settings.calls.silence_ms = atoi(argv[0]);
	apply_calls();
	return CMD_SUCCESS;
}

DEFUN(cfg_rounds, cfg_rounds_cmd, "rounds <1-9>",
      "How often a silent unit is asked\n"
      "Times\n")
{
	the_gateway->settings.calls.rounds = atoi(argv[0]);
	apply_calls();
	return CMD_SUCCESS;
}

DEFUN(cfg_yield, cfg_yield_cmd, "yield every <1-1000> for <0-60000>",
      "Leave the channel to others during a long call\n"
      "After so many turns\n"
      "Turns\n"
      "Stay silent for\n"
      "Milliseconds\n")
{
	the_gateway->settings.calls.yield_every = atoi(argv[0]);
	the_gateway->settings.calls.yield_ms = atoi(argv[1]);
	apply_calls();
	return CMD_SUCCESS;
}

DEFUN(cfg_resume, cfg_resume_cmd, "resume-within <0-86400>",
      "After a longer stop an open call waits for the officer\n"
      "Seconds\n")
{
	the_gateway->settings.calls.resume_within_s = atoi(argv[0]);
	apply_calls();
	return CMD_SUCCESS;
}

DEFUN(cfg_late, cfg_late_cmd, "late-answers <0-86400>",
      "How long after a turn or a call a late answer still belongs to it\n"
      "Seconds\n")
{
	the_gateway->settings.calls.late_ms = atoi(argv[0]) * 1000u;
	apply_calls();
	return CMD_SUCCESS;
}

DEFUN(cfg_busy, cfg_busy_cmd, "busy-time <1-600>",
      "A channel busy for longer counts as jammed for the unit in turn\n"
      "Seconds\n")
{
	the_gateway->settings.calls.busy_ms = atoi(argv[0]) * 1000u;
	apply_calls();
	return CMD_SUCCESS;
}

DEFUN(cfg_always_cue, cfg_always_cue_cmd, "always-cue",
      "Cue every unit on repeaters too\n")
{
	the_gateway->settings.calls.always_cue = true;
	apply_calls();
	return CMD_SUCCESS;
}

DEFUN(cfg_no_always_cue, cfg_no_always_cue_cmd, "no always-cue",
      NO_STR "On repeaters cue only after an uncertain turn\n")
{
	the_gateway->settings.calls.always_cue = false;
	apply_calls();
	return CMD_SUCCESS;
}

static struct plugin_setting *plugin_setting_find(const char *name)
{
	struct plugin_setting *setting;

	llist_for_each_entry (setting, &the_gateway->plugin_settings, entry)
		if (!strcmp(setting->name, name))
			return setting;
	return NULL;
}

static bool plugin_name_is_valid(const char *name)
{
	return name[0] && strlen(name) < 32 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789") ==
		       strlen(name);
}

DEFUN(cfg_plugin, cfg_plugin_cmd, "plugin NAME",
      "Load a plugin from the plugin folder\n"
      "Its name, a to z and 0 to 9\n")
{
	struct plugin_setting *setting = plugin_setting_find(argv[0]);

	if (!plugin_name_is_valid(argv[0])) {
		vty_out(vty,
			"%% a plugin's name is a to z and 0 to 9, not "
			"'%s'%s",
			argv[0], VTY_NEWLINE);
		return CMD_WARNING;
	}
	if (!setting) {
		setting = talloc_zero(the_gateway, struct plugin_setting);
		OSMO_ASSERT(setting);
		setting->name = talloc_strdup(setting, argv[0]);
		INIT_LLIST_HEAD(&setting->options);
		llist_add_tail(&setting->entry, &the_gateway->plugin_settings);
		note_restart(vty);
	}
	vty->index = setting;
	vty->node = PLUGIN_NODE;
	return CMD_SUCCESS;
}

/* Of options of one key the first word of the value tells which it is. */
static bool is_option(const struct option_setting *option, const char *key,
		      const char *word)
{
	size_t len = word ? strcspn(word, " ") : 0;

	return !strcmp(option->key, key) &&
	       (!word || (strcspn(option->value, " ") == len &&
			  !strncmp(option->value, word, len)));
}

DEFUN(cfg_option, cfg_option_cmd, "option KEY .VALUE",
      "An option of this plugin; another of the same key is added when its "
      "first word differs\n"
      "Its name\n"
      "Its value, to the end of the line\n")
{
	struct plugin_setting *setting = vty->index;
	struct option_setting *option;

	llist_for_each_entry (option, &setting->options, entry)
		if (is_option(option, argv[0], argv[1]))
			goto found;
	option = talloc_zero(setting, struct option_setting);
	OSMO_ASSERT(option);
	option->key = talloc_strdup(option, argv[0]);
	llist_add_tail(&option->entry, &setting->options);
found:
	talloc_free(option->value);
	option->value = argv_concat(argv, argc, 1);
	talloc_steal(option, option->value);
	note_restart(vty);
	return CMD_SUCCESS;
}

static int remove_options(struct vty *vty, const char *key, const char *word)
{
	struct plugin_setting *setting = vty->index;
	struct option_setting *option, *next;
	size_t removed = 0;

	llist_for_each_entry_safe (option, next, &setting->options, entry) {
		if (!is_option(option, key, word))
			continue;
		llist_del(&option->entry);
		talloc_free(option);
		removed++;
	}
	if (removed) {
		note_restart(vty);
		return CMD_SUCCESS;
	}
	vty_out(vty, "%% plugin %s has no option '%s%s%s'%s", setting->name,
		key, word ? " " : "", word ? word : "", VTY_NEWLINE);
	return CMD_WARNING;
}

DEFUN(cfg_no_option, cfg_no_option_cmd, "no option KEY",
      NO_STR "Take an option of this plugin away\n"
	     "Its name; all of that name go\n")
{
	return remove_options(vty, argv[0], NULL);
}

DEFUN(cfg_no_option_word, cfg_no_option_word_cmd, "no option KEY WORD",
      NO_STR "Take an option of this plugin away\n"
	     "Its name\n"
	     "First word of the value: which of that name\n")
{
	return remove_options(vty, argv[0], argv[1]);
}

DEFUN(cfg_no_plugin, cfg_no_plugin_cmd, "no plugin NAME",
      NO_STR "Do not load a plugin\n"
	     "Its name\n")
{
	struct plugin_setting *setting = plugin_setting_find(argv[0]);

	if (!setting) {
		vty_out(vty, "%% no plugin '%s' is configured%s", argv[0],
			VTY_NEWLINE);
		return CMD_WARNING;
	}
	llist_del(&setting->entry);
	INIT_LLIST_HEAD(&setting->entry); /* another VTY may stand in it */
	note_restart(vty);
	return CMD_SUCCESS;
}

/* ---- writing it back ---- */

static void write_paths(struct vty *vty, const struct gateway_settings *s)
{
	if (s->id)
		vty_out(vty, " id %s%s", s->id, VTY_NEWLINE);
	if (s->ledger)
		vty_out(vty, " ledger %s%s", s->ledger, VTY_NEWLINE);
	vty_out(vty, " ledger-reserve %u%s", s->ledger_reserve_mb, VTY_NEWLINE);
	if (s->ledger_keep_days)
		vty_out(vty, " ledger-keep %u%s", s->ledger_keep_days,
			VTY_NEWLINE);
	else
		vty_out(vty, " no ledger-keep%s", VTY_NEWLINE);
	if (s->recordings)
		vty_out(vty, " recordings %s%s", s->recordings, VTY_NEWLINE);
	vty_out(vty, " recordings-reserve %u%s", s->recordings_reserve_mb,
		VTY_NEWLINE);
	if (s->plugin_folder)
		vty_out(vty, " plugin-folder %s%s", s->plugin_folder,
			VTY_NEWLINE);
	vty_out(vty, " workers %u%s", s->workers, VTY_NEWLINE);
}

static void write_calls(struct vty *vty, const struct calls_settings *s)
{
	if (s->prompts)
		vty_out(vty, " prompts %s%s", s->prompts, VTY_NEWLINE);
	if (s->announcements)
		vty_out(vty, " announcements %s%s", s->announcements,
			VTY_NEWLINE);
	vty_out(vty, " language %s%s", s->language, VTY_NEWLINE);
	vty_out(vty, " silence-time %u%s", s->silence_ms, VTY_NEWLINE);
	vty_out(vty, " rounds %u%s", s->rounds, VTY_NEWLINE);
	vty_out(vty, " yield every %u for %u%s", s->yield_every, s->yield_ms,
		VTY_NEWLINE);
	vty_out(vty, " resume-within %u%s", s->resume_within_s, VTY_NEWLINE);
	vty_out(vty, " late-answers %u%s", s->late_ms / 1000, VTY_NEWLINE);
	vty_out(vty, " busy-time %u%s", s->busy_ms / 1000, VTY_NEWLINE);
	vty_out(vty, " %salways-cue%s", s->always_cue ? "" : "no ",
		VTY_NEWLINE);
}

static int write_gateway(struct vty *vty)
{
	vty_out(vty, "gateway%s", VTY_NEWLINE);
	write_paths(vty, &the_gateway->settings);
	write_calls(vty, &the_gateway->settings.calls);
	return CMD_SUCCESS;
}

static int write_plugins(struct vty *vty)
{
	struct plugin_setting *setting;
	struct option_setting *option;

	llist_for_each_entry (setting, &the_gateway->plugin_settings, entry) {
		vty_out(vty, "plugin %s%s", setting->name, VTY_NEWLINE);
		llist_for_each_entry (option, &setting->options, entry)
			vty_out(vty, " option %s %s%s", option->key,
				option->value, VTY_NEWLINE);
	}
	return CMD_SUCCESS;
}

static int write_end(struct vty *vty)
{
	vty_out(vty, "end-of-configuration%s", VTY_NEWLINE);
	return CMD_SUCCESS;
}

DEFUN(show_settings, show_settings_cmd, "show settings",
      SHOW_STR "Everything that can be configured, as it is configured\n")
{
	(void)write_gateway(vty);
	return write_plugins(vty);
}

static struct cmd_element *const gateway_commands[] = {
	&cfg_id_cmd,
	&cfg_ledger_cmd,
	&cfg_ledger_reserve_cmd,
	&cfg_ledger_keep_cmd,
	&cfg_no_ledger_keep_cmd,
	&cfg_recordings_cmd,
	&cfg_no_recordings_cmd,
	&cfg_recordings_reserve_cmd,
	&cfg_plugin_folder_cmd,
	&cfg_workers_cmd,
	&cfg_prompts_cmd,
	&cfg_announcements_cmd,
	&cfg_language_cmd,
	&cfg_silence_cmd,
	&cfg_rounds_cmd,
	&cfg_yield_cmd,
	&cfg_resume_cmd,
	&cfg_late_cmd,
	&cfg_busy_cmd,
	&cfg_always_cue_cmd,
	&cfg_no_always_cue_cmd,
};

void gateway_vty_init(struct gateway *gateway)
{
	size_t i;

	the_gateway = gateway;
	install_element(CONFIG_NODE, &cfg_gateway_cmd);
	install_element(CONFIG_NODE, &cfg_plugin_cmd);
	install_element(CONFIG_NODE, &cfg_no_plugin_cmd);
	install_element(CONFIG_NODE, &cfg_end_cmd);
	install_node(&gateway_node, write_gateway);
	for (i = 0; i < ARRAY_SIZE(gateway_commands); i++)
		install_element(GATEWAY_NODE, gateway_commands[i]);
	install_node(&plugin_node, write_plugins);
	install_element(PLUGIN_NODE, &cfg_option_cmd);
	install_element(PLUGIN_NODE, &cfg_no_option_cmd);
	install_element(PLUGIN_NODE, &cfg_no_option_word_cmd);
	install_node(&end_node, write_end);
	install_element_ve(&show_settings_cmd);
}

void gateway_vty_lock(struct gateway *gateway)
{
	uint8_t secret[16];

	if (host.enable || host.enable_encrypt)
		return;
	/* An unguessable one: nobody has it, so nobody is enabled. */
	OSMO_ASSERT(getrandom(secret, sizeof(secret), 0) == sizeof(secret));
	host.enable = talloc_strdup(tall_vty_ctx,
				    osmo_hexdump_nospc(secret, sizeof(secret)));
}
