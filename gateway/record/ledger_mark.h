/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ledger_mark.h - the files beside a ledger: its mark, its lock, its reserve
 *
 * The mark (path.mark) says how far the ledger had come, so that an older copy
 * put in its place is told apart.  The lock (path.lock) keeps a second daemon
 * out and names the first.  The reserve (path.reserve) is room on the disk
 * that is given back when the disk is full.
 *
 * Threads: each file belongs to one thread at a time.
 * Errors:  negative errno.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LEDGER_EPOCH_LEN 16

struct ledger_mark {
	char epoch[LEDGER_EPOCH_LEN + 1]; /* "": there was none */
	uint64_t seq;
	bool closed; /* the ledger came to a clean end */
};

/* Open or make the mark file and read it.  The descriptor, or an error. */
int ledger_mark_open(const char *path, struct ledger_mark *mark);

/* Write it in place.  It is no promise, so it does not wait for the disk. */
int ledger_mark_write(int fd, const struct ledger_mark *mark);

/*
 * Take the lock for the life of the descriptor.  -EBUSY and the *holder's
 * process id (0: not known) when another has it.
 */
int ledger_lock_open(const char *path, pid_t *holder);

/* Take size bytes of the disk, leaving at least a quarter as much free. */
int ledger_reserve_make(const char *path, uint64_t size);

/* Give the bytes back. */
int ledger_reserve_release(const char *path);
