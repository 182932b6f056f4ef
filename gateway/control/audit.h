/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * audit.h - who asked for what, as events on gc1.gateway.<id>.audit
 *
 * What changes something is told in the batch of its own events, so that
 * neither is there without the other.  A refusal for want of a right or of
 * jurisdiction is told too, a few a minute of each principal: the rest is
 * counted and told with the next.
 *
 * Threads: main.
 */
#pragma once

struct command;

#define AUDIT_REFUSALS_A_MINUTE 10

/* Add the event to the command's batch; what it was about is its subject. */
void audit_done(struct command *command);

/* The command's fault is being answered. */
void audit_refused(struct command *command);
