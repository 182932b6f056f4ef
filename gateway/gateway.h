/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * gateway.h - the daemon as a whole: what hangs below it and how it is wired
 *
 * Made by main, filled by the configuration, started once.  The rooms know
 * nothing of it; only main, the control room and the files beside this one do.
 *
 * Memory:  everything below the gateway itself.
 * Threads: main only.
 */
#pragma once

#include "gateway/call/calls.h"
#include "gateway/fault.h"
#include "gateway/record/directory.h"
#include "gateway/record/ledger.h"
#include "gateway/voice/voice.h"
#include "plugins/plugin.h"

#include <osmocom/core/linuxlist.h>
#include <osmocom/core/rate_ctr.h>
#include <osmocom/core/select.h>

#include <stdbool.h>
#include <stdint.h>

struct audit;
struct census;
struct command;
struct job_queue;
struct keyring;
struct leases;
struct plugin_list;
struct radios;
struct services;
struct talks;
struct turnstile;

/* Counters of the main loop, shown by "show rate-counters". */
enum gateway_counter {
	COUNT_COMMANDS,
	COUNT_COMMANDS_REFUSED,
	COUNT_COMMANDS_GARBAGE,
	COUNT_EVENTS,
	COUNT_MESSAGES_DROPPED,
	COUNT_SIGNALS,
	COUNT_IMPORTS,
	COUNT_REFUSALS_OMITTED,
	COUNT_VOICE,
};

/* What the configuration says; lengths and ranges are the VTY's matter. */
struct gateway_settings {
	char *id;
	char *ledger;
	char *recordings;
	char *plugin_folder;
	uint32_t workers;
	uint32_t recordings_reserve_mb;
	uint32_t ledger_reserve_mb;
	uint32_t ledger_keep_days; /* 0: for ever */
	struct calls_settings calls;
};

/* One "plugin NAME" of the configuration. */
struct plugin_setting {
	struct llist_head entry;
	char *name;
	struct llist_head options; /* struct option_setting */
};

struct option_setting {
	struct llist_head entry;
	char *key;
	char *value;
};

struct gateway {
	struct gateway_settings
		settings;                /* as typed; strings are never freed */
	struct gateway_settings running; /* in force since the start */
	struct llist_head plugin_settings;
	bool restored;     /* --restored */
	bool config_ended; /* the file's last line was read */
	bool started;
	bool stopping; /* radios and calls go: no command begins */
	int64_t up_since_us;

	struct plugin_list *plugins; /* loaded */
	struct rate_ctr_group *counters;
	struct job_queue *jobs;
	struct ledger *ledger;
	struct keyring *keyring;
	struct directory *directory;
	uint64_t directory_number; /* of swaps */
	struct voice *voice;
	struct radios *radios;
	struct calls *calls;
	struct leases *leases; /* to listen */
	struct talks *talks;
	struct services *services;
	struct turnstile *turnstile; /* to the history */
	struct llist_head commands;  /* not yet replied to */
	/* which changes the directory: one at a time, for it is compared */
	const struct command *changing;
	struct census *census;
	struct audit *audit;   /* what was refused to whom */
	struct osmo_fd second; /* timerfd of the heartbeat */
	uint64_t second_us;    /* when the last second's work was done */
	char trouble[256];     /* of the ledger; empty: none */
	char stuck[64];        /* thread that makes no progress */
};

struct gateway *gateway_alloc(void *ctx);

/* What the configuration lacks; opens nothing. */
int gateway_check(const struct gateway *gateway, struct gridcall_why *why);

/*
 * First what may be refused without a trace on the air: folders, plugins, the
 * ledger.  Then gateway_start(): radios and services open, calls are resumed.
 * On failure why says what to mend; gateway_stop() cleans up either way.
 */
int gateway_open(struct gateway *gateway, struct gridcall_why *why);
int gateway_start(struct gateway *gateway, struct gridcall_why *why);

/* Unkey everything, tell what is queued, close.  Safe when half started. */
void gateway_stop(struct gateway *gateway);

/* What status says; strings last until the next call. */
void gateway_status(struct gateway *gateway, Gridcall__V1__Status *status);

/* The directory in force, which stays as long as ctx even if it is replaced. */
const struct directory *gateway_hold_directory(struct gateway *gateway,
					       void *ctx);

/* Put a new directory in force: radios, calls. */
void gateway_swap_directory(struct gateway *gateway,
			    struct directory *directory);

/* Hand a message to every service; what has no room for it is counted. */
void gateway_publish(struct gateway *gateway,
		     const struct gridcall_message *message);

void gateway_count(struct gateway *gateway, enum gateway_counter counter);
