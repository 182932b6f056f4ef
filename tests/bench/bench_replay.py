# SPDX-License-Identifier: GPL-3.0-or-later
"""Events a second by Replay, beside a raw SQLite scan of the same rows.

The real daemon with a ledger of 200,000 events; this script asks for page upon
page over the command socket, and reads the same payloads out of the ledger
itself in between, so that what else the machine does falls on both.
"""
import json
import os
import pathlib
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(os.environ["GRIDCALL_ROOT"])
sys.path.insert(0, str(ROOT / "build/python"))
sys.path.insert(0, str(ROOT / "tests/system"))

import gridcall_pb2 as pb  # noqa: E402
import zmq  # noqa: E402
from place import (CHANNEL_COLUMNS, UNIT_COLUMNS, Gateway,  # noqa: E402
                   Site)

GRIDS = 1700
UNITS_A_GRID = 29
CHANGES = 4
ROUNDS = 5
DISTRICT, STATION = "440106", "440106530000"


def table(columns, rows):
    lines = [",".join(columns)]
    lines += [",".join(str(row.get(column, "")) for column in columns)
              for row in rows]
    return "\n".join(lines).encode()


def make_history(gateway):
    """Each import changes every unit's name: an event each."""
    grids = [f"{grid:04d}" for grid in range(1, GRIDS + 1)]
    channels = table(CHANNEL_COLUMNS, [
        {"code": f"C{grid}", "name": grid,
         "home": f"{DISTRICT}.{STATION}.{grid}",
         "grids": f"{DISTRICT}.{STATION}.{grid}", "driver": "rtp",
         "address": f"local=127.0.0.1:{20000 + 2 * n}"
                    f" remote=127.0.0.1:{20001 + 2 * n} codec=pcma",
         "kind": "simplex", "lead_ms": 60, "hang_ms": 0, "tail_ms": 20,
         "tx_limit_s": 30, "over_limit_s": 20}
        for n, grid in enumerate(grids[:1])])
    for change in range(CHANGES):
        units = table(UNIT_COLUMNS, [
            {"code": f"U{grid}-{unit}", "name": f"第{change}次{grid}-{unit}",
             "category": "GZ:A", "district": DISTRICT, "station": STATION,
             "grid": grid, "channel": "C0001", "answers_by": "speech",
             "strength": 5}
            for grid in grids for unit in range(UNITS_A_GRID)])
        done = gateway.do(300, **{"import": pb.ImportRequest(
            units_csv=units, channels_csv=channels)})
        if not done.done:
            raise SystemExit(f"no history: {list(done.faults)[:3]}")


def replay(socket, prefixes):
    """(events, seconds); the pages are not unpacked further."""
    request = pb.Request(id="1", replay=pb.ReplayRequest(prefixes=prefixes))
    events, began = 0, time.monotonic()
    while True:
        socket.send(request.SerializeToString())
        reply = pb.Reply.FromString(socket.recv())
        if reply.HasField("error"):
            raise SystemExit(reply.error.sentence)
        events += len(reply.replay.events)
        if not reply.replay.more:
            return events, time.monotonic() - began
        request.replay.after_seq = reply.replay.through_seq


def scan(path, like):
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    began = time.monotonic()
    rows = sum(1 for _ in database.execute(
        "SELECT event.id, event.topic_seq, event.time_us, event.payload"
        " FROM event JOIN tail ON tail.id = event.topic"
        " WHERE tail.topic LIKE ? ORDER BY event.id", (like,)))
    took = time.monotonic() - began
    database.close()
    return rows, took


def measure(socket, path, name, prefixes, like):
    rates, ratios = [], []
    for _ in range(ROUNDS):
        events, took = replay(socket, prefixes)
        rows, raw = scan(path, like)
        if events != rows:
            raise SystemExit(f"{name}: {events} events but {rows} rows")
        rates.append(events / took)
        ratios.append(raw / took)
    print(json.dumps({
        "name": f"replay, {name}", "value": statistics.median(rates),
        "unit": "events/s", "against": "a raw SQLite scan in Python",
        "ratio": statistics.median(ratios), "goal": "", "met": None,
        "min": min(rates), "max": max(rates)}), flush=True)


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gc-"))
    site = Site(folder)
    site.write()
    gateway = Gateway(site)
    try:
        gateway.start()
        make_history(gateway)
        socket = zmq.Context.instance().socket(zmq.DEALER)
        socket.connect(gateway.commands)
        path = folder / "ledger.db"
        measure(socket, path, "everything", [], "%")
        measure(socket, path, "one grid of 1,700",
                [f"gc1.{DISTRICT}.{STATION}.0850."], "%.0850.%")
        measure(socket, path, "1,700 grids, each a prefix",
                [f"gc1.{DISTRICT}.{STATION}.{grid:04d}."
                 for grid in range(1, GRIDS + 1)], f"gc1.{DISTRICT}.%")
        gateway.stop()
    finally:
        gateway.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
