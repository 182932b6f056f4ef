/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * admission.h - who may come in over a network: from the ledger to the services
 *
 * Threads: main.
 */
#pragma once

struct gateway;

/*
 * Make the gateway's keyring from its ledger, at start.  What can't be read is
 * in the log and not in force; whoever comes in by ipc still comes in.
 */
void admission_load(struct gateway *gateway);

/* Tell every service the keys in force. */
void admission_tell(struct gateway *gateway);

/*
 * Tell them when others are in force than they know: after a change, and each
 * second because keys expire.
 */
void admission_check(struct gateway *gateway);
