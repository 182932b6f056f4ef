# SPDX-License-Identifier: GPL-3.0-or-later
"""Events by proto/gridcall.py into a file; follow.mjs is its twin.

usage: follow.py KEY-FILE FEED LOG POSITION PREFIX...

Each line is "seq topic topic_seq", and every hundredth, or after a while, a tab
and the position after it: lines beyond the last position count for nothing when
it is started again.
"""
import os
import sys
import time

ROOT = os.environ["GRIDCALL_ROOT"]
sys.path[:0] = [f"{ROOT}/proto", f"{ROOT}/build/python"]

import gridcall  # noqa: E402

BATCH, BATCH_S = 100, 0.2


def main(key, feed, log, position, *prefixes):
    events = gridcall.open(key).subscribe(prefixes, position, address=feed)
    written, end = 0, time.monotonic() + BATCH_S
    with open(log, "a") as out:
        for event in events:
            out.write(f"{event.seq} {event.topic} {event.topic_seq}")
            written += 1
            if written >= BATCH or time.monotonic() > end:
                out.write(f"\t{events.position}")
                written, end = 0, time.monotonic() + BATCH_S
            out.write("\n")
            out.flush()


main(*sys.argv[1:])
