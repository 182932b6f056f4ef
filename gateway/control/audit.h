/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * audit.h - who asked for what, as events on gc1.gateway.<id>.audit
 *
 * What changes something is told in the batch of its own events, so that
 * neither is there without the other.  A refusal for want of a right or of
 * jurisdiction is told too, a few a minute of each principal: the rest is
 * counted and told with the next.
 *
 * Threads: main, unless it says otherwise.
 */
#pragma once

#include "proto/topic.h"

struct channel_entry;
struct command;
struct ledger_batch;

#define AUDIT_REFUSALS_A_MINUTE 10

/*
 * Add the event to the command's batch; what it was about is its subject.
 * command_commit() does it; it is for who commits otherwise.
 */
void audit_done(struct command *command);

/* The same about one of several things, in a batch of its own. */
void audit_about(struct command *command, struct ledger_batch *batch,
		 const char *subject);

/* [any] And where a channel lives, on its home's topic of that kind. */
void audit_at_home(struct command *command, struct ledger_batch *batch,
		   const struct channel_entry *channel, enum topic_kind kind,
		   const char *subject);

/* The command's fault is being answered. */
void audit_refused(struct command *command);
