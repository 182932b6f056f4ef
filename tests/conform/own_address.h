/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * own_address.h - a loopback address that no other test has
 *
 * All of 127.0.0.0/8 is this machine, so each process can have an address of
 * its own and any number of runs go side by side with fixed ports.  Who does
 * not bind an address sends from 127.0.0.1.
 */
#pragma once

#include <stdio.h>
#include <unistd.h>

static inline const char *own_address(void)
{
	static char text[16];
	unsigned int pid = (unsigned int)getpid();

	snprintf(text, sizeof(text), "127.%u.%u.%u", 64 + (pid >> 16) % 64,
		 (pid >> 8) % 256, pid % 256);
	return text;
}
