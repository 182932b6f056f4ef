/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ledger_thread.h - starts a thread that no signal of the daemon reaches
 *
 * Threads: main.
 */
#pragma once

#include <pthread.h>
#include <signal.h>

/* name has at most 15 bytes.  0 or a positive errno. */
static inline int ledger_thread_start(pthread_t *thread, const char *name,
				      void *(*run)(void *arg), void *arg)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!rc)
		(void)pthread_setname_np(*thread, name);
	return rc;
}
