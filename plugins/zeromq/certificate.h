/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * certificate.h - the key pair of the gateway itself, and its file
 *
 * The file is ZeroMQ's own certificate format: a section curve with public-key
 * and secret-key, 40 characters of Z85 each.  Nobody but its owner may read it.
 * systemd's credential gridcall.key goes before the file that is configured.
 *
 * Memory:  certificate_close() wipes the secret; libzmq keeps copies of its own
 *          as long as sockets are open.
 * Threads: one at a time.
 */
#pragma once

#include "plugins/plugin.h"

#define CERTIFICATE_Z85 41 /* with the final NUL */

struct certificate {
	char public_key[CERTIFICATE_Z85];
	char secret_key[CERTIFICATE_Z85];
};

/*
 * Read the credential when there is one, else the file at path, which is made
 * when it is missing.  NULL and a sentence when it can't be had.
 */
struct certificate *certificate_open(const char *path,
				     struct gridcall_why *why);

/* Accepts NULL, returns NULL. */
struct certificate *certificate_close(struct certificate *certificate);
