/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * counters.h - what a channel counts
 *
 * Threads: written on [voice] by one worker, read on any, so neither locks.
 */
#pragma once

#include "plugins/plugin.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define CHANNEL_COUNTERS(X)                                                    \
	X(overs, "Overs heard.")                                               \
	X(overs_deferred, "Overs that began late: main did not listen.")       \
	X(tones, "Keypad tones heard in overs.")                               \
	X(tones_dropped, "Keypad tones past the most that one over keeps.")    \
	X(frames_heard, "Frames of audio received.")                           \
	X(frames_lost, "Frames that the driver reported as lost.")             \
	X(frames_bad, "Frames that are no packet of their codec.")             \
	X(frames_ignored, "Frames received while not listening.")              \
	X(frames_sent, "Frames of audio and silence sent.")                    \
	X(send_refused, "Frames that the driver did not take.")                \
	X(keyings, "Times the transmitter was keyed.")                         \
	X(keyings_refused, "Times the driver refused to key.")                 \
	X(timeouts, "Transmissions cut by the transmit time-out.")             \
	X(jams, "Overs cut by their limit.")                                   \
	X(heard_while_sending, "Signals that began while we sent.")            \
	X(failures, "Times the radio stopped working.")                        \
	X(recorder_lost, "Frames not recorded: the disk was too slow.")        \
	X(logs_dropped, "Lines of the driver's log that were too many.")

struct channel_counters {
#define FIELD(name, summary) _Atomic uint64_t name;
	CHANNEL_COUNTERS(FIELD)
#undef FIELD
};

/* Only its own worker writes a counter, so no locked addition is needed. */
#define COUNT_MANY(counter, n)                                                 \
	atomic_store_explicit(                                                 \
		&(counter),                                                    \
		atomic_load_explicit(&(counter), memory_order_relaxed) + (n),  \
		memory_order_relaxed)
#define COUNT(counter) COUNT_MANY(counter, 1)

/* Up to max copied, how many there are returned. */
size_t counters_copy(const struct channel_counters *counters,
		     struct gridcall_counter *copy, size_t max);
