/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * admission.h - who comes in over a network, and who is put out again
 *
 * A key is let into a feed whose jurisdiction is within its own, into one with
 * voice only when its holder may listen, to commands while it is in force. When
 * a key is lost, each feed that it came to is closed and bound again.
 *
 * Threads: the courier's.
 */
#pragma once

struct courier;

/* What ZAP is asked about, besides feeds by their names. */
#define ADMISSION_COMMANDS "commands"
#define ADMISSION_LOCAL    "local" /* commands on ipc */

/* Answer libzmq about those who knock. */
void admission_take(struct courier *courier);

/* Take over the keys that main gave, if it did. */
void admission_renew(struct courier *courier);
